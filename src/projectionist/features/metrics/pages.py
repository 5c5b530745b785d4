"""The System page."""

from __future__ import annotations

from litestar import get
from litestar.params import FromQuery
from litestar.response import Template

from projectionist.features.metrics import service
from projectionist.features.metrics.charts import SUMMARY
from projectionist.features.metrics.documents import PeriodName, SpanName
from projectionist.features.metrics.rolling import Step
from projectionist.features.metrics.service import Period, Place
from projectionist.web.access import needs
from projectionist.web.injection import Injected
from projectionist.web.ports import Permission

MANAGE = needs(Permission.MANAGE_SETTINGS)
_SUMMARIES = {"day": 14, "week": 12, "month": 12}


@get("/system", sync_to_thread=True, include_in_schema=False, **MANAGE)
def system_page(
    metrics: Injected[Place], period: FromQuery[PeriodName] = "live", span: FromQuery[SpanName] = "day"
) -> Template:
    """How the machine and the service fare, now and lately."""
    context = {
        "view": service.view(metrics, Period(period)),
        "periods": list(Period),
        "span": span,
        "summaries": service.summaries(metrics, Step(span), _SUMMARIES[span]),
        "columns": SUMMARY,
        "circuits": service.circuits_now(),
    }
    return Template("metrics/system.html", context=context)


HANDLERS = (system_page,)
