"""The addresses of pictures: how many a preview has, and each of them as a JPEG that browsers keep."""

from __future__ import annotations

import re
from typing import Annotated, Any
from urllib.parse import quote

from litestar import Request, Response, get
from litestar.params import FromPath, PathParameter, QueryParameter

from projectionist.errors import NotFound
from projectionist.features.previews import showing, upkeep
from projectionist.features.previews.documents import StripDocument, strip_document
from projectionist.features.previews.showing import Showcase, Strip
from projectionist.features.previews.workplace import Workplace
from projectionist.web.access import needs
from projectionist.web.injection import Injected
from projectionist.web.ports import Permission

PartId = Annotated[int, PathParameter(ge=1, le=2**31 - 1)]
Share = Annotated[float, QueryParameter(ge=0, le=1)]
AnyPath = Annotated[str, QueryParameter(max_length=4096)]

_NAME = re.compile(r"(\d{1,9})\.jpg", re.ASCII)
_FOR_EVER = "private, max-age=31536000, immutable"
_FOR_A_WHILE = "private, max-age=300"
_ASK_AGAIN = "private, no-cache"


def part_url(request: Request[Any, Any, Any], part_id: int, version: str) -> str:
    """The address of a part's pictures, with `{n}` for the number; it changes with the preview."""
    path: str = request.app.state.shell.settings.url(f"/previews/parts/{part_id}/frames/")
    return f"{path}{{n}}.jpg?v={version}"


def path_url(request: Request[Any, Any, Any], path: str, version: str) -> str:
    """The same for any preview that is looked into."""
    base: str = request.app.state.shell.settings.url("/previews/view/frames/")
    return f"{base}{{n}}.jpg?v={version}&path={quote(path, safe='')}"


@get("/previews/parts/{part_id:int}/frames.json", include_in_schema=False, sync_to_thread=True)
def part_frames(
    request: Request[Any, Any, Any],
    previews: Injected[Workplace],
    showcase: Injected[Showcase],
    part_id: PartId,
) -> Response[StripDocument | None]:
    """How many pictures a part's preview has, how far apart they are, and where; a count of 0 where there is none."""
    try:
        strip = showing.strip_of_part(previews, showcase, upkeep.get_preview(previews, part_id))
    except NotFound:
        return Response(StripDocument(0, 0, 0, 0, ""), headers={"cache-control": _ASK_AGAIN})
    tag = f'"{strip.version}"'
    headers = {"etag": tag, "cache-control": _ASK_AGAIN}
    if _is_known(request, tag):
        return Response(None, status_code=304, headers=headers)
    return Response(strip_document(strip, part_url(request, part_id, strip.version)), headers=headers)


@get("/previews/parts/{part_id:int}/frames/{name:str}", include_in_schema=False, sync_to_thread=True)
def part_frame(
    request: Request[Any, Any, Any],
    previews: Injected[Workplace],
    showcase: Injected[Showcase],
    part_id: PartId,
    name: FromPath[str],
) -> Response[bytes]:
    """One picture of a part's preview."""
    strip = showing.strip_of_part(previews, showcase, upkeep.get_preview(previews, part_id))
    return _picture(request, showcase, strip, name)


@get("/previews/parts/{part_id:int}/at.jpg", include_in_schema=False, sync_to_thread=True)
def part_frame_at(
    request: Request[Any, Any, Any],
    previews: Injected[Workplace],
    showcase: Injected[Showcase],
    part_id: PartId,
    at: Share = 0.0,
) -> Response[bytes]:
    """The picture at a share of the film, 0 to 1."""
    strip = showing.strip_of_part(previews, showcase, upkeep.get_preview(previews, part_id))
    return _picture_at(request, showcase, strip, at)


@get("/previews/items/{item_id:int}/at.jpg", include_in_schema=False, sync_to_thread=True)
def item_frame_at(
    request: Request[Any, Any, Any],
    previews: Injected[Workplace],
    showcase: Injected[Showcase],
    item_id: PartId,
    at: Share = 0.0,
) -> Response[bytes]:
    """The picture at a share of an item's first file that has a preview, for the wall of posters."""
    return _picture_at(request, showcase, showing.strip_of_item(previews, showcase, item_id), at)


@get(
    "/previews/view/frames.json",
    include_in_schema=False,
    sync_to_thread=True,
    **needs(Permission.MANAGE_PREVIEWS),
)
def path_frames(
    request: Request[Any, Any, Any],
    previews: Injected[Workplace],
    showcase: Injected[Showcase],
    path: AnyPath,
) -> StripDocument:
    """How many pictures any preview below a root has, how far apart they are, and where."""
    strip = showing.strip_of_path(previews, showcase, path)
    return strip_document(strip, path_url(request, path, strip.version))


@get(
    "/previews/view/frames/{name:str}",
    include_in_schema=False,
    sync_to_thread=True,
    **needs(Permission.MANAGE_PREVIEWS),
)
def path_frame(
    request: Request[Any, Any, Any],
    previews: Injected[Workplace],
    showcase: Injected[Showcase],
    name: FromPath[str],
    path: AnyPath,
) -> Response[bytes]:
    """One picture of any preview below a root."""
    return _picture(request, showcase, showing.strip_of_path(previews, showcase, path), name)


def _picture_at(
    request: Request[Any, Any, Any], showcase: Showcase, strip: Strip, at: float
) -> Response[bytes]:
    number = max(0, min(strip.count - 1, int(at * strip.count)))
    answer = _picture(request, showcase, strip, f"{number}.jpg")
    answer.headers["cache-control"] = _FOR_A_WHILE
    return answer


def _picture(request: Request[Any, Any, Any], showcase: Showcase, strip: Strip, name: str) -> Response[bytes]:
    found = _NAME.fullmatch(name)
    if found is None:
        raise NotFound("A picture of a preview is named by its number, as in 12.jpg.")
    number = int(found[1])
    tag = f'"{strip.version}-{number}"'
    kept = request.query_params.get("v") == strip.version
    headers = {"etag": tag, "cache-control": _FOR_EVER if kept else _ASK_AGAIN}
    if _is_known(request, tag) and number < strip.count:
        return Response(b"", status_code=304, headers=headers)
    return Response(showcase.picture(strip, number), media_type="image/jpeg", headers=headers)


def _is_known(request: Request[Any, Any, Any], tag: str) -> bool:
    """Whether the browser has this already (weak tags compare as strong ones: the bytes are the same)."""
    given = request.headers.get("if-none-match", "")
    return any(one.strip().removeprefix("W/") in (tag, "*") for one in given.split(","))


HANDLERS = (part_frames, part_frame, part_frame_at, item_frame_at, path_frames, path_frame)
