"""Whether the program lives, and whether it can do its work."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from litestar import Request, Response, get

from projectionist.errors import ProjectionistError
from projectionist.web.access import KEY
from projectionist.web.identifying import ANONYMOUS
from projectionist.web.ports import ReadinessCheck

log = logging.getLogger(__name__)

LONGEST_S = 3.0
OPEN_TO_ALL: dict[str, Any] = {KEY: None, ANONYMOUS: True}


@get("/health/live", opt=OPEN_TO_ALL, include_in_schema=False)
async def alive() -> dict[str, str]:
    """Answers as long as the process does."""
    return {"status": "ok"}


@get("/health/ready", opt=OPEN_TO_ALL, include_in_schema=False)
async def ready(request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
    """Whether requests would be served well now, and which part would not; all parts are asked at once."""
    checks: tuple[ReadinessCheck, ...] = request.app.state.shell.readiness
    results: dict[str, str] = {}

    async def run(check: ReadinessCheck) -> None:
        results[check.name] = await _outcome(check)

    async with asyncio.TaskGroup() as group:
        for check in checks:
            group.create_task(run(check))
    good = all(outcome == "ok" for outcome in results.values())
    body = {"status": "ok" if good else "not ready", "checks": dict(sorted(results.items()))}
    return Response(body, status_code=200 if good else 503)


async def _outcome(check: ReadinessCheck) -> str:
    try:
        async with asyncio.timeout(LONGEST_S):
            await asyncio.to_thread(check.probe)
    except TimeoutError:
        return f"no answer in {LONGEST_S:g} s"
    except ProjectionistError as error:
        log.warning("Not ready: %s: %s", check.name, error.message)
        return error.code
    return "ok"


HANDLERS = (alive, ready)
