"""Errors as answers: problem+json (RFC 9457) for programs, a page or a line for people; never an internal."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from litestar import MediaType, Request, Response
from litestar.exceptions import ClientException, HTTPException, SerializationException, ValidationException
from litestar.response import Redirect, Template

from projectionist.errors import InputWrong, ProjectionistError, SignInNeeded, TooManyRequests
from projectionist.web.config import ShellSettings
from projectionist.web.limits import BACKGROUND
from projectionist.web.ports import Identify, Principal
from projectionist.web.words import _, speak

log = logging.getLogger(__name__)

PROBLEM_TYPE: Final = "application/problem+json"
BODY: Final = "body"
"""The field of an error that is about all that was sent."""
_HANDED: Final = "data"
"""What handlers call the body that they are handed."""
SENTENCES: Final[dict[int, tuple[str, str]]] = {
    400: ("bad_request", _("The request could not be understood; nothing was changed.")),
    401: ("sign_in_needed", _("Nobody is signed in here; sign in and try again.")),
    403: ("not_allowed", _("This may not be done from here; nothing was changed.")),
    404: (
        "not_found",
        _("There is nothing at this address; it may have been removed, or the link is wrong."),
    ),
    405: ("wrong_method", _("This address does not take this kind of request; nothing was changed.")),
    406: ("not_acceptable", _("This address cannot answer in the form asked for.")),
    408: ("too_slow", _("The request took too long to arrive; nothing was changed. Try again.")),
    413: ("too_large", _("What was sent is larger than this address takes; nothing was changed.")),
    415: ("wrong_content_type", _("This address takes another content type, most likely application/json.")),
    422: ("invalid_input", _("A value cannot be taken as it is; nothing was changed.")),
    429: ("too_many_requests", _("Asked too often; wait a little and try again.")),
    500: (
        "internal",
        _("Something went wrong inside Projectionist; the log has the whole story under this id."),
    ),
    503: ("unavailable", _("Projectionist cannot answer this now; try again in a moment.")),
}


class WrongContentType(ProjectionistError):
    """The body is of a content type that the address does not take."""

    code = "wrong_content_type"
    status = 415


def is_api(request: Request[Any, Any, Any]) -> bool:
    """Whether a program asks: an address of the API, or one that only programs call."""
    return request.scope["path"].startswith(("/api/", "/health", "/events", "/metrics", "/webhooks/"))


def problem_of(error: Exception, request: Request[Any, Any, Any]) -> dict[str, Any]:
    """What went wrong, as RFC 9457 has it, without a word of the program's inside."""
    status, code, detail = _told(error)
    problem: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "correlation_id": request.scope["state"].get("correlation_id", ""),
    }
    if isinstance(error, ProjectionistError):
        problem["retryable"] = error.retryable
    if isinstance(error, InputWrong) and error.field:
        problem["errors"] = [{"field": one.field, "message": one.message} for one in error.each]
    if isinstance(error, ValidationException) and isinstance(error.extra, list):
        problem["errors"] = [_error(entry) for entry in error.extra]
    elif isinstance(error, ClientException) and isinstance(error.__cause__, SerializationException):
        problem["errors"] = [{"field": BODY, "message": "What was sent is no whole JSON."}]
    return problem


def _error(entry: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with one field, or with the body as a whole, which handlers call their data."""
    field, message = str(entry.get("key", "")), str(entry.get("message", ""))
    if field != _HANDED:
        return {"field": field, "message": message}
    if message == repr(_HANDED):  # looked up, and not there
        message = "The request has no body; send a JSON object, as the document of the API describes it."
    return {"field": BODY, "message": message}


def _told(error: Exception) -> tuple[int, str, str]:
    if isinstance(error, ProjectionistError):
        return error.status, error.code, error.message
    status = error.status_code if isinstance(error, HTTPException) else 500
    code, sentence = SENTENCES.get(status, SENTENCES[400 if status < 500 else 500])
    return status, code, sentence


def answer_error(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """The answer to a request that failed, in the form the asker reads."""
    settings: ShellSettings = request.app.state.shell.settings
    problem = problem_of(error, request)
    if problem["status"] >= 500:
        expected = isinstance(error, ProjectionistError)
        log.log(
            logging.WARNING if expected else logging.ERROR,
            "%s %s failed: %s",
            request.method,
            request.scope["path"],
            problem["detail"] if expected else type(error).__name__,
            exc_info=None if expected else error,
        )
    headers = _headers_of(error)
    if is_api(request):
        return Response(problem, status_code=problem["status"], media_type=PROBLEM_TYPE, headers=headers)
    if isinstance(error, SignInNeeded):
        return to_sign_in(request, settings)
    if "user" not in request.scope:  # no handler, so no guard has asked
        request.scope["user"] = viewer = _viewer(request)
        speak(viewer.language if viewer else "")
    return Template(
        "error.html",
        context={"problem": problem},
        status_code=problem["status"],
        media_type=MediaType.HTML,
        headers=headers,
    )


def _viewer(request: Request[Any, Any, Any]) -> Principal | None:
    """Who sees the page of an address that nobody serves; it has its frame for those who are signed in."""
    identify: Identify = request.app.state.shell.identify
    try:
        return identify(request)
    except ProjectionistError:
        return None


def _headers_of(error: Exception) -> dict[str, str]:
    headers = {}
    if isinstance(error, TooManyRequests):
        headers["retry-after"] = str(max(1, math.ceil(error.retry_after_s)))
    if isinstance(error, HTTPException) and error.headers and (allow := error.headers.get("Allow")):
        headers["allow"] = allow
    return headers


def to_sign_in(request: Request[Any, Any, Any], settings: ShellSettings) -> Response[Any]:
    """Send somebody to the sign-in page and, after it, back to the page they wanted."""
    wanted = request.headers.get("hx-current-url") if "hx-request" in request.headers else str(request.url)
    target = f"{settings.url(settings.sign_in)}?next={quote(local_path(wanted or '', settings))}"
    if (
        "hx-request" in request.headers
    ):  # what a page asks by itself takes nobody away from what they read or typed
        leads = {} if BACKGROUND in request.headers else {"hx-redirect": target}
        return Response(b"", status_code=401, headers=leads, media_type=MediaType.HTML)
    if request.method not in ("GET", "HEAD"):
        target = settings.url(settings.sign_in)
    return Redirect(target, status_code=303)


def local_path(address: str, settings: ShellSettings) -> str:
    """The path and query of one of our own pages, without the base path; `/` for anything else.

    Nothing that a browser could take for another site passes: no host, no `//`, no backslash, no control
    character.
    """
    from_origin = address.partition("://")[2]
    path = address if not from_origin else "/" + from_origin.partition("/")[2]
    base = settings.base_path
    if base and (path == base or path.startswith((f"{base}/", f"{base}?"))):
        path = path[len(base) :] or "/"
    unsafe = "\\" in path or any(ord(character) < 33 or ord(character) == 127 for character in path)
    if unsafe or not path.startswith("/") or path.startswith("//"):
        return "/"
    return path.partition("#")[0]
