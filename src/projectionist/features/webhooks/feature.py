"""What webhooks bring to the web."""

from __future__ import annotations

from pathlib import Path

from projectionist.features.webhooks import api, hearing, pages
from projectionist.web.ports import WebFeature


def web_feature() -> WebFeature:
    """The addresses that senders send to, and for who manages settings their pages and API; handlers are given
    `webhooks`.
    """
    return WebFeature(
        name="webhooks",
        handlers=(*hearing.HANDLERS, *api.HANDLERS, *pages.HANDLERS),
        templates=Path(__file__).parent / "templates",
    )
