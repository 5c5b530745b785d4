"""What the previews bring to the web: pages, pictures, the API, and panels on shared pages."""

from __future__ import annotations

from pathlib import Path

from projectionist.features.previews import api, pages, pictures
from projectionist.features.previews.panels import panels
from projectionist.features.previews.workplace import Workplace
from projectionist.web.ports import NavEntry, WebFeature


def web_feature(previews: Workplace) -> WebFeature:
    """The previews' part of the web; the program gives handlers `previews` (a Workplace), `showcase` and `jobs`."""
    return WebFeature(
        name="previews",
        handlers=(*api.HANDLERS, *pictures.HANDLERS, *pages.HANDLERS),
        templates=Path(__file__).parent / "templates",
        nav=(NavEntry("Previews", "/previews", "film", 30),),
        panels=panels(previews),
    )
