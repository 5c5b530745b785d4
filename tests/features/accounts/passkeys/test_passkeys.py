from __future__ import annotations

import hashlib
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st

from projectionist.db.engine import Database
from projectionist.errors import Conflict, InputWrong, NotAllowed, NotFound, SignInNeeded
from projectionist.features.accounts import service as accounts
from projectionist.features.accounts.passkeys import service, webauthn
from projectionist.features.accounts.passkeys.webauthn import Algorithm, NotVerified, Site
from projectionist.features.accounts.second_factor import service as second_factor
from projectionist.features.accounts.sessions import hash_of
from projectionist.features.accounts.users import service as users
from projectionist.features.audit_log import service as audit_log
from projectionist.web.ports import Principal
from tests.features.accounts.clocks import Clock
from tests.features.accounts.passkeys.authenticators import HOME, Authenticator
from tests.features.accounts.second_factor.apps import connected
from tests.features.accounts.users.people import clock, invited, owner
from tests.passwords import ANOTHER, PASSWORD

__all__ = ["clock", "owner"]

ELSEWHERE = Site("http://evil.example", "evil.example")
KEY = webauthn.decoded(Authenticator().made("").public_key)


def added(
    database: Database, clock: Clock, user_id: int, phone: Authenticator | None = None, name: str = "A phone"
) -> Authenticator:
    """Somebody's authenticator, with a passkey for the house."""
    phone = phone or Authenticator()
    asked = service.begin(database, user_id, PASSWORD, now=clock)
    service.add(database, user_id, HOME, phone.made(asked.challenge, name), now=clock)
    clock.forward(minutes=1)
    return phone


def sign_in(database: Database, clock: Clock, answer: service.Answer) -> accounts.SignedIn:
    return service.sign_in(database, HOME, answer, now=clock, remember=True, address="192.0.2.7", browser="X")


@pytest.fixture
def phone(database: Database, owner: Principal, clock: Clock) -> Authenticator:
    return added(database, clock, owner.id)


def test_a_passkey_signs_in(database: Database, owner: Principal, phone: Authenticator, clock: Clock) -> None:
    for _ in range(2):
        signed_in = sign_in(database, clock, phone.used(service.ask(database, now=clock)))
        assert (signed_in.principal, signed_in.remembered) == (owner, True)
        assert accounts.known(database, hash_of(signed_in.token), now=clock) == owner
    assert service.passkeys_of(database, owner.id)[0].used_at == clock()
    *_, last = audit_log.all_entries(database)
    assert (last.act, last.after["by"]) == ("signed in", "passkey")


def test_a_passkey_needs_no_code_besides(
    database: Database, owner: Principal, phone: Authenticator, clock: Clock
) -> None:
    connected(database, clock, owner.id)
    assert sign_in(database, clock, phone.used(service.ask(database, now=clock))).principal == owner


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (ed25519.Ed25519PrivateKey.generate(), Algorithm.EDDSA),
        (rsa.generate_private_key(65537, 2048), Algorithm.RS256),
    ],
    ids=["ed25519", "rsa"],
)
def test_other_kinds_of_keys_are_taken(
    database: Database,
    owner: Principal,
    clock: Clock,
    key: ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey,
    algorithm: Algorithm,
) -> None:
    stick = added(database, clock, owner.id, Authenticator(key=key, algorithm=algorithm, counts=False))
    for _ in range(2):
        assert sign_in(database, clock, stick.used(service.ask(database, now=clock))).principal == owner


def refused(database: Database, clock: Clock, answer: service.Answer) -> str:
    """What the audit log says of a passkey that let nobody in."""
    with pytest.raises(SignInNeeded):
        sign_in(database, clock, answer)
    *_, last = audit_log.all_entries(database)
    assert last.act == "sign-in failed"
    return str(last.after["wrong"])


def test_strangers_fill_no_disk_with_passkeys_that_let_nobody_in(
    database: Database, phone: Authenticator, clock: Clock
) -> None:
    nonsense = phone.used("", signature="AAAA")
    for _ in range(65):
        with pytest.raises(SignInNeeded):
            sign_in(database, clock, nonsense)
    told = [entry for entry in audit_log.all_entries(database) if entry.act == "sign-in failed"]
    assert [entry.after["of_this_hour"] for entry in told] == [*range(1, 51), 64]


def test_a_challenge_is_answered_once(database: Database, phone: Authenticator, clock: Clock) -> None:
    challenge = service.ask(database, now=clock)
    sign_in(database, clock, phone.used(challenge))
    assert "was not asked" in refused(database, clock, phone.used(challenge))


def test_of_two_who_bring_one_answer_at_once_one_gets_in(
    database: Database, owner: Principal, clock: Clock
) -> None:
    stick = added(database, clock, owner.id, Authenticator(counts=False))
    answer, together = stick.used(service.ask(database, now=clock)), threading.Barrier(2)

    def race(_: int) -> bool:
        together.wait(30)
        try:
            sign_in(database, clock, answer)
        except SignInNeeded:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(race, range(2))) == [False, True]


def test_a_challenge_is_over_after_five_minutes(
    database: Database, phone: Authenticator, clock: Clock
) -> None:
    challenge = service.ask(database, now=clock)
    clock.forward(minutes=5)
    assert "was not asked" in refused(database, clock, phone.used(challenge))


def test_a_challenge_for_a_new_passkey_signs_nobody_in(
    database: Database, owner: Principal, phone: Authenticator, clock: Clock
) -> None:
    asked = service.begin(database, owner.id, PASSWORD, now=clock)
    assert "was not asked" in refused(database, clock, phone.used(asked.challenge))


def test_what_another_site_got_signed_is_refused(
    database: Database, phone: Authenticator, clock: Clock
) -> None:
    challenge = service.ask(database, now=clock)
    assert "another site" in refused(database, clock, replace_site(phone, ELSEWHERE).used(challenge))
    lied = phone.client_data("webauthn.get", challenge, crossOrigin=True)
    assert "another site" in refused(database, clock, phone.used(challenge, client=lied))


def replace_site(phone: Authenticator, site: Site) -> Authenticator:
    return replace(phone, site=site)


@pytest.mark.parametrize(
    ("flags", "why"), [(0x00, "nobody"), (0x01, "nobody"), (0x04, "nobody"), (0x15, "copy")]
)
def test_somebody_must_be_there_and_be_checked_by_a_device_that_makes_sense(
    database: Database, phone: Authenticator, clock: Clock, flags: int, why: str
) -> None:
    phone.flags = flags
    assert why in refused(database, clock, phone.used(service.ask(database, now=clock)))


def test_another_key_signs_nobody_in(database: Database, phone: Authenticator, clock: Clock) -> None:
    thief = replace(phone, key=ec.generate_private_key(ec.SECP256R1()))
    assert "signature" in refused(database, clock, thief.used(service.ask(database, now=clock)))
    stranger = Authenticator()
    assert "nobody here has" in refused(database, clock, stranger.used(service.ask(database, now=clock)))


def test_a_signature_of_something_else_is_refused(
    database: Database, phone: Authenticator, clock: Clock
) -> None:
    first, second = service.ask(database, now=clock), service.ask(database, now=clock)
    lied = phone.used(first, client_data=webauthn.encoded(phone.client_data("webauthn.get", second)))
    assert "signature" in refused(database, clock, lied)


def test_a_registration_signs_nobody_in(database: Database, phone: Authenticator, clock: Clock) -> None:
    challenge = service.ask(database, now=clock)
    lied = phone.client_data("webauthn.create", challenge)
    assert "another purpose" in refused(database, clock, phone.used(challenge, client=lied))


def test_a_copied_key_is_noticed_by_its_count(database: Database, phone: Authenticator, clock: Clock) -> None:
    copy = replace(phone)
    for _ in range(3):
        sign_in(database, clock, phone.used(service.ask(database, now=clock)))
    assert "copied" in refused(database, clock, copy.used(service.ask(database, now=clock)))


@pytest.mark.parametrize("field", ["id", "client_data", "authenticator_data", "signature"])
@pytest.mark.parametrize("value", ["", "!", "AAAA", "é", "A" * 4000, "\0"])
def test_what_is_no_answer_is_refused(
    database: Database, phone: Authenticator, clock: Clock, field: str, value: str
) -> None:
    assert refused(database, clock, phone.used(service.ask(database, now=clock), **{field: value}))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(st.binary(max_size=200))
def test_whatever_an_authenticator_says_is_read_or_refused(data: bytes) -> None:
    for read in (
        lambda: webauthn.said_in(data, HOME),
        lambda: webauthn.challenge_in(data, webauthn.GET, HOME),
        lambda: webauthn.check_key(data, Algorithm.ES256),
        lambda: webauthn.check_signature(KEY, Algorithm.ES256, b"", b"", data),
    ):
        with pytest.raises(NotVerified):
            read()


@given(st.binary(max_size=200), st.integers(0, 255))
def test_whatever_stands_behind_the_right_host_is_read_or_refused(data: bytes, flags: int) -> None:
    whole = hashlib.sha256(HOME.host.encode()).digest() + bytes([flags]) + data
    try:
        said = webauthn.said_in(whole, HOME)
    except NotVerified:
        return
    assert flags & 0x05 == 0x05
    assert 0 <= said.count < 2**32
    assert said.new_id in data


@given(st.text(max_size=60))
def test_whatever_is_written_as_base64_is_read_or_refused(text: str) -> None:
    try:
        content = webauthn.decoded(text)
    except NotVerified:
        return
    assert webauthn.decoded(webauthn.encoded(content)) == content


@given(
    JSON,
    st.fixed_dictionaries({}, optional=dict.fromkeys(("type", "challenge", "origin", "crossOrigin"), JSON)),
)
def test_whatever_a_browser_tells_is_read_or_refused(told: object, lies: dict[str, object]) -> None:
    true = {"type": webauthn.GET, "challenge": "abc", "origin": HOME.origin, "crossOrigin": False}
    for document in (told, {**true, **lies}):
        try:
            challenge = webauthn.challenge_in(json.dumps(document).encode(), webauthn.GET, HOME)
        except NotVerified:
            continue
        assert challenge.isascii()


def test_a_challenge_of_half_a_letter_is_refused(
    database: Database, owner: Principal, phone: Authenticator, clock: Clock
) -> None:
    """It has no bytes of which a hash could be made."""
    lied = phone.client_data("webauthn.get", "\ud800")
    assert "without a challenge" in refused(database, clock, phone.used("", client=lied))


def test_client_data_that_is_nested_without_end_is_refused() -> None:
    with pytest.raises(NotVerified):
        webauthn.challenge_in(b"[" * 3000, webauthn.GET, HOME)


@pytest.mark.parametrize(
    "lies",
    [
        {"id": webauthn.encoded(b"another key")},
        {"public_key": webauthn.encoded(b"no key")},
        {"algorithm": Algorithm.RS256},
        {"algorithm": -47},
        {"client_data": webauthn.encoded(b"{}")},
        {"authenticator_data": webauthn.encoded(bytes(40))},
    ],
)
def test_what_is_no_new_passkey_is_refused(
    database: Database, owner: Principal, clock: Clock, lies: dict[str, Any]
) -> None:
    asked = service.begin(database, owner.id, PASSWORD, now=clock)
    with pytest.raises(InputWrong) as wrong:
        service.add(database, owner.id, HOME, Authenticator().made(asked.challenge, **lies), now=clock)
    assert wrong.value.field == "passkey"
    assert service.passkeys_of(database, owner.id) == []


def test_weak_keys_are_refused() -> None:
    from_other_curves = Authenticator(key=ec.generate_private_key(ec.SECP384R1())).made("x")
    with pytest.raises(NotVerified):
        webauthn.check_key(webauthn.decoded(from_other_curves.public_key), Algorithm.ES256)


def test_a_challenge_of_one_adds_no_passkey_to_another(
    database: Database, owner: Principal, clock: Clock
) -> None:
    ada = invited(database, owner, clock, "Ada")
    asked = service.begin(database, ada.id, PASSWORD, now=clock)
    with pytest.raises(InputWrong):
        service.add(database, owner.id, HOME, Authenticator().made(asked.challenge), now=clock)


def test_adding_asks_for_the_password(database: Database, owner: Principal, clock: Clock) -> None:
    with pytest.raises(InputWrong) as wrong:
        service.begin(database, owner.id, ANOTHER, now=clock)
    assert wrong.value.field == "password"


def test_several_passkeys_have_names_of_their_own(
    database: Database, owner: Principal, phone: Authenticator, clock: Clock
) -> None:
    added(database, clock, owner.id, name="A stick")
    assert [one.name for one in service.passkeys_of(database, owner.id)] == ["A stick", "A phone"]
    with pytest.raises(InputWrong):
        added(database, clock, owner.id, name=" A  phone ")
    asked = service.begin(database, owner.id, PASSWORD, now=clock)
    assert len(asked.known) == 2
    assert webauthn.encoded(phone.id) in asked.known
    with pytest.raises(InputWrong):
        service.add(database, owner.id, HOME, phone.made(asked.challenge, "Again"), now=clock)


def test_there_are_not_too_many(
    database: Database, owner: Principal, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MOST", 1)
    added(database, clock, owner.id)
    with pytest.raises(Conflict):
        service.begin(database, owner.id, PASSWORD, now=clock)


def test_a_revoked_passkey_lets_nobody_in(
    database: Database, owner: Principal, phone: Authenticator, clock: Clock
) -> None:
    ada = invited(database, owner, clock, "Ada")
    number = service.passkeys_of(database, owner.id)[0].id
    with pytest.raises(NotFound):
        service.revoke(database, ada, number, now=clock)
    service.revoke(database, owner, number, now=clock)
    assert "nobody here has" in refused(database, clock, phone.used(service.ask(database, now=clock)))


def test_an_administrator_takes_all_of_somebodys_passkeys_away(
    database: Database, owner: Principal, clock: Clock
) -> None:
    ada = invited(database, owner, clock, "Ada", "moderator")
    added(database, clock, ada.id)
    added(database, clock, ada.id, name="A stick")
    assert users.get_user(database, ada.id, now=clock).passkeys == 2
    assert service.revoke_all(database, owner, ada.id, now=clock) == 2
    assert users.get_user(database, ada.id, now=clock).passkeys == 0
    *_, last = audit_log.all_entries(database)
    assert (last.act, last.about) == ("passkey revoked", "Ada")
    with pytest.raises(NotAllowed):
        service.revoke_all(database, ada, owner.id, now=clock)


def test_the_second_step_stays_beside_passkeys(
    database: Database, owner: Principal, phone: Authenticator, clock: Clock
) -> None:
    assert not second_factor.standing(database, owner.id).is_on
    signed_in = accounts.sign_in(database, "vera", PASSWORD, now=clock, remember=False, address="192.0.2.7")
    assert signed_in.principal == owner
