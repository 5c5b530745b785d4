"""The tables a simulation reads: strict by line, patient with what it need not know."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projectionist.errors import TableWrong, UsageWrong
from projectionist.features.cache.households.watching import live
from projectionist.features.cache.households.writing import write_tables
from projectionist.features.cache.prediction.records import Past
from projectionist.features.cache.simulating.tables import read_past
from projectionist.features.cache.sizes import bytes_of, rate_of, shown_size

LIBRARY = """item,type,show,season,episode,bytes,duration_s,added_at
f,movie,,,,1000,6000,2026-01-01T00:00:00Z
"a,1",episode,"A ""big"" show",1,2,2000,1800.5,2026-01-02T01:00:00+01:00
a0,episode,"A ""big"" show",1,1,2000,1800,2026-01-02
"""
HISTORY = """started_at,user,item,end_position_s,finished
2026-01-03T20:00:00Z,ann,f,6000,true
2026-01-02T20:00:00Z,ben,"a,1",100,FALSE
"""
WATCHLIST = """at,user,item,action
2026-01-01T20:00:00Z,ann,f,add
2026-01-01T21:00:00Z,ann,"A ""big"" show",remove
"""


def read(folder: Path, library: str = LIBRARY, history: str = HISTORY, watchlist: str = WATCHLIST) -> Past:
    paths = [folder / name for name in ("l.csv", "h.csv", "w.csv")]
    for path, text in zip(paths, (library, history, watchlist), strict=True):
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
    return read_past(*paths)


def test_tables_are_read_as_they_are_meant(tmp_path: Path) -> None:
    past = read(tmp_path)
    assert [title.item for title in past.catalogue.titles] == ["f", "a,1", "a0"]
    assert past.catalogue.shows == [[2, 1]]
    assert past.catalogue.added[1] == past.catalogue.added[2] == 1767312000
    assert [(play.user, play.finished) for play in past.plays] == [("ben", False), ("ann", True)]
    assert [(wish.item, wish.show, wish.added) for wish in past.wishes] == [(0, -1, True), (-1, 0, False)]


def test_unknown_columns_other_orders_and_the_marks_of_spreadsheets_are_fine(tmp_path: Path) -> None:
    heads = "\ufefffinished,colour,item,user,end_position_s,started_at\r\n"
    history = heads + "1,red,f,ann,6000,2026-01-03T20:00:00Z\r\n\r\n"
    past = read(tmp_path, history=history)
    assert [(play.at, play.user, play.item, play.finished) for play in past.plays] == [
        (1767470400, "ann", 0, True)
    ]


def test_rows_of_items_that_are_gone_are_counted_and_left_out(tmp_path: Path) -> None:
    past = read(tmp_path, history=HISTORY + "2026-01-04T20:00:00Z,ann,gone,1,true\n")
    assert (len(past.plays), past.strangers) == (2, 1)


@pytest.mark.parametrize(
    ("table", "row", "said"),
    [
        ("library", "g,film,,,,1,1,2026-01-01", "line 5: the row has the type 'film'"),
        ("library", "f,movie,,,,1,1,2026-01-01", "line 5: the row lists the item 'f' again"),
        ("library", "g,movie,,,,-1,1,2026-01-01", "line 5: the row says '-1' in bytes"),
        ("library", "g,movie,,,,1,nan,2026-01-01", "line 5: the row says 'nan' in duration_s"),
        ("library", "g,movie,,,,1,1,yesterday", "line 5: the row says 'yesterday' in added_at"),
        ("library", "g,episode,,1,1,1,1,2026-01-01", "line 5: the row has nothing in show"),
        ("library", "g,episode,A,one,1,1,1,2026-01-01", "line 5: the row says 'one' in season"),
        ("library", ",movie,,,,1,1,2026-01-01", "line 5: the row has nothing in item"),
        ("library", "g,movie", "line 5: the row has 2 fields where the first line names 8"),
        ("library", 'g,movie,,"x"y,,1,1,2026-01-01', "line 5: the row is no row of CSV"),
        ("history", "2026-01-03T20:00:00Z,ann,f,6000,perhaps", "line 4: the row says 'perhaps' in finished"),
        ("history", "2026-01-03T20:00:00Z,,f,6000,true", "line 4: the row has nothing in user"),
        ("history", "2026-01-03T20:00:00Z,ann,f,-5,true", "line 4: the row says '-5' in end_position_s"),
        ("watchlist", "2026-01-03T20:00:00Z,ann,f,like", "line 4: the row has the action 'like'"),
    ],
)
def test_a_row_that_cannot_be_meant_is_named_by_its_line(
    tmp_path: Path, table: str, row: str, said: str
) -> None:
    texts = {"library": LIBRARY, "history": HISTORY, "watchlist": WATCHLIST}
    texts[table] += row + "\n"
    with pytest.raises(TableWrong) as refused:
        read(tmp_path, **texts)
    assert said in refused.value.message
    assert f"{table[0]}.csv" in refused.value.message
    assert refused.value.message.endswith("nothing was simulated, correct the line.")


def test_a_row_over_several_lines_is_named_by_its_last(tmp_path: Path) -> None:
    with pytest.raises(TableWrong, match="line 6: the row"):
        read(tmp_path, library=LIBRARY + '"two\nlines",film,,,,1,1,2026-01-01\n')


@pytest.mark.parametrize(
    ("library", "said"),
    [
        ("", "line 1: the column item is missing"),
        ("item,type\n", "line 1: the column show is missing"),
        (LIBRARY.replace("episode,bytes", "bytes,bytes", 1), "line 1: the column episode is missing"),
        (
            LIBRARY.replace("added_at", "added_at,bytes", 1),
            "line 1: the column bytes stands there more than once",
        ),
        (LIBRARY + "\udcff", "not written in UTF-8"),
    ],
)
def test_a_table_that_is_none_is_refused(tmp_path: Path, library: str, said: str) -> None:
    with pytest.raises(TableWrong, match=said):
        read(tmp_path, library=library)


def test_a_table_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(TableWrong, match="cannot be read: No such file"):
        read_past(tmp_path / "none.csv", tmp_path / "none.csv")


def test_a_household_that_was_written_is_read_as_it_was(tmp_path: Path) -> None:
    past = live(2, days=40, size=2e12)
    back = read_past(*write_tables(past, tmp_path / "house"))
    assert back.catalogue == past.catalogue
    assert (list(back.plays), list(back.wishes), back.strangers) == (list(past.plays), list(past.wishes), 0)
    assert past.wishes


def test_tables_that_are_there_are_kept(tmp_path: Path) -> None:
    (tmp_path / "history.csv").write_text("mine")
    with pytest.raises(UsageWrong, match=r"There is a history\.csv"):
        write_tables(live(2, days=1, size=1e11), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["history.csv"]


@pytest.mark.parametrize(
    ("text", "size"),
    [("500GB", 500 << 30), ("7", 7 << 30), (" 1.5 tb ", 3 << 39), ("3kb", 3072), ("9B", 9), ("0.5", 1 << 29)],
)
def test_sizes_are_in_units_of_1024_and_gb_where_none_is_said(text: str, size: int) -> None:
    assert bytes_of(text) == size


@pytest.mark.parametrize(
    "text", ["", "GB", "0", "-5GB", "5G", "5 PB", "1e3", "inf", "nan", "٣", "9" * 16, "1,5GB"]
)
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(UsageWrong, match="A size is a number"):
        bytes_of(text)


def test_a_rate_is_a_size_in_a_second() -> None:
    assert rate_of("150MB/s") == rate_of("150") == 150 << 20
    with pytest.raises(UsageWrong, match="A rate is a number"):
        rate_of("150MB/min")


@given(st.text(max_size=20))
def test_any_text_is_a_size_or_refused(text: str) -> None:
    with suppress(UsageWrong):
        assert 0 < bytes_of(text) < 1 << 63


@given(st.floats(0, 1e18))
def test_any_size_can_be_shown(size: float) -> None:
    assert shown_size(size)
