"""The tables, for a terminal and for docs/performance.md."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template

from rich.console import Console
from rich.table import Table as RichTable

from bench.measuring import Spread
from bench.rows import Row, Table, Verdict

_PAGE = Path(__file__).with_name("performance.template.md")
_FIRST, _AFTER = "## What came of it\n\n", "\n\n## How it was measured"
_COUNTS = re.compile(r"Goals: \d+\. Met: \d+\. Missed: \d+\. Not measurable on this machine: \d+\.")
_STYLES = {Verdict.MET: "green", Verdict.MISSED: "red", Verdict.NOT_HERE: "yellow", Verdict.NO_GOAL: "dim"}


def show(console: Console, tables: Sequence[Table]) -> None:
    """Print the tables to a terminal."""
    for table in tables:
        drawn = RichTable(title=table.title, title_justify="left", title_style="bold")
        for name in _heads(table):
            drawn.add_column(name, justify="left" if name in ("", "verdict") else "right")
        for row in table.rows:
            drawn.add_row(*_cells(row, table), style=_STYLES[row.verdict])
        console.print(drawn)
        for row in table.rows:
            if row.note:
                console.print(f"  {row.name}: {row.note}", style="dim", highlight=False)
        console.print()


def page(tables: Sequence[Table], machine: Mapping[str, str], repeats: int, load: tuple[float, float]) -> str:
    """The text of docs/performance.md."""
    facts = "\n".join(f"| {name} | {value} |" for name, value in machine.items())
    text = Template(_PAGE.read_text(encoding="utf-8")).substitute(
        machine=facts,
        tables="\n\n".join(_markdown(table) for table in tables),
        repeats=repeats,
        load_before=f"{load[0]:.1f}",
        load_after=f"{load[1]:.1f}",
    )
    return _counted(text)


def renewed(text: str, tables: Sequence[Table], when: str, load: tuple[float, float]) -> str:
    """`text`, which `page` made, with `tables` for those of the same titles; a new one follows the last.

    Under each stands when it was measured and what the machine had to do. Raises ValueError where `text` is not
    such a page.
    """
    head, found, rest = text.partition(_FIRST)
    body, ended, tail = rest.partition(_AFTER)
    if not (found and ended and _COUNTS.search(text)):
        raise ValueError("The page holds no tables in the form of the template.")
    kept = {section.partition("\n")[0]: section for section in re.split(r"\n\n(?=### )", body)}
    for table in tables:
        note = (
            f"Measured again on {when}; the machine's load was {load[0]:.1f} before and {load[1]:.1f} after."
        )
        kept[f"### {table.title}"] = f"{_markdown(table)}\n\n{note}"
    return _counted("".join((head, found, "\n\n".join(kept.values()), ended, tail)))


def _counted(text: str) -> str:
    """`text` with the numbers of verdicts of its tables in its first sentence."""
    met, missed, not_here = (
        text.count(f"| {verdict} |\n") for verdict in (Verdict.MET, Verdict.MISSED, Verdict.NOT_HERE)
    )
    said = (
        f"Goals: {met + missed + not_here}. Met: {met}. Missed: {missed}. "
        f"Not measurable on this machine: {not_here}."
    )
    return _COUNTS.sub(said, text, count=1)


def _markdown(table: Table) -> str:
    lines = [
        f"### {table.title}",
        "",
        *_markdown_rows(_heads(table), [_cells(row, table) for row in table.rows]),
    ]
    notes = [f"- {row.name}: {row.note}." for row in table.rows if row.note]
    return "\n".join([*lines, *(["", *notes] if notes else [])])


def _markdown_rows(heads: list[str], rows: list[list[str]]) -> list[str]:
    ruler = ["---" if head in ("", "verdict") else "---:" for head in heads]
    return [f"| {' | '.join(cells)} |" for cells in (heads, ruler, *rows)]


def _heads(table: Table) -> list[str]:
    return ["", *([table.theirs] if table.theirs else []), table.ours, "result", "goal", "verdict"]


def _cells(row: Row, table: Table) -> list[str]:
    theirs = [_spread(row.theirs, row.unit)] if table.theirs else []
    result = "–" if row.result is None else f"{number(row.result)} {row.result_unit}"
    goal = str(row.goal) if row.goal else "–"
    return [row.name, *theirs, _spread(row.ours, row.unit), result, goal, str(row.verdict)]


def _spread(spread: Spread | None, unit: str) -> str:
    """The median with the lowest and the highest value, where there are several."""
    if spread is None:
        return "–"
    middle = f"{number(spread.median)} {unit}"
    if spread.count == 1:
        return middle
    return f"{middle} ({number(spread.low)}–{number(spread.high)})"


def number(value: float) -> str:
    """Three digits, never fewer than those before the point."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
