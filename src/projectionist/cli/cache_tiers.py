"""`projectionist cache tiers` and `cache places`: which disks are fast, and which folders they serve."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from projectionist.cli.cache_run import MOST, NO_TIER, Data, opened

if TYPE_CHECKING:
    from projectionist.features.cache.set_up import TierSet
    from projectionist.features.cache.tiers.places import Place
    from projectionist.features.cache.tiers.setting_up import SetUp

tiers = typer.Typer(no_args_is_help=True, help="The fast tiers of this machine, and how much they take.")
places = typer.Typer(no_args_is_help=True, help="The folders of libraries that the fast tiers serve.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
TierId = Annotated[int, typer.Argument(metavar="ID", min=1, max=MOST, help="As `tiers list` shows it.")]
PlaceId = Annotated[int, typer.Argument(metavar="ID", min=1, max=MOST, help="As `places list` shows it.")]
LayoutName = Literal["symlink", "union"]
SidecarsName = Literal["all", "subtitles", "none"]
_SIZE = "500GB (a bare number is GB) or 80%."


@tiers.command("list")
def list_tiers(as_json: AsJson = False, data: Data = None) -> None:
    """Show each fast tier, what is on it and which of its rules binds."""
    from projectionist.cli.display import shown
    from projectionist.features.cache import set_up

    with opened(data) as house:
        found = [_tier(one) for one in set_up.tiers_set(house.cache)]
    if as_json:
        _print_json(found)
        return
    for one in found:
        typer.echo(f"{one['id']}  {one['name']}  {shown(one['root'])}  {_state(one)}")
    if not found:
        typer.echo(NO_TIER)


@tiers.command("add")
def add_tier(
    root: Annotated[str, typer.Argument(metavar="DIR", help="A folder on the fast disk.")],
    name: Annotated[str, typer.Option(help="What to call it; else its folder's name.")] = "",
    quota: Annotated[str, typer.Option(help=f"How much the cache may take: {_SIZE}")] = "",
    usage: Annotated[str, typer.Option(help=f"How full the drive may be: {_SIZE}")] = "",
    min_free: Annotated[str, typer.Option(help=f"How much stays free: {_SIZE}")] = "",
    drive_size: Annotated[str, typer.Option(help="How large it is, where it says something else.")] = "",
    daily_writes: Annotated[str, typer.Option(help="How much may be written in a day.")] = "",
    too_hot_c: Annotated[int, typer.Option("--too-hot", help="No copies from so many °C on; 0: never.")] = 0,
    copies: Annotated[int, typer.Option(help="How many copies at a time.")] = 1,
    position: Annotated[int, typer.Option(help="Lower ones are filled first.")] = 0,
    host_root: Annotated[str, typer.Option(help="Where the host sees it, from within a container.")] = "",
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Add a fast tier, once it is proved to be writable and apart from the slow folders."""
    from projectionist.features.cache import set_up
    from projectionist.features.cache.tiers.setting_up import NewTier

    wanted = NewTier(
        name=name or Path(root).name,
        root=root,
        host_root=host_root,
        position=position,
        quota=quota,
        usage=usage,
        min_free=min_free,
        drive_size=drive_size,
        daily_writes=daily_writes,
        too_hot_c=too_hot_c,
        copies=copies,
    )
    with opened(data) as house:
        _tell(set_up.save_tier(house.cache, wanted), as_json=as_json)


@tiers.command("change")
def change_tier(
    tier: TierId,
    name: Annotated[str | None, typer.Option(help="What to call it.")] = None,
    root: Annotated[str | None, typer.Option(metavar="DIR", help="Its folder, while it is empty.")] = None,
    quota: Annotated[str | None, typer.Option(help=f"{_SIZE} 0 takes the rule away.")] = None,
    usage: Annotated[str | None, typer.Option(help=f"{_SIZE} 0 takes the rule away.")] = None,
    min_free: Annotated[str | None, typer.Option(help=f"{_SIZE} 0 takes the rule away.")] = None,
    drive_size: Annotated[str | None, typer.Option(help="0: what the drive says of itself.")] = None,
    daily_writes: Annotated[str | None, typer.Option(help="How much may be written in a day.")] = None,
    too_hot_c: Annotated[int | None, typer.Option("--too-hot", help="In °C; 0: never.")] = None,
    copies: Annotated[int | None, typer.Option(help="How many copies at a time.")] = None,
    position: Annotated[int | None, typer.Option(help="Lower ones are filled first.")] = None,
    host_root: Annotated[str | None, typer.Option(help="Where the host sees it.")] = None,
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Change what is said, and leave the rest of a fast tier as it is."""
    from dataclasses import replace

    from projectionist.features.cache import set_up

    said: dict[str, Any] = {
        "name": name,
        "root": root,
        "quota": quota,
        "usage": usage,
        "min_free": min_free,
        "drive_size": drive_size,
        "daily_writes": daily_writes,
        "too_hot_c": too_hot_c,
        "copies": copies,
        "position": position,
        "host_root": host_root,
    }
    with opened(data) as house:
        known = set_up.tier_set(house.cache, tier).typed
        wanted = replace(known, **{field: value for field, value in said.items() if value is not None})
        _tell(set_up.save_tier(house.cache, wanted, tier), as_json=as_json)


@tiers.command("limit")
def limit(
    most: Annotated[
        str, typer.Argument(metavar="[SIZE]", help="At most so much, as in 500GB.", show_default=False)
    ] = "",
    library: Annotated[int | None, typer.Option(metavar="ID", min=1, max=MOST, help="For a library.")] = None,
    account: Annotated[
        int | None, typer.Option(metavar="ID", min=1, max=MOST, help="For a person of a server.")
    ] = None,
    item: Annotated[int | None, typer.Option(metavar="ID", min=1, max=MOST, help="For an item.")] = None,
    any_item: Annotated[bool, typer.Option("--any-item", help="For any one item.")] = False,
    exclude: Annotated[bool, typer.Option("--exclude", help="Nothing of it is copied.")] = False,
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Say what something takes at most, or that it takes nothing; with neither, as it likes. For nothing: show all."""
    from projectionist.errors import UsageWrong
    from projectionist.features.cache import set_up

    named = {"library": library, "account": account, "item": item}
    targets = [(scope, str(number)) for scope, number in named.items() if number is not None]
    targets += [("item", "")] * any_item
    if len(targets) > 1 or (not targets and (most or exclude)):
        raise UsageWrong("A limit is for one of --library, --account, --item and --any-item.")
    with opened(data) as house:
        for scope, key in targets:
            set_up.save_cap(house.cache, scope, key, most, excluded=exclude)
        caps = set_up.caps_set(house.cache)
    if as_json:
        _print_json([asdict(one) for one in caps])
        return
    for one in caps:
        whom = f"{one.scope} {one.key} {one.name}".strip() if one.key else "any one item"
        typer.echo(f"{whom}  {'nothing' if one.excluded else one.most}")
    if not caps:
        typer.echo("Nothing is limited.")


@tiers.command("remove")
def remove_tier(tier: TierId, as_json: AsJson = False, data: Data = None) -> None:
    """Use a fast tier no more; what is on it has to be moved back first."""
    from projectionist.features.cache import set_up

    with opened(data) as house:
        set_up.remove_tier(house.cache, tier)
    _tell_removed(tier, as_json=as_json)


@places.command("list")
def list_places(as_json: AsJson = False, data: Data = None) -> None:
    """Show each folder that is served."""
    from projectionist.cli.display import shown
    from projectionist.features.cache import set_up

    with opened(data) as house:
        found = [_place(one.place) for one in set_up.places_set(house.cache)]
    if as_json:
        _print_json(found)
        return
    for one in found:
        fast, slow = ", ".join(one["tiers"]), shown(one["slow_root"])
        typer.echo(f"{one['id']}  library {one['library_id']}  {slow}  {one['layout']}  to {fast}")
    if not found:
        typer.echo("No folder is served yet; `projectionist cache places add` adds one.")


@places.command("add")
def add_place(
    library: Annotated[int, typer.Argument(metavar="LIBRARY", min=1, max=MOST, help="The library's number.")],
    root: Annotated[str, typer.Argument(metavar="DIR", help="Its folder on the slow disk.")],
    tier: Annotated[list[int], typer.Option("--tier", help="A fast tier that serves it; in order.")],
    layout: Annotated[LayoutName, typer.Option(help="How paths lead there.")] = "symlink",
    view: Annotated[str, typer.Option(help="Where players see it: the union's folder.")] = "",
    sidecars: Annotated[SidecarsName, typer.Option(help="What travels along.")] = "subtitles",
    arr_owned: Annotated[
        bool, typer.Option("--arr-owned", help="Sonarr or Radarr keeps its files there.")
    ] = False,
    host_root: Annotated[str, typer.Option(help="Where the host sees it, from within a container.")] = "",
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Have a library's folder served, once its layout is proved on the disks."""
    from projectionist.features.cache import set_up
    from projectionist.features.cache.models import Layout
    from projectionist.features.cache.sidecars import Sidecars
    from projectionist.features.cache.tiers.setting_up import NewPlace

    wanted = NewPlace(
        library, root, tuple(tier), Layout(layout), view, host_root, Sidecars(sidecars), arr_owned
    )
    with opened(data) as house:
        _tell(set_up.save_place(house.cache, wanted), as_json=as_json)


@places.command("change")
def change_place(
    place: PlaceId,
    library: Annotated[
        int | None, typer.Option(metavar="ID", min=1, max=MOST, help="The library's number.")
    ] = None,
    root: Annotated[str | None, typer.Option(metavar="DIR", help="Its folder on the slow disk.")] = None,
    tier: Annotated[
        list[int] | None, typer.Option("--tier", help="The fast tiers that serve it from now on; in order.")
    ] = None,
    layout: Annotated[LayoutName | None, typer.Option(help="How paths lead there.")] = None,
    view: Annotated[
        str | None, typer.Option(help="Where players see it; nothing: the slow folder itself.")
    ] = None,
    sidecars: Annotated[SidecarsName | None, typer.Option(help="What travels along.")] = None,
    arr_owned: Annotated[
        bool | None,
        typer.Option("--arr-owned/--not-arr-owned", help="Whether an *arr keeps its files there."),
    ] = None,
    host_root: Annotated[str | None, typer.Option(help="Where the host sees it.")] = None,
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Change what is said, and leave the rest of a served folder as it is; its layout is proved again."""
    from dataclasses import replace

    from projectionist.features.cache import set_up
    from projectionist.features.cache.models import Layout
    from projectionist.features.cache.sidecars import Sidecars

    said: dict[str, Any] = {
        "library_id": library,
        "slow_root": root,
        "tier_ids": tuple(tier) if tier else None,
        "layout": layout and Layout(layout),
        "view_root": view,
        "host_root": host_root,
        "sidecars": sidecars and Sidecars(sidecars),
        "arr_owned": arr_owned,
    }
    with opened(data) as house:
        known = set_up.place_typed(set_up.place_set(house.cache, place).place)
        wanted = replace(known, **{field: value for field, value in said.items() if value is not None})
        _tell(set_up.save_place(house.cache, wanted, place), as_json=as_json)


@places.command("remove")
def remove_place(place: PlaceId, as_json: AsJson = False, data: Data = None) -> None:
    """Serve a folder no more; what is on a fast tier has to be moved back first."""
    from projectionist.features.cache import set_up

    with opened(data) as house:
        set_up.remove_place(house.cache, place)
    _tell_removed(place, as_json=as_json)


def _tell(saved: SetUp, *, as_json: bool) -> None:
    if as_json:
        _print_json({"id": saved.id, "told": saved.told})
        return
    from projectionist.cli.display import shown

    typer.echo(f"Saved as {saved.id}.")
    for line in saved.told:
        typer.echo(f"  {shown(line)}")


def _tell_removed(number: int, *, as_json: bool) -> None:
    if as_json:
        _print_json({"id": number, "removed": True})
    else:
        typer.echo("Removed.")


def _tier(one: TierSet) -> dict[str, Any]:
    """A tier for programs; `degrees` is null where its drive does not tell."""
    shown = {"id": one.tier.id, **asdict(one.typed), "mounted": one.now.room is not None, "at": one.mounted}
    shown |= {"degrees": one.degrees, "written_today": one.written}
    room = one.now.room
    if room is not None:
        shown |= {"ours": room.ours, "limit": room.limit, "left": room.left, "rule": room.rule}
        shown |= {"drive_total": room.drive_total, "drive_free": room.drive_free}
    return shown


def _state(one: dict[str, Any]) -> str:
    from projectionist.features.cache.sizes import shown_size

    if not one["mounted"]:
        return "not mounted"
    rule = {"drive": "all its drive has", "quota": "its quota", "usage": "how full its drive may be"}
    warmth = "nobody tells how warm" if one["degrees"] is None else f"{one['degrees']:.0f} °C"
    return (
        f"{shown_size(one['ours'])} of {shown_size(one['limit'])}, by "
        f"{rule.get(one['rule'], 'what is to stay free')}; {warmth}"
    )


def _place(place: Place) -> dict[str, Any]:
    return {
        "id": place.id,
        "library_id": place.library_id,
        "layout": place.layout.value,
        "slow_root": str(place.slow_root),
        "view_root": str(place.view_root),
        "sidecars": place.sidecars.value,
        "tiers": [tier.name for tier in place.tiers],
    }


def _print_json(value: object) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))
