"""`python -m bench`: measure, print the tables, and with --write keep them in docs/performance.md."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from bench import machine, report
from bench.commands import Projectionist, rival_is_here
from bench.contests import Ring
from bench.films import FilmFolder
from bench.measuring import CommandFailed
from bench.programme import Bench, Programme

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "performance.md"


def main(arguments: list[str]) -> int:
    """0 where everything asked for was measured, whatever came of it; 1 where a command failed; 2 for wrong use."""
    wanted = _options().parse_args(arguments)
    partial = wanted.quick or wanted.only or wanted.repeats < 3
    if wanted.write and partial:
        print(
            "--write keeps a whole run only: leave out --quick and --only, and repeat 3 times.",
            file=sys.stderr,
        )
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
        load = (load_before, machine.load())
        text = report.page(tables, machine.describe(films), wanted.repeats, load)
        PAGE.write_text(text, encoding="utf-8")
        console.print(f"Written to {PAGE.relative_to(ROOT)}.")
    return 0


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
    parser.add_argument("--write", action="store_true", help="keep the tables in docs/performance.md")
    program = Path(sys.executable).parent / "projectionist"
    parser.add_argument("--projectionist", type=Path, default=program, help="the program to measure")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
