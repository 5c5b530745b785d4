from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projectionist.errors import InputWrong
from projectionist.features.logs import service
from projectionist.features.logs.service import LogLevel, Wanted, line_of, look, place_of, text_of
from projectionist.kit import logs


def written(folder: Path, *lines: dict[str, object] | bytes) -> Path:
    folder.mkdir(exist_ok=True)
    raw = (one if isinstance(one, bytes) else json.dumps(one).encode() for one in lines)
    (folder / "log-00000001.jsonl").write_bytes(b"".join(one + b"\n" for one in raw))
    return folder


def line(message: str, level: str = "info", correlation: str = "", **more: object) -> dict[str, object]:
    return {
        "timestamp": "2026-03-02T12:00:00Z",
        "level": level,
        "message": message,
        "logger": "projectionist.a",
        "function": "f",
        "line": 7,
        "correlation_id": correlation,
        **more,
    }


def messages(folder: Path, wanted: Wanted) -> list[str]:
    return [one.message for one in look(folder, wanted).lines]


def test_the_newest_lines_come_first_and_only_those_that_fit(tmp_path: Path) -> None:
    folder = written(
        tmp_path,
        line("one", "debug"),
        line("Two films", "warning", "abc123"),
        line("three", "error", "abc999", exception="Traceback: ValueError"),
        line("four", path="/films/two"),
    )
    assert messages(folder, Wanted()) == ["four", "three", "Two films", "one"]
    assert messages(folder, Wanted(LogLevel.WARNING)) == ["three", "Two films"]
    assert messages(folder, Wanted(text="TWO")) == ["four", "Two films"]
    assert messages(folder, Wanted(text="valueerror")) == ["three"]
    assert messages(folder, Wanted(correlation="abc123")) == ["Two films"]
    assert messages(folder, Wanted(correlation="abc")) == ["three", "Two films"]
    (first, *_) = look(folder, Wanted()).lines
    assert (first.source, first.more, first.at is not None) == (
        "projectionist.a.f:7",
        {"path": "/films/two"},
        True,
    )


def test_every_line_is_on_one_of_the_pages(tmp_path: Path) -> None:
    folder = written(tmp_path, *(line(str(number)) for number in range(25)))
    seen: list[str] = []
    place = None
    for _ in range(4):
        found = look(folder, Wanted(), before=place, most=10)
        seen += [one.message for one in found.lines]
        place = place_of(text_of(found.next))
        if place is None:
            break
    assert seen == [str(number) for number in reversed(range(25))]


def test_a_search_stops_after_a_while_and_goes_on_where_it_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = written(tmp_path, line("wanted"), *(line("x" * 100) for _ in range(100)))
    monkeypatch.setattr(service, "MOST_READ", 5000)
    found = look(folder, Wanted(text="wanted"))
    assert (found.lines, found.is_cut) == ((), True)
    while found.next is not None:
        found = look(folder, Wanted(text="wanted"), before=found.next)
    assert [one.message for one in found.lines] == ["wanted"]


def test_what_cannot_be_read_is_shown_as_it_is_at_each_level(tmp_path: Path) -> None:
    folder = written(tmp_path, b"{broken", b"\xff\xfe", line("fine"))
    assert messages(folder, Wanted(LogLevel.ERROR)) == ["\ufffd\ufffd", "{broken"]


def test_secrets_that_were_learned_later_are_not_shown_either(tmp_path: Path) -> None:
    folder = written(
        tmp_path, line("canary-of-later-77", token="canary-of-later-77"), b"canary-of-later-77 {"
    )
    logs.mask("canary-of-later-77")
    try:
        assert "canary-of-later-77" not in str(look(folder, Wanted()))
    finally:
        logs._secrets.clear()


def test_where_nothing_is_kept_nothing_is_found(tmp_path: Path) -> None:
    assert look(tmp_path / "none", Wanted()).lines == ()


@given(st.binary(max_size=300))
def test_no_line_is_too_odd_to_be_read(raw: bytes) -> None:
    Wanted(LogLevel.INFO, "a", "b").fits(line_of((1, 0), raw))


@given(
    st.dictionaries(st.sampled_from([*line("")]), st.none() | st.integers() | st.text() | st.lists(st.text()))
)
def test_no_value_is_too_odd_either(told: dict[str, object]) -> None:
    found = line_of((1, 0), json.dumps(told).encode())
    Wanted(LogLevel.INFO, "a", "b").fits(found)


@given(st.text(max_size=50))
def test_a_place_is_read_or_refused(text: str) -> None:
    with suppress(InputWrong):
        place_of(text)


def test_a_place_is_what_it_was() -> None:
    assert place_of(text_of((12, 3456))) == (12, 3456)
    assert place_of("") is None
