"""How a film file is read: at a limited rate, and where its disk fails."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from projectionist.errors import FilmUnreadable
from projectionist.frames import SourceFile, ThumbnailReader, Wanted
from tests.films import Film


class FailingSource(SourceFile):
    """A film on a disk that stops answering after so many reads."""

    def __init__(self, path: Path, after: int) -> None:
        super().__init__(path)
        self._left = after

    def _read_once(self, offset: int, count: int) -> bytes:
        self._left -= 1
        if self._left < 0:
            raise FilmUnreadable(f"{self.path} stopped answering ({errno.errorcode[errno.EIO]}).")
        return super()._read_once(offset, count)


@pytest.mark.parametrize("name", ["film.mkv", "film.mp4", "film.ts"])
def test_a_disk_that_stops_answering_is_said_at_whatever_read_and_in_no_other_way(
    film: Callable[..., Film], capfd: pytest.CaptureFixture[str], name: str
) -> None:
    path = film(name, seconds=9).path
    for after in range(1000):
        with suppress(FilmUnreadable), FailingSource(path, after) as source:
            with ThumbnailReader(source, Wanted(intervals_ms=(2000,))) as reader:
                assert len(list(reader)) == 5
            break
    assert after > 3
    assert "Traceback" not in capfd.readouterr().err


def test_a_limited_rate_limits_large_reads_and_small_ones(tmp_path: Path) -> None:
    path = tmp_path / "film.bin"
    path.write_bytes(bytes(1 << 20))
    signs = []
    with SourceFile(path, rate=2 << 20, on_read=lambda: signs.append(time.monotonic())) as source:
        began = time.monotonic()
        assert len(source.pread(0, 1 << 20)) == 1 << 20
        assert 0.25 < time.monotonic() - began < 2.5
        assert len(signs) >= 2
        began = time.monotonic()
        while source.read(1 << 14):
            pass
        assert 0.25 < time.monotonic() - began < 2.5
