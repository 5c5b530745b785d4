"""What the disk may answer at each call of a swap, and the order in which things reach the device."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from projectionist.errors import CopyWrong, ProjectionistError, SourceChanged, SwapRefused, TargetFull
from projectionist.features.cache.models import Layout
from projectionist.features.cache.recovering import recover
from projectionist.features.cache.settling import Outcome
from projectionist.features.cache.spots import TIER, Standing, look
from projectionist.features.cache.swapping import cache_in, move_back
from projectionist.kit.swaps import FileCalls
from tests.features.cache.stage import PlainCalls, Stage

FAULTS = (errno.ENOSPC, errno.EIO, errno.EACCES, errno.EXDEV, errno.EROFS)


class Failing(FileCalls):
    """Its n-th call fails, and where `lasting` every later one too; `plain` file systems cannot exchange."""

    def __init__(self, at: int, code: int, *, lasting: bool, plain: bool = False) -> None:
        self.at, self.code, self.lasting, self.plain = at, code, lasting, plain
        self.seen = 0

    def run(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        self.seen += 1
        if self.seen == self.at or (self.lasting and self.seen > self.at > 0):
            raise OSError(self.code, os.strerror(self.code))
        if self.plain and function.__name__ == "rename_with_flags":
            return False
        return super().run(function, *args, **kwargs)


def require_sound(stage: Stage, path: Path, content: bytes, layout: Layout) -> None:
    spot = stage.spot(path, layout)
    standing, cached = look(spot), stage.journal.cached(path) is not None
    assert (spot.fast if cached else path).read_bytes() == content
    assert standing is (Standing.AWAY if cached else Standing.HOME)
    assert len(stage.hidden()) == cached
    assert not stage.journal.unfinished()
    assert not stage.journal.at_rest()
    if not cached:
        assert not any((stage.fast / name).is_file() for name in stage.on_fast())


def tried(deed: Callable[[], object]) -> str:
    """What it says, where it fails in words."""
    try:
        deed()
    except ProjectionistError as error:
        return error.message
    return ""


@pytest.mark.slow
@pytest.mark.parametrize("layout", Layout)
@pytest.mark.parametrize("plain", [False, True], ids=["exchange", "hard link"])
@pytest.mark.parametrize("lasting", [False, True], ids=["once", "from then on"])
@pytest.mark.parametrize("code", FAULTS, ids=errno.errorcode.__getitem__)
def test_a_fault_at_any_call_leaves_the_film_where_it_is_whole(
    tmp_path: Path, code: int, lasting: bool, plain: bool, layout: Layout
) -> None:
    stage = Stage(tmp_path / "stage")
    healthy = replace(stage.desk, calls=PlainCalls() if plain else FileCalls(), grace_s=0.0)
    path = stage.film()
    content, spot = path.read_bytes(), stage.spot(path, layout)
    refused = 0
    for back in (False, True):
        for number in range(1, 60):
            calls = Failing(number, code, lasting=lasting, plain=plain)
            desk = replace(healthy, calls=calls)
            message = tried(partial(move_back, desk, path) if back else partial(cache_in, desk, spot))
            assert not message or message.endswith(".")
            refused += bool(message)
            recover(healthy)
            require_sound(stage, path, content, layout)
            if calls.seen < number:
                break
            if back != (stage.journal.cached(path) is not None):
                cache_in(healthy, spot) if back else move_back(healthy, path)
        else:
            pytest.fail("no run gets through")
    assert refused > 5
    stage.close()


def test_folders_that_cannot_be_synced_are_no_hindrance(tmp_path: Path) -> None:
    class Unsynced(FileCalls):
        def run(self, function: Any, *args: Any, **kwargs: Any) -> Any:
            if function is os.fsync and Path(f"/proc/self/fd/{args[0]}").is_dir():
                raise OSError(errno.EINVAL, "as on NFS and FUSE")
            return super().run(function, *args, **kwargs)

    stage = Stage(tmp_path / "stage", Unsynced())
    path = stage.film()
    assert cache_in(stage.desk, stage.spot(path)) is Outcome.CACHED
    assert move_back(stage.desk, path) is Outcome.HOME
    stage.close()


def test_where_files_neither_exchange_nor_have_second_names_the_swap_is_refused(tmp_path: Path) -> None:
    class Poor(PlainCalls):
        def run(self, function: Any, *args: Any, **kwargs: Any) -> Any:
            if function is os.link:
                raise PermissionError(errno.EPERM, "no hard links")
            return super().run(function, *args, **kwargs)  # type: ignore[no-untyped-call]

    stage = Stage(tmp_path / "stage", Poor())
    path = stage.film()
    with pytest.raises(SwapRefused, match="neither"):
        cache_in(stage.desk, stage.spot(path))
    assert not path.is_symlink()
    assert (stage.hidden(), stage.on_fast()) == ([], [])
    stage.close()


class Meddling(FileCalls):
    """Does something right before the n-th call of a name."""

    def __init__(self, name: str, number: int, deed: Callable[[], object]) -> None:
        self.name, self.left, self.deed = name, number, deed

    def run(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        if function.__name__ == self.name:
            self.left -= 1
            if not self.left:
                self.deed()
        return super().run(function, *args, **kwargs)


@pytest.mark.parametrize("size", [100, 9_000_000])
def test_a_source_that_grows_while_it_is_copied_stays(tmp_path: Path, size: int) -> None:
    stage = Stage(tmp_path / "stage")
    path = stage.film(content=b"x" * size)

    def grow() -> None:
        with path.open("ab") as file:
            file.write(b"more")

    desk = replace(stage.desk, calls=Meddling("write", 1, grow))
    with pytest.raises(SourceChanged):
        cache_in(desk, stage.spot(path))
    assert path.read_bytes() == b"x" * size + b"more"
    assert (stage.hidden(), stage.on_fast(), list(stage.journal.unfinished())) == ([], [], [])
    stage.close()


def test_a_copy_that_does_not_read_back_is_dropped(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "stage")
    path = stage.film()

    def flip() -> None:
        (copy,) = stage.fast.rglob("*.copy")
        with copy.open("r+b") as file:
            file.seek(77)
            file.write(b"~")

    desk = replace(stage.desk, calls=Meddling("fsync", 4, flip))
    with pytest.raises(CopyWrong):
        cache_in(desk, stage.spot(path))
    assert not path.is_symlink()
    assert (stage.hidden(), stage.on_fast()) == ([], [])
    stage.close()


def test_whoever_ends_a_copy_finds_all_as_it_was(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "stage")
    path = stage.film(content=b"x" * 9_000_000)

    def end(done: int) -> None:
        if done > 4_000_000:
            raise SwapRefused("Enough.")

    with pytest.raises(SwapRefused, match="Enough"):
        cache_in(stage.desk, stage.spot(path), progress=end)
    assert (stage.hidden(), stage.on_fast(), list(stage.journal.unfinished())) == ([], [], [])
    stage.close()


class Ordered(FileCalls):
    """Fails where a name is moved or removed before what was written, or named, is on the device."""

    def __init__(self, *, plain: bool) -> None:
        self.plain = plain
        self.dirty: set[str] = set()
        self.moves = 0

    def run(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        name = function.__name__
        if name in ("rename", "rename_with_flags"):
            assert not self.dirty, (name, args, self.dirty)
            self.moves += 1
        if name == "unlink" and "/fast/" in str(args[0]):
            assert not self.dirty, (name, args, self.dirty)
        if self.plain and name == "rename_with_flags":
            return False
        done = super().run(function, *args, **kwargs)
        if name in ("write", "fchmod", "fchown", "setxattr") or (
            name == "utime" and isinstance(args[0], int)
        ):
            self.dirty.add(str(Path(f"/proc/self/fd/{args[0]}").readlink()))
        elif name == "fsync":
            self.dirty.discard(str(Path(f"/proc/self/fd/{args[0]}").readlink()))
        elif name in ("open", "mkdir", "unlink"):
            self.dirty.add(str(Path(args[0]).parent))
        elif name in ("link", "symlink", "rename", "rename_with_flags"):
            self.dirty |= {str(Path(path).parent) for path in args[:2] if Path(path).is_absolute()}
            self.dirty -= {str(Path(args[0]).parent)} if name == "symlink" else set()
        return done


@pytest.mark.parametrize("layout", Layout)
@pytest.mark.parametrize("plain", [False, True], ids=["exchange", "hard link"])
def test_nothing_is_renamed_before_its_data_and_its_folder_are_synced(
    tmp_path: Path, plain: bool, layout: Layout
) -> None:
    stage = Stage(tmp_path / "stage")
    path = stage.film()
    calls = Ordered(plain=plain)
    desk = replace(stage.desk, calls=calls, grace_s=0.0)
    assert cache_in(desk, stage.spot(path, layout)) is Outcome.CACHED
    assert move_back(desk, path) is Outcome.HOME
    cache_in(desk, stage.spot(path, layout))
    stage.spot(path).fast.write_bytes(b"changed in place")
    assert move_back(desk, path) is Outcome.HOME
    assert path.read_bytes() == b"changed in place"
    assert calls.moves >= 6
    stage.close()


def mount(*command: str) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may mount")
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        pytest.skip(f"{command[0]} does not work here: {ran.stderr.strip()}")


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Stage]:
    """A fast tier of one megabyte, on a file system of its own."""
    fast = tmp_path / "stage" / "fast"
    fast.mkdir(parents=True)
    mount("mount", "-t", "tmpfs", "-o", "size=1m", "none", str(fast))
    stage = Stage(tmp_path / "stage")
    yield stage
    stage.close()
    subprocess.run(["umount", str(fast)], check=True)


def test_a_fast_disk_that_fills_up_leaves_the_film_where_it_is(small: Stage) -> None:
    path = small.film(content=b"x" * 3_000_000)
    with pytest.raises(TargetFull):
        cache_in(small.desk, small.spot(path))
    assert path.stat().st_size == 3_000_000
    assert (small.hidden(), small.on_fast(), list(small.journal.unfinished())) == ([], [], [])
    little = small.film("little.mkv")
    assert cache_in(small.desk, small.spot(little)) is Outcome.CACHED
    assert move_back(small.desk, little) is Outcome.HOME


def test_a_disk_that_turns_read_only_keeps_the_path_and_is_put_right_later(small: Stage) -> None:
    path = small.film(content=b"x" * 1000)
    cache_in(small.desk, small.spot(path))
    subprocess.run(["mount", "-o", "remount,ro", str(small.fast)], check=True)
    with pytest.raises(ProjectionistError, match="kept"):
        move_back(small.desk, path)
    assert path.read_bytes() == b"x" * 1000
    subprocess.run(["mount", "-o", "remount,rw", str(small.fast)], check=True)
    recover(small.desk)
    assert not small.journal.unfinished()
    assert path.read_bytes() == b"x" * 1000
    assert not path.is_symlink()
    assert small.on_fast() == []


def test_a_bit_that_flips_beneath_the_page_cache_is_seen(tmp_path: Path) -> None:
    if shutil.which("mkfs.ext4") is None:
        pytest.skip("mkfs.ext4 is not installed")
    image, fast = tmp_path / "image", tmp_path / "stage" / "fast"
    fast.mkdir(parents=True)
    with image.open("wb") as file:
        file.truncate(16 << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True)
    mount("mount", "-o", "loop", str(image), str(fast))
    try:
        stage = Stage(tmp_path / "stage")
        content = b"a film of its own kind." * 9000
        path = stage.film(content=content)

        def flip() -> None:
            with image.open("r+b") as file:
                file.seek(image.read_bytes().index(content[:4000]) + 500)
                file.write(b"~")

        desk = replace(stage.desk, calls=Meddling("fsync", 4, flip))
        with pytest.raises(CopyWrong):
            cache_in(desk, stage.spot(path))
        assert path.read_bytes() == content
        stage.close()
    finally:
        subprocess.run(["umount", str(fast)], check=True)


def test_a_tier_is_known_by_its_file(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "stage")
    path = stage.film()
    (stage.slow / TIER).unlink()
    with pytest.raises(SwapRefused, match="not mounted"):
        cache_in(stage.desk, stage.spot(path))
    stage.close()
