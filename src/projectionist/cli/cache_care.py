"""`projectionist cache audit`, `scrub`, `rests`, `take-back`, `adopt`: look after the cache, move in from others."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from projectionist.cli.cache_run import ASKED_BY, AsJson, Data, opened, until_interrupted
from projectionist.errors import JobCancelled

if TYPE_CHECKING:
    from projectionist.features.cache.adopting.moving_in import Adoptable
    from projectionist.features.cache.adopting.taking_over import TakenOver
    from projectionist.features.cache.auditing.audit import Audited
    from projectionist.features.cache.auditing.findings import Finding

_INTERRUPTED = 130


def audit(
    repair: Annotated[
        bool,
        typer.Option("--repair", help="Mend what can be mended; what other programs cached is for `adopt`."),
    ] = False,
    excludes: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The list of what Unraid's mover leaves alone.")
    ] = None,
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Look through the fast and the slow disks for what is amiss; this wakes disks that sleep."""
    from projectionist.features.cache.auditing.audit import audit as look
    from projectionist.features.cache.auditing.excluding import publishing
    from projectionist.features.cache.auditing.jobs import care_of

    with opened(data) as house, until_interrupted(quiet=as_json or not sys.stderr.isatty()) as job:
        care = replace(care_of(house.cache), asked_by=ASKED_BY)
        care = care if excludes is None else publishing(care, excludes)
        try:
            audited = look(
                care, excludes=excludes, progress=lambda done, where: job.progress(done, now=where)
            )
        except JobCancelled as error:
            typer.echo(error.message, err=True)
            raise typer.Exit(_INTERRUPTED) from error
        outcomes: Counter[str] = Counter()
        left = interrupted = 0
        for finding in audited.findings:
            outcome, message = ("", "")
            if repair and finding.repair.may_be_one_of_many and not interrupted:
                try:
                    outcome, message = _mended(care, finding, job.check)
                except JobCancelled:
                    interrupted = 1
            outcomes[outcome or "found"] += 1
            left += outcome not in ("mended", "no_longer_so")
            _tell_finding(finding, outcome, message, as_json=as_json)
    _sum_up(audited, outcomes, left, as_json=as_json, interrupted=bool(interrupted))
    raise typer.Exit(_INTERRUPTED if interrupted else int(left > 0))


def _mended(care: Any, finding: Finding, check: Any) -> tuple[str, str]:
    """How the repair of a finding ended, and what went wrong."""
    from projectionist.errors import ProjectionistError
    from projectionist.features.audit_log.service import Act, note
    from projectionist.features.cache.auditing.repairing import repair

    try:
        outcome = str(repair(care, finding, check))
        told = {"findings": [f"{finding.kind}: {finding.path}"], "outcome": outcome}
        note(care.database, Act.REPAIRED, finding.path.name, after=told)
        return outcome, ""
    except JobCancelled:
        raise
    except ProjectionistError as error:
        return "failed", error.message


def _tell_finding(finding: Finding, outcome: str, message: str, *, as_json: bool) -> None:
    from projectionist.cli.display import place, shown

    if as_json:
        told = {
            "id": finding.id,
            "kind": str(finding.kind),
            "path": str(finding.path),
            "evidence": shown(finding.evidence),
            "bytes": finding.size,
            "repair": str(finding.repair) or None,
            "deed": finding.deed,
            "outcome": outcome or None,
            "message": shown(message),
        }
        typer.echo(json.dumps(told, ensure_ascii=False))
    else:
        typer.echo(f"{finding.kind:>11}  {place(finding.path)}")
        typer.echo(f"{'':>13}{shown(finding.evidence)}")
        typer.echo(f"{'':>13}{outcome.replace('_', ' ') or 'repair'}: {shown(message) or finding.deed}")
    sys.stdout.flush()


def _sum_up(audited: Audited, outcomes: Counter[str], left: int, *, as_json: bool, interrupted: bool) -> None:
    found = len(audited.findings)
    if as_json:
        told = {
            "summary": True,
            "looked_at": audited.looked_at,
            "found": found,
            "left": left,
            "outcomes": dict(outcomes),
            "living": audited.living,
            "interrupted": interrupted,
        }
        typer.echo(json.dumps(told))
        return
    counted = ", ".join(f"{count} {outcome.replace('_', ' ')}" for outcome, count in outcomes.items())
    typer.echo(f"{audited.looked_at:,} files looked at; {counted or 'nothing is amiss'}.")
    if audited.living:
        typer.echo(
            f"{audited.living:,} files live on the fast branches of unions, put there by others; they stay."
        )


def scrub(
    rate: Annotated[
        str | None, typer.Option("--rate", help="Read no faster than this a second, e.g. 50MB.")
    ] = None,
    older_than: Annotated[
        float, typer.Option("--older-than", min=0, metavar="DAYS", help="Only what was not read for so long.")
    ] = 0,
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Read the fast copies from their disks, and say which are not what was copied; no slow disk is touched."""
    from projectionist.cli.options import bytes_per_second
    from projectionist.features.cache.auditing.jobs import care_of, run_scrub
    from projectionist.features.cache.auditing.keeping import findings

    asked = {"rate": bytes_per_second(rate), "older_than_days": older_than}
    with opened(data) as house, until_interrupted(quiet=as_json or not sys.stderr.isatty()) as job:
        care = care_of(house.cache)
        try:
            done = run_scrub(care, job, asked)
        except JobCancelled as error:
            typer.echo("Stopped; what was read is remembered, and the next scrub goes on there.", err=True)
            raise typer.Exit(_INTERRUPTED) from error
        found = [one for one in findings(care.database, care.node) if one.kind == "mismatch"]
    for finding in found:
        _tell_finding(finding, "", "", as_json=as_json)
    if as_json:
        typer.echo(json.dumps({"summary": True, **done}))
    else:
        away = f", {done['away']} not there" if done["away"] else ""
        typer.echo(
            f"{done['whole']} whole, {done['changed']} written to since, {done['mismatched']} damaged{away}; "
            f"{done['bytes_read']:,} bytes read."
        )
    raise typer.Exit(int(bool(found)))


def rests(as_json: AsJson = False, data: Data = None) -> None:
    """List what was put to rest: kept for 14 days under a hidden name, and taken back only when somebody asks."""
    from projectionist.cli.display import place
    from projectionist.features.cache import caring

    with opened(data) as house:
        found = caring.rests(house.cache)
    for one in found:
        if as_json:
            told = {
                "id": one.id,
                "path": str(one.path),
                "resting": str(one.resting),
                "reason": one.reason,
                "bytes": one.size,
                "until": one.until.isoformat(),
                "is_original": one.is_original,
            }
            typer.echo(json.dumps(told, ensure_ascii=False))
        else:
            kind = "original" if one.is_original else "fast copy"
            typer.echo(f"{one.id:>6}  until {one.until:%Y-%m-%d}  {kind:<9}  {place(one.path)}")
            typer.echo(f"{'':>8}{one.reason.replace('_', ' ')}, {one.size:,} bytes, at {place(one.resting)}")
    if not found and not as_json:
        typer.echo("No file is at rest.")


def take_back(
    number: Annotated[int, typer.Argument(metavar="ID", min=1, help="The number that `cache rests` shows.")],
    beside: Annotated[
        bool, typer.Option("--beside", help="Under a new name beside the path that it had.")
    ] = False,
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Give a file at rest the path again that it had, never over what is there now, or a new name beside that."""
    from projectionist.cli.display import place
    from projectionist.features.audit_log.service import Act, note
    from projectionist.features.cache.auditing.jobs import care_of
    from projectionist.features.cache.mending.taking_back import Where
    from projectionist.features.cache.mending.taking_back import take_back as give_back

    with opened(data) as house, until_interrupted(quiet=as_json or not sys.stderr.isatty()) as job:
        care = replace(care_of(house.cache), asked_by=ASKED_BY)
        try:
            path = give_back(care, number, job.check, where=Where.BESIDE if beside else Where.PATH)
            note(house.database, Act.TAKEN_BACK, path.name, after={"path": str(path), "beside": beside})
        except JobCancelled as error:
            typer.echo("Stopped; the file rests on as it did.", err=True)
            raise typer.Exit(_INTERRUPTED) from error
    typer.echo(json.dumps({"id": number, "path": str(path)}) if as_json else f"Taken back: {place(path)}")


def adopt(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Where PlexCache-D or Cacherr keeps its settings.")
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would become of each file.")
    ] = False,
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Make what PlexCache-D or Cacherr cached ours, each pair compared byte for byte before."""
    from projectionist.features.audit_log.service import Act, note
    from projectionist.features.cache.adopting.moving_in import adopt as take_all
    from projectionist.features.cache.adopting.moving_in import look_over
    from projectionist.features.cache.adopting.rivals import find_rivals
    from projectionist.features.cache.adopting.taking_over import Taken
    from projectionist.features.cache.auditing.jobs import care_of

    rivals = find_rivals(folder)
    outcomes: Counter[str] = Counter()
    interrupted = False
    with opened(data) as house, until_interrupted(quiet=as_json or not sys.stderr.isatty()) as job:
        care = replace(care_of(house.cache), asked_by=ASKED_BY)
        try:
            adoptable = look_over(care, rivals, job.check)
            _tell_settings(adoptable, as_json=as_json)
            left = [one for one in adoptable.files if dry_run or one.taken is Taken.LEFT_ALONE]
            for one in left:
                outcomes[one.taken] += 1
                _tell_taken(one, as_json=as_json)
            if not dry_run:
                note(house.database, Act.ADOPTED, str(folder.absolute()))
                for one in take_all(
                    care, adoptable, lambda done, total, now: job.progress(done, total, now=now)
                ):
                    outcomes[one.taken] += 1
                    _tell_taken(one, as_json=as_json)
        except JobCancelled:
            interrupted = True
    _sum_up_taken(outcomes, as_json=as_json, dry_run=dry_run, interrupted=interrupted)
    failed = outcomes[Taken.FAILED] + outcomes[Taken.PLAYING]
    raise typer.Exit(_INTERRUPTED if interrupted else int(failed > 0))


def _tell_settings(adoptable: Adoptable, *, as_json: bool) -> None:
    from dataclasses import asdict

    if as_json:
        told = {
            "settings": True,
            "rivals": [
                {"name": one.name, "limits": dict(one.limits), "habits": dict(one.habits)}
                for one in adoptable.rivals
            ],
            "tiers": [asdict(one) for one in adoptable.tiers],
            "places": [asdict(one) for one in adoptable.places],
        }
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    typer.echo(f"Found: {', '.join(one.name for one in adoptable.rivals)}.")
    for tier in adoptable.tiers:
        rules = {name: value for name, value in asdict(tier).items() if value and name != "root"}
        said = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in rules.items())
        typer.echo(f"  a fast tier at {tier.root}{f': {said}' if said else ''}")
    for one in adoptable.places:
        typer.echo(f"  {one.name or 'a folder'} at {one.slow_root}, seen at {one.view_root}: {one.layout}")


def _tell_taken(one: TakenOver, *, as_json: bool) -> None:
    from projectionist.cli.display import place, shown

    if as_json:
        told = {
            "backup": str(one.backup),
            "path": None if one.path is None else str(one.path),
            "outcome": str(one.taken),
            "why": shown(one.why),
            "bytes": one.size,
        }
        typer.echo(json.dumps(told, ensure_ascii=False))
    else:
        typer.echo(f"{one.taken.replace('_', ' '):>11}  {place(one.path or one.backup)}: {shown(one.why)}")
    sys.stdout.flush()


def _sum_up_taken(outcomes: Counter[str], *, as_json: bool, dry_run: bool, interrupted: bool) -> None:
    if as_json:
        told = {"summary": True, "files": outcomes.total(), "outcomes": dict(outcomes)}
        typer.echo(json.dumps({**told, "dry_run": dry_run, "interrupted": interrupted}))
        return
    counted = ", ".join(f"{count} {outcome.replace('_', ' ')}" for outcome, count in outcomes.items())
    stop = "Stopped before the end; every path leads to a whole file. " if interrupted else ""
    only = " Nothing was changed." if dry_run else ""
    typer.echo(f"{stop}{counted or 'Nothing of theirs lies on the places of the cache'}.{only}")
