"""The addresses that senders send to. No cookie and no token of a person counts here; only the sender's own secret."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from litestar import Request, post
from litestar.concurrency import sync_to_thread
from litestar.datastructures import FormMultiDict
from litestar.exceptions import ClientException
from litestar.params import FromPath

from projectionist.db.counting import Taken
from projectionist.errors import TellingWrong
from projectionist.features.webhooks import receiving
from projectionist.features.webhooks.service import Sender
from projectionist.features.webhooks.workplace import Workplace
from projectionist.media.telling import IN_FORM
from projectionist.web import limits
from projectionist.web.access import OPEN
from projectionist.web.bodies import FILES, holds_null, larger, null_character
from projectionist.web.csrf import WITHOUT_COOKIES
from projectionist.web.identifying import ANONYMOUS
from projectionist.web.injection import Injected
from projectionist.web.problems import WrongContentType

HEADER = "x-webhook-secret"
MOST_JSON = 256_000
MOST_FORM = 1_000_000
"""Plex sends a poster besides."""

_HEARD = {"opt": {**OPEN["opt"], ANONYMOUS: True, WITHOUT_COOKIES: True}}
_FORM = "multipart/form-data"


@post("/webhooks/{sender:str}", status_code=204, include_in_schema=False, **larger(MOST_JSON, _HEARD))
async def hear(request: Request[Any, Any, Any], webhooks: Injected[Workplace], sender: FromPath[str]) -> None:
    """Take what a sender tells that shows its secret in a header."""
    await _hear(request, webhooks, sender, shown_by(request), by_address=False)


@post(
    "/webhooks/{sender:str}/{secret:str}",
    status_code=204,
    include_in_schema=False,
    **larger(MOST_FORM, {"opt": {**_HEARD["opt"], FILES: True}}),
)
async def hear_by_address(
    request: Request[Any, Any, Any],
    webhooks: Injected[Workplace],
    sender: FromPath[str],
    secret: FromPath[str],
) -> None:
    """Take what a sender tells that can show its secret in the address only."""
    await _hear(request, webhooks, sender, secret, by_address=True)


def shown_by(request: Request[Any, Any, Any]) -> str:
    """The secret in the headers of a request: its own header, a bearer, or the password of a basic sign-in."""
    if own := request.headers.get(HEADER, "").strip():
        return own
    scheme, _, shown = request.headers.get("authorization", "").strip().partition(" ")
    if scheme.lower() == "bearer":
        return shown.strip()
    return _password_in(shown.strip()) if scheme.lower() == "basic" else ""


async def _hear(
    request: Request[Any, Any, Any], place: Workplace, named: str, secret: str, *, by_address: bool
) -> None:
    address = request.client.host if request.client else "unknown"

    def tell(taken: Taken) -> None:
        wait_s = taken.wait_s(place.now())
        request.scope["state"][limits.STATE] = limits.headers_of(taken, wait_s)

    def known() -> Sender:
        return receiving.known_sender(place, named, secret, address, tell, by_address=by_address)

    sender = await sync_to_thread(known)
    body = await _json_of(request, sender)
    await sync_to_thread(receiving.take, place, sender, body, address)


async def _json_of(request: Request[Any, Any, Any], sender: Sender) -> bytes:
    """What was sent, out of its form where it came in one. Raises WrongContentType, TellingWrong."""
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    field = IN_FORM.get(sender.kind)
    if given == _FORM and field is not None:
        return await _field_of(request, field)
    if given != "application/json":
        taken = f"application/json or {_FORM}" if field is not None else "application/json"
        raise WrongContentType(f"This address takes {taken}, not {given or 'a body without a content type'}.")
    return await request.body()


async def _field_of(request: Request[Any, Any, Any], field: str) -> bytes:
    form: FormMultiDict | None = None
    try:
        form = await request.form()
        value = form.get(field)
    except (ClientException, LookupError, ValueError) as error:  # half a form, or letters of no alphabet
        raise TellingWrong("What was sent is no whole form.") from error
    finally:
        if form is not None:
            await form.close()
    if not isinstance(value, str):
        raise TellingWrong(f"The form has no field {field} with the JSON.")
    sent = value.encode("utf-8", "replace")
    if holds_null(sent, "application/json"):
        raise null_character()
    return sent


def _password_in(shown: str) -> str:
    try:
        _, _, password = base64.b64decode(shown, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return ""
    return password


HANDLERS = (hear, hear_by_address)
