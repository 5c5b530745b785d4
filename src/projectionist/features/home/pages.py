"""Home: what needs somebody, what is on, and what came of the last day; every part is another feature's panel."""

from __future__ import annotations

from pathlib import Path

from litestar import get
from litestar.response import Template

from projectionist.web.limits import HOME, limited
from projectionist.web.ports import NavEntry, WebFeature


@get("/", sync_to_thread=True, include_in_schema=False, **limited(HOME))
def home_page() -> Template:
    """Home."""
    return Template("home/show.html")


def web_feature() -> WebFeature:
    """The page and its place in the navigation."""
    return WebFeature(
        name="home",
        handlers=(home_page,),
        templates=Path(__file__).parent / "templates",
        nav=(NavEntry("Home", "/", "house", 10),),
    )
