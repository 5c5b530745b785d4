"""A link in the file's place.

Where the file system can exchange two names, the link is made under the name that the original shall have, and the
two change places in one step: whatever was at the path is then aside, and if it is not what was copied they change
places again. Elsewhere the original gets a second name and the link is renamed over the first; that leaves an instant
between the last look and the rename.
"""

from __future__ import annotations

import os
from pathlib import Path

from projectionist.errors import SourceChanged, SwapRefused
from projectionist.features.cache.spots import Content, Spot, is_our_link, status
from projectionist.kit.swaps import NO_LINKS, FileCalls


class SymlinkAdapter:
    """The swaps of a link and a file, on any POSIX file system."""

    def occupy(self, calls: FileCalls, spot: Spot, original: Content, spare: Path) -> None:
        """Set the original aside and put a link in its place."""
        _require_original(spot, original)
        if status(spot.fast) is None:
            raise _taken(spot)
        _make_link(calls, spot, spot.aside)
        if calls.exchange(spot.aside, spot.path):
            calls.sync_folder(spot.path.parent)
            if not original.fits(os.lstat(spot.aside)):
                calls.exchange(spot.aside, spot.path)
                calls.sync_folder(spot.path.parent)
                calls.remove(spot.aside)
                _require_original(spot, original)
            return
        calls.remove(spot.aside)
        self._occupy_by_second_name(calls, spot, original, spare)

    def restore(self, calls: FileCalls, spot: Spot) -> None:
        """Put the original back over the link."""
        self._put(calls, spot, spot.aside)

    def replace(self, calls: FileCalls, spot: Spot, newer: Path) -> None:
        """Put a newer file over the link."""
        self._put(calls, spot, newer)

    def _put(self, calls: FileCalls, spot: Spot, file: Path) -> None:
        _require_ours(spot)
        if not calls.exchange(file, spot.path):
            _require_ours(spot)
            calls.rename_over(file, spot.path)
            calls.sync_folder(spot.path.parent)
            return
        calls.sync_folder(spot.path.parent)
        if not is_our_link(spot, file):
            calls.exchange(file, spot.path)
            calls.sync_folder(spot.path.parent)
            raise _taken(spot)
        calls.remove(file)
        calls.sync_folder(spot.path.parent)

    def _occupy_by_second_name(self, calls: FileCalls, spot: Spot, original: Content, spare: Path) -> None:
        try:
            calls.link(spot.path, spot.aside)
        except OSError as error:
            if error.errno not in NO_LINKS:
                raise
            raise SwapRefused(
                f"The file system of {spot.path.parent} can neither exchange two names nor give a file a second "
                "one; the file stays where it is: use the union layout here, or leave this library out."
            ) from error
        _make_link(calls, spot, spare)
        _require_original(spot, original)
        if not os.path.samestat(os.lstat(spot.path), os.lstat(spot.aside)):
            raise _taken(spot)
        calls.rename_over(spare, spot.path)
        calls.sync_folder(spot.path.parent)


def _make_link(calls: FileCalls, spot: Spot, at: Path) -> None:
    found = os.lstat(spot.path)
    calls.symlink(spot.link, at, (found.st_uid, found.st_gid), (found.st_atime_ns, found.st_mtime_ns))
    calls.sync_folder(at.parent)


def _require_original(spot: Spot, original: Content) -> None:
    if not original.fits(os.lstat(spot.path)):
        raise _taken(spot)


def _require_ours(spot: Spot) -> None:
    if not is_our_link(spot, spot.path):
        raise _taken(spot)


def _taken(spot: Spot) -> SourceChanged:
    return SourceChanged(
        f"{spot.path} was replaced by something else in the meantime; that is kept in its place: the file is looked "
        "at anew."
    )
