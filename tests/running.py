"""The command line as people run it, and the same without a process for tests that look at the rules behind it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from projectionist.features.previews import service
from projectionist.features.previews.finding import Choice
from projectionist.features.previews.formats import Format
from projectionist.features.previews.making import Recipe, Result, make_previews
from projectionist.features.previews.outputs import Layout
from projectionist.frames.slots import Mode
from projectionist.frames.thumbnails import Wanted
from projectionist.kit import temporaries

COMMAND = str(Path(sys.executable).with_name("projectionist"))
FIELDS = [
    "path",
    "outcome",
    "method",
    "thumbnails",
    "interval",
    "bytes_read",
    "cpu_seconds",
    "outputs",
    "message",
]


@dataclass(frozen=True)
class Ran:
    """A run that ended: its exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def films(self) -> dict[str, dict[str, Any]]:
        """The JSON objects of the films, by file name. Nothing but JSON was printed."""
        return {Path(one["path"]).name: one for one in self._objects()[:-1]}

    @property
    def summary(self) -> dict[str, Any]:
        """The last JSON object."""
        return self._objects()[-1]

    def _objects(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


def arguments(*words: object) -> list[str | bytes]:
    """The whole command line; file names as bytes stay as they are."""
    return [COMMAND, *(word if isinstance(word, bytes) else str(word) for word in words)]


def run(*words: object, cwd: Path | None = None, **env: str) -> Ran:
    """Run `projectionist` and wait for it."""
    ran = subprocess.run(
        arguments(*words), cwd=cwd, env={**os.environ, **env}, capture_output=True, check=False, timeout=60
    )
    return Ran(ran.returncode, ran.stdout.decode(), ran.stderr.decode())


def make(*words: object, cwd: Path | None = None, **env: str) -> Ran:
    """Run `projectionist previews make --json`."""
    return run("previews", "make", "--json", *words, cwd=cwd, **env)


def plan(
    *paths: Path,
    output: Path | None = None,
    formats: Sequence[Format] = (Format.BIF,),
    intervals_ms: tuple[int, ...] = (2000,),
    choice: Choice | None = None,
    **wanted: Any,
) -> service.Plan:
    """What is to be made of `paths`; beside the films without `output`."""
    width = wanted.pop("width", 64)
    layout = Layout(output, tuple(formats), intervals_ms, width)
    recipe = Recipe(Wanted(intervals_ms, width, **wanted))
    return service.plan(service.Request(paths, layout, recipe, choice or Choice()))


def make_here(
    *paths: Path,
    output: Path | None = None,
    formats: Sequence[Format] = (Format.BIF,),
    intervals_ms: tuple[int, ...] = (2000,),
    width: int = 64,
    quality: int = 80,
    force: bool = False,
    mode: Mode = Mode.AUTO,
    max_height: int | None = None,
    skip_nonref: bool = False,
) -> list[Result]:
    """Make the previews of `paths` in this process, one film after the other."""
    planned = plan(*paths, output=output, formats=formats, intervals_ms=intervals_ms, width=width)
    recipe = Recipe(Wanted(intervals_ms, width, max_height, mode, skip_nonref), quality, force)
    return [make_previews(task, recipe) for task in planned.tasks]


def temporaries_below(folder: Path) -> list[Path]:
    """What a killed or careless run left hidden anywhere below `folder`."""
    return [
        Path(parent, name)
        for parent, folders, names in os.walk(folder)  # which takes it calmly that folders vanish on the way
        for name in (*folders, *names)
        if temporaries.NAME.fullmatch(name)
    ]
