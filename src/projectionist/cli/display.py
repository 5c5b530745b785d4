"""What a person sees of a batch: a live display on a terminal, plain lines elsewhere, one sentence at the end."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Task as Row
from rich.text import Text

from projectionist.features.previews.batch import Began, Ended, Event
from projectionist.features.previews.batch import Progress as Went
from projectionist.features.previews.making import Outcome, Result, Task

_WORDS = {
    Outcome.MADE: ("made", "green"),
    Outcome.DAMAGED: ("damaged", "yellow"),
    Outcome.FRESH: ("there already", "dim"),
    Outcome.PLANNED: ("would make", "cyan"),
    Outcome.TOO_SHORT: ("too short", "dim"),
}


def shown(text: str) -> str:
    """A text as it can be shown: undecodable bytes of file names and control characters made visible."""
    encodable = text.encode("utf-8", "backslashreplace").decode()
    return "".join(one if one.isprintable() else f"\\x{ord(one):02x}" for one in encodable)


def place(path: Path) -> str:
    """A path as it can be shown: from here where it lies below, else in full."""
    here = Path.cwd()
    return shown(str(path.relative_to(here) if path.is_relative_to(here) and path != here else path))


class Display:
    """Shows a batch as it goes. `live` off shows nothing but errors of its own."""

    def __init__(self, tasks: Sequence[Task], *, live: bool) -> None:
        self._live = live
        self._console = Console(stderr=True)
        self._rows: dict[Path, TaskID] = {}
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(complete_style="yellow", finished_style="green"),
            TextColumn("{task.percentage:>3.0f} %"),
            _Rate(len(tasks)),
            TimeRemainingColumn(),
            console=self._console,
            auto_refresh=False,
            disable=not (live and self._console.is_terminal),
            transient=True,
        )
        self._all = self._progress.add_task(
            f"{len(tasks)} films", total=sum(_weight(task) for task in tasks), ended=0
        )
        self._shares: dict[Path, float] = {}
        self._weight_done = 0.0

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def show(self, event: Event) -> None:
        """Take in what happened; on a tick, draw."""
        if isinstance(event, Began):
            name = shown(event.task.film.name)
            self._rows[event.task.film] = self._progress.add_task(f"  {name[:48]}", total=1.0, ended=None)
        elif isinstance(event, Went):
            self._shares[event.task.film] = event.share * _weight(event.task)
            if event.task.film in self._rows:
                self._progress.update(self._rows[event.task.film], completed=event.share)
        elif isinstance(event, Ended):
            self._shares.pop(event.task.film, None)
            self._weight_done += _weight(event.task)
            if event.task.film in self._rows:
                self._progress.remove_task(self._rows.pop(event.task.film))
            self._progress.update(self._all, ended=self._progress.tasks[0].fields["ended"] + 1)
        else:
            self._progress.update(self._all, completed=self._weight_done + sum(self._shares.values()))
            self._progress.refresh()

    def tell(self, result: Result) -> None:
        """A line for a film that is done with; on a terminal only for those that need a look."""
        if not self._live:
            return
        if self._console.is_terminal and result.outcome in (Outcome.MADE, Outcome.FRESH, Outcome.TOO_SHORT):
            return
        word, colour = (
            _WORDS.get(Outcome(result.outcome), ("", "")) if not result.failed else ("failed", "red")
        )
        line = Text(f"{word:>13}  ", style=colour)
        line.append(_message(result) or _what_there_is(result), style="default")
        self._progress.console.print(line, soft_wrap=True, highlight=False)


def _message(result: Result) -> str:
    return shown(result.message).replace(shown(str(result.path)), place(result.path))


def _what_there_is(result: Result) -> str:
    where = ", ".join(place(path) for path in result.outputs[:2])
    more = f" and {len(result.outputs) - 2} more" if len(result.outputs) > 2 else ""
    count = f" ({result.thumbnails[0]} thumbnails)" if any(result.thumbnails) else ""
    return f"{shown(result.path.name)}: {where}{more}{count}"


def _weight(task: Task) -> float:
    """How long a film takes against the others, roughly: by its bytes, and something for opening it."""
    return task.size + 50e6


class _Rate(ProgressColumn):
    def __init__(self, total: int) -> None:
        super().__init__()
        self._total = total
        self._began = time.monotonic()

    def render(self, task: Row) -> Text:
        ended = task.fields.get("ended")
        if ended is None:
            return Text("")
        minutes = max(1e-9, (time.monotonic() - self._began) / 60)
        speed = f"{task.completed / 1e9 / minutes:,.1f} GB/min" if task.completed else "starting"
        return Text(f"{ended}/{self._total} · {speed}", style="dim")


@dataclass(slots=True)
class Summary:
    """The batch in numbers: for the last line, the last JSON object and the exit code."""

    dry_run: bool = False
    folder: Path | None = None
    interrupted: bool = False
    outcomes: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    thumbnails: int = 0
    bytes_read: int = 0
    cpu_seconds: float = 0.0
    began: float = field(default_factory=time.monotonic)

    def count(self, result: Result) -> None:
        """Take in one result."""
        self.outcomes[str(result.outcome)] += 1
        self.failed += result.failed
        self.thumbnails += sum(result.thumbnails)
        self.bytes_read += result.bytes_read
        self.cpu_seconds += result.cpu_seconds

    @property
    def exit_code(self) -> int:
        """0 all done, 1 some failed, 130 interrupted."""
        return 130 if self.interrupted else int(self.failed > 0)

    def as_dict(self) -> dict[str, object]:
        """The last JSON object."""
        return {
            "summary": True,
            "films": self.outcomes.total(),
            "outcomes": dict(self.outcomes),
            "failed": self.failed,
            "thumbnails": self.thumbnails,
            "bytes_read": self.bytes_read,
            "cpu_seconds": round(self.cpu_seconds, 3),
            "seconds": round(time.monotonic() - self.began, 3),
            "interrupted": self.interrupted,
            "dry_run": self.dry_run,
        }

    def sentence(self) -> str:
        """What came of it all and where it is."""
        made = self.outcomes[Outcome.MADE] + self.outcomes[Outcome.DAMAGED]
        parts = [
            f"{made} {'film' if made == 1 else 'films'} with new previews" if made else "",
            f"{self.outcomes[Outcome.PLANNED]} would be made" if self.outcomes[Outcome.PLANNED] else "",
            f"{self.outcomes[Outcome.DAMAGED]} of them damaged" if self.outcomes[Outcome.DAMAGED] else "",
            f"{self.outcomes[Outcome.FRESH]} had theirs already" if self.outcomes[Outcome.FRESH] else "",
            f"{self.outcomes[Outcome.TOO_SHORT]} too short" if self.outcomes[Outcome.TOO_SHORT] else "",
            f"{self.failed} failed" if self.failed else "",
        ]
        about = "about " if self.dry_run else ""
        numbers = (
            f"{self.thumbnails:,} thumbnails, {about}{self.bytes_read / 1e6:,.1f} MB read, "
            f"{about}{self.cpu_seconds:,.1f} s of CPU, {time.monotonic() - self.began:,.1f} s"
        )
        stop = (
            "Stopped before the end; what is there is whole, and a second run goes on. "
            if self.interrupted
            else ""
        )
        where = "beside the films" if self.folder is None else f"in {place(self.folder)}"
        there = self.outcomes[Outcome.PLANNED] or made or self.outcomes[Outcome.FRESH]
        end = f" They {'would be' if self.dry_run else 'are'} {where}." if there else ""
        return f"{stop}{', '.join(part for part in parts if part) or 'Nothing to do'} ({numbers}).{end}"
