"""The API of metrics, and the address that Prometheus reads."""

from __future__ import annotations

from litestar import Response, get
from litestar.params import FromQuery
from litestar.response import Stream

from projectionist.errors import NotAllowed
from projectionist.features.metrics import service
from projectionist.features.metrics.documents import (
    CircuitDocument,
    MetricsDocument,
    PeriodName,
    SpanName,
    SummaryDocument,
    circuit_document,
    metrics_columns,
    metrics_document,
    metrics_rows,
    summary_document,
)
from projectionist.features.metrics.rolling import Step
from projectionist.features.metrics.service import Period, Place
from projectionist.kit.exposition import CONTENT_TYPE
from projectionist.web.access import needs
from projectionist.web.injection import Injected
from projectionist.web.paging import Limit, Offset, PageOut, export_csv, part_out
from projectionist.web.ports import Permission, Principal

MANAGE = needs(Permission.MANAGE_SETTINGS)
MOST_SUMMARIES = 100


@get("/metrics", sync_to_thread=True, include_in_schema=False, **needs(Permission.READ_METRICS))
def expose_metrics(principal: Injected[Principal], metrics: Injected[Place]) -> Response[str]:
    """All metrics as Prometheus reads them, for a program with a token only."""
    if not principal.by_token:
        raise NotAllowed(
            "Metrics are read with a token in the Authorization header only; make one on your account page that may "
            "read metrics, and give it to Prometheus."
        )
    return Response(service.exposed(metrics), media_type=CONTENT_TYPE)


@get("/api/v1/system/metrics", tags=["System"], operation_id="get_metrics", sync_to_thread=True, **MANAGE)
def get_metrics(metrics: Injected[Place], period: FromQuery[PeriodName] = "24h") -> MetricsDocument:
    """What was measured in a period that ends now, as the System page draws it."""
    return metrics_document(service.view(metrics, Period(period)))


@get(
    "/api/v1/system/metrics.csv",
    tags=["System"],
    operation_id="export_metrics",
    media_type="text/csv",
    sync_to_thread=True,
    **MANAGE,
)
def export_metrics(metrics: Injected[Place], period: FromQuery[PeriodName] = "24h") -> Stream:
    """The same as a table, with a row for every step of time."""
    found = service.view(metrics, Period(period))
    return export_csv(metrics_rows(found), metrics_columns(found), f"metrics-{period}.csv")


@get(
    "/api/v1/system/summaries",
    tags=["System"],
    operation_id="list_metric_summaries",
    sync_to_thread=True,
    **MANAGE,
)
def list_summaries(
    metrics: Injected[Place], span: FromQuery[SpanName] = "day", offset: Offset = 0, limit: Limit = 50
) -> PageOut[SummaryDocument]:
    """Days, weeks or months in figures, the newest first."""
    found = service.summaries(metrics, Step(span), MOST_SUMMARIES)
    return part_out(found, summary_document, offset, limit)


@get("/api/v1/system/circuits", tags=["System"], operation_id="list_circuits", sync_to_thread=True, **MANAGE)
def list_circuits(offset: Offset = 0, limit: Limit = 50) -> PageOut[CircuitDocument]:
    """The circuit breakers of other services, as this process has them."""
    return part_out(service.circuits_now(), circuit_document, offset, limit)


HANDLERS = (expose_metrics, get_metrics, export_metrics, list_summaries, list_circuits)
