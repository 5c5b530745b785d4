"""Whether folders are what somebody says of them, tried on the disk: before a tier or a place is saved."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from projectionist.errors import InputWrong, TargetUnwritable
from projectionist.features.cache.models import Layout
from projectionist.features.cache.spots import temporary
from projectionist.features.cache.tiers.mounts import Mount, mount_of
from projectionist.kit.files import require_writable
from projectionist.kit.swaps import NO_LINKS, FileCalls

_TOKEN_BYTES = 8
_CONTAINERS = (Path("/.dockerenv"), Path("/run/.containerenv"))

Exists = Callable[[Path], bool]


def folder_of(text: str, field: str) -> Path:
    """The folder that somebody named, without links in it. Raises InputWrong."""
    if "\0" in text or not text.strip():
        raise InputWrong("A folder is named by its whole path, such as /mnt/ssd/cache.", field)
    path = Path(text.strip())
    if not path.is_absolute():
        raise InputWrong(f"{path} is no whole path; one begins with /.", field)
    try:
        resolved = path.resolve(strict=True)
    except (OSError, RuntimeError):
        raise InputWrong(f"{path} is not there; make it, or mount its disk, then try again.", field) from None
    if not resolved.is_dir():
        raise InputWrong(f"{path} is no folder.", field)
    return resolved


def prove_writable(root: Path, field: str) -> None:
    """Raise InputWrong where no file could be made in a folder."""
    try:
        require_writable(root / "probe")
    except TargetUnwritable as error:
        raise InputWrong(error.message, field) from None


def prove_kept(root: Path, mounts: Sequence[Mount], field: str, exists: Exists = Path.exists) -> None:
    """Raise InputWrong where a folder would vanish with its container: nothing of the host is mounted there."""
    mount = mount_of(root, mounts)
    inside = mount is not None and mount.point == Path("/") and mount.kind in ("overlay", "aufs")
    if inside and any(exists(path) for path in _CONTAINERS):
        raise InputWrong(
            f"{root} lies in the container itself and would go with it; mount a folder of the host there.",
            field,
        )


def prove_apart(root: Path, others: Iterable[Path], field: str) -> None:
    """Raise InputWrong where a fast folder holds a slow one, lies in it, or is the same."""
    for other in others:
        if root.is_relative_to(other) or other.is_relative_to(root):
            raise InputWrong(
                f"{root} and {other} lie in each other; a fast disk and a slow one have folders of their own.",
                field,
            )


def prove_layout(layout: Layout, slow: Path, view: Path, fast: Path, bases: Callable[[Path], Path]) -> None:
    """Try on the disks what swaps need; all that is made is removed again. Raises InputWrong.

    `bases` gives the folder that mirrors the slow one below a fast root.
    """
    if layout is Layout.SYMLINK:
        if slow != view:
            raise InputWrong("With links, players see the slow folder itself.", "view_root")
        _prove_links(slow, fast)
    else:
        _prove_union(slow, view, bases(fast))


def _prove_links(slow: Path, fast: Path) -> None:
    calls, token = FileCalls(), secrets.token_hex(_TOKEN_BYTES)
    here, link, there = (
        temporary(slow, token, "copy"),
        temporary(slow, token, "link"),
        temporary(fast, token, "copy"),
    )
    try:
        os.close(calls.create(there))
        os.close(calls.create(here))
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
        for made in (here, link, there):
            calls.remove(made)


def _prove_union(slow: Path, view: Path, base: Path) -> None:
    """A file of either branch is seen through the union, and no more once it is gone."""
    calls = FileCalls()
    if slow == view:
        raise InputWrong("In a union, players see the union's folder, not the slow branch's.", "view_root")
    try:
        calls.make_folder(base)
        for branch, field in ((slow, "slow_root"), (base, "tier_ids")):
            made = temporary(branch, secrets.token_hex(_TOKEN_BYTES), "copy")
            seen = view / made.name
            try:
                os.close(calls.create(made))
                if not os.path.lexists(seen):
                    raise InputWrong(
                        f"What is in {branch} is not seen in {view}; it has to be a branch of that union.",
                        field,
                    )
            finally:
                calls.remove(made)
            if os.path.lexists(seen):
                raise InputWrong(
                    f"{view} goes on showing what is gone from {branch}; switch off what it remembers of names.",
                    "view_root",
                )
    except OSError as error:
        raise InputWrong(f"{slow} and {base} cannot be used: {error.strerror}.", "slow_root") from None
