"""The music of the demo house, generated like its films."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import av

from projectionist.demo.films import INDEX_FIRST
from projectionist.demo.programme import DemoTrack
from projectionist.demo.sound import add_audio, sound
from projectionist.errors import TargetUnwritable
from projectionist.kit.files import publish_file

_MARK = "Projectionist demo record, edition 1"
_RATIOS = (1.0, 1.5, 2.0, 2.52)
"""Root, fifth, octave and major tenth."""
_GRACE = Fraction(1, 4)
"""Seconds that the last packet may end before the track does."""


def make_track(track: DemoTrack, folder: Path) -> None:
    """Generate a track where it is not there whole, whole or not at all.

    Raises TargetUnwritable, also where another file has its name, or TargetFull.
    """
    path = folder / track.path
    if is_whole(track, path):
        return

    def write(file: BinaryIO) -> None:
        options = INDEX_FIRST if track.container == "ipod" else {}
        with av.open(file, "w", format=track.container, container_options=options) as out:
            out.metadata["title"] = track.title
            out.metadata["comment"] = _MARK
            stream = add_audio(out, track.encoder)
            for packets in sound(stream, track.seconds, [track.root * ratio for ratio in _RATIOS]):
                out.mux(packets)

    publish_file(path, write)


def is_whole(track: DemoTrack, path: Path) -> bool:
    """Whether `path` is this track, to its end.

    Raises TargetUnwritable where the file there is none of the demo's records: it is never replaced.
    """
    if not path.exists():
        return False
    mark, end = _inspect(path)
    if mark != _MARK:
        raise TargetUnwritable(
            f"{path} is there already and is none of the demo's records; move it away or choose another folder."
        )
    return end >= track.seconds - _GRACE


def _inspect(path: Path) -> tuple[str, Fraction]:
    """The comment in a track, "" without one, and when the last packet that the file holds ends, in seconds."""
    mark, end = "", Fraction(0)
    with suppress(av.FFmpegError, OSError), av.open(path) as container:
        mark = container.metadata.get("comment") or container.metadata.get("COMMENT") or ""
        for packet in container.demux(container.streams.audio[0]):
            if packet.size and packet.pts is not None and packet.time_base is not None:
                end = max(end, (packet.pts + (packet.duration or 0)) * packet.time_base)
    return mark, end
