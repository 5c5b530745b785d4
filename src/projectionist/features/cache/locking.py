"""One at a time at a file: also two installations that know nothing of each other's journals."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from projectionist.errors import AlreadyAtWork
from projectionist.features.cache.spots import Spot
from projectionist.kit.temporaries import try_lock


@contextmanager
def alone(spot: Spot) -> Iterator[None]:
    """Hold the original, under whatever name it has, so that nobody else on this machine moves it meanwhile.

    Where the file system has no locks, or no original is there, nothing is held. Raises AlreadyAtWork.
    """
    fd = _open_original(spot)
    if fd is None:
        yield
        return
    try:
        if try_lock(fd) is False:
            raise AlreadyAtWork(
                f"Another program is moving {spot.path}, or has it locked; nothing was changed: wait until that has "
                "ended, and let only one Projectionist look after a folder."
            )
        yield
    finally:
        os.close(fd)


def _open_original(spot: Spot) -> int | None:
    for file in (spot.aside, spot.path):
        try:
            return os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:  # not there, or a link of ours: whoever looks at it next says what it is
            continue
    return None
