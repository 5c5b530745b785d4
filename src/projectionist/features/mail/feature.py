"""What mail brings to the web."""

from __future__ import annotations

from pathlib import Path

from projectionist.features.mail import api, pages
from projectionist.web.ports import WebFeature


def feature() -> WebFeature:
    """Its page and its API, for who manages settings."""
    return WebFeature(
        name="mail",
        handlers=(*api.HANDLERS, *pages.HANDLERS),
        templates=Path(__file__).parent / "templates",
    )
