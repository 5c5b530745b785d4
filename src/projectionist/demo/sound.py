"""What the demo films and records sound like: a soft chord that swells and fades."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.audio import AudioStream
from av.container import OutputContainer
from av.packet import Packet

RATE = 24_000
"""Samples a second."""
FRAME = 1024
"""Samples in a frame."""
CHORD = (110.0, 164.81, 220.0, 277.18)
"""Hz: A2, E3, A3, C sharp 4."""


def add_audio(out: OutputContainer, codec: str) -> AudioStream:
    """A stream of one channel."""
    stream = out.add_stream(codec, rate=RATE)
    assert isinstance(stream, AudioStream)
    stream.layout = "mono"
    stream.bit_rate = 48_000
    return stream


def sound(stream: AudioStream, seconds: int, chord: Sequence[float] = CHORD) -> Iterator[list[Packet[Any]]]:
    """The chord, coded, a frame of samples at a time."""
    if not stream.codec_context.is_open:  # as it is once a packet of the pictures was there first
        stream.codec_context.open()
    form = stream.codec_context.format.name
    for first in range(0, seconds * RATE, FRAME):
        time = np.arange(first, min(first + FRAME, seconds * RATE)) / RATE
        notes = sum(np.sin(2 * np.pi * note * time) for note in chord)
        wave = 0.03 * notes * (1 - 0.6 * np.cos(2 * np.pi * time / 8))
        frame = av.AudioFrame.from_ndarray(_samples(wave, form)[None, :], format=form, layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, first, Fraction(1, RATE)
        yield stream.encode(frame)
    yield stream.encode()


def _samples(wave: npt.NDArray[np.float64], form: str) -> npt.NDArray[Any]:
    """-1 to 1 in the numbers of a sample format."""
    if form.startswith("flt"):
        return wave.astype(np.float32)
    if form.startswith("s32"):
        return (wave * (2**31 - 1)).astype(np.int32)
    return (wave * (2**15 - 1)).astype(np.int16)
