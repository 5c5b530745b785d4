"""Which language somebody is spoken to in, and how words, numbers and dates are said in it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar.testing import TestClient

from projectionist.errors import InputWrong
from projectionist.web import formatting
from projectionist.web.catalogues import CatalogueWrong, read_catalogue
from projectionist.web.languages import check_language, language_asked_for
from projectionist.web.words import (
    LANGUAGES,
    catalogue_of,
    counted,
    language,
    said,
    sentence,
    speak,
    speaking,
)

HEAD = 'msgid ""\nmsgstr ""\n"Language: xx\\n"\n"Plural-Forms: {}\\n"\n\n'
GERMANIC = "nplurals=2; plural=(n != 1);"
POLISH = "nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);"


@pytest.mark.parametrize(
    ("asked", "spoken"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT, en;q=0.8", "de"),
        ("en-GB, de;q=0.9", "en"),
        ("fr-FR, fr;q=0.9, de;q=0.5, en;q=0.3", "de"),
        ("de;q=0, *", "en"),
        ("DE", "de"),
        ("de;q=much, en;q=0.1", "en"),
        ("tlh, *;q=0.5", "en"),
        ("german", "en"),
    ],
)
def test_the_best_language_that_a_browser_asks_for_is_spoken(asked: str, spoken: str) -> None:
    assert language_asked_for(asked) == spoken


@given(st.text())
def test_whatever_a_browser_asks_for_a_shipped_language_is_spoken(asked: str) -> None:
    assert language_asked_for(asked) in LANGUAGES


def test_a_language_that_is_not_shipped_is_refused_in_a_sentence() -> None:
    assert check_language(" de ") == "de"
    assert check_language("") == ""
    with pytest.raises(InputWrong, match=r"they are in en \(English\), de \(Deutsch\)"):
        check_language("tlh")


def test_a_language_that_is_shipped_no_more_changes_nothing() -> None:
    with speaking("de"):
        speak("tlh")
        assert language() == "de"
    with speaking("tlh"):
        assert language() == "en"


def test_every_language_but_english_says_every_word() -> None:
    for tag in LANGUAGES.keys() - {"en"}:
        assert len(catalogue_of(tag).forms) > 1400


def test_words_are_said_in_the_language_that_is_spoken_and_english_where_it_lacks_them() -> None:
    assert said("Libraries") == "Libraries"
    with speaking("de"):
        assert said("Libraries") == "Bibliotheken"
        assert said("Never heard of") == "Never heard of"
    assert said("Libraries") == "Libraries"


@pytest.mark.parametrize(("number", "shown"), [(0, "Dateien"), (1, "Datei"), (2, "Dateien")])
def test_a_number_takes_the_form_of_the_language(number: int, shown: str) -> None:
    with speaking("de"):
        assert counted("%(num)s file", "%(num)s files", number) == f"%(num)s {shown}"


@pytest.mark.parametrize(("number", "shown"), [(1, "plik"), (3, "pliki"), (5, "plików"), (22, "pliki")])
def test_a_language_may_have_more_forms_than_english(number: int, shown: str) -> None:
    text = 'msgid "file"\nmsgid_plural "files"\nmsgstr[0] "plik"\nmsgstr[1] "pliki"\nmsgstr[2] "plików"\n'
    catalogue = read_catalogue(HEAD.format(POLISH) + text)
    assert catalogue.counted("file", "files", number) == shown


def test_what_is_not_translated_or_unsure_is_left_to_english() -> None:
    text = 'msgid "one"\nmsgstr ""\n\n#, fuzzy\nmsgid "two"\nmsgstr "zwo"\n\nmsgid "three"\nmsgstr ""\n"dr"\n"ei"\n'
    catalogue = read_catalogue(HEAD.format(GERMANIC) + text)
    assert [catalogue.said(word) for word in ("one", "two", "three")] == ["one", "two", "drei"]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "no Plural-Forms"),
        ('msgid "a"\nmsgstr "b"\n', "no head"),
        (HEAD.format("no idea"), "no Plural-Forms"),
        (HEAD.format("nplurals=2; plural=import(n);"), "rule of plurals"),
        (HEAD.format(GERMANIC) + 'msgid "a\n', "Line 6"),
        (HEAD.format(GERMANIC) + 'msgctxt "a"\n', "Line 6"),
        (HEAD.format(GERMANIC) + 'msgid "\\q"\n', "escapes q"),
        ('"a"\n', "goes on with nothing"),
    ],
)
def test_a_catalogue_that_cannot_be_read_says_where(text: str, what: str) -> None:
    with pytest.raises(CatalogueWrong, match=what):
        read_catalogue(text)


def test_a_sentence_that_a_service_said_is_found_again_by_its_words() -> None:
    with speaking("de"):
        assert (
            sentence("Somebody here has this name; choose another.")
            == "Jemand hier hat diesen Namen; wähle einen anderen."
        )
        assert sentence("A token lasts from 1 to 365 days.") == "Ein Token gilt 1 bis 365 Tage."
        assert sentence(
            "This must be That is no e-mail address, so nothing was sent; correct it.."
        ).startswith("Das muss sein: ")


@pytest.mark.parametrize(
    "title", ["Libraries", "Monsters, Inc.", "Home", "A quiet place. A day.", "%(name)s."]
)
def test_a_title_is_never_translated(title: str) -> None:
    with speaking("de"):
        assert sentence(title) == title


@given(st.text())
def test_any_text_is_shown_whatever_it_says(text: str) -> None:
    with speaking("de"):
        assert isinstance(sentence(f"{text}."), str)


@pytest.mark.timeout(10)
def test_a_path_that_was_made_to_be_looked_for_without_end_is_left_as_it_is() -> None:
    made = "a found at /films, and " * 400 + "so it is."
    with speaking("de"):
        assert sentence(made) == made


def test_numbers_and_dates_are_written_as_the_language_writes_them() -> None:
    moment = datetime(2026, 11, 21, 4, 12, 9, tzinfo=UTC)
    assert formatting.exact(moment, "Europe/Vienna") == "Sat 21 Nov 2026, 05:12:09 CET"
    with speaking("de"):
        assert formatting.size(14.2e9) == "14,2 GB"
        assert formatting.duration(4.24) == "4,2 s"
        assert formatting.exact(moment, "Europe/Vienna") == "Sa., 21. Nov. 2026, 05:12:09 CET"
        assert formatting.day(date(2026, 3, 1)) == "1. März 2026"
        assert formatting.day(date(2026, 3, 1), year=False) == "1. März"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (2, "gerade eben"),
        (90, "vor 1 Minute"),
        (86400, "vor 1 Tag"),
        (86400 * 3, "vor 3 Tagen"),
        (-7200, "in 2 Stunden"),
        (86400 * 800, "vor 2 Jahren"),
    ],
)
def test_how_long_ago_is_said_as_the_script_of_the_page_says_it(seconds: float, shown: str) -> None:
    now = datetime(2026, 11, 21, tzinfo=UTC)
    with speaking("de"):
        assert formatting.relative(now - timedelta(seconds=seconds), now) == shown


def test_a_page_is_in_the_language_that_the_browser_asks_for(ada: TestClient[Any]) -> None:
    german = ada.get("/nowhere", headers={"accept-language": "de-DE,de;q=0.9"})
    assert '<html lang="de"' in german.text
    assert "Hier ist nichts" in german.text
    assert "Unter dieser Adresse ist nichts" in german.text
    assert "Accept-Language" in german.headers["vary"]
    english = ada.get("/nowhere", headers={"accept-language": "fr"})
    assert '<html lang="en"' in english.text
    assert "There is nothing here" in english.text


def test_programs_are_told_in_english_whatever_they_ask_for(ada: TestClient[Any]) -> None:
    answer = ada.get("/api/v1/nowhere", headers={"accept-language": "de"})
    assert answer.json()["detail"].startswith("There is nothing at this address")


def test_english_reads_no_catalogue(ada: TestClient[Any]) -> None:
    catalogue_of.cache_clear()
    ada.get("/nowhere", headers={"accept-language": "en"})
    assert catalogue_of.cache_info().currsize == 0


def test_every_catalogue_belongs_to_a_language_that_can_be_chosen() -> None:
    folder = Path(formatting.__file__).parent / "translations"
    assert {path.stem for path in folder.glob("*.po")} == LANGUAGES.keys() - {"en"}
