"""How PlexCache-D and Cacherr name the originals that they set aside, and which file such a name stands for."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import PurePath

SUFFIX = ".plexcached"
"""`Film.mkv.plexcached` is PlexCache-D's, the hidden `.Film.mkv.plexcached` and `.Film.mkv.2.plexcached` Cacherr's."""

_NUMBERED = re.compile(r"(.+)\.\d{1,3}", re.DOTALL)


def is_backup(name: str) -> bool:
    """Whether a name says that another caching program set the file aside."""
    return name.endswith(SUFFIX) and name.strip(".") != SUFFIX.strip(".")


def originals_of(name: str) -> list[str]:
    """The names that a backup can stand for, the likeliest first; none where it is no backup."""
    bare = name
    while is_backup(bare):
        bare = bare.removesuffix(SUFFIX)
    if bare == name:
        return []
    if not bare.startswith("."):
        return [bare]
    shown = bare.lstrip(".")
    numbered = _NUMBERED.fullmatch(shown)
    return [one for one in (shown, numbered[1] if numbered else "", bare) if one]


def original_among(name: str, names: Collection[str]) -> str | None:
    """The file among `names` that a backup stands for; None where none does, or where several may.

    A backup that lost its ending (`Film.plexcached`) stands for the one file of that stem.
    """
    possible = originals_of(name)
    for one in possible:
        if one in names:
            return one
    stems = {one for one in names if PurePath(one).stem in possible and not is_backup(one)}
    return stems.pop() if len(stems) == 1 else None
