"""`projectionist serve` and `projectionist worker`: the service, and more hands for it on other machines."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from projectionist.settings import Settings

Data = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="The folder for everything that Projectionist keeps."),
]
Config = Annotated[Path | None, typer.Option("--config", metavar="FILE", help="Settings in a TOML file.")]
EnvFile = Annotated[
    Path | None, typer.Option("--env-file", metavar="FILE", help="Settings as in the environment.")
]
Name = Annotated[
    str | None, typer.Option("--node", help="What this machine is called; its host name if not said.")
]
Queues = Annotated[str | None, typer.Option("--queues", metavar="NAME,…", help="Work on these queues only.")]


def serve(
    host: Annotated[str | None, typer.Option("--host", help="The address to listen on.")] = None,
    port: Annotated[int | None, typer.Option("--port", help="The port to listen on.")] = None,
    data: Data = None,
    worker: Annotated[
        bool | None, typer.Option("--worker/--no-worker", help="Do jobs too, or only pages.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, max=64, help="How many processes serve the pages.")
    ] = None,
    node: Name = None,
    config: Config = None,
    env_file: EnvFile = None,
) -> None:
    """Serve the pages and do the work, until Ctrl-C."""
    from projectionist import processes

    settings = _settings(
        {"host": host, "port": port, "data": data, "worker": worker, "workers": workers, "node": node},
        config,
        env_file,
        exclusive=True,
    )
    processes.serve(settings, typer.echo)


def worker(
    queues: Queues = None,
    data: Data = None,
    node: Name = None,
    config: Config = None,
    env_file: EnvFile = None,
) -> None:
    """Do jobs beside a service, on this or another machine, until Ctrl-C."""
    import signal
    import threading

    from projectionist import processes
    from projectionist.kit.ending import end_in_time

    settings = _settings({"queues": queues, "data": data, "node": node}, config, env_file)
    stop = threading.Event()

    def asked_to_end(*_: object) -> None:
        end_in_time()
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, asked_to_end)
    processes.work(settings, stop, typer.echo)


def _settings(
    overrides: dict[str, Any], config: Path | None, env_file: Path | None, *, exclusive: bool = False
) -> Settings:
    """The settings, with what the page has saved at their weakest."""
    import os

    from projectionist import opening
    from projectionist.settings import load_settings

    given = {name: value for name, value in overrides.items() if value is not None}
    first = load_settings(os.environ, given, config=config, dotenv=env_file)
    saved = opening.page_settings(first, exclusive=exclusive)
    return load_settings(os.environ, given, config=config, dotenv=env_file, saved=saved) if saved else first
