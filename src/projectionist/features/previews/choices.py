"""What is wanted of a library's previews: where they go, how far apart and how large; defaults for all."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from projectionist.errors import InputWrong
from projectionist.features.previews.making import Recipe
from projectionist.frames.slots import Mode
from projectionist.frames.thumbnails import Wanted
from projectionist.kit.confining import check_root


class Place(StrEnum):
    """Where a preview goes, by who reads it."""

    PLEX = "plex"
    """The BIF in the bundle of the part, in Plex's own data folder."""
    EMBY = "emby"
    """A BIF beside the film."""
    JELLYFIN = "jellyfin"
    """Trickplay sheets beside the film."""
    FOLDER = "folder"
    """A BIF in a folder that mirrors the media, for the pages here and nobody else."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What is wanted. No `places` means what suits the server: Plex's bundles, or else the folder.

    `interval_ms` is from picture to picture, `width` in pixels, `quality` that of JPEG, `mode` how near to its
    moment a picture must be, `folder` where Place.FOLDER is (empty: `previews` in the data folder), `left_out`
    folders that get none, a line each, as the server spells them.
    """

    enabled: bool = True
    places: tuple[Place, ...] = ()
    interval_ms: int = 10_000
    width: int = 320
    quality: int = 80
    mode: Mode = Mode.AUTO
    folder: str = ""
    left_out: str = ""

    def leaves_out(self, path: str) -> bool:
        """Whether a file, by the path its server knows, lies in a folder that gets no previews."""
        parts = _components(path)
        return any(parts[: len(one)] == one for one in map(_components, self.left_out.splitlines()) if one)

    def recipe(self) -> Recipe:
        """How the engine is to make them."""
        return Recipe(Wanted((self.interval_ms,), self.width, None, self.mode), self.quality)

    def mark(self, *more: object) -> str:
        """What tells these choices, and `more`, from others."""
        told = repr((sorted(asdict(self).items()), more))
        return hashlib.blake2b(told.encode(), digest_size=16).hexdigest()


Overrides = Mapping[str, Any]
"""Fields of Choices by name; None leaves a field to the default."""

FIELDS = tuple(field.name for field in fields(Choices))


def merged(base: Choices, overrides: Overrides) -> Choices:
    """`base` with what is not None in `overrides`."""
    return replace(
        base, **{name: value for name, value in overrides.items() if name in FIELDS and value is not None}
    )


def checked(overrides: Overrides) -> dict[str, Any]:
    """What a form or a request gave, in the types of Choices. Raises InputWrong, naming the field."""
    unknown = [name for name in overrides if name not in FIELDS]
    if unknown:
        raise InputWrong(
            f"There is no choice called {unknown[0]}; there are {', '.join(FIELDS)}.", unknown[0]
        )
    return {name: None if value is None else _CHECKS[name](name, value) for name, value in overrides.items()}


def require_sound(choices: Choices) -> None:
    """Raise InputWrong where the choices clash with one another."""
    if Place.EMBY in choices.places and choices.interval_ms % 1000:
        raise InputWrong(
            "Emby's file names hold whole seconds; choose a whole interval, or leave Emby out.", "interval_ms"
        )


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise InputWrong(f"{name} is on or off (true or false).", name)
    return value


def _places(name: str, value: object) -> tuple[Place, ...]:
    named = value.split(",") if isinstance(value, str) else value
    if not isinstance(named, list | tuple):
        raise InputWrong("Places are a list of plex, emby, jellyfin and folder.", name)
    try:
        return tuple(dict.fromkeys(Place(one) for one in named if one))
    except ValueError:
        raise InputWrong("A place is one of plex, emby, jellyfin and folder.", name) from None


def _between(low: int, high: int, words: str) -> Any:
    def check(name: str, value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise InputWrong(f"{words} must be between {low} and {high}.", name)
        return value

    return check


def _width(name: str, value: object) -> int:
    width: int = _between(16, 3840, "A width, in pixels,")(name, value)
    if width % 2:
        raise InputWrong("A width must be even: JPEGs halve their colour planes.", name)
    return width


def _mode(name: str, value: object) -> Mode:
    try:
        return Mode(str(value))
    except ValueError:
        raise InputWrong("A mode is one of auto, keyframe and exact.", name) from None


def _folder(name: str, value: object) -> str:
    if not isinstance(value, str) or "\0" in value or len(value) > 1024:
        raise InputWrong("A folder is a path.", name)
    text = value.strip()
    if text and (not Path(text).is_absolute() or ".." in Path(text).parts):
        raise InputWrong("A folder is given by its whole path, beginning with /, and without '..'.", name)
    if text:
        check_root(Path(text), name)
    return text


def _left_out(name: str, value: object) -> str:
    if not isinstance(value, str) or "\0" in value or len(value) > 8000:
        raise InputWrong("Folders to leave out are paths, one a line.", name)
    lines = list(dict.fromkeys(line.strip() for line in value.splitlines() if line.strip()))
    for line in lines:
        if not _components(line) or not (line[0] in "/\\" or line[1:2] == ":"):
            raise InputWrong(
                f"“{line}” is no whole path of a folder; give it as the server spells it, such as /media/films/kids.",
                name,
            )
    return "\n".join(lines)


def _components(path: str) -> tuple[str, ...]:
    return tuple(part for part in path.strip().replace("\\", "/").split("/") if part)


_CHECKS = {
    "enabled": _flag,
    "places": _places,
    "interval_ms": _between(100, 3_600_000, "An interval, in milliseconds,"),
    "width": _width,
    "quality": _between(1, 100, "A quality"),
    "mode": _mode,
    "folder": _folder,
    "left_out": _left_out,
}
