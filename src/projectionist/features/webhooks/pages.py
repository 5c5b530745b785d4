"""The pages of webhooks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from projectionist.errors import ProjectionistError
from projectionist.features.webhooks import service
from projectionist.features.webhooks.service import Shown
from projectionist.features.webhooks.workplace import Workplace
from projectionist.media.telling import SenderKind
from projectionist.web.access import needs
from projectionist.web.config import ShellSettings
from projectionist.web.forms import Form, errors_of, text, to
from projectionist.web.injection import Injected
from projectionist.web.ports import Permission

MANAGE = needs(Permission.MANAGE_SETTINGS)
PAGE = "/senders"
SENDER = f"{PAGE}/{{sender_id:int}}"


@get(PAGE, sync_to_thread=True, include_in_schema=False, **MANAGE)
def senders_page(request: Request[Any, Any, Any], webhooks: Injected[Workplace]) -> Template:
    """Who may tell us something, and a form for another."""
    return _list(request, webhooks)


@post(PAGE, sync_to_thread=True, include_in_schema=False, status_code=200, **MANAGE)
def add_sender(request: Request[Any, Any, Any], webhooks: Injected[Workplace], data: Form) -> Template:
    """Let another program tell us things; its secret is on the answer, and never again."""
    name, kind = text(data, "name"), text(data, "kind")
    try:
        made = service.add_sender(webhooks.database, name, kind, webhooks.publish, now=webhooks.now)
    except ProjectionistError as error:
        return _list(request, webhooks, {"name": name, "kind": kind}, error)
    return _one(request, webhooks, made.sender.id, made)


@get(SENDER, sync_to_thread=True, include_in_schema=False, **MANAGE)
def sender_page(
    request: Request[Any, Any, Any], webhooks: Injected[Workplace], sender_id: FromPath[int]
) -> Template:
    """One sender, and what it told last."""
    return _one(request, webhooks, sender_id)


@post(f"{SENDER}/secret", sync_to_thread=True, include_in_schema=False, status_code=200, **MANAGE)
def renew_secret(
    request: Request[Any, Any, Any], webhooks: Injected[Workplace], sender_id: FromPath[int], data: Form
) -> Template:
    """Give a sender a new secret; it is on the answer, and never again."""
    keeps = bool(text(data, "keeps_former"))
    renewed = service.renew_secret(
        webhooks.database, sender_id, webhooks.publish, keeps_former=keeps, now=webhooks.now
    )
    return _one(request, webhooks, sender_id, renewed)


@post(f"{SENDER}/remove", sync_to_thread=True, include_in_schema=False, **MANAGE)
def remove_sender(
    request: Request[Any, Any, Any], webhooks: Injected[Workplace], sender_id: FromPath[int]
) -> Redirect:
    """Take a sender out."""
    service.remove_sender(webhooks.database, sender_id, webhooks.publish, now=webhooks.now)
    return to(request, PAGE)


def _list(
    request: Request[Any, Any, Any],
    place: Workplace,
    given: Mapping[str, str] | None = None,
    error: ProjectionistError | None = None,
) -> Template:
    context = {
        "senders": service.senders(place.database, now=place.now),
        "kinds": list(SenderKind),
        "given": given or {},
        "errors": {} if error is None else errors_of(error),
    }
    status = 200 if error is None else error.status
    return Template("webhooks/list.html", context=context, status_code=status)


def _one(
    request: Request[Any, Any, Any], place: Workplace, sender_id: int, shown: Shown | None = None
) -> Template:
    sender = service.get_sender(place.database, sender_id, now=place.now)
    base = _base_of(request)
    context = {
        "sender": sender,
        "address": f"{base}{service.path_of(sender)}",
        "shown": shown,
        "shown_address": "" if shown is None else f"{base}{shown.path}",
        "told": service.deliveries(place.database, sender_id),
        "size": service.KEPT,
    }
    return Template("webhooks/show.html", context=context)


def _base_of(request: Request[Any, Any, Any]) -> str:
    """Where others reach us: at the base URL, else at the address by which the asker came."""
    settings: ShellSettings = request.app.state.shell.settings
    if base := settings.base_url.rstrip("/"):
        return base
    return f"{request.scope['scheme']}://{request.headers.get('host', 'localhost')}{settings.base_path}"


HANDLERS = (senders_page, add_sender, sender_page, renew_secret, remove_sender)
