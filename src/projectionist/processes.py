"""The processes that people start: the service, and a worker beside it. What they begin, and end in turn."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial

from projectionist import __version__
from projectionist.app import House
from projectionist.db.timing import time_statements
from projectionist.errors import ProjectionistError
from projectionist.features.accounts import setup, setup_file
from projectionist.features.accounts.setup_link import setup_link
from projectionist.features.backups.service import sweep as sweep_backups
from projectionist.features.mail.service import order_left
from projectionist.features.metrics.exporting import Exporting
from projectionist.features.operations.updates import Asking
from projectionist.features.servers.service import all_servers
from projectionist.integrations.error_reports import ErrorReports
from projectionist.integrations.releases import latest_release
from projectionist.integrations.telemetry import Collector
from projectionist.kit.ending import hear_no_more
from projectionist.opening import open_house
from projectionist.page_processes import PageProcesses
from projectionist.settings import Settings
from projectionist.web.serving import check_free, listen
from projectionist.web.serving import serve as serve_pages

Say = Callable[[str], None]


def serve(settings: Settings, say: Say) -> None:
    """Serve the pages, and do jobs too unless the settings say otherwise, until somebody ends it.

    More processes for pages, where they are wanted, begin once the setup is done: until then one is enough, and the
    demo house is opened by the one that is asked to.
    """
    check_free(settings.host, settings.port)
    with open_house(settings, exclusive=True) as house, ExitStack() as others_end, ExitStack() as stack:
        sweep_backups(settings)
        house.doctor.forget()
        house.recover_cache()
        house.jobs.start(work=settings.worker, queues=settings.queues)
        stack.callback(house.jobs.close)
        house.follow_schedules()
        house.reopen_demo()
        _set_up(house, say)
        house.begin_syncs()
        order_left(house.mailroom)
        parts = (*outside(house), house.listen(), house.guard(), *house.keep_watch())
        for part in parts:
            part.start()
            stack.callback(part.close)
        opened = stack.enter_context(listen(settings.host, settings.port)) if settings.workers > 1 else None
        others = PageProcesses(serve_more, settings, opened, partial(_is_set_up, house))
        others_end.callback(others.close)  # the last: they end meanwhile
        serve_pages(
            house.web(),
            settings.host,
            settings.port,
            ready=lambda: _begin(house, others, say),
            listening=opened,
            ending=others.end,
        )


def serve_more(settings: Settings, listening: socket.socket) -> None:
    """Serve pages beside a service, from its socket, until told to end or the service is gone; jobs are not done."""
    with open_house(settings, exclusive=False) as house, ExitStack() as stack:
        house.jobs.start(work=False)
        stack.callback(house.jobs.close)
        for part in (*outside(house, exports=False), house.report()):
            part.start()
            stack.callback(part.close)
        stack.callback(hear_no_more)
        serve_pages(house.web(), settings.host, settings.port, listening=listening)


def work(settings: Settings, stop: threading.Event, say: Say) -> None:
    """Do jobs until `stop` is set."""
    with open_house(settings, exclusive=False) as house, ExitStack() as stack:
        house.recover_cache()
        house.jobs.start(work=True, queues=settings.queues)
        stack.callback(house.jobs.close)
        for part in (*outside(house, pages=False, exports=False), house.guard(), house.report()):
            part.start()
            stack.callback(part.close)
        say(f"Working as {house.jobs.process}; Ctrl-C ends it, and what runs goes on elsewhere or later.")
        stop.wait()


def outside(
    house: House, *, pages: bool = True, exports: bool = True
) -> Iterator[ErrorReports | Exporting | Asking]:
    """What tells others of errors, metrics and traces, and asks for newer versions, where the settings name any.

    Each process with pages asks for newer versions; one of the house exports the metrics, and each its own traces.
    """
    settings = house.settings
    if settings.error_reports:
        yield ErrorReports(settings.error_reports)
    if pages and settings.update_address:
        yield Asking(partial(latest_release, settings.update_address))
    if settings.otlp_url and (exports or settings.otlp_traces > 0):
        headers = dict(one.split("=", 1) for one in settings.otlp_headers)
        collector = Collector(settings.otlp_url, headers, settings.node, house.jobs.process)
        yield Exporting(house.metrics if exports else None, collector, share=settings.otlp_traces)
    if settings.otlp_traces > 0:
        time_statements(house.database)


def _set_up(house: House, say: Say) -> None:
    settings = house.settings
    wanted = setup_file.wanted_of(settings)
    if not wanted.is_empty:
        setup_file.apply_setup(house.setup, wanted, say)


def _is_set_up(house: House) -> bool:
    return bool(all_servers(house.database)) and not setup.is_under_way(house.database)


def _begin(house: House, others: PageProcesses, say: Say) -> None:
    others.start()
    _greet(house, say)


def _greet(house: House, say: Say) -> None:
    settings = house.settings
    say(f"Projectionist {__version__} is at {_address(settings)}/")
    try:
        link = setup_link(house.database, settings)
    except ProjectionistError as error:
        say(error.message)
        return
    if link is not None:
        say(f"Nobody is its administrator yet. Whoever opens this link first is:\n\n    {link}\n")


def _address(settings: Settings) -> str:
    if settings.base_url:
        return settings.base_url.rstrip("/")
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}{settings.base_path}"
