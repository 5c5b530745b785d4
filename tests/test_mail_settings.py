from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projectionist.errors import SettingWrong
from projectionist.settings import Settings, load_settings
from projectionist.settings.mailing import mail_address, parted, sender, server_name

MAIL = {
    "PROJECTIONIST_DATA": "/var/lib/projectionist",
    "PROJECTIONIST_MAIL_HOST": "mail.example.org",
    "PROJECTIONIST_MAIL_FROM": "Films <films@Example.ORG>",
    "PROJECTIONIST_BASE_URL": "https://films.example.org",
}


def load(**variables: str) -> Settings:
    environ = MAIL | {f"PROJECTIONIST_{name}": value for name, value in variables.items()}
    return load_settings(environ)


@pytest.mark.parametrize(
    "typed",
    [
        "ada@example.org",
        "a.b+c_d-e@sub.example.co",
        "!#$%&'*+/?=^_`{|}~-@example.org",
        "a@b.cd",
        "x" * 64 + "@b.cd",
    ],
)
def test_addresses_that_are_taken(typed: str) -> None:
    assert mail_address(typed) == typed


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "ada",
        "ada@",
        "@example.org",
        "ada@nas",
        "a b@example.org",
        "a@b@example.org",
        ".ada@example.org",
        "ada.@example.org",
        "a..b@example.org",
        "ada@-example.org",
        "ada@example..org",
        "ada@[192.0.2.1]",
        '"ada"@example.org',
        "ada@example.org ",
        "ada@example.org\n",
        "ada@example.org\0",
        "ada@exämple.org",
        "аda@example.org",
        "ada@example.org,ben@example.org",
        "=?utf-8?q?a=0D=0ABcc=3A=20x?=@example.org",
        "x" * 65 + "@b.cd",
        "a@" + "b" * 64 + ".cd",
        "a@" + "b." * 130 + "cd",
    ],
)
def test_what_is_no_address(typed: str) -> None:
    with pytest.raises(ValueError, match="e-mail address"):
        mail_address(typed)


@given(st.text(max_size=80))
def test_an_address_holds_nothing_that_could_end_a_header(typed: str) -> None:
    try:
        taken = mail_address(typed)
    except ValueError:
        return
    assert taken.isascii()
    assert taken.isprintable()
    assert not set(taken) & set(' ,;:<>()[]"\\')
    assert taken.lower() == typed.lower()


@given(st.text(max_size=80))
def test_a_sender_holds_nothing_that_could_end_a_header(typed: str) -> None:
    try:
        name, address = parted(sender(f"{typed} <films@example.org>"))
    except ValueError:
        return
    assert address == "films@example.org"
    assert name.isascii()
    assert not name or name.isprintable()


def test_a_sender_has_a_name_or_none() -> None:
    assert sender("films@Example.org") == "films@example.org"
    assert parted(sender("Our films <films@example.org>")) == ("Our films", "films@example.org")
    assert parted(sender("<films@example.org>")) == ("", "films@example.org")


@pytest.mark.parametrize("typed", ["localhost", "mail.example.org", "192.0.2.1", "::1", "[2001:db8::1]"])
def test_names_of_servers(typed: str) -> None:
    assert server_name(typed) == typed.strip("[]")


@pytest.mark.parametrize("typed", ["", "a b", "http://mail", "mail\n", "a/b", "-a", "x" * 300])
def test_what_is_no_name_of_a_server(typed: str) -> None:
    with pytest.raises(ValueError, match="mail server"):
        server_name(typed)


def test_mail_is_set_as_a_whole() -> None:
    settings = load(MAIL_USER="films", MAIL_PASSWORD="a secret of mail")
    assert (settings.mail_host, settings.mail_port, settings.mail_security) == (
        "mail.example.org",
        None,
        "starttls",
    )
    assert settings.mail_from == "Films <films@example.org>"
    assert "a secret of mail" not in repr(settings)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"MAIL_FROM": ""}, "PROJECTIONIST_MAIL_FROM is not set"),
        ({"BASE_URL": ""}, "PROJECTIONIST_BASE_URL is not set"),
        ({"MAIL_USER": "films"}, "belong together"),
        ({"MAIL_PASSWORD": "x"}, "belong together"),
        ({"MAIL_SECURITY": "none", "MAIL_USER": "u", "MAIL_PASSWORD": "p"}, "in the open"),
        ({"MAIL_SECURITY": "ssl"}, "one of starttls, tls, none"),
        ({"MAIL_PORT": "0"}, "from 1 to 65535"),
    ],
)
def test_what_does_not_fit_together_ends_the_start(changed: dict[str, str], named: str) -> None:
    with pytest.raises(SettingWrong, match=named):
        load(**changed)


def test_a_password_may_cross_this_machine_in_the_open() -> None:
    settings = load(MAIL_HOST="127.0.0.1", MAIL_SECURITY="none", MAIL_USER="u", MAIL_PASSWORD="p")
    assert settings.mail_security == "none"
