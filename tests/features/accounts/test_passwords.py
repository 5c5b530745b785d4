from __future__ import annotations

import string
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projectionist.errors import InputWrong
from projectionist.features.accounts import known_passwords, passwords
from tests.passwords import ANOTHER, PASSWORD


def refusal(password: str, name: str = "") -> str:
    with pytest.raises(InputWrong) as refused:
        passwords.check_password(password, name)
    assert refused.value.field == "password"
    return refused.value.message


@pytest.mark.parametrize(
    "password", [PASSWORD, ANOTHER, "Tr0ub4dor & 3", "Übung macht 1x den Meister", "七Aa1八九十百千"]
)
def test_a_password_of_all_four_kinds_is_taken(password: str) -> None:
    passwords.check_password(password, "Vera")


@pytest.mark.parametrize(
    ("password", "lacking"),
    [
        ("A WARM BEAM, 35 MM", "a small letter"),
        ("a warm beam, 35 mm", "a capital letter"),
        ("A warm beam of light", "a digit"),
        ("Awarmbeam35mm", "a space or a sign"),
        ("warmbeamoflight", "a capital letter, a digit and a space or a sign"),
    ],
)
def test_what_a_password_lacks_is_told(password: str, lacking: str) -> None:
    assert refusal(password) == f"A password mixes four kinds of characters; this one lacks {lacking}."


@pytest.mark.parametrize(
    ("password", "points"),
    [
        ("", 0),
        ("abc", 1),
        ("abcdefgh", 2),
        ("Abcdefg1", 4),
        ("Abcdef1!", 5),
        ("Abcdefghij1!", 6),
        ("Abcdefghijklmn1!", 7),
        (PASSWORD, 7),
        ("aaaaaaaaaaaaaaaa", 4),
    ],
)
def test_strength_counts_lengths_and_kinds(password: str, points: int) -> None:
    assert passwords.strength(password) == points


@given(st.text(max_size=40))
def test_strength_is_from_0_to_7(password: str) -> None:
    assert 0 <= passwords.strength(password) <= 7


@pytest.mark.parametrize(
    "password",
    [
        "Password1!",
        "P@ssw0rd2024!",
        "Pa$$w0rd1",
        "Qwerty123!",
        "1qaz@WSX",
        "Welcome-1",
        "!!Dragon77",
        "Aa123456!",
        "Admin@123",
        "LetmeinLetmein1!",
        "Aaaaaaaa1!",
        "Summer2025?",
        "Liverpool#1",
        "Michael-1987",
    ],
)
def test_what_is_tried_first_is_refused_however_it_is_dressed(password: str) -> None:
    assert "tried first" in refusal(password)


@pytest.mark.parametrize("password", ["Dragon-tamer 7", "7-up my Summer walls!", "Qwerty is a layout, 1878"])
def test_a_known_word_among_others_is_no_hindrance(password: str) -> None:
    passwords.check_password(password)


@pytest.mark.parametrize("password", ["Marlene_1!", "M@rlene-77", "MarleneMarlene1!"])
def test_the_own_name_dressed_up_is_refused(password: str) -> None:
    assert "tried first" in refusal(password, "Marlene")
    assert "tried first" in refusal(password, "marlene@example.org")


def test_the_list_holds_some_thousands_in_small_letters() -> None:
    known = known_passwords.known_passwords()
    assert len(known) >= 3000
    assert [one for one in known if one != one.casefold() or len(one) < 3] == []


def test_the_list_holds_what_makes_headlines() -> None:
    known = known_passwords.known_passwords()
    famous = (
        "123456 password 123456789 qwerty 111111 iloveyou monkey dragon letmein football baseball sunshine"
    )
    assert [one for one in famous.split() if one not in known] == []


@given(st.text(alphabet=string.ascii_letters + string.digits + string.punctuation, min_size=12, max_size=40))
def test_no_password_is_too_strange_to_be_looked_up(password: str) -> None:
    assert known_passwords.is_widely_known(password, "") in (True, False)


def test_what_is_shipped_hashes_as_hard_as_it_is_advised() -> None:
    """64 MiB and three passes, RFC 9106's second choice; in tests hashes are light, so another process tells."""
    program = "from projectionist.features.accounts.passwords import hash_password; print(hash_password('x'))"
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert ran.stdout.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
