"""The page of the log."""

from __future__ import annotations

from litestar import get
from litestar.params import FromQuery
from litestar.response import Template

from projectionist.features.logs import service
from projectionist.features.logs.documents import Before, Text, Thread
from projectionist.features.logs.service import LogLevel, Wanted, place_of, text_of
from projectionist.settings import Settings
from projectionist.web.access import needs
from projectionist.web.injection import Injected
from projectionist.web.ports import Permission

MANAGE = needs(Permission.MANAGE_SETTINGS)
PAGE = 100


@get("/logs", sync_to_thread=True, include_in_schema=False, **MANAGE)
def log_page(
    settings: Injected[Settings],
    level: FromQuery[LogLevel] = LogLevel.DEBUG,
    q: Text = "",
    correlation: Thread = "",
    offset: Before = "",
    live: FromQuery[bool] = False,
) -> Template:
    """What the service wrote down, the newest first; live, it is looked at again and again."""
    place = place_of(offset)
    found = service.look(
        settings.data / service.FOLDER, Wanted(level, q, correlation), before=place, most=PAGE
    )
    context = {
        "found": found,
        "next": text_of(found.next),
        "levels": list(LogLevel),
        "level": level,
        "q": q,
        "correlation": correlation,
        "offset": offset,
        "live": live and not offset,
        "is_kept": bool(settings.log_kept),
        "least": settings.log_level,
        "kept": settings.log_kept,
    }
    return Template("logs/list.html", context=context)


HANDLERS = (log_page,)
