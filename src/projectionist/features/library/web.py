"""What the library brings to the web: pages, pictures, the API, and panels on Home."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from projectionist.db.engine import Database
from projectionist.features.library import api, pages, service
from projectionist.web.ports import NavEntry, Panel, Principal, WebFeature


def web_feature(database: Database) -> WebFeature:
    """The library's part of the web.

    The program gives handlers `database`, `jobs`, `servers` (Servers), `pictures` (Pictures), `playing` (Playing).
    """

    def on_now(principal: Principal, about: int | None) -> Mapping[str, Any] | None:
        return {} if service.libraries(database) else None

    def next_up(principal: Principal, about: int | None) -> Mapping[str, Any] | None:
        cards = service.next_up(database)
        return {"cards": cards} if cards else None

    def recent(principal: Principal, about: int | None) -> Mapping[str, Any] | None:
        cards = service.recently_added(database)
        return {"cards": cards} if cards else None

    def troubles(principal: Principal, about: int | None) -> Mapping[str, Any] | None:
        found = [one for one in service.libraries(database) if one.enabled and service.trouble_of(one)]
        return {"troubles": [(one, service.trouble_of(one)) for one in found]} if found else None

    live = ("library",)
    return WebFeature(
        name="library",
        handlers=(*api.HANDLERS, *pages.HANDLERS),
        templates=Path(__file__).parent / "templates",
        nav=(NavEntry("Libraries", "/libraries", "library", 20),),
        panels=(
            Panel("needs", "library-troubles", 30, "library/panel_troubles.html", troubles, topics=live),
            Panel("home", "library-on-now", 10, "library/panel_on_now.html", on_now),
            Panel("home", "library-next-up", 20, "library/panel_next_up.html", next_up, topics=live),
            Panel("home", "library-recent", 60, "library/panel_recent.html", recent, topics=live),
        ),
        search="/search",
        suggest="/search/suggest",
    )
