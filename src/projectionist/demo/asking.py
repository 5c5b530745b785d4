"""What a request asks a simulated Plex server, and how the answer is put: words, pages, JSON or XML."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

from litestar import Request
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.response import Response

from projectionist.demo.bundles import Bundles
from projectionist.demo.catalogue import Entry
from projectionist.demo.elements import Element, Value, container, to_json, to_xml
from projectionist.demo.items import Wording
from projectionist.demo.people import Person
from projectionist.demo.viewing import HouseState

Asked: TypeAlias = Request[Any, Any, State]
Answer: TypeAlias = Response[bytes]

JSON, XML = "application/json", "text/xml;charset=utf-8"
_UNBOUND = 1_000_000


@dataclass(frozen=True)
class Plex:
    """What every handler of the server works on."""

    state: HouseState
    bundles: Bundles
    name: str
    identity: str
    version: str = "1.43.1.10611-1e34174b1"


class Refused(HTTPException):
    """An answer that is no answer; put as Plex puts it, a page of HTML."""


def plex_of(request: Asked) -> Plex:
    """The server that the request has come to."""
    plex: Plex = request.app.state.plex
    return plex


def who(request: Asked) -> Person:
    """Whose token came with the request; raises Refused (401)."""
    person = plex_of(request).state.by_token(token_of(request))
    if person is None:
        raise Refused(status_code=401)
    return person


def owner(request: Asked) -> Person:
    """The same, for what only the owner may ask; raises Refused (403)."""
    person = who(request)
    if not person.is_owner:
        raise Refused(status_code=403)
    return person


def token_of(request: Asked) -> str:
    """The token in the headers or in the query; "" without one."""
    return request.headers.get("X-Plex-Token") or asked(request).get("X-Plex-Token", "")


def wording(request: Asked) -> Wording:
    """How items are said to whoever asks."""
    plex = plex_of(request)
    return Wording(plex.state, plex.bundles, who(request))


def pairs(request: Asked) -> list[tuple[str, str]]:
    """The query in its order; `updatedAt>=5` is the name `updatedAt>` with the value `5`."""
    return parse_qsl(request.scope["query_string"].decode(), keep_blank_values=True)


def asked(request: Asked) -> dict[str, str]:
    """The query, the last one of each name."""
    return dict(pairs(request))


def entry_of(request: Asked, key: int) -> Entry:
    """The item of this key, if whoever asks may see it; raises Refused (404)."""
    entry = plex_of(request).state.catalogue.get(key)
    if entry is None or not who(request).may_see(entry.section):
        raise Refused(status_code=404)
    return entry


def number(request: Asked, name: str) -> int:
    """A number in the path."""
    return int(request.path_params[name])


def reply(
    request: Asked, root: Element, *, status: int = 200, headers: dict[str, str] | None = None
) -> Answer:
    """The tree as JSON where that is asked for, else as XML."""
    wanted = JSON in request.headers.get("accept", "")
    body, kind = (to_json(root), JSON) if wanted else (to_xml(root), XML)
    return Response(body, status_code=status, headers={"content-type": kind, **(headers or {})})


def page(
    request: Asked,
    found: Sequence[Entry],
    say: Callable[[Entry], Element],
    attributes: dict[str, Value | None] | None = None,
    extra: Sequence[Element] = (),
) -> Answer:
    """The page of `found` that is asked for, with its place in the whole; all of it where no page is asked for.

    `extra` stands before the items and does not count.
    """
    first, count = page_bounds(request)
    said = [say(entry) for entry in found[first : first + count]]
    return reply_page(request, said, first, len(found), attributes, extra)


def reply_page(
    request: Asked,
    said: Sequence[Element],
    first: int,
    total: int,
    attributes: dict[str, Value | None] | None = None,
    extra: Sequence[Element] = (),
) -> Answer:
    """A page that is put together already."""
    paged = _is_paged(request)
    place: dict[str, Value | None] = {"totalSize": total, "offset": first} if paged else {}
    headers = {"X-Plex-Container-Start": str(first), "X-Plex-Container-Total-Size": str(total)}
    root = container({"size": len(said), **place, "allowSync": False, **(attributes or {})}, [*extra, *said])
    return reply(request, root, headers=headers if paged else None)


def page_bounds(request: Asked) -> tuple[int, int]:
    """Where the page that is asked for starts, and how much it holds at most; raises Refused (400)."""
    first, count = _given(request, "X-Plex-Container-Start"), _given(request, "X-Plex-Container-Size")
    try:
        return max(0, int(first or 0)), max(0, int(count)) if count is not None else _UNBOUND
    except ValueError:
        raise Refused(status_code=400) from None


def _is_paged(request: Asked) -> bool:
    return _given(request, "X-Plex-Container-Size") is not None


def _given(request: Asked, name: str) -> str | None:
    return request.headers.get(name) or asked(request).get(name)
