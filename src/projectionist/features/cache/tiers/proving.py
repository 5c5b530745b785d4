"""Whether folders are what somebody says of them, tried on the disk: before a tier or a place is saved."""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from projectionist.errors import InputWrong, TargetUnwritable
from projectionist.features.cache.models import Layout
from projectionist.features.cache.spots import temporary
from projectionist.features.cache.tiers.mounts import Mount, mount_of
from projectionist.kit.confining import check_root
from projectionist.kit.data_folder import lies_in
from projectionist.kit.files import publish_file, remove_file
from projectionist.kit.swaps import NO_LINKS, FileCalls

_TOKEN_BYTES = 8
_PATIENCE_S = 3.0
"""Unions remember names and contents for a second, if nobody says otherwise."""
_LOOK_EVERY_S = 0.05

_SLOW, _FAST = b"slow", b"the fast one"


def folder_of(text: str, field: str) -> Path:
    """The folder that somebody named, without links in it. Raises InputWrong."""
    if "\0" in text or not text.strip():
        raise InputWrong("A folder is named by its whole path, such as /mnt/ssd/cache.", field)
    path = Path(text.strip())
    if not path.is_absolute():
        raise InputWrong(f"{path} is no whole path; one begins with /.", field)
    check_root(path, field)
    try:
        resolved = path.resolve(strict=True)
    except (OSError, RuntimeError):
        raise InputWrong(f"{path} is not there; make it, or mount its disk, then try again.", field) from None
    if not resolved.is_dir():
        raise InputWrong(f"{path} is no folder.", field)
    return resolved


def prove_writable(root: Path, field: str) -> None:
    """Make a file in a folder, and remove it. Raises InputWrong where that cannot be done."""
    probe = temporary(root, secrets.token_hex(_TOKEN_BYTES), "copy")
    try:
        publish_file(probe, lambda file: file.writelines([_FAST]))
        remove_file(probe, within=root)
    except TargetUnwritable as error:
        raise InputWrong(error.message, field) from None


def prove_kept(root: Path, mounts: Sequence[Mount], field: str) -> None:
    """Raise InputWrong where a folder would vanish with its container: nothing of the host is mounted there."""
    mount = mount_of(root, mounts)
    if mount is not None and mount.is_container:
        raise InputWrong(
            f"{root} lies in the container itself and would go with it; mount a folder of the host there.",
            field,
        )


def prove_apart(root: Path, others: Iterable[Path], field: str) -> None:
    """Raise InputWrong where one folder holds the other, or is the same, be it mounted at two places."""
    for other in others:
        inside, around = lies_in(root, other), lies_in(other, root)
        if inside and around:
            raise InputWrong(f"{root} cannot be fast and slow at once; each has a folder of its own.", field)
        if inside or around:
            raise InputWrong(
                f"{root} and {other} lie in each other; a fast disk and a slow one have folders of their own.",
                field,
            )


def prove_layout(
    layout: Layout,
    slow: Path,
    view: Path,
    base: Path,
    *,
    calls: FileCalls | None = None,
    patience_s: float = _PATIENCE_S,
) -> None:
    """Try on the disks what swaps need; all that is made is removed again. Raises InputWrong.

    `base` is the folder of the fast tier that mirrors the slow one.
    """
    calls = calls or FileCalls()
    if layout is Layout.SYMLINK:
        if slow != view:
            raise InputWrong("With links, players see the slow folder itself.", "view_root")
        _prove_links(calls, slow, base)
    elif slow == view:
        raise InputWrong("In a union, players see the union's folder, not the slow branch's.", "view_root")
    else:
        _prove_union(calls, slow, view, base, patience_s)


def _prove_links(calls: FileCalls, slow: Path, fast: Path) -> None:
    token = secrets.token_hex(_TOKEN_BYTES)
    here, link = temporary(slow, token, "copy"), temporary(slow, token, "link")
    there = temporary(fast, token, "copy")
    try:
        for path in (there, here):
            os.close(calls.create(path))
        calls.symlink(str(there), link, (os.getuid(), os.getgid()), (0, 0))
        if not os.path.samestat(link.stat(), there.stat()):
            raise InputWrong(f"A link in {slow} does not lead to {fast}.", "slow_root")
        if not calls.exchange(here, link):
            calls.remove(link)
            calls.link(here, link)
    except OSError as error:
        if error.errno in NO_LINKS:
            raise InputWrong(
                f"The file system of {slow} has neither links nor second names; a union (mergerfs, Unraid) would do.",
                "layout",
            ) from None
        raise InputWrong(f"{slow} and {fast} cannot be used: {error.strerror}.", "slow_root") from None
    finally:
        _clear(calls, here, link, there)


def _prove_union(calls: FileCalls, slow: Path, view: Path, base: Path, patience_s: float) -> None:
    """Do what a swap does: a file of the slow branch is hidden behind one on the fast branch, and comes back."""
    token = secrets.token_hex(_TOKEN_BYTES)
    original, hidden = temporary(slow, token, "copy"), temporary(slow, token, "link")
    copy, seen = base / original.name, view / original.name
    above = next(folder for folder in (base, *base.parents) if folder.is_dir())

    def shows(content: bytes | None, *, always: bool = False) -> bool:
        return _shows(seen, content, patience_s, always=always)

    try:
        calls.make_folder(base)
        _write(calls, original, _SLOW)
        if not shows(_SLOW):
            raise _unseen(slow, view, "slow_root")
        _write(calls, copy, _FAST)
        calls.rename_new(original, hidden)
        if not shows(_FAST, always=True):
            raise _unseen(base, view, "tier_ids")
        calls.rename_new(hidden, original)
        calls.remove(copy)
        if not shows(_SLOW, always=True):
            raise _stale(base, view)
        calls.remove(original)
        if not shows(None):
            raise _stale(slow, view)
    except OSError as error:
        raise InputWrong(f"{slow} and {base} cannot be used: {error.strerror}.", "slow_root") from None
    finally:
        _clear(calls, original, hidden, copy)
        calls.remove_empty_folders(base, above)


def _shows(seen: Path, content: bytes | None, patience_s: float, *, always: bool) -> bool:
    """Whether a path comes to have a content (None: to be gone); with `always` it must not be gone meanwhile."""
    end = time.monotonic() + patience_s
    while (found := _content(seen)) != content:
        if (always and found is None) or time.monotonic() > end:
            return False
        time.sleep(_LOOK_EVERY_S)
    return True


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _write(calls: FileCalls, path: Path, content: bytes) -> None:
    fd = calls.create(path)
    try:
        calls.write(fd, memoryview(content))
    finally:
        os.close(fd)


def _clear(calls: FileCalls, *made: Path) -> None:
    for path in made:
        with contextlib.suppress(OSError):  # the disk went away; recovery takes such names for litter
            calls.remove(path)


def _unseen(branch: Path, view: Path, field: str) -> InputWrong:
    return InputWrong(
        f"What is in {branch} is not seen in {view}; it has to be a branch of that union.", field
    )


def _stale(branch: Path, view: Path) -> InputWrong:
    return InputWrong(
        f"{view} goes on showing what is gone from {branch}, or loses sight of what is there; switch off what it "
        "remembers of names.",
        "view_root",
    )
