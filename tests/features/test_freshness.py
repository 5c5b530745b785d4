"""What is there already is not made again; what is stale, cut short, blank or a stranger's is never counted as done."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from projectionist import __version__
from projectionist.features.previews.formats import Format
from projectionist.features.previews.outputs import Output, State, record_in, state_of
from projectionist.features.previews.record import Record
from projectionist.frames import jpeg
from projectionist.frames.bif import read_bif, write_bif
from projectionist.frames.slots import Mode
from projectionist.frames.spool import Spool
from tests.films import Film, make_film
from tests.pictures import contents
from tests.running import make_here, temporaries_below

EVERY_FORMAT = tuple(Format)


@pytest.fixture
def copy(film: Callable[..., Film], tmp_path: Path) -> Path:
    """A film of 12 seconds that may be changed."""
    (tmp_path / "films").mkdir()
    return Path(shutil.copy(film("film.mkv", gop=24).path, tmp_path / "films" / "a.mkv"))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def again(copy: Path, out: Path, **options: Any) -> str:
    """The outcome of another run."""
    [result] = make_here(copy, output=out, **options)
    assert temporaries_below(out) == []
    return result.outcome


def file_of(out: Path, kind: Format) -> Path:
    """One file of the output of this kind: the last one, which tells whether all is there."""
    return {
        Format.BIF: out / "a.bif",
        Format.EMBY: out / "a-64-2.bif",
        Format.TRICKPLAY: out / "a.trickplay" / "64 - 10x10" / "0.jpg",
        Format.JPEG: out / "a.thumbnails" / "00005.jpg",
    }[kind]


def stamps(out: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}


def test_a_second_run_makes_nothing_and_touches_nothing(copy: Path, out: Path) -> None:
    assert again(copy, out, formats=EVERY_FORMAT) == "made"
    before = stamps(out)
    [result] = make_here(copy, output=out, formats=EVERY_FORMAT)
    assert result.outcome == "fresh"
    assert len(result.outputs) == 4
    assert result.bytes_read < 1 << 17
    assert stamps(out) == before


@pytest.mark.parametrize("missing", EVERY_FORMAT)
def test_only_the_missing_format_is_made(copy: Path, out: Path, missing: Format) -> None:
    again(copy, out, formats=tuple(kind for kind in EVERY_FORMAT if kind is not missing))
    before = stamps(out)
    assert again(copy, out, formats=EVERY_FORMAT) == "made"
    after = stamps(out)
    assert {path: after[path] for path in before} == before
    assert file_of(out, missing).exists()


def test_only_the_missing_interval_is_made(copy: Path, out: Path) -> None:
    again(copy, out, intervals_ms=(2000,))
    before = stamps(out)
    [result] = make_here(copy, output=out, intervals_ms=(2000, 1000))
    assert result.outcome == "made"
    assert [path.name for path in result.outputs] == ["a.bif", "a-1s.bif"]
    assert {path: stamps(out)[path] for path in before} == before


@pytest.mark.parametrize(
    "change",
    [
        {"intervals_ms": (1000,)},
        {"width": 96},
        {"quality": 50},
        {"mode": Mode.EXACT},
        {"max_height": 20},
        {"skip_nonref": True},
        {"force": True},
    ],
    ids=lambda change: next(iter(change)),
)
def test_another_wish_is_another_preview(copy: Path, out: Path, change: dict[str, Any]) -> None:
    again(copy, out)
    assert again(copy, out) == "fresh"
    assert again(copy, out, **change) == "made"
    assert again(copy, out, **{**change, "force": False}) == "fresh"
    assert again(copy, out) == ("fresh" if "force" in change else "made")


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(bytes(1000))


def touch(path: Path) -> None:
    os.utime(path, ns=(1, path.stat().st_mtime_ns + 1))


def replace_tail(path: Path) -> None:
    status = path.stat()
    content = bytearray(path.read_bytes())
    content[-100] ^= 0xFF
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.mark.parametrize("change", [grow, touch, replace_tail])
def test_a_changed_film_gets_a_new_preview(copy: Path, out: Path, change: Callable[[Path], None]) -> None:
    again(copy, out)
    change(copy)
    assert again(copy, out) in ("made", "damaged")
    assert again(copy, out) == "fresh"


def test_another_film_under_the_same_name_gets_its_own_preview(copy: Path, out: Path) -> None:
    again(copy, out)
    make_film(copy, seconds=6, gop=24)
    assert again(copy, out) == "made"
    with read_bif(out / "a.bif") as bif:
        assert bif.count == 3


def test_another_version_makes_its_own_previews(copy: Path, out: Path) -> None:
    again(copy, out)
    path = out / "a.bif"
    version = f'"version":"{__version__}"'.encode()
    content = path.read_bytes()
    assert content.count(version) == 1
    path.write_bytes(content.replace(version, version.replace(b"0", b"9", 1)))
    assert again(copy, out) == "made"


def cut_to(share: float) -> Callable[[Path], None]:
    def cut(path: Path) -> None:
        os.truncate(path, int(path.stat().st_size * share))

    return cut


def cut_one_byte(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


def blank(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def blank_tail(path: Path) -> None:
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size * 2 // 3)
        file.write(bytes(size - size * 2 // 3))


def nonsense(path: Path) -> None:
    path.write_text("not a preview\n")


def remove(path: Path) -> None:
    path.unlink()


DAMAGE = [
    cut_to(0),
    cut_to(0.01),
    cut_to(0.3),
    cut_to(0.7),
    cut_one_byte,
    blank,
    blank_tail,
    nonsense,
    remove,
]


@pytest.mark.parametrize("kind", EVERY_FORMAT)
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_preview_is_never_counted_as_done(
    copy: Path, out: Path, kind: Format, damage: Callable[[Path], None]
) -> None:
    again(copy, out, formats=(kind,))
    whole = contents(out)
    damage(file_of(out, kind))
    assert again(copy, out, formats=(kind,)) == "made"
    assert contents(out) == whole


def test_a_preview_cut_at_any_point_is_not_fresh(copy: Path, out: Path) -> None:
    [result] = make_here(copy, output=out)
    assert result.outcome == "made"
    output = Output(0, Format.BIF, out / "a.bif")
    wanted = record_in(output)
    assert wanted is not None
    assert state_of(output, wanted) == (State.FRESH, "")
    content = output.path.read_bytes()
    for length in range(0, len(content), 7):
        output.path.write_bytes(content[:length])
        assert state_of(output, wanted)[0] is State.BROKEN


def sign_over(path: Path, comment: str) -> None:
    """The same BIF with another record in it."""
    with Spool(path.parent) as spool, read_bif(path) as bif:
        for picture in bif:
            spool.add(picture)
        write_bif(path, spool, 2000, comment)


def ours_but(**changes: Any) -> str:
    fields = {
        "tool": "projectionist",
        "film": "a.mkv",
        "source": {"size": 1, "mtime_ns": 1, "ends": ""},
        "interval_ms": 2000,
        "width": 64,
        "max_height": None,
        "quality": 80,
        "mode": "auto",
        "skip_nonref": False,
        "thumbnails": 6,
    }
    return json.dumps({**fields, **changes})


@pytest.mark.parametrize(
    "comment",
    [
        "",
        "made by another tool",
        "{}",
        "[" * 60_000,
        '{"tool":"projectionist"}',
        ours_but(thumbnails="6"),
        ours_but(thumbnails=None),
        ours_but(source=[]),
        ours_but(source={"size": 1}),
        ours_but(unknown=1),
        ours_but(),
    ],
    ids=range(11),
)
def test_a_strangers_preview_is_never_counted_as_done(copy: Path, out: Path, comment: str) -> None:
    again(copy, out)
    sign_over(out / "a.bif", comment)
    assert again(copy, out) == "made"
    assert again(copy, out) == "fresh"


def test_a_preview_with_fewer_pictures_than_its_record_says_is_broken(copy: Path, out: Path) -> None:
    again(copy, out)
    path = out / "a.bif"
    with read_bif(path) as bif:
        comment, pictures = bif.comment, list(bif)
    with Spool(out) as spool:
        for picture in pictures[:-1]:
            spool.add(picture)
        write_bif(path, spool, 2000, comment or "")
    assert again(copy, out) == "made"
    with read_bif(path) as bif:
        assert bif.count == 6


def test_a_preview_taken_from_another_film_is_stale(copy: Path, out: Path, film: Callable[..., Film]) -> None:
    other = Path(shutil.copy(film("film.mkv", gop=24, seconds=8).path, copy.with_name("b.mkv")))
    again(copy, out)
    again(other, out)
    shutil.copy(out / "b.bif", out / "a.bif")
    assert again(copy, out) == "made"


def test_a_film_moved_with_its_preview_keeps_it(copy: Path) -> None:
    [first] = make_here(copy)
    moved = copy.parent / "moved" / "b.mkv"
    moved.parent.mkdir()
    copy.rename(moved)
    (copy.parent / "a.bif").rename(moved.parent / "b.bif")
    assert first.outcome == "made"
    assert make_here(moved)[0].outcome == "fresh"


def test_the_record_says_how_the_preview_was_made(copy: Path, out: Path) -> None:
    again(copy, out)
    record = record_in(Output(0, Format.BIF, out / "a.bif"))
    assert record is not None
    status = copy.stat()
    assert (record.film, record.source.size, record.source.mtime_ns) == (
        "a.mkv",
        status.st_size,
        status.st_mtime_ns,
    )
    assert (record.interval_ms, record.width, record.quality, record.mode) == (2000, 64, 80, "auto")
    assert (record.thumbnails, record.method, record.damaged) == (6, "matroska-cues", False)
    assert Record.from_comment(record.as_comment()) == record
    with read_bif(out / "a.bif") as bif:
        assert [jpeg.comment_of(picture) is None for picture in bif] == [False, True, True, True, True, True]
