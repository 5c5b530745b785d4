"""The whole pipeline against decoding alone, in one warm process, in turns; a script that prints JSON.

Decoding alone is the same decoder on the same packets, which are in memory already; the whole pipeline opens the
film, reads its index and the packets, decodes, scales, tone maps, encodes and publishes a BIF.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

from bench.wanted import wanted_extents
from projectionist.features.previews.formats import Format
from projectionist.features.previews.making import Outcome, Recipe, Task, make_previews
from projectionist.features.previews.outputs import Output
from projectionist.frames.decoder import Decoder
from projectionist.frames.film import Film
from projectionist.frames.source import SourceFile
from projectionist.frames.thumbnails import Wanted


def decode_only(path: Path, interval: float) -> float:
    """CPU seconds of decoding the wanted keyframes; opening the decoder is part of it."""
    with Film(SourceFile(path)) as film:
        payloads = [film.source.pread(*extent) for extent in wanted_extents(film, interval)]
        began = time.process_time()
        decoder = Decoder(film, loop_filter=False)
        decoded = [decoder.keyframe(payload) is not None for payload in payloads]
        taken = time.process_time() - began
    if not all(decoded):
        raise SystemExit(f"{decoded.count(False)} keyframes of {path} do not decode")
    return taken


def whole(path: Path, interval: float) -> float:
    """CPU seconds of making the film's previews."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        task = Task(path, (Output(0, Format.BIF, Path(folder) / "film.bif"),), path.stat().st_size)
        recipe = Recipe(Wanted(intervals_ms=(round(interval * 1000),)), force=True)
        began = time.process_time()
        result = make_previews(task, recipe)
        taken = time.process_time() - began
    if result.outcome != Outcome.MADE:
        raise SystemExit(result.message)
    return taken


def main(path: Path, interval: float, repeats: int) -> None:
    """Both in turns, after one turn that only warms up."""
    taken: dict[str, list[float]] = {"decode": [], "whole": []}
    for turn in range(repeats + 1):
        decode, everything = decode_only(path, interval), whole(path, interval)
        if turn:
            taken["decode"].append(decode)
            taken["whole"].append(everything)
    json.dump(taken, sys.stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]))
