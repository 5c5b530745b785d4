"""Checks of the running service's own answers, by real requests."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from projectionist.errors import ServiceError
from projectionist.features.doctor.checks import (
    Check,
    Finding,
    Look,
    Subject,
    failed,
    passed,
    unknown,
    warned,
    when_running,
)
from projectionist.features.doctor.ground import Answered, Ground, Running

STRANGER = "https://stranger.example"
"""An address that is nobody's here (RFC 2606)."""

_PAGE = "/sign-in"
_ANY = re.compile(r".+")
_WANTED = {
    "x-content-type-options": re.compile("nosniff", re.IGNORECASE),
    "x-frame-options": re.compile("deny", re.IGNORECASE),
    "referrer-policy": _ANY,
    "permissions-policy": _ANY,
    "cross-origin-opener-policy": re.compile("same-origin"),
    "cross-origin-resource-policy": re.compile("same-origin"),
}
_INTERNALS = re.compile(r"Traceback \(most recent call last\)|File \"/|sqlalchemy|litestar", re.IGNORECASE)


def look_at_headers(running: Running) -> Finding:
    """Ask for a page as a browser would, and read the headers of the answer."""
    return judge_headers(running.ask(running.address + _PAGE))


def judge_headers(answer: Answered) -> Finding:
    """The headers that keep a browser strict."""
    missing = [
        name for name, wanted in _WANTED.items() if not wanted.fullmatch(answer.headers.get(name, "").strip())
    ]
    if missing:
        return failed(f"The page {_PAGE} came without {', '.join(missing)}.")
    return passed(f"The page {_PAGE} came with all {len(_WANTED)} headers that keep browsers strict.")


def look_at_policy(running: Running) -> Finding:
    """Ask for a page, and read what scripts it allows."""
    return judge_policy(running.ask(running.address + _PAGE).headers.get("content-security-policy", ""))


def judge_policy(policy: str) -> Finding:
    """Nothing but our own, and no script in the page itself."""
    if not policy:
        return failed(f"The page {_PAGE} came without a Content-Security-Policy.")
    if "unsafe-" in policy or "default-src 'none'" not in policy or "frame-ancestors 'none'" not in policy:
        return failed(f"The Content-Security-Policy was weakened on its way: “{policy[:120]}”.")
    return passed("The Content-Security-Policy allows nothing but Projectionist's own files.")


def look_at_origins(running: Running) -> Finding:
    """Ask as a page of a stranger's site would."""
    answer = running.ask(f"{running.address}/api/v1/about", {"Origin": STRANGER})
    return judge_origins(answer.headers)


def judge_origins(headers: Mapping[str, str]) -> Finding:
    """No page of another site is let in."""
    found = headers.get("access-control-allow-origin", "")
    if found in ("*", STRANGER):
        return failed(f"Pages of other sites may read the answers (Access-Control-Allow-Origin: {found}).")
    return passed("A page of another site gets no leave to read the answers.")


def look_at_foreign_host(running: Running) -> Finding:
    """Ask by a name that is not ours."""
    return judge_foreign_host(running.ask(running.address + _PAGE, {"Host": "stranger.example"}).status)


def judge_foreign_host(status: int) -> Finding:
    """A request for another's name is refused."""
    if status < 400:
        return failed(f"A request for stranger.example was answered with {status}.")
    return passed(f"A request for stranger.example was refused with {status}.")


def look_at_cookie(running: Running) -> Finding:
    """Read the cookie that a first visitor gets."""
    return judge_cookie(running.ask(running.address + _PAGE).headers.get("set-cookie", ""))


def judge_cookie(cookie: str) -> Finding:
    """A cookie is not sent along from other sites."""
    if not cookie:
        return unknown(f"The page {_PAGE} set no cookie that could be looked at.")
    if "samesite=" not in cookie.lower() or "samesite=none" in cookie.lower():
        return failed("Cookies came without SameSite: a proxy may have changed them.")
    return passed("Cookies are kept from requests of other sites (SameSite).")


def look_at_errors(running: Running) -> Finding:
    """Ask for what is not there."""
    return judge_errors(running.ask(f"{running.address}/api/v1/no-such-thing"))


def judge_errors(answer: Answered) -> Finding:
    """An error tells nothing of the program's inside."""
    if answer.status < 400:
        return failed(f"What is not there was answered with {answer.status}.")
    if _INTERNALS.search(answer.body):
        return failed(f"An answer of {answer.status} shows the inside of the program.")
    return passed(f"What is not there is answered with {answer.status} and nothing of the program's inside.")


def look_at_readiness(running: Running) -> Finding:
    """Ask the service whether it is ready."""
    return judge_readiness(running.ask(f"{running.address}/health/ready"))


def judge_readiness(answer: Answered) -> Finding:
    """Its own word, which orchestrators go by."""
    if answer.status == 200:
        return passed("The service says that it is ready.")
    return failed(f"The service says that it is not ready ({answer.status}): “{answer.body[:150]}”.")


def look_at_outside(ground: Ground) -> Finding:
    """Ask by the address that people use."""
    if ground.running is None:
        return unknown(ground.stopped)
    base = ground.settings.base_url.rstrip("/")
    if not base:
        return passed("No base URL is set; people use the service's own address.")
    try:
        return judge_outside(base, ground.running.ask(f"{base}/health/live"))
    except ServiceError as error:
        trouble = error.message
        return warned(f"From this machine, {base} leads nowhere: {trouble}")


def judge_outside(base: str, answer: Answered) -> Finding:
    """Behind it must be a Projectionist."""
    if answer.status != 200 or '"ok"' not in answer.body.replace(" ", ""):
        return failed(f"{base} answered with {answer.status}, and not as Projectionist does.")
    return passed(f"{base} leads to a Projectionist that answers.")


def _check(name: str, title: str, why: str, mend: str, look: Look) -> Check:
    return Check(name, Subject.ANSWERS, title, why, mend, look, quick=False)


_PROXY = "Projectionist sends it; look which proxy in front takes it away or changes it."

CHECKS: Sequence[Check] = (
    _check(
        "headers",
        "Answers keep browsers strict",
        "Without these headers pages can be framed, guessed at and read by other sites.",
        _PROXY,
        when_running(look_at_headers),
    ),
    _check(
        "content-policy",
        "Pages allow only their own scripts",
        "A weakened policy lets a script that somebody smuggled in act as the one who looks at the page.",
        _PROXY,
        when_running(look_at_policy),
    ),
    _check(
        "other-origins",
        "Pages of other sites may read nothing",
        "Otherwise a page that you visit elsewhere could read what you may see here.",
        "Take Access-Control-Allow-Origin out of the settings of the proxy in front.",
        when_running(look_at_origins),
    ),
    _check(
        "foreign-host",
        "Requests for foreign names are refused",
        "Otherwise a stranger's name can be made to lead here, around the browser's rules.",
        "Let the proxy hand on the Host header that the browser sent, and allow no * in PROJECTIONIST_ALLOWED_HOSTS.",
        when_running(look_at_foreign_host),
    ),
    _check(
        "cookies",
        "Cookies stay with our own pages",
        "A cookie without SameSite is sent along with forms of other sites.",
        _PROXY,
        when_running(look_at_cookie),
    ),
    _check(
        "errors",
        "Errors tell nothing of the inside",
        "The inside of a program tells attackers where to try.",
        "Report it: an answer like that is a fault of Projectionist.",
        when_running(look_at_errors),
    ),
    _check(
        "ready",
        "The service is ready",
        "Orchestrators send nobody to a service that is not ready.",
        "Follow what the failed checks of this page say; the log names the part that is not ready.",
        when_running(look_at_readiness),
    ),
    _check(
        "outside",
        "The base URL leads here",
        "Links in mails and in the setup would lead nowhere.",
        "Correct PROJECTIONIST_BASE_URL, or the proxy that stands at that address.",
        look_at_outside,
    ),
)
