from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projectionist.db.engine import Database, sqlite_url
from projectionist.db.model import Base
from projectionist.features.library import service
from projectionist.features.library.searching import postings
from projectionist.features.library.searching import queries as searching
from projectionist.features.library.searching.folding import fold, trigrams
from tests.databases import new_postgres
from tests.features.library.shelves import Shelves, Wall, add_server, movie, show

FILMS = (
    "Amélie",
    "The Godfather",
    "The Godfather Part II",
    "Goodfellas",
    "Alien",
    "Aliens",
    "Crouching Tiger, Hidden Dragon",
    "Star Wars: A New Hope",
    "The Empire Strikes Back",
    "WALL·E",
    "Låt den rätte komma in",
    "Se7en",
    "Ocean's Eleven",
    "東京物語",
    "The Wireless",
)
ASKED = (
    "amelie",
    "godfahter",
    "godfather part",
    "alein",
    "tiger dragon",
    "wars star",
    "lat den ratte",
    "oceans",
    "walle",
    "東京",
    "wire",
    "t",
    "go",
    "zzzzz",
    "part 2 of the wire",
    *(
        "é",
        "ø",
        "ae",
        "50%",
        "go%",
        "go_fellas",
        "_",
        "%",
        "'",
        '"',
        "\\",
        "ocean's",
        '"alien"',
        "alien'; --",
    ),
    *("👻", "👻 alien", "ali\0en", "\0", "ﬁ", "İ", "ß", "x" * 10_000, "godfather " * 1_000),
)
NOTHING_LIKE_IT = {"zzzzz", "ﬁ", "50%", "_", "%", "'", '"', "\\", "👻", "\0", "x" * 10_000}


def fill(wall: Wall) -> None:
    wall.server.hold(*(movie(str(number), title) for number, title in enumerate(FILMS)))
    wall.server.hold(*show("900", "The Wire", episodes=3))
    wall.sync()


def found(wall: Wall, text: str, size: int = 20) -> list[str]:
    return [card.title for card in service.search_items(wall.database, text, size=size)]


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("amelie", "Amélie"),
        ("AMÉL", "Amélie"),
        ("godfahter", "The Godfather"),
        ("godfather part", "The Godfather Part II"),
        ("alein", "Alien"),
        ("tiger dragon", "Crouching Tiger, Hidden Dragon"),
        ("wars star", "Star Wars: A New Hope"),
        ("empire strikes bakc", "The Empire Strikes Back"),
        ("lat den ratte", "Låt den rätte komma in"),
        ("oceans", "Ocean's Eleven"),
        ("goodfelas", "Goodfellas"),
        ("東京", "東京物語"),
    ],
)
def test_slips_and_accents_do_not_matter(quick_wall: Wall, typed: str, first: str) -> None:
    fill(quick_wall)
    assert found(quick_wall, typed)[0] == first


def test_a_title_that_begins_so_comes_before_one_that_holds_it(quick_wall: Wall) -> None:
    fill(quick_wall)
    assert found(quick_wall, "alien") == ["Alien", "Aliens"]
    assert found(quick_wall, "the wire")[:2] == ["The Wire", "The Wireless"]
    assert found(quick_wall, "wire")[0] == "The Wire"


def test_what_is_like_nothing_finds_nothing(quick_wall: Wall) -> None:
    fill(quick_wall)
    assert [found(quick_wall, text) for text in ("", "   ", "!?", "zzzzz")] == [[], [], [], []]


def test_both_databases_answer_the_same(tmp_path_factory: pytest.TempPathFactory, postgres: str) -> None:
    answers = []
    for url in (sqlite_url(tmp_path_factory.mktemp("index") / "a.sqlite"), new_postgres(postgres)):
        database = Database(url)
        Base.metadata.create_all(database.engine)
        wall = Wall(database, Shelves(), add_server(database))
        fill(wall)
        answers.append([found(wall, text) for text in ASKED])
        database.close()
    assert answers[0] == answers[1]
    assert {text for answer, text in zip(answers[0], ASKED, strict=True) if not answer} == NOTHING_LIKE_IT


def test_many_segments_are_merged_and_find_the_same(
    quick_wall: Wall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postings, "MOST_SEGMENTS", 2)
    for number, title in enumerate(FILMS):
        quick_wall.server.hold(movie(str(number), title))
        quick_wall.sync(full=True)
    with quick_wall.database.read() as session:
        assert len(searching.segments(session)) <= 3
    assert found(quick_wall, "godfahter")[0] == "The Godfather"
    assert found(quick_wall, "amelie") == ["Amélie"]


@given(st.text(max_size=60))
def test_folding_twice_changes_nothing(text: str) -> None:
    once = fold(text)
    assert fold(once) == once
    assert once == once.strip()
    assert "  " not in once


@given(st.text(alphabet="abc é-", min_size=1, max_size=30))
def test_every_word_has_its_beginning_among_the_trigrams(text: str) -> None:
    folded = fold(text)
    assert all(f"  {word[0]}" in trigrams(folded) for word in folded.split())
