"""What accounts bring to the web."""

from __future__ import annotations

from pathlib import Path

from projectionist.features.accounts import api, pages, setup_pages
from projectionist.web.ports import WebFeature


def feature() -> WebFeature:
    """Signing in and out, one's own account, and the setup."""
    return WebFeature(
        name="accounts",
        handlers=(*api.HANDLERS, *pages.HANDLERS, *setup_pages.HANDLERS),
        templates=Path(__file__).parent / "templates",
    )
