"""What the audit log brings to the web."""

from __future__ import annotations

from pathlib import Path

from projectionist.features.audit_log import api, pages
from projectionist.web.ports import WebFeature


def feature() -> WebFeature:
    """Its page, its proof and its API, for administrators."""
    return WebFeature(
        name="audit_log",
        handlers=(*api.HANDLERS, *pages.HANDLERS),
        templates=Path(__file__).parent / "templates",
    )
