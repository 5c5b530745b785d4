"""The music of the demo house, generated like its films."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import av

from projectionist.demo.programme import DemoTrack
from projectionist.demo.sound import add_audio, sound
from projectionist.errors import TargetUnwritable
from projectionist.kit.files import publish_file

_MARK = "Projectionist demo record, edition 1"
_RATIOS = (1.0, 1.5, 2.0, 2.52)
"""Root, fifth, octave and major tenth."""


def make_track(track: DemoTrack, folder: Path) -> None:
    """Generate a track where it is not there, whole or not at all.

    Raises TargetUnwritable, also where another file has its name, or TargetFull.
    """
    path = folder / track.path
    if path.exists():
        mark = _mark(path)
        if mark == _MARK:
            return
        raise TargetUnwritable(
            f"{path} is there already and is none of the demo's records; move it away or choose another folder."
        )

    def write(file: BinaryIO) -> None:
        with av.open(file, "w", format=track.container) as out:
            out.metadata["title"] = track.title
            out.metadata["comment"] = _MARK
            stream = add_audio(out, track.encoder)
            for packets in sound(stream, track.seconds, [track.root * ratio for ratio in _RATIOS]):
                out.mux(packets)

    publish_file(path, write)


def _mark(path: Path) -> str:
    with suppress(av.FFmpegError, OSError), av.open(path) as container:
        return container.metadata.get("comment") or container.metadata.get("COMMENT") or ""
    return ""
