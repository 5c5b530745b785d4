"""The simulated server's pictures, films and previews."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from urllib.parse import urlsplit

from litestar import get

from projectionist.demo import pictures
from projectionist.demo.asking import Answer, Asked, Refused, asked, entry_of, number, plex_of, who
from projectionist.demo.catalogue import Catalogue, Entry, Kind, Part
from projectionist.errors import PreviewInvalid
from projectionist.frames.bif import read_bif

_TYPES = {
    ".mkv": "video/x-matroska",
    ".webm": "video/webm",
    ".mp4": "video/mp4",
    ".mov": "video/quicktime",
    ".avi": "video/x-msvideo",
    ".flac": "audio/flac",
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
}
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_PICTURE = re.compile(r"/library/metadata/(\d+)/(thumb|art)(?:/\d+)?")


@get(
    [
        "/library/metadata/{item_id:int}/{kind:str}",
        "/library/metadata/{item_id:int}/{kind:str}/{changed:int}",
    ]
)
async def item_picture(request: Asked) -> Answer:
    """A poster (`thumb`) or a background (`art`)."""
    entry = entry_of(request, number(request, "item_id"))
    kind = request.path_params["kind"]
    if kind not in ("thumb", "art"):
        raise Refused(status_code=404)
    return await _picture(plex_of(request).state.catalogue, entry, kind)


@get("/photo/:/transcode")
async def transcoded_picture(request: Asked) -> Answer:
    """A picture of this server fitted into `width` x `height`."""
    query = asked(request)
    found = _PICTURE.fullmatch(urlsplit(query.get("url", "")).path)
    if found is None:
        raise Refused(status_code=404)
    entry = entry_of(request, int(found[1]))
    whole = await _picture(plex_of(request).state.catalogue, entry, found[2])
    try:
        size = int(query.get("width", "0")), int(query.get("height", "0"))
        fitted = await asyncio.to_thread(pictures.resized, whole.content, *size)
    except ValueError:
        raise Refused(status_code=400) from None
    return Answer(fitted, media_type="image/jpeg")


@get("/library/parts/{part_id:int}/{changed:int}/{name:str}")
async def part_file(request: Asked) -> Answer:
    """A file, or the range of it that is asked for."""
    part = _part(request)
    first, last = _range(request.headers.get("Range"), part.path.stat().st_size)
    whole = request.headers.get("Range") is None
    body = await asyncio.to_thread(_read, part.path, first, last + 1 - first)
    headers = {"Accept-Ranges": "bytes"}
    if not whole:
        headers["Content-Range"] = f"bytes {first}-{last}/{part.path.stat().st_size}"
    kind = _TYPES.get(part.path.suffix, "application/octet-stream")
    return Answer(body, status_code=200 if whole else 206, media_type=kind, headers=headers)


@get("/library/parts/{part_id:int}/indexes/{index:str}")
async def preview(request: Asked) -> Answer:
    """The preview of a file as it lies in its bundle."""
    path = _preview(request)
    return Answer(await asyncio.to_thread(path.read_bytes), media_type="application/octet-stream")


@get("/library/parts/{part_id:int}/indexes/{index:str}/{offset:int}")
async def preview_picture(request: Asked) -> Answer:
    """The picture that the preview has for a moment, in milliseconds."""
    try:
        body = await asyncio.to_thread(_picture_at, _preview(request), number(request, "offset"))
    except PreviewInvalid:
        raise Refused(status_code=500) from None
    return Answer(body, media_type="image/jpeg")


async def _picture(catalogue: Catalogue, entry: Entry, kind: str) -> Answer:
    if kind == "art":
        body = await asyncio.to_thread(pictures.background, entry.title, entry.look)
    else:
        above = catalogue.ancestors(entry)
        subtitle = above[-1].title if above else str(entry.year or "")
        square = entry.kind in (Kind.ARTIST, Kind.ALBUM, Kind.TRACK)
        size = pictures.SQUARE if square else pictures.POSTER
        if entry.kind is Kind.EPISODE:
            size = (480, 270)
        body = await asyncio.to_thread(pictures.poster, entry.title, subtitle, entry.look, size)
    return Answer(body, media_type="image/jpeg")


def _part(request: Asked) -> Part:
    person = who(request)
    found = plex_of(request).state.catalogue.part(number(request, "part_id"))
    if found is None or not person.may_see(found[0].section) or not found[1].path.is_file():
        raise Refused(status_code=404)
    return found[1]


def _preview(request: Asked) -> Path:
    path = plex_of(request).bundles.preview(_part(request))
    if request.path_params["index"] != "sd" or not path.is_file():
        raise Refused(status_code=404)
    return path


def _range(wanted: str | None, size: int) -> tuple[int, int]:
    """The first and the last byte asked for."""
    if wanted is None:
        return 0, size - 1
    found = _RANGE.fullmatch(wanted)
    if found is None or found.group(0) == "bytes=-":
        raise Refused(status_code=416)
    first = int(found[1]) if found[1] else max(0, size - int(found[2]))
    last = min(int(found[2]), size - 1) if found[1] and found[2] else size - 1
    if first > last:
        raise Refused(status_code=416)
    return first, last


def _read(path: Path, first: int, count: int) -> bytes:
    with path.open("rb") as file:
        file.seek(first)
        return file.read(count)


def _picture_at(path: Path, milliseconds: int) -> bytes:
    with read_bif(path) as bif:
        return bif.picture(min(len(bif) - 1, milliseconds // max(1, bif.interval_ms)))


HANDLERS = [item_picture, transcoded_picture, part_file, preview, preview_picture]
"""All of these, for the application."""
