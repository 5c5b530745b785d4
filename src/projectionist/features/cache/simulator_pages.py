"""The page of the simulator: what other sizes of a fast disk would have come to for this household."""

from __future__ import annotations

from typing import Any

from litestar import Request, get, post
from litestar.response import Redirect, Template

from projectionist.errors import ProjectionistError
from projectionist.features.cache import simulator
from projectionist.features.cache.simulating.contest import PolicyName
from projectionist.jobs.ports import Jobs
from projectionist.settings import Settings
from projectionist.web.access import needs
from projectionist.web.forms import Form, errors_of, text, texts, to
from projectionist.web.injection import Injected
from projectionist.web.ports import Permission, Principal

MANAGE = needs(Permission.MANAGE_CACHE)


@get("/cache/simulator", include_in_schema=False, sync_to_thread=True, **MANAGE)
def simulator_page(jobs: Injected[Jobs]) -> Template:
    """The last replay, the one under way, and a form for another."""
    return _page(jobs)


@post("/cache/simulator", include_in_schema=False, sync_to_thread=True, **MANAGE)
def simulate(
    request: Request[Any, Any, Any],
    jobs: Injected[Jobs],
    settings: Injected[Settings],
    principal: Injected[Principal],
    data: Form,
) -> Template | Redirect:
    """Replay the household's history as a job."""
    try:
        sizes = simulator.sizes_in(text(data, "sizes"))
        policies = simulator.policies_in(texts(data, "policies"))
    except ProjectionistError as error:
        return _page(jobs, error, text(data, "sizes"), texts(data, "policies"))
    simulator.order_simulation(jobs, sizes, policies, settings.cache_sources, principal.name)
    return to(request, "/cache/simulator")


def _page(
    jobs: Jobs,
    error: ProjectionistError | None = None,
    sizes: str | None = None,
    ticked: list[str] | None = None,
) -> Template:
    last = simulator.last_simulated(jobs)
    if sizes is None:
        sizes = ", ".join(last.typed(size) for size in last.sizes) if last else simulator.STANDARD_SIZES
    context = {
        "running": simulator.under_way(jobs),
        "last": last,
        "failed": simulator.last_failed(jobs),
        "sizes": sizes,
        "policies": list(PolicyName),
        "ticked": ticked if ticked is not None else [str(one) for one in simulator.STANDARD_POLICIES],
        "errors": {} if error is None else errors_of(error),
    }
    status = 200 if error is None else error.status
    return Template("cache/simulator.html", context=context, status_code=status)


SIMULATOR_ROUTES = (simulator_page, simulate)
