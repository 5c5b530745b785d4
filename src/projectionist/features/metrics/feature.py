"""What metrics bring to the web."""

from __future__ import annotations

from pathlib import Path

from projectionist.features.metrics import api, pages
from projectionist.web.ports import NavEntry, Permission, WebFeature


def web_feature() -> WebFeature:
    """The System page, its API and `/metrics`; the program gives handlers `metrics`."""
    return WebFeature(
        name="metrics",
        handlers=(*api.HANDLERS, *pages.HANDLERS),
        templates=Path(__file__).parent / "templates",
        nav=(NavEntry("System", "/system", "activity", 84, Permission.MANAGE_SETTINGS),),
    )
