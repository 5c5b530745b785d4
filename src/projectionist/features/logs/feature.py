"""What the log brings to the web."""

from __future__ import annotations

from pathlib import Path

from projectionist.features.logs import api, pages
from projectionist.web.ports import NavEntry, Permission, WebFeature


def web_feature() -> WebFeature:
    """The page of the log and its API."""
    return WebFeature(
        name="logs",
        handlers=(*api.HANDLERS, *pages.HANDLERS),
        templates=Path(__file__).parent / "templates",
        nav=(NavEntry("Logs", "/logs", "scroll-text", 85, Permission.MANAGE_SETTINGS),),
    )
