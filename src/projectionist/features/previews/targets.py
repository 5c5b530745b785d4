"""Where the previews of a part belong: Plex's bundles, beside the film, or a folder of their own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from projectionist.features.previews.choices import Choices, Place
from projectionist.features.previews.finding import Found
from projectionist.features.previews.formats import Format
from projectionist.features.previews.models import PreviewState
from projectionist.features.previews.outputs import Layout, Output
from projectionist.media.vocabulary import ServerKind, ServerPath

_HASH = re.compile(r"[0-9A-Za-z]{2,128}")
_FORMATS = {Place.EMBY: Format.EMBY, Place.JELLYFIN: Format.TRICKPLAY}

NOT_ANALYSED = "not_analysed"
HASH_WRONG = "hash_wrong"
NO_PLEX_DATA = "no_plex_data"


@dataclass(frozen=True, slots=True)
class Target:
    """One preview of a part: where, for whom, and the engine's words for it."""

    place: Place
    output: Output


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a preview cannot be placed, and where that leaves it; what waits is looked at again by itself."""

    code: str
    reason: str
    state: PreviewState = PreviewState.WAITING


@dataclass(frozen=True, slots=True)
class Part:
    """What decides where the previews of a part belong: the film's path here, and what its server calls it.

    `plex_data` is the server's data folder on this node, None where it is not known.
    """

    film: Path
    server_id: int
    server_kind: ServerKind
    server_path: ServerPath
    part_hash: str = ""
    plex_data: Path | None = None


def plex_bif(data: Path, part_hash: str) -> Path:
    """The BIF of the part that Plex names so. Raises ValueError for a hash that cannot be one."""
    if not _HASH.fullmatch(part_hash):
        raise ValueError(part_hash)
    bundle = f"{part_hash[1:]}.bundle"
    return data / "Media" / "localhost" / part_hash[0] / bundle / "Contents" / "Indexes" / "index-sd.bif"


def places_of(choices: Choices, kind: ServerKind) -> tuple[Place, ...]:
    """The places chosen, or what suits the server."""
    if choices.places:
        return choices.places
    return (Place.PLEX,) if kind is ServerKind.PLEX else (Place.FOLDER,)


def targets_of(part: Part, choices: Choices, folder: Path) -> tuple[tuple[Target, ...], Obstacle | None]:
    """Every preview of a part that can be placed now, and why another cannot, where there is such.

    `folder` is where Place.FOLDER is.
    """
    targets: list[Target] = []
    obstacle = None
    for place in places_of(choices, part.server_kind):
        if place is Place.PLEX:
            obstacle = _plex_obstacle(part)
            if obstacle is None and part.plex_data is not None:
                targets.append(_target(place, Format.BIF, plex_bif(part.plex_data, part.part_hash)))
        elif place is Place.FOLDER:
            targets.append(_target(place, Format.BIF, mirrored(folder, part.server_id, part.server_path)))
        else:
            targets.append(Target(place, _beside(part.film, _FORMATS[place], choices)))
    return tuple(targets), obstacle


def mirrored(folder: Path, server_id: int, path: ServerPath) -> Path:
    """The BIF of a file in the folder of previews: its server, then its path, whatever system that is of."""
    steps = [step.rstrip(": ") for step in re.split(r"[/\\]+", path)]
    inside = [step for step in steps if step not in ("", ".", "..")]
    return folder.joinpath(str(server_id), *inside[:-1], f"{inside[-1] if inside else 'film'}.bif")


def distinct(targets: Sequence[Target]) -> tuple[Target, ...]:
    """Without the second one for the same place on the disk: two libraries may ask for the same file."""
    return tuple({target.output.path: target for target in reversed(targets)}.values())[::-1]


def _target(place: Place, kind: Format, path: Path) -> Target:
    return Target(place, Output(0, kind, path))


def _beside(film: Path, kind: Format, choices: Choices) -> Output:
    """Named as the command line names it, so that both know each other's work."""
    layout = Layout(None, (kind,), (choices.interval_ms,), choices.width)
    found = Found(film, film.parent, 0)
    return layout.outputs(layout.bases([found])[film])[0]


def _plex_obstacle(part: Part) -> Obstacle | None:
    if part.server_kind is not ServerKind.PLEX:
        return Obstacle(
            "no_bundle",
            "Only a Plex server keeps bundles, and this library is on another kind of server: choose another place.",
            state=PreviewState.FAILED,
        )
    if part.plex_data is None:
        return Obstacle(
            NO_PLEX_DATA,
            "Where Plex keeps its data is not known on this machine; name the Plex data folder under Servers.",
        )
    if not (part.plex_data / "Media" / "localhost").is_dir():
        return Obstacle(
            NO_PLEX_DATA,
            f"{part.plex_data} holds no Media/localhost; mount Plex's data folder, or name the right one under "
            "Servers.",
        )
    if not part.part_hash:
        return Obstacle(
            NOT_ANALYSED, "Plex has not analysed this file yet; it is looked at again after the next sync."
        )
    if not _HASH.fullmatch(part.part_hash):
        return Obstacle(
            HASH_WRONG,
            "Plex names this file by something that can be no folder of its own; nothing was written: "
            "analyse the item again in Plex.",
            state=PreviewState.FAILED,
        )
    return None
