"""The track list of a Matroska file: the video track, how its packets are stored, who else plays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from projectionist.errors import FilmEncrypted
from projectionist.frames.ebml import Element, children, real, text, unsigned, unusable, unusual

_TRACK_ENTRY = 0xAE
_TRACK_NUMBER = 0xD7
_TRACK_TYPE = 0x83
_CODEC_ID = 0x86
_CODEC_DELAY = 0x56AA
_TRACK_TIMESTAMP_SCALE = 0x23314F
_VIDEO = 0xE0
_CONTENT_ENCODINGS = 0x6D80
_CONTENT_ENCODING = 0x6240
_ENCODING_SCOPE = 0x5032
_ENCODING_TYPE = 0x5033
_COMPRESSION = 0x5034
_COMPRESSION_ALGORITHM = 0x4254
_COMPRESSION_SETTINGS = 0x4255
_FLAG_INTERLACED = 0x9A
_CROPS = (0x54CC, 0x54BB, 0x54DD, 0x54AA)  # PixelCrop Left, Top, Right, Bottom

_TYPE_VIDEO = 1
_TYPE_AUDIO = 2
_TYPE_SUBTITLE = 17
_TYPE_METADATA = 33
_STREAM_TYPES = frozenset((_TYPE_VIDEO, _TYPE_AUDIO, _TYPE_SUBTITLE, _TYPE_METADATA))
_WHOLE_FRAMES = 1  # ContentEncodingScope: the frames, not (only) the codec's set-up data
_HEADER_STRIPPING = 3


@dataclass(frozen=True)
class Track:
    """One TrackEntry that libavformat makes a stream of (RFC 9559 section 5.1.4.1).

    `crop` is left, top, right, bottom in coded pixels; `interlaced` is None where the file does not say;
    `delay_ns` is CodecDelay.
    """

    number: int
    kind: int
    codec_id: str
    delay_ns: int
    timestamp_scale: float
    crop: tuple[int, int, int, int]
    interlaced: bool | None
    encodings: tuple[bytes, ...]

    @property
    def is_picture_or_sound(self) -> bool:
        """Whether the track decides where the container starts; subtitles only do where they start close by."""
        return self.kind in (_TYPE_VIDEO, _TYPE_AUDIO)

    def delay_ticks(self, scale: int) -> int:
        """CodecDelay in ticks of `scale` nanoseconds, which libavformat takes off every timestamp.

        Where sound starts is not changed by it: libavformat skips as many samples (libavformat/demux.c,
        update_initial_timestamps).
        """
        return 0 if self.kind == _TYPE_AUDIO else (self.delay_ns + scale // 2) // scale


def parse_tracks(data: bytes) -> list[Track]:
    """The tracks in file order, from the data of a Tracks element. Raises IndexUnusable."""
    entries = [_parse_entry(data, entry) for entry in children(data) if entry.identifier == _TRACK_ENTRY]
    return [track for track in entries if track.kind in _STREAM_TYPES and track.codec_id]


def choose_video(tracks: list[Track], ordinal: int) -> Track:
    """The video track `ordinal`, counted from 0, checked to be one we can read. Raises IndexUnusable."""
    videos = [track for track in tracks if track.kind == _TYPE_VIDEO]
    if not 0 <= ordinal < len(videos):
        raise unusable(f"it has {len(videos)} video tracks and number {ordinal + 1} was wanted")
    video = videos[ordinal]
    if video.timestamp_scale != 1.0:
        raise unusual("the video track has a clock of its own (TrackTimestampScale)")
    if video.codec_id == "V_MS/VFW/FOURCC":
        raise unusual("a track of kind V_MS/VFW/FOURCC carries decoding times, not presentation times")
    return video


def packet_prefix(track: Track) -> bytes:
    """The bytes that the file leaves out before every packet's payload (header stripping).

    Raises FilmEncrypted for encrypted and IndexUnusable for otherwise encoded packets.
    """
    if len(track.encodings) > 1:
        raise unusual("several content encodings are combined")
    return _parse_encoding(track.encodings[0]) if track.encodings else b""


def _parse_entry(data: bytes, entry: Element) -> Track:
    fields = {child.identifier: child for child in children(data, entry.start, entry.end)}

    def number(identifier: int) -> int:
        return unsigned(data, fields[identifier]) if identifier in fields else 0

    scale = fields.get(_TRACK_TIMESTAMP_SCALE)
    video = fields.get(_VIDEO)
    encodings = fields.get(_CONTENT_ENCODINGS)
    crop, interlaced = _parse_video(data, video) if video else ((0, 0, 0, 0), None)
    return Track(
        number=number(_TRACK_NUMBER),
        kind=number(_TRACK_TYPE),
        codec_id=text(data, fields[_CODEC_ID]) if _CODEC_ID in fields else "",
        delay_ns=number(_CODEC_DELAY),
        timestamp_scale=real(data, scale) if scale else 1.0,
        crop=crop,
        interlaced=interlaced,
        encodings=tuple(_split_encodings(data, encodings)) if encodings else (),
    )


def _parse_video(data: bytes, video: Element) -> tuple[tuple[int, int, int, int], bool | None]:
    fields = {child.identifier: child for child in children(data, video.start, video.end)}
    left, top, right, bottom = (unsigned(data, fields[crop]) if crop in fields else 0 for crop in _CROPS)
    flag = unsigned(data, fields[_FLAG_INTERLACED]) if _FLAG_INTERLACED in fields else 0
    return (left, top, right, bottom), {1: True, 2: False}.get(flag)


def _split_encodings(data: bytes, encodings: Element) -> Iterator[bytes]:
    for child in children(data, encodings.start, encodings.end):
        if child.identifier == _CONTENT_ENCODING:
            yield data[child.start : child.end]


def _parse_encoding(data: bytes) -> bytes:
    fields = {child.identifier: child for child in children(data)}
    if _ENCODING_TYPE in fields and unsigned(data, fields[_ENCODING_TYPE]) == 1:
        raise FilmEncrypted("The video track is encrypted; previews need a copy without encryption.")
    scope = unsigned(data, fields[_ENCODING_SCOPE]) if _ENCODING_SCOPE in fields else _WHOLE_FRAMES
    if not scope & _WHOLE_FRAMES:
        return b""
    if _COMPRESSION not in fields:
        raise unusual("the packets are encoded in an unknown way")
    compression = fields[_COMPRESSION]
    settings = {child.identifier: child for child in children(data, compression.start, compression.end)}
    algorithm = unsigned(data, settings[_COMPRESSION_ALGORITHM]) if _COMPRESSION_ALGORITHM in settings else 0
    if algorithm != _HEADER_STRIPPING:
        raise unusual("the packets are compressed")
    stripped = settings.get(_COMPRESSION_SETTINGS)
    return data[stripped.start : stripped.end] if stripped else b""
