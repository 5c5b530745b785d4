"""The films that are measured: made here, once, and kept in a folder that git ignores.

A segment is encoded from moving pictures with grain; films are that segment again and again, by copying its
packets, so that timestamps go on without a seam. All is done with PyAV: the same films with and without FFmpeg's
commands on the machine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.filter import Graph
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

RATE = Fraction(24_000, 1001)
"""Frames per second of every film, which is that of most: 48 frames last a little longer than 2 s."""

_SOUND_RATE = 48_000
_SOUND_FRAME = 1024
_PICTURES = (
    ("mandelbrot", "size={small}:rate=24:start_scale=2.2:end_scale=0.02:end_pts=240"),
    ("testsrc2", "size={full}:rate=24"),
    ("gradients", "size={small}:rate=24:speed=0.05:nb_colors=6:seed=7"),
)
"""libavfilter's sources, a third of each segment; those that are slow and soft are drawn at a quarter of the size."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of video, encoded once. `grain` is the strength of libavfilter's noise; `hdr` tags PQ and BT.2020."""

    name: str
    width: int
    height: int
    codec: str
    frames: int
    options: tuple[tuple[str, str], ...]
    grain: int = 9
    hdr: bool = False

    @property
    def key(self) -> str:
        """Its name in files; another definition, or another drawing of pictures, has another one."""
        definition = f"{self}{_PICTURES}{RATE}".encode()
        return f"{self.name}-{hashlib.sha256(definition).hexdigest()[:8]}"


@dataclass(frozen=True, slots=True)
class Film:
    """A film: `segment` repeated to `frames` frames of video, with AAC sound, in the container of `suffix`."""

    segment: Segment
    suffix: str
    frames: int

    @property
    def name(self) -> str:
        """The file's name."""
        return f"{self.segment.key}-{self.frames}.{self.suffix}"


def hd(name: str, *, gop: int, frames: int = 528) -> Segment:
    """1080p H.264, 12.6 Mbit/s with its sound, closed GOPs of `gop` frames, three B-frames between references."""
    pattern = f"keyint={gop}:min-keyint={gop}:scenecut=0:bframes=3:open-gop=0:log-level=-1"
    rate = "bitrate=12400:vbv-maxrate=14000:vbv-bufsize=8000:ipratio=1.25"
    return Segment(
        name, 1920, 1080, "libx264", frames, (("preset", "fast"), ("x264-params", f"{pattern}:{rate}"))
    )


def uhd(name: str, *, frames: int = 336) -> Segment:
    """2160p HEVC Main 10, HDR10, 50 Mbit/s, open GOPs of 2 s, with deblocking and SAO as encoders have by default."""
    pattern = "keyint=48:min-keyint=48:scenecut=0:bframes=3:open-gop=1:sao=1:repeat-headers=1:log-level=none"
    rate = "ipratio=2.2:bitrate=50000:vbv-maxrate=60000:vbv-bufsize=90000"
    light = (
        "hdr10=1:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:max-cll=1000,400:"
        "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)"
    )
    options = (("preset", "ultrafast"), ("x265-params", f"{pattern}:{rate}:{light}"))
    return Segment(name, 3840, 2160, "libx265", frames, options, hdr=True)


class FilmFolder:
    """The folder that films and segments lie in; `tell` is called with a line before each piece of work."""

    def __init__(self, path: Path, tell: Callable[[str], None] = lambda line: None) -> None:
        self._path = path
        self._tell = tell
        path.mkdir(parents=True, exist_ok=True)
        (path / ".gitignore").write_text("*\n", encoding="utf-8")

    def film(self, film: Film) -> Path:
        """The film's file, made where it is not there yet."""
        path = self._path / film.name
        if not path.exists():
            segment = self._segment(film.segment)
            self._tell(f"Making {film.name}")
            self._whole(path, lambda unfinished: _repeat(segment, unfinished, film))
        return path

    def _segment(self, segment: Segment) -> Path:
        path = self._path / f"{segment.key}-segment.mp4"
        if not path.exists():
            self._tell(
                f"Encoding {segment.frames} frames of {segment.width}x{segment.height} {segment.codec}, once"
            )
            self._whole(path, lambda unfinished: _encode(segment, unfinished))
        return path

    @staticmethod
    def _whole(path: Path, make: Callable[[Path], None]) -> None:
        """A file under its own name is complete."""
        unfinished = path.with_name(f"unfinished-{path.name}")
        make(unfinished)
        unfinished.replace(path)


def _encode(segment: Segment, path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(segment.codec, rate=RATE)
        context = stream.codec_context
        assert isinstance(context, VideoCodecContext)
        context.width, context.height = segment.width, segment.height
        context.pix_fmt = "yuv420p10le" if segment.hdr else "yuv420p"
        context.options = dict(segment.options)
        context.time_base = 1 / RATE
        primaries, transfer, matrix = (9, 16, 9) if segment.hdr else (1, 1, 1)
        context.color_primaries, context.color_trc, context.colorspace = primaries, transfer, matrix
        for number, frame in enumerate(_pictures(segment)):
            frame.pts, frame.time_base = number, 1 / RATE
            frame.pict_type = 0
            container.mux(context.encode(frame))
        container.mux(context.encode(None))


def _pictures(segment: Segment) -> Iterator[VideoFrame]:
    total = segment.frames
    for number, (source, template) in enumerate(_PICTURES):
        graph = _drawing(segment, source, template)
        for _ in range(total * (number + 1) // len(_PICTURES) - total * number // len(_PICTURES)):
            yield graph.vpull()


def _drawing(segment: Segment, source: str, template: str) -> Graph:
    full = f"{segment.width}x{segment.height}"
    small = f"{max(32, segment.width // 4)}x{max(18, segment.height // 4)}"
    graph = Graph()
    steps = [
        (source, template.format(full=full, small=small)),
        ("scale", f"{segment.width}:{segment.height}:flags=bicubic"),
        ("format", "yuv420p"),
        ("noise", f"alls={segment.grain}:allf=t:all_seed=5"),
        ("format", "yuv420p10le" if segment.hdr else "yuv420p"),
        ("buffersink", None),
    ]
    node = None
    for name, arguments in steps:
        following = graph.add(name, arguments)
        if node is not None:
            node.link_to(following)
        node = following
    graph.configure()
    return graph


def _repeat(segment: Path, path: Path, film: Film) -> None:
    with av.open(str(path), "w", format="mpegts" if film.suffix == "ts" else None) as container:
        with av.open(str(segment)) as first:
            video = container.add_stream_from_template(first.streams.video[0])
        sound = container.add_stream("aac", rate=_SOUND_RATE)
        assert isinstance(sound, AudioStream)
        sound.codec_context.bit_rate = 192_000
        tone = _tone(float(film.frames / RATE))
        played = 0.0
        for packet, seconds in _packets(segment, film):
            packet.stream = video
            while played <= seconds and (frame := next(tone, None)) is not None:
                played += _SOUND_FRAME / _SOUND_RATE
                container.mux(sound.encode(frame))
            container.mux(packet)
        _finish(container, sound, tone)


def _finish(container: OutputContainer, sound: AudioStream, tone: Iterator[av.AudioFrame]) -> None:
    for frame in tone:
        container.mux(sound.encode(frame))
    container.mux(sound.encode(None))


def _packets(segment: Path, film: Film) -> Iterator[tuple[Packet, float]]:  # type: ignore[type-arg]
    """The film's video packets in decoding order, each with its time in seconds."""
    given = 0
    repetition = 0
    while given < film.frames:
        with av.open(str(segment)) as container:
            stream = container.streams.video[0]
            assert stream.time_base is not None
            shift = round(repetition * film.segment.frames / RATE / stream.time_base)
            for packet in container.demux(stream):
                if packet.pts is None or packet.dts is None or given == film.frames:
                    continue
                packet.pts += shift
                packet.dts += shift
                given += 1
                yield packet, float(packet.dts * stream.time_base)
        repetition += 1


def _tone(seconds: float) -> Iterator[av.AudioFrame]:
    """A stereo tone under hiss, which compresses no better than sound does."""
    chance = np.random.default_rng(5)
    for number in range(int(seconds * _SOUND_RATE / _SOUND_FRAME)):
        at = (np.arange(_SOUND_FRAME) + number * _SOUND_FRAME) / _SOUND_RATE
        wave = 0.2 * np.sin(2 * np.pi * 220 * at) + 0.05 * chance.standard_normal(_SOUND_FRAME)
        frame = av.AudioFrame.from_ndarray(np.stack((wave, wave)).astype(np.float32), "fltp", "stereo")
        frame.sample_rate, frame.pts = _SOUND_RATE, number * _SOUND_FRAME
        frame.time_base = Fraction(1, _SOUND_RATE)
        yield frame
