"""A film opened for making thumbnails: its container, its video stream and how it is meant to be shown."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import av.container
import av.error
from av.stream import Discard, Disposition
from av.video.stream import VideoStream

from projectionist.errors import (
    FilmEncrypted,
    FilmError,
    FilmUndecodable,
    IndexUnusable,
    NotAFilm,
    NoVideo,
    TrackUnusual,
)
from projectionist.frames.index import KeyframeIndex
from projectionist.frames.look import Look, look_of
from projectionist.frames.matroska import open_matroska
from projectionist.frames.mp4 import open_mp4
from projectionist.frames.mp4_boxes import read_moov
from projectionist.frames.mp4_claims import check_claims
from projectionist.frames.pace import Pace
from projectionist.frames.source import SourceFile

_HEADER_ONLY = {"probesize": "32", "analyzeduration": "0", "skip_frame": "all"}
"""Where our own reader lists the keyframes, libavformat need not read on, nor decode a frame, to guess what the
header says. What it then does not know (of H.264: the order of frames and the sample aspect) is asked for later.
"""

_FULLY = {"fflags": "+genpts", "merge_pmt_versions": "1"}
"""Without an index of our own, presentation times that the container leaves out (AVI) are worked out, and a
transport stream whose programme map moves the video to another PID stays one stream.
"""

_STREAMS = dict.fromkeys((".ts", ".m2ts", ".mts", ".m2t"), "mpegts") | dict.fromkeys(
    (".mpg", ".mpeg", ".vob"), "mpeg"
)
"""Formats without a header, which can be read from anywhere on once it is known what they are."""

_HIDES_DAMAGE = frozenset({"hevc", "vp8", "vp9", "av1"})
"""Decoders that do not say when a picture is damaged."""

_LARGEST_OPTION = (1 << 31) - 1

_READ_BUFFER = 1 << 16

DECODING_FAILED = (av.error.FFmpegError, MemoryError, ValueError)
"""What PyAV raises for bytes that no decoder or demuxer can make sense of."""


class Film:
    """A film: `source` counts its reads, `stream` is its main video stream, `look` how its pictures are shown.

    `index` lists the keyframes from the container's own index, or is None, and `index_fault` says why.
    `pace` is what reading its packets has taught, `damaged` whether they showed damage. `spans` are the
    stretches of time, in nanoseconds, outside of which no packet is believed; none for all of it. The source is
    closed with the film. Raises FilmUnreadable, NotAFilm, NoVideo, FilmEncrypted, FilmUndecodable, FilmChanged or
    FilmVanished on opening.
    """

    def __init__(self, source: SourceFile) -> None:
        self.source = source
        self.index: KeyframeIndex | None = None
        self.index_fault: IndexUnusable | None = None
        self.pace = Pace()
        self.damaged = False
        self.spans: list[tuple[int, int]] = []
        try:
            self._open()
        except FilmError:
            with self.source:
                self.source.check_unchanged()
            raise
        except BaseException:
            self.source.close()
            raise

    def _open(self) -> None:
        kind = _kind_of(self.source)
        self.opened_lightly = kind is not None
        if kind == "mp4":
            check_claims(self.source, str(self.path))
        self.container = _open_container(self.source, kind, _HEADER_ONLY if kind else _FULLY)
        self.stream, ordinal = self._choose_stream()
        if kind:
            self._read_index(kind, ordinal)
        crop = self.index.crop if self.index else (0, 0, 0, 0)
        self.look: Look = look_of(self.stream, crop)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def reopen(self, *, keep_index: bool = False, patiently: bool = False) -> None:
        """Start again at the beginning, libavformat probing in full: it is to demux, not only to set up a decoder.

        The index is dropped unless it is to be kept: it was absent, or was found wrong. `patiently` lets the
        demuxer of transport streams look for the next packet to the end of the file, not for 64 KiB only.
        """
        self.container.close()
        self.source.seek(0)
        if not keep_index:
            self.index = None
        self.opened_lightly = False
        patience = {"resync_size": str(min(self.source.size, _LARGEST_OPTION))} if patiently else {}
        self.container = _open_container(self.source, _kind_of(self.source), {**_FULLY, **patience})
        self.stream, _ = self._choose_stream()

    def close(self) -> None:
        """Close container and file."""
        self.container.close()
        self.source.close()

    @property
    def seeks_by_scanning(self) -> bool:
        """Whether seeking reads all that lies before, as it does in Matroska without usable Cues."""
        return "matroska" in self.container.format.name and not isinstance(self.index_fault, TrackUnusual)

    @property
    def hides_damage(self) -> bool:
        """Whether the decoder does not say when a picture is damaged."""
        return self.stream.codec_context.name in _HIDES_DAMAGE

    @property
    def path(self) -> Path:
        """Where the film lies."""
        return self.source.path

    @property
    def start_ns(self) -> int:
        """The container's earliest timestamp in nanoseconds: the zero of the player's timeline."""
        if self.index is not None:
            return self.index.start_ns
        rounded = self.container.start_time  # in microseconds: too coarse for timestamps of 1/90,000 s
        if rounded is None:
            return 0
        exact = (
            stream.start_time * stream.time_base.numerator * 1_000_000_000 // stream.time_base.denominator
            for stream in self.container.streams
            if stream.start_time is not None and stream.time_base
        )
        return next((start for start in exact if abs(start - rounded * 1000) <= 1000), rounded * 1000)

    def to_ns(self, timestamp: int) -> int:
        """A timestamp of the video stream as nanoseconds on the player's timeline, rounded down."""
        base = self.stream.time_base or Fraction(1, 90_000)
        return timestamp * base.numerator * 1_000_000_000 // base.denominator - self.start_ns

    def to_timestamp(self, ns: int) -> int:
        """The timestamp of the video stream nearest to `ns` nanoseconds on the player's timeline."""
        base = self.stream.time_base or Fraction(1, 90_000)
        return round(Fraction(ns + self.start_ns, 1_000_000_000) / base)

    def _choose_stream(self) -> tuple[VideoStream, int]:
        """The stream that a player shows, and its place among the video streams; never a cover."""
        candidates = [
            (stream, ordinal)
            for ordinal, stream in enumerate(self.container.streams.video)
            if not stream.disposition & (Disposition.attached_pic | Disposition.timed_thumbnails)
        ]
        if not candidates:
            raise NoVideo(f"{self.path} has no moving picture in it; there is nothing to preview.")
        decodable = [one for one in candidates if one[0].codec_context is not None]
        if not decodable:
            raise FilmUndecodable(
                f"{self.path} holds video of a kind that there is no decoder for; convert it to a common one."
            )
        marked = [one for one in decodable if one[0].disposition & Disposition.default]
        stream, ordinal = (marked or decodable)[0]
        for other in self.container.streams:
            if other.index != stream.index:
                other.discard = Discard.all
        return stream, ordinal

    def _read_index(self, kind: str, ordinal: int) -> None:
        try:
            if kind == "matroska":
                self.index = open_matroska(self.source, video_ordinal=ordinal)
            else:
                self.index = open_mp4(self.source, video_ordinal=ordinal)
        except IndexUnusable as fault:
            self.index, self.index_fault = None, fault
        except FilmEncrypted:
            raise FilmEncrypted(f"{self.path} is encrypted; use a copy that is not protected.") from None


def _kind_of(source: SourceFile) -> str | None:
    """Which of our index readers is made for these bytes: "matroska", "mp4" or None."""
    head = source.pread(0, 12)
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return "matroska"
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"):
        return "mp4"
    return None


def _open_container(
    source: SourceFile, kind: str | None, options: Mapping[str, str]
) -> av.container.InputContainer:
    try:
        return _open_as(source, None, options)
    except DECODING_FAILED as error:
        source.check_unchanged()
        said = getattr(error, "strerror", None) or str(error)
    if kind is not None:
        raise FilmUndecodable(
            f"{source.path} cannot be opened: {_what_is_missing(source, kind) or said}; copy or download it again."
        )
    container = _open_by_name(source, options)
    if container is None:
        raise NotAFilm(
            f"{source.path} is no film that can be opened ({said}); it is damaged or something else under "
            "a film's name."
        )
    return container


def _open_as(source: SourceFile, form: str | None, options: Mapping[str, str]) -> av.container.InputContainer:
    source.seek(0)
    return av.open(
        source, "r", form, options=dict(options), buffer_size=_READ_BUFFER, metadata_errors="ignore"
    )


def _open_by_name(source: SourceFile, options: Mapping[str, str]) -> av.container.InputContainer | None:
    """A stream whose beginning is damaged, as what its file's name says; None where no video is found in it."""
    form = _STREAMS.get(source.path.suffix.lower())
    if form is None:
        return None
    try:
        container = _open_as(source, form, options)
    except DECODING_FAILED:
        return None
    return container if container.streams.video else None


def _what_is_missing(source: SourceFile, kind: str) -> str:
    """What our own reader finds wrong with the outline of the file; empty where it finds nothing."""
    if kind != "mp4":
        return "its header is damaged"
    try:
        read_moov(source)
    except IndexUnusable as fault:
        return str(fault).rstrip(".")
    return ""
