"""`projectionist cache plan`, `pin`, `unpin`, `pins`: what goes to the fast disks and what leaves them, and why."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from projectionist.cli.cache_run import MOST, NO_TIER, Data, opened

if TYPE_CHECKING:
    from projectionist.features.cache.planning.planner import Thought
    from projectionist.features.cache.wanting.wants import Want

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Item = Annotated[
    int,
    typer.Argument(
        metavar="ITEM", min=1, max=MOST, help="The number of a film, an episode, a season or a show."
    ),
]
Version = Literal["highest", "lowest", "4k", "1080p", "720p", "first"]

_ASKED_BY = "command line"


def plan(as_json: AsJson = False, data: Data = None) -> None:
    """Say what would be copied and what moved back, with the score and its terms; nothing is moved."""
    with opened(data) as house:
        thought = house.cache.planner.think(house.clock.now())
        tiers = {tier.id: tier.name for tier in house.cache.places.tiers()}
    if as_json:
        typer.echo(json.dumps(_object(thought, tiers), ensure_ascii=False, indent=2))
    else:
        _print(thought, tiers)
    if not tiers:
        typer.echo(NO_TIER, err=True)


def pin(
    item: Item,
    version: Annotated[Version, typer.Option(help="Which one, where there are several.")] = "highest",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what it would take, and what would not fit any more.")
    ] = False,
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Keep a film, an episode, a season or a show on the fast disk for good."""
    from projectionist.cli.display import shown
    from projectionist.features.cache import acting
    from projectionist.features.cache.sizes import shown_size

    with opened(data) as house:
        ask = acting.weigh_pin if dry_run else acting.pin
        effect = ask(house.cache, item, version, _ASKED_BY)
    if as_json:
        from dataclasses import asdict

        told = {**asdict(effect), "version": version, "pinned": not dry_run}
        typer.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    verb = "would take" if dry_run else "is pinned, and takes"
    files = "1 file" if effect.files == 1 else f"{effect.files} files"
    typer.echo(f"{shown(effect.title)} {verb} {shown_size(effect.size)} in {files}.")
    for line in effect.refused:
        typer.echo(f"Does not fit: {shown(line)}")
    for title in effect.leaves:
        typer.echo(f"No longer fits: {shown(title)}")


def unpin(item: Item, as_json: AsJson = False, data: Data = None) -> None:
    """Let something that was pinned go; it stays as long as it is wanted otherwise."""
    from projectionist.cli.display import shown
    from projectionist.features.cache import acting

    with opened(data) as house:
        title = acting.unpin(house.cache, item)
    told = json.dumps({"item_id": item, "title": title, "pinned": False}, ensure_ascii=False)
    typer.echo(told if as_json else f"{shown(title)} is no longer pinned.")


def pins(as_json: AsJson = False, data: Data = None) -> None:
    """Say what is pinned."""
    from projectionist.cli.display import shown
    from projectionist.features.cache import pins

    with opened(data) as house:
        known = pins.pins(house.database)
    if as_json:
        rows = [
            {
                "item_id": one.item_id,
                "title": one.title,
                "version": one.version,
                "asked_by": one.asked_by,
                "at": one.at.isoformat(),
            }
            for one in known
        ]
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for one in known:
        typer.echo(f"{one.item_id:>8}  {one.version:<8} {shown(one.title)}, by {shown(one.asked_by)}")
    if not known:
        typer.echo("Nothing is pinned.")


def _print(thought: Thought, tiers: dict[int, str]) -> None:
    from projectionist.cli.display import shown
    from projectionist.features.cache.sizes import shown_size

    made = thought.plan
    for failed in thought.wanted.failed:
        whose = f" of {shown(failed.account)}" if failed.account else ""
        where = f" at {shown(failed.server)}" if failed.server else ""
        typer.echo(
            f"{failed.source}{whose}{where} does not answer since {failed.since:%Y-%m-%d %H:%M}, and {failed.kept} "
            f"items that it named before still count: {failed.reason}",
            err=True,
        )
    for copy in made.copies:
        file = copy.want.file
        typer.echo(
            f"  copy  {copy.want.score:>5.1f}  {shown_size(file.size):>9}  {shown(file.title)} to {tiers[copy.tier_id]}"
        )
        for term in copy.want.terms:
            typer.echo(f"{'':>8}{term.points:>5.1f}  {shown(term.why)}")
    for back in made.returns:
        typer.echo(f"return {'':>6}  {shown_size(back.size):>9}  {shown(str(back.path))}: {shown(back.why)}")
    size = shown_size(sum(one.want.file.size for one in made.copies))
    typer.echo(
        f"{len(made.copies)} to copy ({size}), {len(made.returns)} to move back, {len(made.kept)} stay, "
        f"{len(made.refused)} are wanted and not copied."
    )


def _object(thought: Thought, tiers: dict[int, str]) -> dict[str, Any]:
    made = thought.plan
    wants = {one.file.path: one for one in thought.wanted.wants}
    return {
        "copies": [
            {**_want(one.want), "path": str(one.want.file.path), "tier": tiers[one.tier_id]}
            for one in made.copies
        ],
        "returns": [
            {
                "path": str(one.path),
                "tier": tiers[one.tier_id],
                "bytes": one.size,
                "why": one.why,
                "makes_room_for": None if one.makes_room_for is None else str(one.makes_room_for),
            }
            for one in made.returns
        ],
        "kept": [
            {**_want(wants.get(one.path)), "path": str(one.path), "bytes": one.size, "why": one.why}
            for one in made.kept
        ],
        "refused": [
            {**_want(wants.get(one.path)), "path": str(one.path), "bytes": one.size, "why": one.why}
            for one in made.refused
        ],
        "failed": [
            {
                "source": one.source,
                "server": one.server,
                "account": one.account,
                "since": one.since.isoformat(),
                "reason": one.reason,
                "kept": one.kept,
            }
            for one in thought.wanted.failed
        ],
    }


def _want(want: Want | None) -> dict[str, Any]:
    if want is None:
        return {}
    return {
        "item_id": want.file.item_id,
        "title": want.file.title,
        "bytes": want.file.size,
        "score": want.score,
        "terms": [{"name": one.name, "points": one.points, "why": one.why} for one in want.terms],
        "sources": sorted(want.sources),
    }
