"""`projectionist health`: whether it works now, for people, monitors and containers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from projectionist.cli.doctor import Config, EnvFile, settings_of
from projectionist.cli.jobs import AsJson, Data, print_json, say

if TYPE_CHECKING:
    from projectionist.features.doctor.health import Health
    from projectionist.settings import Settings

Mode = Literal["quick", "comprehensive", "continuous"]


def health(
    mode: Annotated[
        Mode,
        typer.Option(
            "--mode",
            help="quick: the database and the service's own word; comprehensive: every server is asked too; "
            "continuous: that again and again, until Ctrl-C.",
        ),
    ] = "quick",
    json: AsJson = False,
    every: Annotated[
        float, typer.Option("--every", min=1, metavar="SECONDS", help="How often, with continuous.")
    ] = 30.0,
    times: Annotated[
        int, typer.Option("--times", min=0, help="End after so many looks, with continuous; 0 never.")
    ] = 0,
    port: Annotated[
        int | None, typer.Option("--port", help="The service's port, where no setting names it.")
    ] = None,
    data: Data = None,
    config: Config = None,
    env_file: EnvFile = None,
) -> None:
    """Say whether it works now; ends with 0 where all does, 1 where something does not, 2 where nothing does."""
    import time

    settings = settings_of(data, config, env_file, port=port)
    look = _quick if mode == "quick" else _comprehensive
    found = _told(look(settings), json)
    looks = 1
    while mode == "continuous" and looks != times:
        time.sleep(every)
        found = _told(look(settings), json)
        looks += 1
    raise typer.Exit(found.exit_code)


def _quick(settings: Settings) -> Health:
    from projectionist.features.doctor import health, opening
    from projectionist.kit.clock import SystemClock
    from projectionist.kit.probing import probe

    with opening.glimpse(settings, SystemClock().now, probe) as ground:
        return health.quick(ground)


def _comprehensive(settings: Settings) -> Health:
    from projectionist import opening
    from projectionist.features.doctor import health

    with opening.doctors_ground(settings) as ground:
        return health.comprehensive(ground)


def _told(found: Health, json: bool) -> Health:
    from projectionist.features.doctor.health_documents import health_document

    if json:
        print_json(health_document(found))
        return found
    for part in found.parts:
        numbers = "; ".join(f"{name} {value:g}" for name, value in part.numbers.items())
        say(f"{part.level:9}  {part.kind:8}  {part.name}: {part.evidence} {numbers}".rstrip())
    say(f"{found.level.value} at {found.at:%Y-%m-%d %H:%M:%S} UTC")
    return found
