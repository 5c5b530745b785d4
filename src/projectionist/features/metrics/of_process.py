"""What each process tells of itself besides what it counted: connections, circuit breakers, time of processors."""

from __future__ import annotations

import time

from projectionist.db.engine import Database
from projectionist.kit.breaker import circuits
from projectionist.kit.metrics import Family, Kind, Series, gauge


def families_of_process(database: Database) -> list[Family]:
    """These figures of this process, as they stand; who tells them adds which process it is."""
    used, there = database.connections()
    open_circuits = tuple(Series((one.address,), float(one.open is not None)) for one in circuits())
    return [
        *gauge("projectionist_database_connections_used", "Connections to the database in use.", used),
        *gauge("projectionist_database_connections_open", "Connections to the database.", there),
        Family(
            "projectionist_circuit_open",
            Kind.GAUGE,
            "1 where calls of a service are not made, since it failed again and again.",
            ("service",),
            open_circuits,
        ),
        Family(
            "process_cpu_seconds_total",
            Kind.COUNTER,
            "Seconds of processors that a process has used.",
            (),
            (Series((), time.process_time()),),
        ),
    ]
