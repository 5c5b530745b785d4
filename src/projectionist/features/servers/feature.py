"""What servers bring to the web."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from projectionist.db.engine import Database
from projectionist.features.servers import api, pages, service
from projectionist.web.ports import Alert, NavEntry, Panel, Permission, Principal, WebFeature


def feature(database: Database) -> WebFeature:
    """The servers, and on Home those that stopped answering."""

    def silent(principal: Principal, about: int | None) -> Mapping[str, Any] | None:
        failing = service.failing_servers(database)
        return {"failing": failing} if failing else None

    def alerts(principal: Principal) -> Sequence[Alert]:
        if not principal.may(Permission.MANAGE_SERVERS):
            return ()
        return [
            Alert(f"{one.name} does not answer", f"/servers/{one.id}", "bad")
            for one in service.failing_servers(database)
        ]

    return WebFeature(
        name="servers",
        handlers=(*api.HANDLERS, *pages.HANDLERS),
        templates=Path(__file__).parent / "templates",
        nav=(NavEntry("Servers", "/servers", "server", 60, Permission.MANAGE_SERVERS),),
        panels=(
            Panel(
                "needs",
                "servers",
                10,
                "servers/_silent.html",
                silent,
                permission=Permission.MANAGE_SERVERS,
                topics=("server",),
            ),
        ),
        alerts=alerts,
    )
