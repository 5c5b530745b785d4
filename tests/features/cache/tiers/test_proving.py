"""Layouts are tried on the disks: unions of two folders that are kept by a test, and disks that refuse."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from projectionist.errors import InputWrong
from projectionist.features.cache.models import Layout
from projectionist.features.cache.tiers.proving import prove_layout, prove_writable
from projectionist.kit.swaps import FileCalls
from tests.features.cache.stage import PlainCalls


class Union(FileCalls):
    """Shows in `view` what is in either branch after every call, the fast one first; or has a fault."""

    def __init__(self, home: Path, fault: str = "") -> None:
        self.fast, self.slow, self.view = (home / name for name in ("fast", "slow", "view"))
        self.fault = fault
        self.late: list[threading.Timer] = []
        self.lock = threading.Lock()
        for folder in (self.fast, self.slow, self.view):
            folder.mkdir()

    def run(self, function, *args, **kwargs):  # type: ignore[no-untyped-def]
        with self.lock:
            result = super().run(function, *args, **kwargs)
        loses = self.fault == "loses sight" and function.__name__ == "rename_with_flags"
        if loses:
            self._put({})
        if loses or self.fault == "is late":
            self.late.append(threading.Timer(0.03, self._show))
            self.late[-1].start()
        else:
            self._show()
        return result

    def _show(self) -> None:
        with self.lock:
            self._put(self._files())

    def _files(self) -> dict[str, bytes]:
        slow = {path.name: path.read_bytes() for path in self.slow.iterdir()}
        fast = {path.name: path.read_bytes() for path in self.fast.iterdir()}
        shown = {path.name: path.read_bytes() for path in self.view.iterdir()}
        kept = {name: content for name, content in shown.items() if content == b"the fast one"}
        if self.fault == "no fast branch":
            fast = {}
        if self.fault == "keeps the fast one":
            fast |= {name: content for name, content in kept.items() if name in slow}
        if self.fault == "forgets no name":
            slow = shown | slow
        return slow | fast

    def _put(self, files: dict[str, bytes]) -> None:
        for path in self.view.iterdir():
            if path.name not in files:
                path.unlink()
        for name, content in files.items():
            (self.view / f"{name}.new").write_bytes(content)
            (self.view / f"{name}.new").rename(self.view / name)

    def prove(self) -> None:
        try:
            prove_layout(Layout.UNION, self.slow, self.view, self.fast, calls=self, patience_s=0.5)
        finally:
            for timer in self.late:
                timer.join()

    def left(self) -> list[Path]:
        return [*self.slow.iterdir(), *self.fast.iterdir()]


@pytest.mark.parametrize("fault", ["", "is late"])
def test_a_union_of_two_folders_hides_and_shows(tmp_path: Path, fault: str) -> None:
    union = Union(tmp_path, fault)
    union.prove()
    assert union.left() == []


@pytest.mark.parametrize(
    ("fault", "field", "words"),
    [
        ("no fast branch", "tier_ids", "not seen"),
        ("loses sight", "tier_ids", "not seen"),
        ("keeps the fast one", "view_root", "from .*fast, or"),
        ("forgets no name", "view_root", "from .*slow, or"),
    ],
)
def test_a_union_that_would_break_a_path_is_refused(
    tmp_path: Path, fault: str, field: str, words: str
) -> None:
    union = Union(tmp_path, fault)
    with pytest.raises(InputWrong, match=words) as refused:
        union.prove()
    assert refused.value.field == field
    assert union.left() == []


class Refusing(FileCalls):
    """A file system that refuses some calls."""

    def __init__(self, code: int, *names: str) -> None:
        self.code, self.names = code, names

    def run(self, function, *args, **kwargs):  # type: ignore[no-untyped-def]
        if function.__name__ in self.names:
            raise OSError(self.code, os.strerror(self.code))
        return super().run(function, *args, **kwargs)


def two(tmp_path: Path) -> tuple[Path, Path]:
    for name in ("slow", "fast"):
        (tmp_path / name).mkdir()
    return tmp_path / "slow", tmp_path / "fast"


def test_second_names_do_where_names_cannot_be_exchanged(tmp_path: Path) -> None:
    slow, fast = two(tmp_path)
    prove_layout(Layout.SYMLINK, slow, slow, fast, calls=PlainCalls())
    assert [*slow.iterdir(), *fast.iterdir()] == []


class Bare(PlainCalls):
    """Neither exchange nor second names, as on exFAT."""

    def link(self, source: Path, target: Path) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))


@pytest.mark.parametrize(
    ("calls", "field", "words"),
    [
        (Bare(), "layout", "a union"),
        (Refusing(errno.EPERM, "symlink"), "layout", "neither links"),
        (Refusing(errno.EACCES, "open"), "slow_root", "Permission denied"),
        (Refusing(errno.EROFS, "symlink"), "slow_root", "Read-only"),
    ],
)
def test_links_that_cannot_be_made_are_told(tmp_path: Path, calls: FileCalls, field: str, words: str) -> None:
    slow, fast = two(tmp_path)
    with pytest.raises(InputWrong, match=words) as refused:
        prove_layout(Layout.SYMLINK, slow, slow, fast, calls=calls)
    assert refused.value.field == field
    assert [*slow.iterdir(), *fast.iterdir()] == []


def test_the_disk_going_away_in_the_middle_is_told(tmp_path: Path) -> None:
    slow, fast = two(tmp_path)
    view = tmp_path / "view"
    view.mkdir()
    with pytest.raises(InputWrong, match="cannot be used: Input/output error"):
        prove_layout(Layout.UNION, slow, view, fast, calls=Refusing(errno.EIO, "open", "unlink", "write"))


def test_where_nothing_can_be_written_is_told(tmp_path: Path) -> None:
    file = tmp_path / "no folder"
    file.touch()
    with pytest.raises(InputWrong) as refused:
        prove_writable(file, "root")
    assert refused.value.field == "root"
    prove_writable(tmp_path, "root")
    assert list(tmp_path.iterdir()) == [file]
