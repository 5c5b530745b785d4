"""The API of the log."""

from __future__ import annotations

from litestar import get
from litestar.params import FromQuery

from projectionist.features.logs import service
from projectionist.features.logs.documents import Before, LogDocument, Text, Thread, log_document
from projectionist.features.logs.service import LogLevel, Wanted
from projectionist.settings import Settings
from projectionist.web.access import needs
from projectionist.web.injection import Injected
from projectionist.web.paging import Limit
from projectionist.web.ports import Permission

MANAGE = needs(Permission.MANAGE_SETTINGS)


@get("/api/v1/logs", tags=["System"], operation_id="list_log_lines", sync_to_thread=True, **MANAGE)
def list_log_lines(
    settings: Injected[Settings],
    level: FromQuery[LogLevel] = LogLevel.DEBUG,
    q: Text = "",
    correlation: Thread = "",
    before: Before = "",
    limit: Limit = 50,
) -> LogDocument:
    """The newest lines of the log that fit: of this level or above, with this text, of this correlation id."""
    place = service.place_of(before)
    wanted = Wanted(level, q, correlation)
    return log_document(service.look(settings.data / service.FOLDER, wanted, before=place, most=limit))


HANDLERS = (list_log_lines,)
