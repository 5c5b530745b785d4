"""Where previews go and what they are called; nothing here reads a film."""

from __future__ import annotations

from pathlib import Path

import pytest

from projectionist.errors import UsageWrong
from projectionist.features.previews.formats import Format
from tests.running import plan


def files(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"film")
    return folder


def names(
    *paths: Path,
    output: Path | None,
    formats: tuple[Format, ...] = (Format.BIF,),
    intervals_ms: tuple[int, ...] = (2000,),
    width: int = 64,
) -> dict[str, list[str]]:
    """Per film its previews, below `output` or else the first path."""
    planned = plan(*paths, output=output, formats=formats, intervals_ms=intervals_ms, width=width)
    base = output or paths[0]
    return {
        str(task.film.relative_to(paths[0].parent)): [str(one.path.relative_to(base)) for one in task.outputs]
        for task in planned.tasks
    }


def test_every_format_has_the_name_its_player_looks_for(tmp_path: Path) -> None:
    films = files(tmp_path / "films", "Alien (1979).mkv")
    named = names(films, output=tmp_path / "out", formats=tuple(Format), intervals_ms=(10_000,), width=320)
    assert named == {
        "films/Alien (1979).mkv": [
            "Alien (1979).bif",
            "Alien (1979)-320-10.bif",
            "Alien (1979).trickplay/320 - 10x10",
            "Alien (1979).thumbnails",
        ]
    }


def test_a_file_named_outright_has_its_preview_right_in_the_folder_of_outputs(tmp_path: Path) -> None:
    films = files(tmp_path / "films", "deep/down/a.mkv")
    assert names(films / "deep/down/a.mkv", output=tmp_path / "out") == {"a.mkv": ["a.bif"]}


def test_a_folder_is_mirrored(tmp_path: Path) -> None:
    films = files(tmp_path / "films", "a.mkv", "one/b.mkv", "one/two/b.mkv")
    named = names(films, output=tmp_path / "out")
    assert [one for [one] in named.values()] == ["a.bif", "one/b.bif", "one/two/b.bif"]


def test_beside_puts_each_preview_into_the_folder_of_its_film(tmp_path: Path) -> None:
    films = files(tmp_path / "films", "a.mkv", "one/b.mkv")
    assert names(films, output=None) == {"films/a.mkv": ["a.bif"], "films/one/b.mkv": ["one/b.bif"]}


@pytest.mark.parametrize("beside", [False, True])
def test_two_films_that_differ_in_their_extension_only_keep_it(tmp_path: Path, beside: bool) -> None:
    films = files(tmp_path / "films", "a.mkv", "a.mp4", "b.mkv", "a.nfo")
    named = names(films, output=None if beside else tmp_path / "out")
    assert named == {
        "films/a.mkv": ["a.mkv.bif"],
        "films/a.mp4": ["a.mp4.bif"],
        "films/b.mkv": ["b.bif"],
    }


def test_two_folders_with_the_same_film_in_them_keep_their_names(tmp_path: Path) -> None:
    files(tmp_path, "old/a.mkv", "new/a.mkv", "new/b.mkv")
    named = names(tmp_path / "old", tmp_path / "new", output=tmp_path / "out")
    assert named == {
        "old/a.mkv": ["old/a.mkv.bif"],
        "new/a.mkv": ["new/a.mkv.bif"],
        "new/b.mkv": ["b.bif"],
    }


def test_the_name_of_a_preview_beside_does_not_depend_on_which_sibling_was_chosen(tmp_path: Path) -> None:
    films = files(tmp_path / "films", "a.mkv", "a.mp4")
    planned = plan(films / "a.mkv")
    assert [output.path.name for output in planned.tasks[0].outputs] == ["a.mkv.bif"]


def test_films_that_share_every_name_are_refused_except_the_first(tmp_path: Path) -> None:
    files(tmp_path, "x/Films/a.mkv", "y/Films/a.mkv")
    planned = plan(tmp_path / "x/Films", tmp_path / "y/Films", output=tmp_path / "out")
    assert [task.film for task in planned.tasks] == [tmp_path / "x/Films/a.mkv"]
    assert [result.outcome for result in planned.not_searched] == ["clash"]


def test_further_intervals_are_in_the_name(tmp_path: Path) -> None:
    films = files(tmp_path / "films", "a.mkv")
    named = names(films, output=tmp_path / "out", formats=tuple(Format), intervals_ms=(10_000, 2000))
    assert named["films/a.mkv"] == [
        "a.bif",
        "a-64-10.bif",
        "a.trickplay/64 - 10x10",
        "a.thumbnails",
        "a-2s.bif",
        "a-64-2.bif",
        "a-2s.trickplay/64 - 10x10",
        "a-2s.thumbnails",
    ]


@pytest.mark.parametrize(
    ("other", "formats"), [("a-5s.mkv", (Format.BIF,)), ("a-64-10.mkv", (Format.BIF, Format.EMBY))]
)
def test_a_film_named_like_the_preview_of_another_is_refused(
    tmp_path: Path, other: str, formats: tuple[Format, ...]
) -> None:
    films = files(tmp_path / "films", "a.mkv", other)
    planned = plan(films, output=tmp_path / "out", formats=formats, intervals_ms=(10_000, 5000))
    places = [output.path for task in planned.tasks for output in task.outputs]
    assert len(places) == len(set(places))
    assert [result.outcome for result in planned.not_searched] == ["clash"]


def test_no_preview_ever_takes_the_place_of_a_film(tmp_path: Path) -> None:
    files(tmp_path, "a.bif", "b-64-2.bif", "b.mkv")
    planned = plan(tmp_path / "a.bif", tmp_path / "b-64-2.bif", tmp_path / "b.mkv", formats=tuple(Format))
    places = [output.path for task in planned.tasks for output in task.outputs]
    assert not {tmp_path / "a.bif", tmp_path / "b-64-2.bif"}.intersection(places)
    assert [result.path.name for result in planned.not_searched] == ["a.bif", "b-64-2.bif", "b.mkv"]
    assert {result.outcome for result in planned.not_searched} == {"clash"}


def test_a_film_named_twice_is_made_once(tmp_path: Path) -> None:
    films = files(tmp_path / "films", "a.mkv")
    planned = plan(films / "a.mkv", films, films / ".." / "films" / "a.mkv", output=tmp_path / "out")
    assert [task.film for task in planned.tasks] == [films / "a.mkv"]


def test_emby_cannot_be_told_of_half_seconds(tmp_path: Path) -> None:
    with pytest.raises(UsageWrong, match="whole seconds"):
        plan(tmp_path, output=tmp_path / "out", formats=(Format.EMBY,), intervals_ms=(500,))
