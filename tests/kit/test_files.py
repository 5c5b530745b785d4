from __future__ import annotations

import contextlib
import errno
import os
import re
import resource
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any, BinaryIO, NoReturn

import pytest

from projectionist.errors import PreviewInvalid, TargetFull, TargetUnwritable
from projectionist.kit import files, temporaries
from tests.pictures import contents

ANY = re.compile(r"\w+")


def write_new(file: BinaryIO) -> None:
    file.write(b"new")


def refuse(number: int) -> NoReturn:
    raise OSError(number, os.strerror(number))


@pytest.fixture(params=["unnamed", "named"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways of making a file: where the file system knows O_TMPFILE, and where not."""
    if request.param == "named":
        monkeypatch.setattr(temporaries, "open_unnamed", lambda _: None)
    return str(request.param)


@pytest.fixture(params=["exchange", "aside"])
def swap(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways of replacing a folder: with RENAME_EXCHANGE, and where the file system cannot do that."""
    if request.param == "aside":
        monkeypatch.setattr(files, "_exchange", lambda *_: False)
    return str(request.param)


@contextlib.contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@contextlib.contextmanager
def largest_file(size: int) -> Iterator[None]:
    """What a quota does, as far as a test can have one: files end at `size` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_file_appears_with_its_parents(tmp_path: Path, way: str) -> None:
    files.publish_file(tmp_path / "a" / "b" / "Film.bif", write_new)
    assert contents(tmp_path) == {"a/b/Film.bif": b"new"}, way


def test_a_file_is_replaced_in_one_step(tmp_path: Path, way: str) -> None:
    target = tmp_path / "Film.bif"
    target.write_bytes(b"old")
    with files.NewFile(target) as new:
        new.file.write(b"new")
        assert target.read_bytes() == b"old", way
        new.publish()
    assert contents(tmp_path) == {"Film.bif": b"new"}


def test_a_file_that_is_not_published_leaves_no_trace(tmp_path: Path, way: str) -> None:
    with files.NewFile(tmp_path / "Film.bif") as new:
        new.file.write(b"new")
    assert contents(tmp_path) == {}, way


def test_a_failed_check_keeps_the_old_file(tmp_path: Path, way: str) -> None:
    target = tmp_path / "Film.bif"
    target.write_bytes(b"old")

    def check(file: BinaryIO) -> None:
        assert file.read() == b"new", way
        raise PreviewInvalid("It did not come out whole.")

    with pytest.raises(PreviewInvalid):
        files.publish_file(target, write_new, check)
    assert contents(tmp_path) == {"Film.bif": b"old"}


@pytest.mark.parametrize(("mask", "file_mode", "folder_mode"), [(0o022, 0o644, 0o755), (0o077, 0o600, 0o700)])
def test_outputs_are_readable_as_far_as_the_umask_allows(
    tmp_path: Path, way: str, mask: int, file_mode: int, folder_mode: int
) -> None:
    with umask(mask):
        files.publish_file(tmp_path / "made" / "Film.bif", write_new)
        with files.NewFolder(tmp_path / "folder", ANY) as new:
            new.write("one", b"1")
            new.publish()
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")}
    assert modes == {
        "made": folder_mode, "Film.bif": file_mode, "folder": folder_mode, "one": file_mode
    }, way  # fmt: skip


def test_everything_is_synced_before_it_gets_its_name_and_its_folder_after(tmp_path: Path) -> None:
    watched = ("fsync", "link", "replace", "rename")
    seen: list[str] = []

    def note(_: FrameType, event: str, called: Any) -> None:
        if event == "c_call" and called.__name__ in watched:
            seen.append(called.__name__)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        files.publish_file(tmp_path / "Film.bif", write_new)
        with files.NewFolder(tmp_path / "folder", ANY) as new:
            new.write("one", b"1")
            new.publish()
    finally:
        sys.setprofile(before)
    file, lock, content, folder, names = ["fsync"], ["fsync"], ["fsync"], ["fsync"], ["fsync"]
    assert seen == [*file, "link", "replace", *names, *lock, *content, *folder, "rename", *names, *names]


def test_a_file_system_that_cannot_sync_folders_is_no_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.fsync

    def fsync(fd: int) -> None:
        if stat.S_ISDIR(os.fstat(fd).st_mode):
            refuse(errno.EINVAL)
        real(fd)

    monkeypatch.setattr(os, "fsync", fsync)
    files.publish_file(tmp_path / "Film.bif", write_new)
    assert contents(tmp_path) == {"Film.bif": b"new"}


def test_a_folder_whose_sync_fails_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: refuse(errno.EIO))
    with pytest.raises(TargetUnwritable, match="Input/output error"):
        files.publish_file(tmp_path / "Film.bif", write_new)
    assert contents(tmp_path) == {}


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_target_is_named_as_such_and_keeps_the_old_file(tmp_path: Path, way: str, number: int) -> None:
    target = tmp_path / "Film.bif"
    target.write_bytes(b"old")

    def write(file: BinaryIO) -> None:
        file.write(b"begun")
        refuse(number)

    with pytest.raises(TargetFull, match=f"{target} cannot be written .* what was there is kept: free space"):
        files.publish_file(target, write)
    assert contents(tmp_path) == {"Film.bif": b"old"}, way


def test_a_limit_that_is_hit_in_mid_write_keeps_the_old_file(tmp_path: Path, way: str) -> None:
    target = tmp_path / "Film.bif"
    target.write_bytes(b"old")
    with largest_file(10_000), pytest.raises(TargetFull):
        files.publish_file(target, lambda file: file.writelines([bytes(1000)] * 20))
    assert contents(tmp_path) == {"Film.bif": b"old"}, way


def test_a_limit_that_is_hit_in_a_folder_keeps_the_old_folder(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    target.mkdir()
    (target / "one").write_bytes(b"old")
    with largest_file(10_000), files.NewFolder(target, ANY) as new:
        new.write("one", bytes(9000))
        with pytest.raises(TargetFull):
            new.write("two", bytes(11_000))
    assert contents(tmp_path) == {"folder/one": b"old"}


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.EPERM, errno.ESTALE])
def test_an_unwritable_target_is_named_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(temporaries, "open_unnamed", lambda _: refuse(number))
    monkeypatch.setattr(temporaries, "open_stage", lambda *_: refuse(number))
    for make in (
        lambda: files.publish_file(tmp_path / "Film.bif", write_new),
        lambda: files.NewFolder(tmp_path / "folder", ANY),
        lambda: files.require_writable(tmp_path / "a" / "b" / "Film.bif"),
        lambda: files.unnamed_file(tmp_path),
    ):
        with pytest.raises(TargetUnwritable) as caught:
            make()
        assert os.strerror(number) in caught.value.message
        assert not isinstance(caught.value, TargetFull)
    assert contents(tmp_path) == {}


@pytest.mark.parametrize("place", ["file/below/Film.bif", "n" * 300 + ".bif", "folder"])
def test_an_impossible_place_is_refused_in_a_sentence(tmp_path: Path, place: str, way: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "folder" / "in it").mkdir(parents=True)
    before = contents(tmp_path)
    with pytest.raises(TargetUnwritable, match="cannot be written"):
        files.publish_file(tmp_path / place, write_new)
    assert contents(tmp_path) == before, way


def test_a_name_as_long_as_the_file_system_allows_can_be_published(tmp_path: Path, way: str) -> None:
    name = "n" * 251 + ".bif"
    files.publish_file(tmp_path / name, write_new)
    assert contents(tmp_path) == {name: b"new"}, way


@pytest.mark.parametrize("place", ["Film.bif", "not/yet/there/Film.bif"])
def test_asking_whether_a_target_is_writable_makes_nothing(tmp_path: Path, place: str, way: str) -> None:
    files.require_writable(tmp_path / place)
    assert contents(tmp_path) == {}, way


def test_asking_finds_a_place_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for place in ("file/Film.bif", "file/a/b/Film.bif", "n" * 256):
        with pytest.raises(TargetUnwritable):
            files.require_writable(tmp_path / place)


def test_a_scratch_file_has_no_name(tmp_path: Path, way: str) -> None:
    with files.unnamed_file(tmp_path / "sub") as scratch:
        scratch.write(b"x" * 100_000)
        scratch.seek(0)
        assert len(scratch.read()) == 100_000
        assert contents(tmp_path) == {"sub/": b""}, way


def make_folder(target: Path, *names: str, with_parent: bool = False) -> None:
    with files.NewFolder(target, ANY, with_parent=with_parent) as new:
        for name in names:
            new.write(name, name.encode())
        new.publish()


@pytest.mark.parametrize("with_parent", [False, True])
def test_a_folder_is_replaced_as_a_whole(tmp_path: Path, swap: str, with_parent: bool) -> None:
    target = tmp_path / "outer" / "inner"
    make_folder(target, "one", "two", with_parent=with_parent)
    assert contents(tmp_path) == {"outer/inner/one": b"one", "outer/inner/two": b"two"}
    make_folder(target, "three", with_parent=with_parent)
    assert contents(tmp_path) == {"outer/inner/three": b"three"}, swap


def test_the_folder_around_an_output_never_appears_empty(tmp_path: Path) -> None:
    with files.NewFolder(tmp_path / "outer" / "inner", ANY, with_parent=True) as new:
        new.write("one", b"1")
        assert not (tmp_path / "outer").exists()
    assert contents(tmp_path) == {}


def test_a_failed_check_keeps_the_old_folder(tmp_path: Path, swap: str) -> None:
    make_folder(tmp_path / "folder", "old")

    def check(made: Path) -> None:
        assert contents(made) == {"new": b"new"}
        raise PreviewInvalid("It did not come out whole.")

    with files.NewFolder(tmp_path / "folder", ANY) as new:
        new.write("new", b"new")
        with pytest.raises(PreviewInvalid):
            new.publish(check)
    assert contents(tmp_path) == {"folder/old": b"old"}, swap


def test_the_old_folder_comes_back_where_the_new_one_cannot_take_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_folder(tmp_path / "folder", "old")
    monkeypatch.setattr(files, "_exchange", lambda *_: False)
    real = os.rename

    def rename(source: Path, target: Path) -> None:
        if Path(source).name == "new" and not Path(target).exists():
            refuse(errno.ENOSPC)
        real(source, target)

    monkeypatch.setattr(os, "rename", rename)
    with pytest.raises(TargetFull):
        make_folder(tmp_path / "folder", "new")
    assert contents(tmp_path) == {"folder/old": b"old"}


def test_a_folder_that_holds_anything_else_is_refused_before_the_work_and_after_it(
    tmp_path: Path, swap: str
) -> None:
    target = tmp_path / "folder"
    with files.NewFolder(target, re.compile("[0-9]+")) as new:
        new.write("1", b"1")
        target.mkdir()
        (target / "film.mkv").write_bytes(b"film")
        (target / ".hidden").write_bytes(b"litter")
        with pytest.raises(
            TargetUnwritable, match=r"holds film\.mkv, which is no preview; it is left as it is"
        ):
            new.publish()
    with pytest.raises(TargetUnwritable, match=r"holds film\.mkv"):
        files.NewFolder(target, re.compile("[0-9]+"))
    assert contents(tmp_path) == {"folder/film.mkv": b"film", "folder/.hidden": b"litter"}, swap


def test_a_file_in_the_place_of_a_folder_is_left_alone(tmp_path: Path, swap: str) -> None:
    (tmp_path / "folder").write_bytes(b"mine")
    with pytest.raises(TargetUnwritable, match="Not a directory"):
        make_folder(tmp_path / "folder", "new")
    assert contents(tmp_path) == {"folder": b"mine"}, swap


def test_removing_stays_within_bounds(tmp_path: Path) -> None:
    outside, within = tmp_path / "outside", tmp_path / "within"
    (outside / "folder").mkdir(parents=True)
    (outside / "file").write_bytes(b"mine")
    within.mkdir()
    (within / "link").symlink_to(outside)
    before = contents(tmp_path)
    for path in (outside, outside / "folder", within / "link" / "folder", within / ".." / "outside", within):
        for remove in (files.remove_folder, files.remove_empty_folder):
            with pytest.raises(TargetUnwritable, match="does not lie within"):
                remove(path, within=within)
    with pytest.raises(TargetUnwritable, match="does not lie within"):
        files.remove_file(within / "link" / "file", within=within)
    with pytest.raises(TargetUnwritable, match="cannot be removed"):
        files.remove_folder(within / "link", within=within)
    assert contents(tmp_path) == before


def test_removing_a_link_leaves_what_it_points_to(tmp_path: Path) -> None:
    (tmp_path / "film.mkv").write_bytes(b"film")
    (tmp_path / "within").mkdir()
    (tmp_path / "within" / "Film.bif").symlink_to(tmp_path / "film.mkv")
    assert files.remove_file(tmp_path / "within" / "Film.bif", within=tmp_path / "within")
    assert not files.remove_file(tmp_path / "within" / "Film.bif", within=tmp_path / "within")
    assert contents(tmp_path) == {"film.mkv": b"film", "within/": b""}


def test_removing_a_folder_follows_no_link_in_it(tmp_path: Path) -> None:
    (tmp_path / "film.mkv").write_bytes(b"film")
    (tmp_path / "films").mkdir()
    (tmp_path / "out" / "folder" / "deep").mkdir(parents=True)
    (tmp_path / "out" / "folder" / "deep" / "one").symlink_to(tmp_path / "film.mkv")
    (tmp_path / "out" / "folder" / "two").symlink_to(tmp_path / "films")
    assert files.remove_folder(tmp_path / "out" / "folder", within=tmp_path / "out")
    assert not files.remove_folder(tmp_path / "out" / "folder", within=tmp_path / "out")
    assert contents(tmp_path) == {"film.mkv": b"film", "films/": b"", "out/": b""}


def test_only_an_empty_folder_is_removed_as_such(tmp_path: Path) -> None:
    (tmp_path / "full" / "in it").mkdir(parents=True)
    assert not files.remove_empty_folder(tmp_path / "full", within=tmp_path)
    assert files.remove_empty_folder(tmp_path / "full" / "in it", within=tmp_path)
    assert files.remove_empty_folder(tmp_path / "full", within=tmp_path)
    assert not files.remove_empty_folder(tmp_path / "full", within=tmp_path)


def test_temporaries_of_a_living_maker_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(temporaries, "open_unnamed", lambda _: None)
    with files.NewFile(tmp_path / "Film.bif") as file, files.NewFolder(tmp_path / "folder", ANY) as folder:
        folder.write("one", b"1")
        assert files.remove_stale_temporaries(tmp_path) == []
        file.file.write(b"new")
        file.publish()
        folder.publish()
    assert contents(tmp_path) == {"Film.bif": b"new", "folder/one": b"1"}


def abandon(folder: Path) -> None:
    """What a killed process leaves: a file, a stage, a stage without its lock, each without a maker."""
    (folder / ".projectionist-00000001.tmp").write_bytes(b"begun")
    stage = folder / ".projectionist-00000002.tmp"
    (stage / "new").mkdir(parents=True)
    (stage / "new" / "one").write_bytes(b"1")
    (stage / "lock").write_bytes(b"folder")
    (folder / ".projectionist-00000003.tmp").mkdir()


def test_what_a_killed_process_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    abandon(tmp_path)
    (tmp_path / "film.mkv").write_bytes(b"film")
    for stranger in (
        ".projectionist-0000000.tmp",
        ".projectionist-0000000g.tmp",
        "x.projectionist-00000000.tmp",
    ):
        (tmp_path / stranger).write_bytes(b"mine")
    (tmp_path / ".projectionist-00000004.tmp").symlink_to(tmp_path / "film.mkv")
    (tmp_path / ".projectionist-00000005.tmp").mkdir()
    (tmp_path / ".projectionist-00000005.tmp" / "film.mkv").write_bytes(b"film without our lock beside it")
    gone = files.remove_stale_temporaries(tmp_path)
    assert [path.name for path in gone] == [f".projectionist-0000000{number}.tmp" for number in (1, 2, 3)]
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {
        "film.mkv", ".projectionist-0000000.tmp", ".projectionist-0000000g.tmp", "x.projectionist-00000000.tmp",
        ".projectionist-00000004.tmp", ".projectionist-00000005.tmp",
    }  # fmt: skip
    assert files.remove_stale_temporaries(tmp_path / "missing") == []
    assert files.remove_stale_temporaries(tmp_path / "film.mkv") == []


@pytest.mark.parametrize("place", [b"", b"../escaped", b"/escaped", b"."])
def test_an_old_folder_of_unknown_place_is_never_thrown_away(tmp_path: Path, place: bytes) -> None:
    stage = tmp_path / "home" / ".projectionist-00000001.tmp"
    (stage / "old").mkdir(parents=True)
    (stage / "old" / "one").write_bytes(b"1")
    (stage / "lock").write_bytes(place)
    before = contents(tmp_path)
    assert files.remove_stale_temporaries(tmp_path / "home") == []
    assert contents(tmp_path) == before


def test_without_locks_only_what_is_a_day_old_is_abandoned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(temporaries, "try_lock", lambda _: None)
    abandon(tmp_path)
    assert [path.name for path in files.remove_stale_temporaries(tmp_path)] == [".projectionist-00000003.tmp"]
    yesterday = time.time() - 25 * 3600
    for path in (tmp_path / ".projectionist-00000001.tmp", tmp_path / ".projectionist-00000002.tmp" / "lock"):
        os.utime(path, (yesterday, yesterday))
    assert len(files.remove_stale_temporaries(tmp_path)) == 2
    assert contents(tmp_path) == {}


def test_publishing_works_without_locks(tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(temporaries, "try_lock", lambda _: None)
    files.publish_file(tmp_path / "Film.bif", write_new)
    make_folder(tmp_path / "folder", "one")
    assert contents(tmp_path) == {"Film.bif": b"new", "folder/one": b"one"}, way


def test_a_temporary_that_is_swept_up_before_its_lock_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = temporaries.try_lock
    swept: list[Path] = []

    def try_lock(fd: int) -> bool | None:
        if not swept:
            swept.extend(path for path in tmp_path.rglob("*") if path.is_file())
            swept[0].unlink()
        return real(fd)

    monkeypatch.setattr(temporaries, "open_unnamed", lambda _: None)
    monkeypatch.setattr(temporaries, "try_lock", try_lock)
    files.publish_file(tmp_path / "Film.bif", write_new)
    assert contents(tmp_path) == {"Film.bif": b"new"}
    swept.clear()
    make_folder(tmp_path / "folder", "one")
    assert (tmp_path / "folder" / "one").exists()
