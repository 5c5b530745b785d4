from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from projectionist.cli.main import app
from projectionist.db.engine import Database, sqlite_url
from projectionist.db.schema import prepare
from projectionist.errors import ProjectionistError
from projectionist.features.accounts import service as accounts
from projectionist.features.accounts import tokens
from projectionist.features.accounts.passkeys import service as passkeys
from projectionist.features.accounts.second_factor import service as second_factor
from projectionist.features.accounts.second_factor import totp
from projectionist.features.accounts.users import links, service
from projectionist.features.accounts.ways import service as identities
from projectionist.features.accounts.ways.service import Kind
from projectionist.features.audit_log import service as audit_log
from projectionist.kit.clock import SystemClock
from projectionist.kit.secrets import Vault
from projectionist.media.identity import Proven
from projectionist.settings.choices import Registration
from tests.features.accounts.passkeys.authenticators import HOME, Authenticator
from tests.features.command import projectionist
from tests.passwords import ANOTHER, PASSWORD

now = SystemClock().now


@pytest.fixture
def data(tmp_path: Path) -> Path:
    database = Database(sqlite_url(tmp_path / "projectionist.sqlite"))
    prepare(database)
    owner = accounts.found(database, "Vera", PASSWORD, now=now)
    made = links.invite(database, owner, "user", "", now=now)
    links.join(database, made.token, "Ada", PASSWORD, registration=Registration.INVITATION, now=now)
    database.close()
    return tmp_path


def said(data: Path, *words: str) -> str:
    result = CliRunner().invoke(app, ["users", *words, "--data", str(data)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def stored(data: Path) -> Database:
    return Database(sqlite_url(data / "projectionist.sqlite"))


def test_users_are_listed(data: Path) -> None:
    lines = said(data, "list").splitlines()
    assert [line.split()[:2] for line in lines[:2]] == [["Ada", "user"], ["Vera", "administrator"]]
    assert lines[2] == "2 of 2"
    found = json.loads(said(data, "list", "--role", "user", "--json"))
    assert [one["name"] for one in found["users"]] == ["Ada"]


def test_what_is_linked_is_shown_and_unlinked_and_every_sign_in_ends(data: Path) -> None:
    database = stored(data)
    identities.link(database, 2, Kind.PLEX, Proven("https://plex.tv", "7", "Ada P."), now=now)
    accounts.sign_in(database, "Ada", PASSWORD, now=now, remember=False, address="127.0.0.1")
    database.close()
    [line, total] = said(data, "identities", "Ada").splitlines()
    assert line.split()[1:4] == ["plex", "Ada", "P."]
    assert total == "1 linked"
    [told] = json.loads(said(data, "identities", "Ada", "--json"))["identities"]
    assert (told["kind"], told["name"], told["used_at"]) == ("plex", "Ada P.", None)
    assert "Ada is signed out everywhere" in said(data, "unlink", "Ada", str(told["id"]))
    assert said(data, "identities", "Ada") == "0 linked\n"
    database = stored(data)
    acts = [(one.who, one.act) for one in audit_log.all_entries(database)][-2:]
    assert service.user_named(database, "Ada", now=now).sign_ins == 0
    database.close()
    assert acts == [
        ("the command line", "account of another service unlinked"),
        ("the command line", "browser signed out"),
    ]


def test_an_administrator_who_lost_the_password_gets_in_again(data: Path) -> None:
    link = said(data, "password", "vera").splitlines()[0]
    path, _, token = link.partition("?token=")
    assert path.endswith("/new-password")
    database = stored(data)
    links.choose_password(database, token, ANOTHER, now=now)
    signed_in = accounts.sign_in(database, "Vera", ANOTHER, now=now, remember=False, address="127.0.0.1")
    assert signed_in.principal.role == "administrator"
    written = [(entry.act, entry.who) for entry in audit_log.all_entries(database)]
    assert ("password link made", "the command line") in written
    database.close()


def test_somebody_becomes_an_administrator_where_the_last_one_left(data: Path) -> None:
    assert said(data, "role", "ada", "administrator") == "Ada is administrator now.\n"
    assert said(data, "remove", "Vera") == "Vera has no account any more.\n"
    with pytest.raises(ProjectionistError, match="last administrator"):
        said(data, "remove", "Ada")


def test_somebody_is_invited(data: Path) -> None:
    made = json.loads(said(data, "invite", "moderator", "--note", "Ben", "--json"))
    database = stored(data)
    token = made["link"].partition("?token=")[2]
    joined = links.join(database, token, "Ben", PASSWORD, registration=Registration.INVITATION, now=now)
    assert joined.role == "moderator"
    database.close()


def test_somebody_is_signed_out(data: Path) -> None:
    database = stored(data)
    accounts.sign_in(database, "Ada", PASSWORD, now=now, remember=True, address="127.0.0.1")
    assert said(data, "sign-out", "ada") == "Ada is signed out everywhere.\n"
    assert service.user_named(database, "Ada", now=now).sign_ins == 0
    database.close()


def test_the_second_step_of_somebody_who_lost_it_is_taken_off(data: Path) -> None:
    database, vault = stored(data), Vault(b"k" * 32)
    ada = service.user_named(database, "Ada", now=now)
    begun = second_factor.begin(database, vault, ada.id, PASSWORD, now=now)
    code = totp.code_of(begun.secret, totp.step_at(now()))
    second_factor.confirm(database, vault, ada.id, code, now=now)
    assert json.loads(said(data, "list", "--text", "ada", "--json"))["users"][0]["second_step"] is True
    assert said(data, "second-step-off", "ada") == "Ada signs in by the password alone now.\n"
    assert not second_factor.standing(database, ada.id).is_on
    *_, last = audit_log.all_entries(database)
    assert (last.act, last.about, last.who) == ("second step switched off", "Ada", "the command line")
    with pytest.raises(ProjectionistError, match="no second step"):
        said(data, "second-step-off", "ada")
    database.close()


def test_the_passkeys_of_somebody_whose_phone_was_stolen_are_taken_away(data: Path) -> None:
    database = stored(data)
    ada = service.user_named(database, "Ada", now=now)
    asked = passkeys.begin(database, ada.id, PASSWORD, now=now)
    passkeys.add(database, ada.id, HOME, Authenticator().made(asked.challenge), now=now)
    assert json.loads(said(data, "list", "--text", "ada", "--json"))["users"][0]["passkeys"] == 1
    assert said(data, "passkeys-off", "ada") == "Ada has no passkey now.\n"
    assert passkeys.passkeys_of(database, ada.id) == []
    database.close()


def test_the_tokens_of_somebody_are_shown_and_one_of_them_is_ended(data: Path) -> None:
    database = stored(data)
    ada = accounts.sign_in(database, "Ada", PASSWORD, now=now, remember=False, address="127.0.0.1").principal
    made, kept = (
        tokens.make_token(database, ada, name, ["view"], lasts=timedelta(days=30), now=now)
        for name in ("Remote", "Script")
    )
    assert tokens.bearer(database, made.shown, now=now) is not None
    script, remote, total = said(data, "tokens", "ada").splitlines()
    assert (script.split()[1], "never used" in script, "may view" in script) == ("Script", True, True)
    assert (remote.split()[1], "never used" in remote, total) == ("Remote", False, "2 made")
    told = json.loads(said(data, "tokens", "ada", "--json"))["tokens"]
    assert [(one["name"], one["scopes"], one["is_over"]) for one in told] == [
        ("Script", ["view"], False),
        ("Remote", ["view"], False),
    ]
    assert made.shown not in str(told)
    number = str(told[1]["id"])
    assert said(data, "revoke-token", "Ada", number) == "“Remote” of Ada opens nothing any more.\n"
    assert tokens.bearer(database, made.shown, now=now) is None
    *_, last = audit_log.all_entries(database)
    assert (last.act, last.about, last.who) == ("token revoked", "Remote of Ada", "the command line")
    for name, wrong in (("Ada", number), ("Vera", str(kept.token.id)), ("Ada", str(2**70))):
        with pytest.raises(ProjectionistError, match="nothing was changed"):
            said(data, "revoke-token", name, wrong)
    assert json.loads(said(data, "revoke-token", "Ada", str(kept.token.id), "--json"))["name"] == "Script"
    assert said(data, "tokens", "ada") == "0 made\n"
    database.close()


@pytest.mark.parametrize(
    "words", [["role", "nobody", "user"], ["role", "ada", "owner"], ["password", "\x1b[31m"]]
)
def test_what_cannot_be_done_is_one_sentence(data: Path, words: list[str]) -> None:
    with pytest.raises(ProjectionistError) as refused:
        said(data, *words)
    assert refused.value.message.endswith((".", "guest."))


@pytest.mark.parametrize("how", [[], ["--mail", "ben@example.org"]])
def test_where_nobody_may_join_nobody_is_invited(
    data: Path, monkeypatch: pytest.MonkeyPatch, how: list[str]
) -> None:
    set_mail(monkeypatch)
    monkeypatch.setenv("PROJECTIONIST_REGISTRATION", "closed")
    ran = projectionist("users", "invite", *how, "--data", data)
    assert (ran.status, ran.out) == (1, "")
    assert "an invitation would open nothing and none was made" in ran.err
    database = stored(data)
    assert links.invitations(database, now=now) == []
    database.close()


def set_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "MAIL_HOST": "127.0.0.1",
        "MAIL_FROM": "films@example.org",
        "BASE_URL": "https://films.example.org",
    }.items():
        monkeypatch.setenv(f"PROJECTIONIST_{name}", value)


def test_an_invitation_is_mailed_by_the_service(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_mail(monkeypatch)
    ran = projectionist("users", "invite", "guest", "--mail", "ben@example.org", "--data", data)
    assert (ran.status, ran.err) == (0, "")
    assert "token" not in ran.out
    database = stored(data)
    (waiting,) = links.invitations(database, now=now)
    assert (waiting.role, waiting.address) == ("guest", "ben@example.org")
    with database.read() as session:
        ordered = session.execute(text("SELECT kind, state, arguments FROM job")).all()
        (letter,) = session.execute(text("SELECT id FROM mail_letter")).scalars().all()
    database.close()
    assert [(kind, state) for kind, state, _ in ordered] == [("mail.send", "queued")]
    assert str(letter) in str(ordered[0][2])
    assert "ben@" not in str(ordered[0][2])
