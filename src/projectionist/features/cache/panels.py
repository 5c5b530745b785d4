"""What the cache shows on pages of others: what needs somebody, what is on the fast disk, and why an item is there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from projectionist.features.cache import pins, service
from projectionist.features.cache.reading import films, history, standing
from projectionist.features.cache.reading.films import FilmFilter
from projectionist.features.cache.reading.history import MoveFilter
from projectionist.features.cache.running.ordering import BACK, IN, NOW
from projectionist.features.cache.wanting.versions import Preference
from projectionist.features.cache.workplace import TOPIC, Workplace
from projectionist.features.library import service as library
from projectionist.features.library.service import ItemDetail
from projectionist.jobs.ports import Jobs
from projectionist.media.vocabulary import ItemKind
from projectionist.web.ports import Panel, Permission, Principal

_NEWEST = 5
_LATELY = timedelta(days=1)
_LAST_FAILED = 100
_WATCHED = frozenset({ItemKind.MOVIE, ItemKind.SHOW, ItemKind.SEASON, ItemKind.EPISODE})


def panels(place: Workplace, jobs: Jobs) -> tuple[Panel, ...]:
    """The panels, for the shell."""

    def needs(principal: Principal, about: int | None) -> Mapping[str, Any] | None:
        tiers = standing.tiers_now(place)
        if not tiers:
            return None
        since = place.clock.now() - _LATELY
        failed = [
            one.move
            for one in history.moves(place, MoveFilter(result="failed"), size=_LAST_FAILED).items
            if one.move.at >= since
        ]
        missing = [tier for tier in tiers if tier.room is None]
        unconfirmed = not service.is_confirmed(jobs)
        if not (failed or missing or unconfirmed):
            return None
        reason = failed[0].why if failed else ""
        return {"missing": missing, "failed": len(failed), "reason": reason, "unconfirmed": unconfirmed}

    def fast(principal: Principal, about: int | None) -> Mapping[str, Any] | None:
        tiers = standing.tiers_now(place)
        if not tiers:
            return None
        may_see = principal.may(Permission.VIEW_OTHERS_HISTORY)
        newest = films.films(place, FilmFilter(), size=_NEWEST).items if may_see else ()
        moving = sum(job.kind in (IN, NOW, BACK) for job in standing.moving(jobs)) + standing.waiting(jobs)
        return {"tiers": tiers, "newest": newest, "moving": moving}

    def item(principal: Principal, about: int | None) -> Mapping[str, Any] | None:
        if about is None or not place.places.tiers():
            return None
        detail = library.item(place.database, about)
        return _of_item(place, jobs, detail) if detail.kind in _WATCHED else None

    topics = (TOPIC, "jobs")
    return (
        Panel("needs", "cache-needs", 30, "cache/panel_needs.html", needs, Permission.MANAGE_CACHE, topics),
        Panel("home", "cache-fast", 30, "cache/panel_home.html", fast, topics=topics),
        Panel("item", "cache-why", 20, "cache/panel_item.html", item, topics=topics),
    )


def _of_item(place: Workplace, jobs: Jobs, detail: ItemDetail) -> Mapping[str, Any]:
    pinned = {one.item_id: str(one.version) for one in pins.pins(place.database)}
    coming = any(
        job.kind in (IN, NOW) and job.arguments.get("item_id") == detail.id for job in standing.moving(jobs)
    )
    above = [(id_, title, pinned[id_]) for id_, title in detail.above if id_ in pinned]
    has_choice = len(detail.versions) > 1 or detail.kind in (ItemKind.SHOW, ItemKind.SEASON)
    return {
        "here_now": films.films_of_item(place, detail.id),
        "coming": coming,
        "pinned": pinned.get(detail.id, ""),
        "pinned_above": above,
        "versions": [str(one) for one in Preference] if has_choice else [str(Preference.HIGHEST)],
    }
