"""`python -m bench`: measure, print the tables, and with --write keep them in docs/performance.md."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from bench import machine, report
from bench.commands import Projectionist, rival_is_here
from bench.contests import Ring
from bench.films import FilmFolder
from bench.measuring import CommandFailed
from bench.programme import Bench, Programme
from bench.rows import Table

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "performance.md"


def main(arguments: list[str]) -> int:
    """0 where everything asked for was measured, whatever came of it; 1 where a command failed; 2 for wrong use."""
    wanted = _options().parse_args(arguments)
    if wanted.write and (wanted.quick or wanted.repeats < 3):
        print("--write keeps full runs only: leave out --quick, and repeat 3 times.", file=sys.stderr)
        return 2
    console = Console(stderr=True)
    load_before = machine.load()
    if not rival_is_here():
        console.print("No ffmpeg and ffprobe here: the rival's side is left out.", style="yellow")
    films = wanted.films.absolute()
    folder = FilmFolder(films, console.print)
    with (
        tempfile.TemporaryDirectory(prefix="scratch-", dir=films) as scratch,
        console.status("Measuring") as status,
    ):
        projectionist = Projectionist(wanted.projectionist.absolute(), Path(scratch))
        ring = Ring(projectionist, 1 if wanted.quick else wanted.repeats, status.update)
        bench = Bench(Programme(wanted.quick), ring, folder, Path(scratch), tuple(wanted.only))
        try:
            tables = bench.run()
        except CommandFailed as failure:
            console.print(f"bench: {failure}", style="red", markup=False)
            return 1
    report.show(Console(), tables)
    if wanted.quick:
        console.print(
            "Quick: one run each on short films, good for trying the benchmark, not for believing it."
        )
    if wanted.write:
        _keep(tables, films, wanted, (load_before, machine.load()))
        console.print(f"Written to {PAGE.relative_to(ROOT)}.")
    return 0


def _keep(
    tables: Sequence[Table], films: Path, wanted: argparse.Namespace, load: tuple[float, float]
) -> None:
    """Write the page anew after a whole run; of a part, only its tables."""
    about = machine.describe(films)
    if wanted.only:
        text = report.renewed(PAGE.read_text(encoding="utf-8"), tables, about["date"], load)
    else:
        text = report.page(tables, about, wanted.repeats, load)
    PAGE.write_text(text, encoding="utf-8")


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument(
        "--films", type=Path, default=ROOT / ".bench", help="where the films are kept (1.5 GB)"
    )
    parser.add_argument("--repeats", type=int, default=3, help="runs of each side (3)")
    parser.add_argument(
        "--only", action="append", default=[], metavar="NAME", help="only parts of such a name"
    )
    parser.add_argument("--quick", action="store_true", help="one run each on short films")
    parser.add_argument(
        "--write",
        action="store_true",
        help="keep what was measured in docs/performance.md: the page, or with --only its tables",
    )
    program = Path(sys.executable).parent / "projectionist"
    parser.add_argument("--projectionist", type=Path, default=program, help="the program to measure")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
