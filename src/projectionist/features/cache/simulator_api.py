"""The API of the simulator over the household's own history."""

from __future__ import annotations

from litestar import get, post
from litestar.params import JSONBody

from projectionist.errors import NotFound
from projectionist.features.cache import simulator
from projectionist.features.cache.documents_simulator import (
    SimulatedDocument,
    SimulationOrderedDocument,
    SimulationRequest,
    simulated_document,
)
from projectionist.features.cache.routes import AT, ROUTE
from projectionist.jobs.ports import Jobs
from projectionist.settings import Settings
from projectionist.web.injection import Injected
from projectionist.web.ports import Principal


@get(f"{AT}/simulation", operation_id="get_own_simulation", **ROUTE)
def get_simulation(jobs: Injected[Jobs]) -> SimulatedDocument:
    """The last replay of the household's own history that ended well."""
    found = simulator.last_simulated(jobs)
    if found is None:
        raise NotFound("Nothing was simulated yet; ask for a simulation first.")
    return simulated_document(found)


@post(f"{AT}/simulation", operation_id="simulate_own_cache", status_code=202, **ROUTE)
def simulate(
    jobs: Injected[Jobs],
    settings: Injected[Settings],
    principal: Injected[Principal],
    data: JSONBody[SimulationRequest],
) -> SimulationOrderedDocument:
    """Replay the household's own history on fast disks of these sizes, as a job."""
    ordered = simulator.order_simulation(
        jobs,
        sorted(set(data.sizes)),
        simulator.policies_in(data.policies),
        settings.cache_sources,
        principal.name,
        data.rival_settings.said(),
    )
    return SimulationOrderedDocument(ordered.job_id, ordered.created)


SIMULATOR_API = (get_simulation, simulate)
