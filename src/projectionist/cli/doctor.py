"""`projectionist doctor`: whether this installation is ready, and what is to be done where it is not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from projectionist.cli.jobs import AsJson, Data, print_json, say

if TYPE_CHECKING:
    from projectionist.features.doctor.report import Report
    from projectionist.settings import Settings

Config = Annotated[Path | None, typer.Option("--config", metavar="FILE", help="Settings in a TOML file.")]
EnvFile = Annotated[
    Path | None, typer.Option("--env-file", metavar="FILE", help="Settings as in the environment.")
]


def doctor(
    json: AsJson = False,
    mend: Annotated[
        str, typer.Option("--mend", metavar="CHECK", help="Mend what this check finds wrong, and look again.")
    ] = "",
    data: Data = None,
    config: Config = None,
    env_file: EnvFile = None,
) -> None:
    """Look whether all is ready; ends with 0 where it is, 1 with warnings or what could not be seen, 2 where not."""
    from projectionist import opening
    from projectionist.features.doctor import documents, service
    from projectionist.features.doctor.report import Report

    with opening.doctors_ground(settings_of(data, config, env_file)) as ground:
        if mend:
            mended = service.mend(ground, mend)
            if json:
                print_json(documents.mended_document(mended))
            else:
                say(mended.sentence)
                say(f"{mended.result.status}: {mended.result.finding.evidence}")
            raise typer.Exit(Report(ground.now(), (mended.result,)).exit_code)
        report = service.examine(ground)
    if json:
        print_json(documents.report_document(report))
    else:
        _tell(report)
    raise typer.Exit(report.exit_code)


def _tell(report: Report) -> None:
    for subject, results in report.by_subject:
        say(f"{subject}")
        for one in results:
            say(f"  {one.status:8} {one.check.title}: {one.finding.evidence}")
            if one.status in ("warn", "fail"):
                say(f"           {one.check.why}")
                say(f"           {one.check.mend}")
                if one.can_mend:
                    say(f"           Or: projectionist doctor --mend {one.check.id}")
    counts = ", ".join(f"{count} {status}" for status, count in report.counts.items() if count)
    verdict = ("Ready", "Ready, with warnings or checks that could not look", "Not ready")[report.exit_code]
    say(f"{verdict}: {counts}.")


def settings_of(
    data: Path | None, config: Path | None, env_file: Path | None, **others: int | None
) -> Settings:
    """The settings; with wrong ones nothing is ready."""
    import os

    from projectionist.errors import SettingWrong
    from projectionist.settings import load_settings

    try:
        given = {name: value for name, value in {"data": data, **others}.items() if value is not None}
        return load_settings(os.environ, given, config=config, dotenv=env_file)
    except SettingWrong as error:
        say(f"projectionist: {error.message}", err=True)
        raise typer.Exit(2) from None
