"""What backups bring to the web."""

from __future__ import annotations

from pathlib import Path

from projectionist.features.backups import api, pages
from projectionist.web.ports import WebFeature


def feature() -> WebFeature:
    """Their page and their API, for who manages settings."""
    return WebFeature(
        name="backups",
        handlers=(*api.HANDLERS, *pages.HANDLERS),
        templates=Path(__file__).parent / "templates",
    )
