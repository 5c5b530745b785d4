"""Signing in by a provider: what a browser begins works once and in it alone, and groups say what somebody becomes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from sqlalchemy import text

from projectionist.db.engine import Database
from projectionist.errors import Conflict, NotAllowed, NotFound, ServerAnswerWrong
from projectionist.features.accounts.credentials.linked import identities_of
from projectionist.features.accounts.permissions import Role
from projectionist.features.accounts.users import service as users
from projectionist.features.accounts.ways import oidc, vouched
from projectionist.features.accounts.ways.oidc import OidcWay, Returned
from projectionist.features.accounts.ways.plex import Arrived
from projectionist.features.accounts.ways.roles import role_of
from projectionist.features.audit_log import service as audit_log
from projectionist.features.audit_log.service import Act
from projectionist.kit.secrets import Vault
from projectionist.media.identity import Errand, Proven, Vouched
from projectionist.web.ports import Principal
from tests.features.accounts.clocks import Clock
from tests.features.accounts.users.people import clock, invited, owner
from tests.features.accounts.ways.at_once import count, together

__all__ = ["clock", "owner"]

BACK = "http://127.0.0.1:8480/sign-in/oidc/back"
MAPPING = ("film-admins=administrator", "crew=moderator", "family=user")


@dataclass
class FakeProvider:
    """A CodeProvider in memory: every code is good, unless it fails."""

    issuer: str = "https://auth.example.org"
    subject: str = "u-17"
    groups: frozenset[str] = frozenset({"family"})
    failure: ServerAnswerWrong | None = None
    begun: int = 0
    redeemed: list[Errand] = field(default_factory=list)

    def begin(self, back: str) -> Errand:
        self.begun += 1
        return Errand(
            f"{self.issuer}/authorize?state=state-{self.begun}",
            f"state-{self.begun}",
            f"nonce-{self.begun}",
            f"verifier-{self.begun}",
        )

    def redeem(self, errand: Errand, code: str, back: str) -> Vouched:
        self.redeemed.append(errand)
        if self.failure is not None:
            raise self.failure
        return Vouched(Proven(self.issuer, self.subject, "Lotte"), self.groups)

    def close(self) -> None:
        return None


@pytest.fixture
def provider() -> FakeProvider:
    return FakeProvider()


@pytest.fixture
def way(database: Database, clock: Clock, provider: FakeProvider) -> OidcWay:
    return OidcWay(database, Vault(b"k" * 32), clock, "the club", MAPPING, lambda: provider)


def comes(way: OidcWay, provider: FakeProvider, *groups: str) -> Principal:
    provider.groups = frozenset(groups)
    begun = oidc.begin(way, back=BACK)
    arrived = oidc.come_back(way, begun.token, Returned(f"state-{provider.begun}", "code"), None)
    return arrived.principal


def test_what_was_begun_goes_out_sealed_and_comes_back_whole(
    database: Database, owner: Principal, way: OidcWay, provider: FakeProvider
) -> None:
    begun = oidc.begin(way, back=BACK, wanted="/cache", remember=True)
    with database.read() as session:
        kept = str(session.execute(text("SELECT * FROM handshake")).all())
    for secret in ("state-1", "nonce-1", "verifier-1", begun.token):
        assert secret not in kept
        assert secret not in repr(begun)
    arrived = oidc.come_back(way, begun.token, Returned("state-1", "code", provider.issuer), None)
    assert (arrived.wanted, arrived.remember, arrived.is_linking) == ("/cache", True, False)
    assert (arrived.principal.name, arrived.principal.role) == ("Lotte", "user")
    [errand] = provider.redeemed
    assert (errand.nonce, errand.verifier) == ("nonce-1", "verifier-1")


@pytest.mark.parametrize(
    "returned",
    [
        Returned("", "code"),
        Returned("state-2", "code"),
        Returned("state-1", ""),
        Returned("state-1", "code", "https://evil.example"),
        Returned("state-1", "", trouble="access_denied"),
        Returned("stäte", "code"),
    ],
)
def test_what_is_no_answer_to_it_lets_nobody_in_and_uses_it_up(
    owner: Principal, way: OidcWay, provider: FakeProvider, returned: Returned
) -> None:
    begun = oidc.begin(way, back=BACK)
    with pytest.raises(NotAllowed):
        oidc.come_back(way, begun.token, returned, None)
    with pytest.raises(NotFound):
        oidc.come_back(way, begun.token, Returned("state-1", "code"), None)
    assert provider.redeemed == []


def test_it_works_in_the_browser_that_began_it_once_and_for_ten_minutes(
    owner: Principal, way: OidcWay, provider: FakeProvider, clock: Clock
) -> None:
    begun = oidc.begin(way, back=BACK)
    for token in ("", "of-another-browser-altogether"):
        with pytest.raises(NotFound):
            oidc.come_back(way, token, Returned("state-1", "code"), None)
    clock.forward(minutes=10)
    with pytest.raises(NotFound):
        oidc.come_back(way, begun.token, Returned("state-1", "code"), None)


def test_a_token_that_is_not_proven_makes_nobody(
    database: Database, owner: Principal, way: OidcWay, provider: FakeProvider
) -> None:
    provider.failure = ServerAnswerWrong("gave a token whose signature is none of its own")
    with pytest.raises(ServerAnswerWrong):
        comes(way, provider, "family")
    with database.read() as session:
        assert session.execute(text("SELECT count(*) FROM user_account")).scalar_one() == 1


@pytest.mark.parametrize(
    ("groups", "role"),
    [
        (("family",), "user"),
        (("family", "crew"), "moderator"),
        (("film-admins", "family"), "administrator"),
    ],
)
def test_the_best_of_ones_groups_says_what_one_becomes(
    owner: Principal, way: OidcWay, provider: FakeProvider, groups: tuple[str, ...], role: str
) -> None:
    assert comes(way, provider, *groups).role == role


def test_who_is_in_no_group_is_refused_and_written_down(
    database: Database, owner: Principal, way: OidcWay, provider: FakeProvider
) -> None:
    with pytest.raises(NotAllowed, match="None of your groups"):
        comes(way, provider, "neighbours", "*")
    assert list(audit_log.all_entries(database))[-1].act == "sign-in by another service refused"


def test_the_role_follows_the_groups_and_who_left_them_all_stays_out(
    owner: Principal, way: OidcWay, provider: FakeProvider
) -> None:
    lotte = comes(way, provider, "family")
    assert comes(way, provider, "crew").role == "moderator"
    assert comes(way, provider, "family") == lotte
    with pytest.raises(NotAllowed):
        comes(way, provider)


def test_the_last_administrator_stays_one_and_is_never_shut_out(
    database: Database, way: OidcWay, provider: FakeProvider, clock: Clock
) -> None:
    with pytest.raises(NotAllowed, match="no administrator yet"):
        comes(way, provider, "family")
    lotte = comes(way, provider, "film-admins")
    assert lotte.role == "administrator"
    assert comes(way, provider, "family") == lotte
    assert comes(way, provider) == lotte
    other = invited(database, lotte, clock, "Other", "administrator")
    assert comes(way, provider, "family").role == "user"
    assert [one.name for one in users.users(database, role="administrator", now=clock).items] == [other.name]


def acts(database: Database, act: Act) -> list[tuple[str, str]]:
    return [(one.who, one.about) for one in audit_log.all_entries(database) if one.act == act.value]


def test_who_left_the_group_of_administrators_is_one_no_more(
    database: Database, owner: Principal, way: OidcWay, provider: FakeProvider
) -> None:
    everybody = replace(way, roles=("*=user", "film-admins=administrator"))
    assert comes(everybody, provider, "film-admins").role == "administrator"
    assert comes(everybody, provider, "chess").role == "user"
    assert comes(everybody, provider, "film-admins").role == "administrator", "a group gives it again"
    assert acts(database, Act.USER_CHANGED) == [("groups at the sign-in provider", "Lotte")] * 2


@pytest.mark.parametrize("group", ["film-admins", "crew"])
def test_who_left_every_group_is_refused_and_keeps_no_role_of_theirs(
    database: Database, owner: Principal, way: OidcWay, provider: FakeProvider, clock: Clock, group: str
) -> None:
    lotte = comes(way, provider, group)
    with pytest.raises(NotAllowed, match="None of your groups"):
        comes(way, provider)
    assert users.get_user(database, lotte.id, now=clock).role == "guest", "by a password or a token either"
    assert acts(database, Act.USER_CHANGED) == [("groups at the sign-in provider", "Lotte")]
    assert comes(way, provider, group).role == lotte.role


def test_an_administrator_made_by_hand_stays_one_where_no_group_makes_any(
    database: Database, owner: Principal, way: OidcWay, provider: FakeProvider, clock: Clock
) -> None:
    for roles in (("*=user", "crew=moderator"), ("*=administrator", "crew=moderator"), ("crew=moderator",)):
        by_hand = replace(way, roles=roles)
        lotte = comes(by_hand, provider, "crew")
        users.change_user(database, owner, lotte.id, role="administrator", now=clock)
        assert comes(by_hand, provider, "chess").role == "administrator"
        assert comes(by_hand, provider, "crew").role == "moderator", "a group names her"


@pytest.mark.parametrize("roles", [("*=user", "film-admins=administrator"), MAPPING])
def test_that_the_last_administrator_stays_is_written_down_once_an_hour(
    database: Database, way: OidcWay, provider: FakeProvider, clock: Clock, roles: tuple[str, ...]
) -> None:
    mapped = replace(way, roles=roles)
    lotte = comes(mapped, provider, "film-admins")
    for _ in range(3):
        assert comes(mapped, provider, "chess") == lotte
        clock.forward(seconds=1_000)
    kept = [("groups at the sign-in provider", "Lotte")]
    assert acts(database, Act.ADMINISTRATOR_KEPT) == kept
    clock.forward(seconds=1_000)
    assert comes(mapped, provider, "chess") == lotte
    assert acts(database, Act.ADMINISTRATOR_KEPT) == kept * 2
    assert acts(database, Act.USER_CHANGED) == []


def test_for_everybody_gives_accounts_and_changes_no_role(
    database: Database, owner: Principal, way: OidcWay, provider: FakeProvider, clock: Clock
) -> None:
    everybody = replace(way, roles=("*=user", "crew=moderator"))
    lotte = comes(everybody, provider)
    assert lotte.role == "user"
    users.change_user(database, owner, lotte.id, role=Role.GUEST.value, now=clock)
    assert comes(everybody, provider).role == "guest"
    assert comes(everybody, provider, "crew").role == "moderator"
    children = replace(way, roles=("*=user", "children=guest"))
    users.change_user(database, owner, lotte.id, role=Role.GUEST.value, now=clock)
    assert comes(children, provider).role == "guest", "only a group that she is in raises her"


def test_one_links_it_to_ones_own_account_and_to_nobody_elses(
    database: Database, owner: Principal, way: OidcWay, provider: FakeProvider, clock: Clock
) -> None:
    begun = oidc.begin(way, back=BACK, principal=owner, wanted="/account")
    arrived = oidc.come_back(way, begun.token, Returned("state-1", "code"), owner)
    assert arrived == Arrived(owner, True, False, "/account")
    assert comes(way, provider, "film-admins").id == owner.id
    ada = invited(database, owner, clock, "Ada")
    for principal, wrong in ((None, NotAllowed), (owner, NotAllowed), (ada, Conflict)):
        begun = oidc.begin(way, back=BACK, principal=ada)
        with pytest.raises(wrong):
            oidc.come_back(way, begun.token, Returned(f"state-{provider.begun}", "code"), principal)
    with pytest.raises(NotAllowed, match="not by a program"):
        oidc.begin(way, back=BACK, principal=replace(ada, by_token=True))
    assert identities_of(database, ada.id) == []


def test_whoever_comes_back_twice_at_once_comes_in_once(
    owner: Principal, way: OidcWay, provider: FakeProvider
) -> None:
    begun = oidc.begin(way, back=BACK)

    def come() -> Principal | None:
        try:
            return oidc.come_back(way, begun.token, Returned("state-1", "code"), None).principal
        except NotFound:
            return None

    came = [one for one in together([come] * 6) if one is not None]
    assert [one.name for one in came] == ["Lotte"]
    assert len(provider.redeemed) == 1, "the code is shown to the provider once"


def test_one_person_from_six_browsers_at_once_is_one_user(
    database: Database, owner: Principal, way: OidcWay, provider: FakeProvider
) -> None:
    tokens = [oidc.begin(way, back=BACK).token for _ in range(6)]
    came = together(
        [
            lambda n=number, token=token: oidc.come_back(way, token, Returned(f"state-{n}", "code"), None)  # type: ignore[misc]
            for number, token in enumerate(tokens, 1)
        ]
    )
    assert len({one.principal.id for one in came}) == 1
    assert count(database, "user_account") == 2


def test_of_six_administrators_who_come_first_at_once_one_founds_and_all_are_there(
    database: Database, way: OidcWay, clock: Clock
) -> None:
    def come(number: int) -> Principal:
        someone = Vouched(
            Proven("https://auth.example.org", f"u-{number}", "Lotte"), frozenset({"film-admins"})
        )
        return vouched.enter(way.door, someone)

    came = together([lambda n=n: come(n) for n in range(6)])  # type: ignore[misc]
    assert {one.role for one in came} == {"administrator"}
    assert len({one.id for one in came}) == 6
    with database.read() as session:
        assert session.execute(text("SELECT count(*) FROM user_account WHERE founder = 1")).scalar_one() == 1


def test_a_closed_house_takes_nobody_new_and_lets_in_whom_it_knows(
    owner: Principal, way: OidcWay, provider: FakeProvider
) -> None:
    closed = replace(way, may_register=False)
    with pytest.raises(NotAllowed, match="Nobody makes accounts"):
        comes(closed, provider, "family")
    lotte = comes(way, provider, "family")
    assert comes(closed, provider, "family") == lotte


def test_it_is_written_down_that_groups_changed_a_role(
    database: Database, owner: Principal, way: OidcWay, provider: FakeProvider
) -> None:
    comes(way, provider, "family")
    comes(way, provider, "crew")
    [changed] = [one for one in audit_log.all_entries(database) if one.act == "user changed"]
    assert (changed.who, changed.about) == ("groups at the sign-in provider", "Lotte")
    assert (changed.before["role"], changed.after["role"]) == ("user", "moderator")


def test_without_a_provider_nothing_is_begun(way: OidcWay) -> None:
    with pytest.raises(Conflict):
        oidc.begin(replace(way, provider=None), back=BACK)


def test_a_group_may_have_any_sign_in_its_name() -> None:
    assert role_of(("cn=films,dc=org=user",), {"cn=films,dc=org"}) == (Role.USER, True)
    assert role_of(("*=guest",), set()) == (Role.GUEST, False)
    assert role_of((), {"family"}) == (None, False)
