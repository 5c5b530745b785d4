"""The page of one item: what it is, its files and where they are, who watched it, and what others know of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from litestar import get
from litestar.params import PathParameter, QueryParameter
from litestar.response import Template

from projectionist.db.engine import Database
from projectionist.features.library import service as library
from projectionist.features.library.service import Servers
from projectionist.web.injection import Injected
from projectionist.web.ports import Permission, Principal, WebFeature

Id = Annotated[int, PathParameter(ge=1, le=2**31 - 1)]
Offset = Annotated[int, QueryParameter(ge=0, le=10_000_000)]
CHILDREN = 100


@get("/items/{item_id:int}", sync_to_thread=True, include_in_schema=False)
def item_page(
    database: Injected[Database],
    servers: Injected[Servers],
    principal: Injected[Principal],
    item_id: Id,
    offset: Offset = 0,
) -> Template:
    """An item."""
    item = library.item(database, item_id)
    children = library.children(database, item_id, offset=offset, size=CHILDREN)
    may_see_all = principal.may(Permission.VIEW_OTHERS_HISTORY)
    return Template(
        "item/show.html",
        context={
            "item": item,
            "children": children,
            "children_size": CHILDREN,
            "where": library.whereabouts(servers, item.server_id, item.versions),
            "watchers": library.watchers(database, item_id, everybody=may_see_all),
        },
    )


def web_feature() -> WebFeature:
    """The page; the program gives its handler `database` and `servers`."""
    return WebFeature(name="item", handlers=(item_page,), templates=Path(__file__).parent / "templates")
