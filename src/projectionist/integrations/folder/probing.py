"""What is inside a file, asked of PyAV once for as long as its size and time of change stay the same."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import av

from projectionist.errors import ServerFailed
from projectionist.integrations.folder.scanning import FoundFile

_REMEMBERED = 200_000
_AT_ONCE = 4
_MICROSECONDS = 1000


@dataclass(frozen=True, slots=True)
class Inside:
    """Lengths are milliseconds. A file that cannot be read as a film has nothing but zeros: it may be half copied."""

    duration_ms: int = 0
    width: int = 0
    height: int = 0
    video_codec: str = ""
    audio_codec: str = ""


_known: OrderedDict[tuple[str, int, int], Inside] = OrderedDict()
_lock = threading.Lock()


def probe(root: Path, files: Sequence[FoundFile]) -> dict[FoundFile, Inside]:
    """What is inside each file. Raises ServerFailed where one has vanished: what it held is then not known."""
    found: dict[FoundFile, Inside] = {}
    with _lock:
        for file in files:
            known = _known.get(_key(root, file))
            if known is not None:
                found[file] = known
    unknown = [file for file in files if file not in found]
    if unknown:
        with ThreadPoolExecutor(min(_AT_ONCE, len(unknown)), "probe") as workers:
            for file, inside in zip(
                unknown, workers.map(lambda file: _probed(root / file.place), unknown), strict=True
            ):
                found[file] = inside
                _remember(_key(root, file), inside)
    return found


def _key(root: Path, file: FoundFile) -> tuple[str, int, int]:
    return str(root / file.place), file.size, file.changed_ns


def _remember(key: tuple[str, int, int], inside: Inside) -> None:
    with _lock:
        _known[key] = inside
        if len(_known) > _REMEMBERED:
            _known.popitem(last=False)


def _probed(path: Path) -> Inside:
    try:
        with av.open(str(path), metadata_errors="ignore") as container:
            video = container.streams.video[0] if container.streams.video else None
            audio = container.streams.audio[0] if container.streams.audio else None
            return Inside(
                duration_ms=max(0, (container.duration or 0) // _MICROSECONDS),
                width=video.codec_context.width if video else 0,
                height=video.codec_context.height if video else 0,
                video_codec=video.codec_context.name if video else "",
                audio_codec=audio.codec_context.name if audio else "",
            )
    except (av.FFmpegError, OSError, ValueError) as error:
        if path.is_file():
            return Inside()
        raise ServerFailed(
            f"{path} vanished while its folder was read, so nothing more was changed; it is read again later: check "
            "its disk if this goes on."
        ) from error
