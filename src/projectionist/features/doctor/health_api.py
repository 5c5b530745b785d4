"""Health for monitors: one word for everybody, the parts and their numbers for who may see them."""

from __future__ import annotations

import asyncio

from litestar import Response, get
from litestar.params import FromQuery

from projectionist.features.doctor.health import Level, Pulse
from projectionist.features.doctor.health_documents import HealthDocument, health_document
from projectionist.web.access import needs
from projectionist.web.health import LONGEST_S, OPEN_TO_ALL
from projectionist.web.injection import Injected
from projectionist.web.ports import Permission


@get("/health", opt=OPEN_TO_ALL, include_in_schema=False)
async def word(pulse: Injected[Pulse]) -> Response[dict[str, str]]:
    """One word and no more, since anybody may ask: 200 while something works, 503 where nothing does."""
    try:
        async with asyncio.timeout(LONGEST_S):
            level = (await asyncio.to_thread(pulse.standing)).level
    except TimeoutError:
        level = Level.UNHEALTHY
    return Response({"status": level.value}, status_code=503 if level is Level.UNHEALTHY else 200)


@get(
    "/api/v1/health",
    tags=["Health"],
    operation_id="get_health",
    sync_to_thread=True,
    **needs(Permission.MANAGE_SETTINGS),
)
def get_health(pulse: Injected[Pulse], probe: FromQuery[bool] = False) -> HealthDocument:
    """How well each part is, with the numbers. Servers are asked only with `probe`; else their last answer counts."""
    return health_document(pulse.probed() if probe else pulse.standing())


HANDLERS = (word, get_health)
