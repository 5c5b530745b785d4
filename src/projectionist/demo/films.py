"""A small library of generated films, so that everything can be tried with nothing to hand."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import av
import numpy as np
from av.container import OutputContainer
from av.video import VideoStream

from projectionist.demo.scenery import DAWN, EMBER, FOREST, NIGHT, NOON, VIOLET, Mood, Planes, Scene
from projectionist.demo.signal import HDR10, SDR, Signal
from projectionist.demo.sound import FRAME, RATE, add_audio, sound
from projectionist.errors import TargetUnwritable
from projectionist.kit.files import publish_file

_MARK_OF_ANY_EDITION = "Projectionist demo film"
"""What the comment in every film begins with; the rest says which edition, so that a new one replaces older ones."""


@dataclass(frozen=True)
class DemoFilm:
    """One film of the demo: where it is filed, how it is coded, what it shows.

    `size` is the upright (width, height). `gop` is the count of frames from one keyframe to the next. `turned`
    is what a player has to turn the coded picture by, counter-clockwise, in degrees.
    """

    path: str
    container: str
    encoder: str
    size: tuple[int, int]
    seconds: int
    fps: int
    gop: int
    moods: tuple[Mood, ...]
    options: dict[str, str]
    audio: str | None = "aac"
    muxer: dict[str, str] = field(default_factory=dict)
    signal: Signal = SDR
    turned: int = 0


X264 = {"preset": "ultrafast", "crf": "26", "sc_threshold": "0"}
"""Options that make a film soon rather than small."""
_X265_PARAMS = (
    "log-level=none:scenecut=0:hdr10=1:repeat-headers=1:max-cll=1000,120"
    ":master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"
)
"""Mastered on a P3 screen of 1000 cd/m2 (SMPTE ST 2086, CTA-861.3)."""
X265_HDR10 = {"preset": "ultrafast", "crf": "26", "x265-params": _X265_PARAMS}
"""The same for films that go with HDR10."""
INDEX_FIRST = {"moov_size": "65536"}
"""Room for an MP4's index before the pictures; `faststart` would open the file again, by a name it has not yet."""

FILMS: tuple[DemoFilm, ...] = (
    DemoFilm(
        "Movies/The Quiet Projector (2024)/The Quiet Projector (2024).mkv",
        *("matroska", "libx264", (768, 432), 60, 24, 48),
        moods=(DAWN, NOON, EMBER, NIGHT),
        options=X264,
    ),
    DemoFilm(
        "Movies/Saturday Matinee (1958)/Saturday Matinee (1958).mp4",
        *("mp4", "libx264", (480, 360), 45, 24, 120),
        moods=(NOON, FOREST, VIOLET),
        options={**X264, "bf": "2"},
        muxer=INDEX_FIRST,
    ),
    DemoFilm(
        "Movies/Northern Weather (2021)/Northern Weather (2021).webm",
        *("webm", "libvpx-vp9", (640, 360), 40, 12, 48),
        moods=(NIGHT, VIOLET, FOREST, DAWN),
        options={"deadline": "realtime", "cpu-used": "8", "crf": "36", "b": "0"},
        audio="libopus",
    ),
    DemoFilm(
        "Movies/Ember Coast (2023)/Ember Coast (2023).mkv",
        *("matroska", "libx265", (764, 320), 40, 12, 24),
        moods=(EMBER, VIOLET, NOON, DAWN),
        options=X265_HDR10,
        signal=HDR10,
    ),
    DemoFilm(
        "Shows/Night Shift/Season 01/Night Shift - S01E01 - Reel One.mkv",
        *("matroska", "libx264", (640, 360), 66, 24, 720),
        moods=(NIGHT, VIOLET, EMBER, NIGHT, FOREST, DAWN),
        options={**X264, "bf": "2"},
    ),
    DemoFilm(
        "Home Videos/2024/Evening Walk.mp4",
        *("mp4", "libx264", (360, 640), 40, 15, 30),
        moods=(FOREST, DAWN, EMBER, VIOLET),
        options=X264,
        audio=None,
        muxer=INDEX_FIRST,
        turned=270,
    ),
)


def make_demo_films(
    folder: Path, *, progress: Callable[[str], None] | None = None, films: Sequence[DemoFilm] = FILMS
) -> list[Path]:
    """Put the demo's films into `folder`, those that are not there yet, and return the paths of all of them.

    Each appears whole or not at all. `progress` is told the name of every film that is about to be made. Raises
    TargetUnwritable or TargetFull, and TargetUnwritable too where another file has the name of a film.
    """
    paths = []
    for film in films:
        path = folder / film.path
        if not is_complete(film, path):
            if progress is not None:
                progress(path.name)
            make_film(film, path)
        paths.append(path)
    return paths


def make_film(film: DemoFilm, path: Path) -> None:
    """Generate `film` as `path`, whole or not at all. Raises TargetUnwritable or TargetFull."""

    def write(file: BinaryIO) -> None:
        with av.open(file, "w", format=film.container, container_options=film.muxer) as out:
            _write(out, film)

    publish_file(path, write)


def is_complete(film: DemoFilm, path: Path) -> bool:
    """Whether `path` is this film of this edition, to its last picture.

    Raises TargetUnwritable where the file there is none of the demo's films: it is never replaced.
    """
    if not path.exists():
        return False
    mark, last = _inspect(path)
    if not mark.startswith(_MARK_OF_ANY_EDITION):
        raise TargetUnwritable(
            f"{path} is there already and is none of the demo's films; move it away or choose another folder."
        )
    return mark == _mark_of(film) and last is not None and last >= film.seconds - Fraction(3, 2 * film.fps)


def _mark_of(film: DemoFilm) -> str:
    """The comment in a film: another one as soon as anything about the film is different."""
    digest = hashlib.sha1(repr(film).encode(), usedforsecurity=False).hexdigest()
    return f"{_MARK_OF_ANY_EDITION}, edition {digest[:10]}"


def _inspect(path: Path) -> tuple[str, Fraction | None]:
    """The comment in a film, "" without one, and when the last picture that the file holds is shown."""
    mark, last = "", None
    with suppress(av.FFmpegError, OSError), av.open(path) as container:
        mark = container.metadata.get("comment") or container.metadata.get("COMMENT") or ""
        container.seek(1 << 40, stream=container.streams.video[0])
        shown = [
            packet.pts * packet.time_base
            for packet in container.demux(container.streams.video[0])
            if packet.size and packet.pts is not None and packet.time_base is not None
        ]
        last = max(shown, default=None)
    return mark, last


def _write(out: OutputContainer, film: DemoFilm) -> None:
    out.metadata["title"] = Path(film.path).stem
    out.metadata["comment"] = _mark_of(film)
    video = _add_video(out, film)
    heard_packets = iter(sound(add_audio(out, film.audio), film.seconds) if film.audio else ())
    heard = Fraction(0)
    for number, frame in enumerate(_pictures(film)):
        out.mux(video.encode(frame))
        while heard * film.fps <= number:
            packets = next(heard_packets, None)
            if packets is None:
                break
            out.mux(packets)
            heard += Fraction(FRAME, RATE)
    out.mux(video.encode())
    for packets in heard_packets:
        out.mux(packets)


def _add_video(out: OutputContainer, film: DemoFilm) -> VideoStream:
    stream = out.add_stream(film.encoder, rate=film.fps, options=film.options)
    assert isinstance(stream, VideoStream)
    width, height = film.size
    stream.width, stream.height = (height, width) if film.turned % 180 else (width, height)
    stream.pix_fmt = film.signal.pix_fmt
    context = stream.codec_context
    context.time_base = Fraction(1, film.fps)
    context.gop_size = film.gop
    context.color_primaries, context.color_trc = film.signal.primaries, film.signal.transfer
    context.colorspace, context.color_range = film.signal.matrix, 1
    if film.turned:
        stream.set_display_rotation(film.turned)
    return stream


def _pictures(film: DemoFilm) -> Iterator[av.VideoFrame]:
    """Every frame of the film: its moods one after the other, for equally long."""
    count, acts = film.seconds * film.fps, len(film.moods)
    for act, mood in enumerate(film.moods):
        first, end = act * count // acts, (act + 1) * count // acts
        scene = Scene(film.size, film.signal, mood, (end - first) / film.fps, seed=act)
        for number in range(first, end):
            frame, planes = _blank(film)
            scene.paint(planes, (number - first) / film.fps, Fraction(number, film.fps))
            frame.pts, frame.time_base = number, Fraction(1, film.fps)
            yield frame


def _blank(film: DemoFilm) -> tuple[av.VideoFrame, Planes]:
    """A frame, and its planes as they are seen once turned upright."""
    width, height = film.size
    coded = (height, width) if film.turned % 180 else (width, height)
    frame = av.VideoFrame(*coded, film.signal.pix_fmt)
    planes: Planes = []
    for plane in frame.planes:
        samples = np.frombuffer(memoryview(plane), film.signal.dtype)
        pitch = plane.line_size // samples.itemsize
        stored = samples[: pitch * plane.height].reshape(plane.height, pitch)[:, : plane.width]
        planes.append(np.rot90(stored, film.turned // 90))
    return frame, planes
