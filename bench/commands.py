"""The command lines under measurement: ours as a person types it, the rival's as it runs them."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.measuring import CommandFailed, Usage, measure

_RIVAL = Path(__file__).with_name("rival.py")


def rival_is_here() -> bool:
    """Whether FFmpeg's commands, which the rival runs, are installed."""
    return shutil.which("ffmpeg") is not None and shutil.which("ffprobe") is not None


def run_rival(film: Path, interval: float, path: str, *, hdr: bool) -> Usage:
    """The rival on one film; see bench/rival.py for the choice of `path`."""
    words = ["--interval", f"{interval:g}", "--path", path, *(["--hdr"] if hdr else [])]
    return measure([sys.executable, "-I", "-S", _RIVAL, film, *words])


def start_rival() -> Usage:
    """The rival without a film: what its runs are reduced by."""
    return measure([sys.executable, "-I", "-S", _RIVAL])


@dataclass(frozen=True, slots=True)
class Projectionist:
    """Our command, `program` being the one installed; outputs go to a fresh folder below `scratch` each time."""

    program: Path
    scratch: Path

    def make(self, films: Sequence[Path], interval: float = 10, workers: int = 1) -> Usage:
        """`previews make` of these films or folders. Raises CommandFailed where a film is not made."""
        usage = self._make(films, interval, workers, expect=0)
        made = [one for one in objects(usage) if "outcome" in one]
        if any(one["outcome"] != "made" for one in made) or not made:
            raise CommandFailed(f"Not every film was made: {made}")
        return usage

    def make_nothing(self) -> Usage:
        """`previews make` of an empty folder, which says that there is no film and ends with 1: start and end."""
        with tempfile.TemporaryDirectory(dir=self.scratch, prefix="empty-") as empty:
            return self._make([Path(empty)], 10, 1, expect=1)

    def help(self, *command: str) -> Usage:
        """`--help` of the program, or of one of its commands."""
        return measure([self.program, *command, "--help"])

    def _make(self, films: Sequence[Path], interval: float, workers: int, *, expect: int) -> Usage:
        with tempfile.TemporaryDirectory(dir=self.scratch, prefix="previews-") as output:
            options = ["--output", output, "--interval", f"{interval:g}", "--workers", str(workers)]
            command: list[str | Path] = [
                self.program,
                "previews",
                "make",
                *films,
                *options,
                "--force",
                "--json",
            ]
            return measure(command, expect=expect)


def objects(usage: Usage) -> list[dict[str, Any]]:
    """The JSON objects that a run printed, one per line."""
    return [json.loads(line) for line in usage.output.splitlines() if line.startswith("{")]
