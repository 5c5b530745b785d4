"""The pages of the library: the libraries, the wall of posters, search, and pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.params import FromPath, PathParameter, QueryParameter
from litestar.response import Redirect, Template

from projectionist.db.engine import Database
from projectionist.errors import NotFound
from projectionist.features.library import service
from projectionist.features.library.neighbours import Servers
from projectionist.features.library.pictures import ASPECTS, Pictures
from projectionist.features.library.playing import Playing
from projectionist.features.library.service import SYNC, ItemFilter, LibraryFacts
from projectionist.jobs.ports import Job, JobFilter, Jobs, JobState
from projectionist.media.vocabulary import KINDS, ItemKind
from projectionist.web.access import needs
from projectionist.web.injection import Injected
from projectionist.web.limits import SEARCH, SUGGEST, limited
from projectionist.web.ports import Permission, Principal

Id = Annotated[int, PathParameter(ge=1, le=2**31 - 1)]
Text = Annotated[str, QueryParameter(max_length=200)]
Width = Annotated[int, QueryParameter(ge=1, le=4000, name="w")]
Year = Annotated[int | None, QueryParameter(ge=1, le=9999)]
Offset = Annotated[int, QueryParameter(ge=0, le=10_000_000)]
MANAGE = needs(Permission.MANAGE_SERVERS)
ORDER = needs(Permission.MANAGE_JOBS)

WALL_PAGE = 60
SUGGESTED = 8
FOUND = 60
_ACTIVE = (JobState.RUNNING, JobState.QUEUED, JobState.WAITING)
_WITH_FILES = (ItemKind.MOVIE, ItemKind.EPISODE, ItemKind.TRACK, ItemKind.VIDEO)


@dataclass(frozen=True, slots=True)
class Shelf:
    """A library on its page: whose it is, and the sync that runs or waits."""

    library: LibraryFacts
    server: str
    job: Job | None


@get("/libraries", sync_to_thread=True, include_in_schema=False)
def libraries_page(
    database: Injected[Database], servers: Injected[Servers], jobs: Injected[Jobs]
) -> Template:
    """Every library with its count and its last sync."""
    running = _syncs(jobs)
    shelves = [
        Shelf(one, _server_name(servers, one.server_id), running.get(one.id) or running.get(-one.server_id))
        for one in service.libraries(database)
    ]
    return Template("library/list.html", context={"shelves": shelves})


@get("/libraries/{library_id:int}", sync_to_thread=True, include_in_schema=False)
def library_page(
    database: Injected[Database],
    library_id: Id,
    kind: Text = "",
    q: Text = "",
    unwatched: Text = "",
    decade: Year = None,
    year: Year = None,
    resolution: Text = "",
    preview: Text = "",
    sort: Text = "title",
    offset: Offset = 0,
) -> Template:
    """The wall of a library, as the chips let it through."""
    library = service.library(database, library_id)
    kinds = KINDS[library.kind]
    shown = ItemKind(kind) if kind in kinds else (kinds[0] if kinds else None)
    wanted = ItemFilter(
        library_id=library.id,
        kinds=(shown,) if shown else (),
        text=q,
        year=year,
        decade=decade,
        resolution=resolution if resolution in service.RESOLUTIONS else "",
        unwatched=unwatched == "yes",
        no_preview=preview == "none",
    )
    order = sort if sort in service.SORTS else "title"
    found = service.find_items(database, wanted, sort=order, offset=offset, size=WALL_PAGE)
    return Template(
        "library/wall.html",
        context={
            "library": library,
            "stale": service.stale_because(database, library),
            "kinds": [(one, service.kind_counts(database, library.id).get(one, 0)) for one in kinds],
            "shown": shown,
            "has_files": shown in _WITH_FILES,
            "wanted": wanted,
            "sort": order,
            "decades": service.decades(database, library.id, shown) if shown else (),
            "found": found,
            "next_offset": offset + len(found.items) if offset + len(found.items) < found.total else None,
        },
    )


@post("/libraries/{library_id:int}/sync", sync_to_thread=True, include_in_schema=False, **ORDER)
def sync_library(
    request: Request[Any, Any, Any],
    database: Injected[Database],
    jobs: Injected[Jobs],
    principal: Injected[Principal],
    library_id: Id,
) -> Redirect:
    """Ask for a sync, and show it."""
    library = service.library(database, library_id)
    service.order_sync(jobs, library.server_id, library_id=library.id, asked_by=principal.name)
    return _to(request, "/libraries")


@post("/libraries/{library_id:int}/exclude", sync_to_thread=True, include_in_schema=False, **MANAGE)
def exclude_library(
    request: Request[Any, Any, Any], database: Injected[Database], library_id: Id
) -> Redirect:
    """Leave a library out; what is known of it is kept."""
    service.set_enabled(database, library_id, enabled=False)
    return _to(request, "/libraries")


@post("/libraries/{library_id:int}/include", sync_to_thread=True, include_in_schema=False, **MANAGE)
def include_library(
    request: Request[Any, Any, Any], database: Injected[Database], library_id: Id
) -> Redirect:
    """Take a library in again."""
    service.set_enabled(database, library_id, enabled=True)
    return _to(request, "/libraries")


@post("/libraries/{library_id:int}/forget", sync_to_thread=True, include_in_schema=False, **MANAGE)
def forget_library(request: Request[Any, Any, Any], database: Injected[Database], library_id: Id) -> Redirect:
    """Take a library out of the index that its server does not list any more."""
    service.forget_library(database, library_id)
    return _to(request, "/libraries")


@get("/libraries/on-now", sync_to_thread=True, include_in_schema=False)
def on_now(playing: Injected[Playing], principal: Injected[Principal]) -> Template:
    """What is played now, as a part of Home. Who plays it is for those who may see others' history."""
    may_see = principal.may(Permission.VIEW_OTHERS_HISTORY)
    return Template("library/_on_now.html", context={"on_now": playing.now(), "may_see_people": may_see})


@get("/search", sync_to_thread=True, include_in_schema=False, **limited(SEARCH))
def search_page(database: Injected[Database], q: Text = "") -> Template:
    """What a text may mean, over all libraries."""
    return Template(
        "library/search.html", context={"q": q, "cards": service.search_items(database, q, size=FOUND)}
    )


@get("/search/suggest", sync_to_thread=True, include_in_schema=False, **limited(SUGGEST))
def suggest(database: Injected[Database], q: Text = "") -> Template:
    """The best of that, while one types."""
    cards = service.search_items(database, q, size=SUGGESTED)
    return Template("library/_suggestions.html", context={"q": q, "cards": cards})


@get("/images/{item_id:int}/{which:str}", sync_to_thread=True, include_in_schema=False)
def image(
    request: Request[Any, Any, Any],
    pictures: Injected[Pictures],
    item_id: Id,
    which: FromPath[str],
    width: Width = 240,
) -> Response[bytes]:
    """The poster or background of an item, from our own copy."""
    if which not in ASPECTS:
        raise NotFound(f"Items have pictures of these kinds only: {', '.join(ASPECTS)}.")
    webp = "image/webp" in request.headers.get("accept", "")
    found = pictures.picture(item_id, which, width, webp=webp)
    headers = {
        "etag": found.etag,
        "vary": "Accept",
        "cache-control": "private, max-age=30" if found.is_substitute else "private, max-age=86400",
    }
    if found.is_substitute:
        headers["x-picture"] = "substitute"
    given = request.headers.get("if-none-match", "")
    if any(one.strip().removeprefix("W/") in (found.etag, "*") for one in given.split(",")):
        return Response(b"", status_code=304, headers=headers)
    return Response(found.content, media_type=found.content_type, headers=headers)


def _syncs(jobs: Jobs) -> Mapping[int, Job]:
    """The syncs that run or wait, by library; those of a whole server by its id below zero."""
    found = jobs.find(JobFilter(states=_ACTIVE, kinds=(SYNC,)), size=100).items
    return {
        int(job.arguments.get("library_id") or -int(job.arguments["server_id"])): job
        for job in reversed(found)
    }


def _server_name(servers: Servers, server_id: int) -> str:
    try:
        return servers.name(server_id)
    except NotFound:
        return ""


def _to(request: Request[Any, Any, Any], path: str) -> Redirect:
    return Redirect(request.app.state.shell.settings.url(path), status_code=303)


HANDLERS = (
    libraries_page,
    library_page,
    sync_library,
    exclude_library,
    include_library,
    forget_library,
    on_now,
    search_page,
    suggest,
    image,
)
