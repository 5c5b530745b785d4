"""Copies of several segments: whole, proved while they are made, and ended at once."""

from __future__ import annotations

import errno
import fcntl
import os
import threading
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import xxhash

from projectionist.errors import CopyWrong, SwapRefused
from projectionist.features.cache.copying import copy_proved, digest_on_device
from projectionist.features.cache.proving import CHUNK, SEGMENT
from projectionist.features.cache.swapping import unheard
from projectionist.kit.swaps import FileCalls

SIZE = 3 * SEGMENT + CHUNK + 12_345


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "film.mkv"
    block = os.urandom(CHUNK - 1)  # so that no two chunks are alike
    with path.open("wb") as file:
        for _ in range(SIZE // len(block) + 1):
            file.write(block)
        file.truncate(SIZE)
    return path


class Watched(FileCalls):
    """Counts calls by name, and does something before one of them."""

    def __init__(self, name: str = "", deed: Callable[[], object] = lambda: None) -> None:
        self.name, self.deed = name, deed
        self.seen: list[str] = []

    def run(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        self.seen.append(function.__name__)
        if function.__name__ == self.name:
            self.deed()
        return super().run(function, *args, **kwargs)


def test_a_copy_of_several_segments_is_whole_and_proved_as_it_grows(film: Path, tmp_path: Path) -> None:
    calls, told = Watched(), list[int]()
    copied = copy_proved(calls, film, tmp_path / "copy", told.append)
    content = film.read_bytes()
    assert (tmp_path / "copy").read_bytes() == content
    assert copied.digest == xxhash.xxh3_128_hexdigest(content) == digest_on_device(tmp_path / "copy")
    assert calls.seen.count("fdatasync") == 3
    assert calls.seen.index("fdatasync") < len(calls.seen) - 1 - calls.seen[::-1].index("write")
    assert told == sorted(told)
    assert told[-1] == SIZE


def test_a_copy_hashed_in_flight_only_has_the_same_digest(film: Path, tmp_path: Path) -> None:
    copied = copy_proved(FileCalls(), film, tmp_path / "copy", unheard, read_back=False)
    assert copied.digest == digest_on_device(film)


class Spoiling(Watched):
    """Spoils bytes of the copy right before what holds them is synced."""

    def __init__(self, copy: Path, offset: int) -> None:
        self.segment = offset // SEGMENT + 1
        super().__init__("fsync" if offset >= 3 * SEGMENT else "fdatasync", self.spoil)
        self.copy, self.offset = copy, offset

    def spoil(self) -> None:
        if self.name == "fsync" or self.seen.count(self.name) == self.segment:
            with self.copy.open("r+b") as file:
                file.seek(self.offset)
                file.write(b"~~~~")


@pytest.mark.parametrize("offset", [77, 2 * SEGMENT + 5, SIZE - 4])
def test_bytes_that_reach_the_device_wrongly_are_found_wherever_they_lie(
    film: Path, tmp_path: Path, offset: int
) -> None:
    copy = tmp_path / "copy"
    with pytest.raises(CopyWrong):
        copy_proved(Spoiling(copy, offset), film, copy, unheard)


def test_whoever_ends_a_copy_waits_for_a_moment_only(film: Path, tmp_path: Path) -> None:
    def end(done: int) -> None:
        if done > 2 * SEGMENT:
            raise SwapRefused("Enough.")

    calls = Watched("fdatasync", lambda: time.sleep(1))  # a slow disk
    began = time.monotonic()
    with pytest.raises(SwapRefused):
        copy_proved(calls, film, tmp_path / "copy", end)
    assert time.monotonic() - began < 10
    assert calls.seen.count("fdatasync") <= 2
    assert not [one.name for one in threading.enumerate() if one.name.startswith(("proof", "read-ahead"))]


def test_a_device_that_keeps_somebody_waiting_is_told_of_meanwhile(film: Path, tmp_path: Path) -> None:
    told: list[float] = []
    calls = Watched("fdatasync", lambda: time.sleep(1.2))
    copy_proved(calls, film, tmp_path / "copy", lambda _: told.append(time.monotonic()))
    assert max(after - before for before, after in pairwise(told)) < 1


def test_a_disk_that_fails_at_a_segment_ends_the_copy(film: Path, tmp_path: Path) -> None:
    def fail() -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        copy_proved(Watched("fdatasync", fail), film, tmp_path / "copy", unheard)


def test_where_nothing_is_read_past_the_page_cache_its_pages_are_dropped(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, refused = os.preadv, 0

    def preadv(fd: int, buffers: Any, offset: int) -> int:
        nonlocal refused
        if fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_DIRECT:
            refused += 1
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        return whole(fd, buffers, offset)

    monkeypatch.setattr(os, "preadv", preadv)
    copied = copy_proved(FileCalls(), film, tmp_path / "copy", unheard)
    assert copied.digest == xxhash.xxh3_128_hexdigest(film.read_bytes())
    assert refused <= 1


def test_an_empty_file_is_copied_too(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    copied = copy_proved(FileCalls(), tmp_path / "empty", tmp_path / "copy", unheard)
    assert copied.digest == xxhash.xxh3_128_hexdigest(b"")
