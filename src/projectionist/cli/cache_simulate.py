"""`projectionist cache simulate` and `cache household`: what a fast disk would have come to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from projectionist.features.cache.simulating.replay import Outcome

Policy = Literal["ours", "ondeck", "lru", "score", "clairvoyant", "all"]


def simulate(
    library: Annotated[
        Path,
        typer.Option(metavar="CSV", help="item, type, show, season, episode, bytes, duration_s, added_at."),
    ],
    history: Annotated[
        Path, typer.Option(metavar="CSV", help="started_at, user, item, end_position_s, finished.")
    ],
    size: Annotated[
        str, typer.Option(help="Room on the fast disk: 500GB; B to TB in units of 1024, GB if not said.")
    ],
    watchlist: Annotated[Path | None, typer.Option(metavar="CSV", help="at, user, item, action.")] = None,
    policy: Annotated[Policy, typer.Option(help="Who decides what is copied.")] = "ours",
    rate: Annotated[str, typer.Option(help="How fast the slow disk is copied.")] = "150MB/s",
    setting: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="A setting of PlexCache-D by its own name, for ondeck (its eviction mode fifo) and score (smart): "
            "number_episodes=5, watchlist_toggle=false, days_to_monitor=30. Again for more.",
        ),
    ] = None,
    settings: Annotated[
        Path | None,
        typer.Option(
            metavar="JSON", help="Its plexcache_settings.json, with all that counts for a simulation."
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Replay a history of plays, and say how many would have come from the fast disk."""
    from projectionist.features.cache.simulating.contest import PolicyName, simulate
    from projectionist.features.cache.simulating.rival_settings import (
        rules_of,
        setting_typed,
        settings_in,
        settings_of,
    )
    from projectionist.features.cache.simulating.tables import read_past
    from projectionist.features.cache.sizes import bytes_of, rate_of

    rules = rules_of(
        {**(settings_in(settings) if settings else {}), **dict(map(setting_typed, setting or ()))}
    )
    capacity, speed = bytes_of(size), rate_of(rate)
    past = read_past(library, history, watchlist)
    if past.strangers:
        typer.echo(
            f"Left out: {past.strangers} rows about items that {library} does not list.",
            err=True,
        )
    chosen = None if policy == "all" else PolicyName(policy)
    _print(list(simulate(past, capacity, speed, chosen, rules)), settings_of(rules), as_json=json)


def household(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where library.csv, history.csv and watchlist.csv go.")
    ],
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same household.")] = 1,
    users: Annotated[int, typer.Option(min=1, max=100, help="How many people watch.")] = 4,
    days: Annotated[int, typer.Option(min=1, max=3650, help="How long.")] = 365,
    size: Annotated[str, typer.Option(help="About how large the library is.")] = "35TB",
) -> None:
    """Make up a household and what it watches, to try `simulate` on."""
    from projectionist.features.cache.households.watching import live
    from projectionist.features.cache.households.writing import write_tables
    from projectionist.features.cache.sizes import bytes_of

    past = live(seed, users=users, days=days, size=bytes_of(size))
    for path in write_tables(past, folder):
        typer.echo(str(path))


def _print(outcomes: list[Outcome], settings: dict[str, float], *, as_json: bool) -> None:
    from projectionist.features.cache.simulating.report import HEADS, as_object, as_rows

    if as_json:
        import json

        typer.echo(json.dumps({**as_object(outcomes), "rival_settings": settings}, indent=2))
        return
    rows = [HEADS, *as_rows(outcomes)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(HEADS))]
    for name, *cells in rows:
        typer.echo(
            "  ".join([name.ljust(widths[0]), *(c.rjust(w) for c, w in zip(cells, widths[1:], strict=True))])
        )
