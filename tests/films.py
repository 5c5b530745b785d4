"""Films for tests: small, quick to make, and with pictures that say which frame they are.

`make_film(path, codec="hevc", seconds=20, gop=48)` writes one and says what is in it; the fixture `film` does
the same once per session and arguments. `read_frame_number` (from `tests.numbered`) reads a thumbnail.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from io import BytesIO
from itertools import cycle, islice
from math import lcm
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import simplejpeg

os.environ.setdefault("SVT_LOG", "1")  # errors only; read by the AV1 encoder when it is first opened

import av
from av.audio import AudioStream
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video import VideoStream

from tests import vc1
from tests.damage import overwrite, punch_random, punch_zeros, truncate
from tests.numbered import (
    BT601,
    BT709,
    FULL_RANGE,
    HDR10,
    HLG,
    UNFLAGGED,
    Color,
    NumberedPictures,
    NumberUnreadable,
    read_colors,
    read_fields,
    read_frame_number,
    read_levels,
)

__all__ = [
    "BT601",
    "BT709",
    "ENCRYPTED",
    "FRAGMENTED",
    "FULL_RANGE",
    "HDR10",
    "HLG",
    "UNFLAGGED",
    "Color",
    "Film",
    "NumberUnreadable",
    "Recipe",
    "film",
    "make_film",
    "overwrite",
    "punch_random",
    "punch_zeros",
    "read_colors",
    "read_fields",
    "read_frame_number",
    "read_levels",
    "truncate",
]

_ENCODERS: dict[str, tuple[str, dict[str, str]]] = {
    "h264": ("libx264", {"preset": "ultrafast", "sc_threshold": "0", "forced-idr": "1"}),
    "hevc": ("libx265", {"preset": "ultrafast", "forced-idr": "1"}),
    "av1": ("libsvtav1", {"preset": "8", "crf": "20"}),
    "vp9": ("libvpx-vp9", {"deadline": "realtime", "cpu-used": "8", "row-mt": "0"}),
    "vp8": ("libvpx", {"deadline": "realtime", "cpu-used": "8"}),
    "mpeg2video": ("mpeg2video", {"sc_threshold": "1000000000", "b": "4M"}),
    "mpeg4": ("mpeg4", {"sc_threshold": "1000000000", "b": "2M"}),
    "prores": ("prores_ks", {"profile": "proxy"}),
    "msmpeg4v3": ("msmpeg4", {"b": "2M"}),
    "wmv1": ("wmv1", {"b": "2M"}),
    "wmv2": ("wmv2", {"b": "2M"}),
    "mjpeg": ("mjpeg", {"q": "4"}),
}
_WITH_B_FRAMES = {"h264", "hevc", "mpeg2video", "mpeg4"}
_X265_QUIET = {"log-level": "none", "scenecut": "0", "pools": "none", "frame-threads": "1"}
_SVT_QUIET = {"lp": "1", "scd": "0"}
_FORMATS = {
    ".mkv": "matroska",
    ".webm": "webm",
    ".mp4": "mp4",
    ".m4v": "mp4",
    ".m4a": "mp4",
    ".mov": "mov",
    ".ts": "mpegts",
    ".m2ts": "mpegts",
    ".avi": "avi",
    ".wmv": "asf",
    ".asf": "asf",
}
ENCRYPTED = {
    "encryption_scheme": "cenc-aes-ctr",
    "encryption_key": "00112233445566778899aabbccddeeff",
    "encryption_kid": "ffeeddccbbaa99887766554433221100",
}
"""`muxer` options that encrypt an MP4 (ISO/IEC 23001-7)."""
FRAGMENTED = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
"""`muxer` options that write an MP4 in fragments."""
_VFR_GAPS = (1, 1, 3, 2)
_AUDIO_RATE = 48000


@dataclass(frozen=True)
class Recipe:
    """What film to make; the container follows from the ending of its name.

    `codec` is None for a file without video; "vc1" comes in keyframes only. `frames` overrides
    `seconds`. `keyframes` names the frames that are to be keyframes, overriding `gop` (the count of frames from
    one to the next). `size` is the coded (width, height). `start` and `audio_start` are the times of the first
    picture and sound, in seconds. `vfr` spaces frames by 1, 1, 3 and 2 in turn; `times` gives all times, before
    `start` is added, instead. `rotation` is what a player has to turn the coded picture by, counter-clockwise.
    `muxer`, `encoder` and `encoder_params` (of x264, x265 and SVT-AV1) are passed on. Without `seekable` the
    muxer cannot go back, so Matroska gets no Cues and no sizes. `cover` attaches a picture.
    """

    codec: str | None = "h264"
    seconds: float = 12
    frames: int | None = None
    fps: Fraction = Fraction(24)
    gop: int = 48
    keyframes: tuple[int, ...] | None = None
    size: tuple[int, int] = (320, 180)
    pix_fmt: str = ""
    color: Color = UNFLAGGED
    b_frames: int = 2
    open_gop: bool = False
    interlaced: bool = False
    rotation: int = 0
    sample_aspect: Fraction | None = None
    start: Fraction = Fraction(0)
    vfr: bool = False
    times: tuple[Fraction, ...] | None = None
    audio: str | None = None
    audio_start: Fraction = Fraction(0)
    subtitle: bool = False
    cover: bool = False
    seekable: bool = True
    muxer: dict[str, str] = field(default_factory=dict)
    encoder: dict[str, str] = field(default_factory=dict)
    encoder_params: dict[str, str] = field(default_factory=dict)

    def frame_times(self) -> tuple[Fraction, ...]:
        """When each frame is to be shown, in seconds, `start` included; empty without video."""
        if self.codec is None:
            return ()
        count = self.frames if self.frames is not None else round(self.seconds * self.fps)
        if self.times is not None:
            return tuple(self.start + time for time in self.times)
        if not self.vfr:
            return tuple(self.start + number / self.fps for number in range(count))
        times, units = [], 0
        for gap in islice(cycle(_VFR_GAPS), count):
            times.append(self.start + units / self.fps)
            units += gap
        return tuple(times)


@dataclass(frozen=True)
class Film:
    """A film that was made, as its container tells it.

    `times[n]` is when the picture numbered n is shown, in seconds on the player's timeline, where the
    earliest timestamp of the container, `start`, is 0. `keyframes` are the numbers of the keyframes, rising.
    Where a container holds decoding times only (AVI, ASF, Matroska's tracks in VfW style), the times are as
    libavformat works them out, which may be a frame late.
    """

    path: Path
    recipe: Recipe
    start: Fraction
    times: tuple[Fraction, ...]
    keyframes: tuple[int, ...]

    @property
    def keyframe_times(self) -> tuple[Fraction, ...]:
        """When the keyframes are shown, in seconds on the player's timeline."""
        return tuple(self.times[number] for number in self.keyframes)

    @property
    def last(self) -> Fraction:
        """When the last frame is shown, in seconds on the player's timeline."""
        return self.times[-1]

    def nearest_keyframe(self, time: float | Fraction) -> int:
        """The number of the keyframe nearest in time; the earlier one of two equally near."""
        return min(self.keyframes, key=lambda number: abs(self.times[number] - Fraction(time)))

    def frame_at(self, time: float | Fraction) -> int:
        """The number of the frame that a player shows at this time; 0 before the first one."""
        return max((number for number, shown in enumerate(self.times) if shown <= Fraction(time)), default=0)


def make_film(path: Path, **wanted: Any) -> Film:
    """Write the film that `Recipe(**wanted)` describes to `path` and say what is in it."""
    recipe = Recipe(**wanted)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        target = file if recipe.seekable else _Unseekable(file.write)
        form = _FORMATS[path.suffix.lower()]
        special = {"mpegts_m2ts_mode": "1"} if path.suffix == ".m2ts" else {}
        options = {"fflags": "+bitexact", **special, **recipe.muxer}
        with av.open(target, "w", format=form, container_options=options) as out:
            _write(out, recipe)
    if recipe.codec == "vc1" and form == "matroska":
        _declare_vc1(path, recipe)
    return _read_back(path, recipe)


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Film]:
    """`film(name="film.mkv", **recipe)`: made once per session and arguments; copy it before changing it."""
    folder, made = tmp_path_factory.mktemp("films"), dict[str, Film]()

    def get(name: str = "film.mkv", **wanted: Any) -> Film:
        key = hashlib.sha256(repr((name, sorted(wanted.items()))).encode()).hexdigest()[:16]
        if key not in made:
            made[key] = make_film(folder / key / name, **wanted)
        return made[key]

    return get


@dataclass(frozen=True)
class _Unseekable:
    write: Callable[[bytes], int]


def _write(out: OutputContainer, recipe: Recipe) -> None:
    tracks: list[list[Packet[Any]]] = []
    if recipe.codec is not None:
        encode = _encode_vc1 if recipe.codec == "vc1" else _encode_video
        tracks.append(encode(out, recipe))
    if recipe.audio is not None:
        stream = out.add_stream(recipe.audio, rate=_AUDIO_RATE)
        assert isinstance(stream, AudioStream)
        tracks.append(_encode_audio(stream, recipe))
    if recipe.subtitle:
        tracks.append(_subtitles(out, recipe))
    if recipe.cover:
        tracks.append(_cover(out))
    packets = [packet for track in tracks for packet in track]
    for packet in sorted(packets, key=lambda packet: (packet.dts or 0) * packet.time_base):
        out.mux(packet)


def _add_video(out: OutputContainer, recipe: Recipe) -> VideoStream:
    codec = recipe.codec or ""
    name, options = _ENCODERS[codec]
    options = {**options, **_encoder_params(recipe), **recipe.encoder}
    if codec == "vp9":
        options["profile"] = _vp9_profile(_pix_fmt(recipe))
    if recipe.interlaced:
        options["flags"] = "+ildct+ilme"
    elif codec == "mpeg2video" and not recipe.open_gop:
        options["flags"] = "+cgop"
    stream = out.add_stream(name, rate=recipe.fps, options=options)
    assert isinstance(stream, VideoStream)
    stream.width, stream.height = recipe.size
    stream.pix_fmt = _pix_fmt(recipe)
    context = stream.codec_context
    context.time_base = 1 / recipe.fps
    context.thread_count = 1
    context.gop_size = recipe.gop if recipe.keyframes is None else 1 << 14
    context.max_b_frames = recipe.b_frames if codec in _WITH_B_FRAMES else 0
    color = recipe.color
    context.color_primaries, context.color_trc, context.colorspace = (
        color.primaries,
        color.transfer,
        color.matrix,
    )
    context.color_range = 2 if color.full_range else 1
    if recipe.sample_aspect is not None:
        context.sample_aspect_ratio = recipe.sample_aspect
    if recipe.rotation:
        stream.set_display_rotation(recipe.rotation)
    return stream


def _pix_fmt(recipe: Recipe) -> str:
    plain = {"prores": "yuv422p10le", "mjpeg": "yuvj420p"}.get(recipe.codec or "", "yuv420p")
    return recipe.pix_fmt or plain


def _vp9_profile(pix_fmt: str) -> str:
    """The profile that holds this format (VP9 bitstream specification, section 7.2)."""
    deep, full_chroma = not pix_fmt.endswith("p"), "420p" not in pix_fmt
    return str(2 * deep + full_chroma)


def _encoder_params(recipe: Recipe) -> dict[str, str]:
    option, params = {
        "h264": ("x264-params", {"open-gop": str(int(recipe.open_gop))}),
        "hevc": ("x265-params", {**_X265_QUIET, "open-gop": str(int(recipe.open_gop))}),
        "av1": ("svtav1-params", _SVT_QUIET),
    }.get(recipe.codec or "", ("", {}))
    if recipe.codec == "av1" and recipe.keyframes is not None:
        params = {**params, "force-key-frames": "1"}
    params = {**params, **recipe.encoder_params}
    return {option: ":".join(f"{name}={value}" for name, value in params.items())} if option else {}


def _encode_video(out: OutputContainer, recipe: Recipe) -> list[Packet[Any]]:
    stream = _add_video(out, recipe)
    times = recipe.frame_times()
    pictures = NumberedPictures(
        recipe.size, _pix_fmt(recipe), recipe.color, rotation=recipe.rotation, interlaced=recipe.interlaced
    )
    packets: list[Packet[Any]] = []
    for number in range(len(times)):
        frame = pictures.frame(number)
        frame.pts, frame.time_base = number, 1 / recipe.fps
        if recipe.keyframes is not None and number in recipe.keyframes:
            frame.pict_type = 1
        packets += stream.encode(frame)
    packets += stream.encode()
    _retime(packets, times, 1 / recipe.fps)
    stream.time_base = packets[0].time_base
    return packets


def _encode_vc1(out: OutputContainer, recipe: Recipe) -> list[Packet[Any]]:
    times = recipe.frame_times()
    pictures = NumberedPictures(recipe.size, "yuv420p", recipe.color, rotation=recipe.rotation)
    packets: list[Packet[Any]] = []
    for number in range(len(times)):
        packet = Packet(vc1.headers(*recipe.size) + vc1.picture(_planes(pictures.frame(number))))
        packet.pts, packet.is_keyframe = number, True
        packets.append(packet)
    stream = _vc1_stream(out, recipe, bytes(packets[0]))
    for packet in packets:
        packet.stream = stream
    _retime(packets, times, 1 / recipe.fps)
    return packets


def _vc1_stream(out: OutputContainer, recipe: Recipe, first: bytes) -> Stream:
    """A track for VC-1; for Matroska, which the muxer does not put it into, a stand-in."""
    if out.format.name.startswith("matroska"):
        width, height = recipe.size
        stream = out.add_mux_stream("mpeg4", width=width, height=height)
        stream.metadata["title"] = "x" * len(vc1.bitmap_header(width, height))
        return stream
    with av.open(BytesIO(first), format="vc1") as raw:
        return out.add_stream_from_template(raw.streams.video[0], opaque=True)


def _declare_vc1(path: Path, recipe: Recipe) -> None:
    """Turn the stand-in of `_vc1_stream` into a VC-1 track: its codec, and its title into the codec's set-up."""
    header = vc1.bitmap_header(*recipe.size)
    content = path.read_bytes()
    assert content.count(b"V_MPEG4/ISO/ASP") == 1
    title = b"x" * len(header)
    at = content.index(title)
    name_size = content[at - 2 : at] if len(header) > 126 else content[at - 1 : at]
    name, private = b"\x53\x6e" + name_size, b"\x63\xa2" + name_size
    assert content.count(name + title) == 1
    content = content.replace(b"V_MPEG4/ISO/ASP", b"V_MS/VFW/FOURCC").replace(name + title, private + header)
    path.write_bytes(content)


def _planes(frame: av.VideoFrame) -> list[np.ndarray[Any, np.dtype[np.uint8]]]:
    return [
        np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, -1)[:, : plane.width]
        for plane in frame.planes
    ]


def _retime(packets: list[Packet[Any]], times: tuple[Fraction, ...], gap: Fraction) -> None:
    """Give packets that are numbered by frame, and are in decoding order, the times of those frames.

    Decoding times are worked out anew: of films of one or two frames x265 says some that are beyond the end.
    """
    base = Fraction(1, lcm(gap.denominator, *(time.denominator for time in times)))
    numbers = [packet.pts for packet in packets if packet.pts is not None]
    ahead = max(order - number for order, number in enumerate(numbers))
    decoded = (*(times[0] - step * gap for step in range(ahead, 0, -1)), *times)
    later = (*times[1:], times[-1] + gap)
    for packet, number, decoding in zip(packets, numbers, decoded, strict=False):
        packet.time_base = base
        packet.pts, packet.dts = int(times[number] / base), int(decoding / base)
        packet.duration = int((later[number] - times[number]) / base)


def _encode_audio(stream: AudioStream, recipe: Recipe) -> list[Packet[Any]]:
    """A quiet 440 Hz tone as long as the pictures, or as `seconds` where there are none."""
    times = recipe.frame_times()
    seconds = float(times[-1] - times[0] + 1 / recipe.fps) if times else recipe.seconds
    stream.layout = "mono"
    stream.bit_rate = 64_000
    stream.codec_context.open()
    step = stream.codec_context.frame_size or 1024
    context = stream.codec_context
    packets: list[Packet[Any]] = []
    for first in range(0, int(seconds * _AUDIO_RATE), step):
        tone = 0.1 * np.sin(2 * np.pi * 440 / _AUDIO_RATE * np.arange(first, first + step))
        floats = context.format.name.startswith("flt")
        samples = tone.astype(np.float32) if floats else (tone * 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(samples[None, :], format=context.format.name, layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = _AUDIO_RATE, first, Fraction(1, _AUDIO_RATE)
        packets += stream.encode(frame)
    packets += stream.encode()
    shift = int(recipe.audio_start * _AUDIO_RATE)
    for packet in packets:
        assert packet.pts is not None
        assert packet.dts is not None
        packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
    return packets


def _subtitles(out: OutputContainer, recipe: Recipe) -> list[Packet[Any]]:
    stream = out.add_mux_stream("subrip")
    packets = []
    for second in range(0, int(recipe.seconds), 3):
        packet = Packet(f"Second {second}".encode())
        packet.stream, packet.time_base = stream, Fraction(1, 1000)
        packet.pts = packet.dts = second * 1000
        packet.duration = 2000
        packets.append(packet)
    return packets


def _cover(out: OutputContainer) -> list[Packet[Any]]:
    """A red square beside the film: a Matroska attachment, elsewhere a track marked as attached picture."""
    picture = simplejpeg.encode_jpeg(np.full((64, 64, 3), (200, 30, 30), np.uint8))
    if out.format.name.startswith("matroska"):
        out.add_attachment("cover.jpg", "image/jpeg", picture)
        return []
    stream = out.add_mux_stream("mjpeg", width=64, height=64)
    stream.disposition = Disposition.attached_pic
    packet = Packet(picture)
    packet.stream, packet.time_base = stream, Fraction(1, 1000)
    packet.pts = packet.dts = 0
    packet.is_keyframe = True
    return [packet]


def _read_back(path: Path, recipe: Recipe) -> Film:
    if recipe.codec is None:
        return Film(path, recipe, Fraction(0), (), ())
    with av.open(path) as container:
        packets = [packet for packet in container.demux(container.streams.video[0]) if packet.size]
        shown = sorted(((packet.pts or 0) * packet.time_base, packet.is_keyframe) for packet in packets)
        said = Fraction(container.start_time or 0, 1_000_000)
        start = min(_stream_starts(container.streams), key=lambda start: abs(start - said), default=said)
    times = tuple(time - start for time, _ in shown)
    return Film(path, recipe, start, times, tuple(number for number, (_, key) in enumerate(shown) if key))


def _stream_starts(streams: Any) -> Iterator[Fraction]:
    for stream in streams:
        if stream.start_time is not None and stream.type in ("video", "audio"):
            yield stream.start_time * stream.time_base
