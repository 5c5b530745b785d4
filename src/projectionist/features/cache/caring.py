"""Looking after the cache, as pages and the API ask for it: audits, findings, scrubs, files at rest, and moving in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, count
from pathlib import Path

from projectionist.errors import Conflict, InputWrong
from projectionist.features.audit_log.service import Act, note
from projectionist.features.cache.adopting.jobs import ADOPT
from projectionist.features.cache.adopting.moving_in import SuggestedTier, suggested_tiers
from projectionist.features.cache.adopting.rivals import Rival, find_rivals
from projectionist.features.cache.auditing import keeping
from projectionist.features.cache.auditing.findings import Finding, FindingKind, Repair
from projectionist.features.cache.auditing.jobs import (
    AUDIT,
    MEND,
    SCRUB,
    TAKE_BACK,
    care_of,
    order_mending,
    order_taking_back,
)
from projectionist.features.cache.mending.taking_back import Where, require_takeable
from projectionist.features.cache.workplace import Workplace
from projectionist.jobs.ports import Job, JobFilter, Jobs, JobState, Order, Ordered, Priority
from projectionist.kit.confining import check_root
from projectionist.media.vocabulary import Page

ASKED_FOR = (Repair.NONE, Repair.TAKE_OVER)
"""What is never done in bulk: what has no repair, and what takes over another program's files."""


@dataclass(frozen=True, slots=True)
class Resting:
    """A file that nothing shows any more. `reason` is how it came to rest; `is_original` whether it rests beside its
    path, on the slow disk: taking it back is a renaming. A fast copy is copied to the slow disk first.
    """

    id: int
    path: Path
    resting: Path
    reason: str
    size: int
    until: datetime
    is_original: bool


@dataclass(frozen=True, slots=True)
class CareNow:
    """What runs of audits, scrubs and repairs, and how the last of each ended; None for none.

    `adoption` is the last that told, or did, what becomes of another program's files.
    """

    running: tuple[Job, ...]
    audit: Job | None
    scrub: Job | None
    adoption: Job | None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A fast tier of another program under a name that is free; `is_there` where its folder is set up already."""

    name: str
    tier: SuggestedTier
    is_there: bool


def is_safe(finding: Finding) -> bool:
    """Whether a finding may be mended together with others."""
    return finding.repair not in ASKED_FOR


def findings(place: Workplace, kind: FindingKind | None = None) -> Sequence[Finding]:
    """What was found on this node and is not mended, the first first. Raises DatabaseUnusable."""
    found = keeping.findings(place.database, place.node)
    return [one for one in found if kind in (None, one.kind)]


def care_now(jobs: Jobs) -> CareNow:
    """How looking after the cache stands."""
    running = JobFilter((JobState.QUEUED, JobState.RUNNING), kinds=(AUDIT, SCRUB, MEND, TAKE_BACK, ADOPT))
    return CareNow(
        jobs.find(running, size=20).items, _last(jobs, AUDIT), _last(jobs, SCRUB), _last(jobs, ADOPT)
    )


def order_audit(jobs: Jobs, asked_by: str, excludes: Path | None = None) -> Ordered:
    """Ask every node for an audit, which wakes its slow disks."""
    arguments = {"excludes": str(excludes or "")}
    return jobs.order(Order(AUDIT, arguments, "audit", Priority.HIGH, asked_by=asked_by))


def order_scrub(jobs: Jobs, asked_by: str) -> Ordered:
    """Ask every node to read all its fast copies; no slow disk is touched."""
    return jobs.order(Order(SCRUB, {}, "scrub", Priority.HIGH, asked_by=asked_by))


def order_repair(
    place: Workplace, jobs: Jobs, number: int, asked_by: str, excludes: Path | None = None
) -> Ordered:
    """Ask for a finding to be mended. Raises NotFound, and Conflict where there is no repair."""
    finding = keeping.finding(place.database, number)
    if finding.repair is Repair.NONE:
        raise Conflict("There is no repair for this: look at it, and decide.")
    return _order_repairs(place, jobs, [finding], asked_by, excludes)[0]


def order_safe_repairs(
    place: Workplace, jobs: Jobs, asked_by: str, excludes: Path | None = None
) -> Sequence[Ordered]:
    """Ask for everything to be mended that may be mended in bulk."""
    return _order_repairs(place, jobs, [one for one in findings(place) if is_safe(one)], asked_by, excludes)


def rests(place: Workplace) -> Sequence[Resting]:
    """The files at rest, those first whose days end first; none is ever restored unasked. Raises DatabaseUnusable."""
    found = [
        Resting(
            row.id,
            Path(row.path),
            Path(row.resting),
            row.reason,
            row.size,
            row.until,
            Path(row.resting).parent == Path(row.path).parent,
        )
        for row in place.desk.journal.at_rest()
    ]
    return sorted(found, key=lambda one: (one.until, one.id))


def return_rest(place: Workplace, jobs: Jobs, rest_id: int, asked_by: str, *, beside: bool) -> Ordered:
    """Ask for a file at rest to have its path again, or a new name beside that.

    Raises NotFound, SwapRefused, DatabaseUnusable, and Conflict where something is at its path.
    """
    where = Where.BESIDE if beside else Where.PATH
    row = require_takeable(care_of(place), rest_id, where)
    name = Path(row.path).name
    ordered = order_taking_back(jobs, row.id, name, place.node, asked_by, where)
    note(place.database, Act.TAKEN_BACK, name, after={"path": row.path, "beside": beside})
    return ordered


def rivals_in(folder: str) -> Sequence[Rival]:
    """The caching programs whose settings lie in a folder. Raises InputWrong, NotFound, TableWrong."""
    return find_rivals(_folder(folder))


def suggestions(place: Workplace, rivals: Sequence[Rival]) -> Sequence[Suggestion]:
    """The fast tiers that other programs used, to be taken over as they are typed there, with a name for each."""
    names = {tier.name for tier in place.places.tiers()}
    roots = {str(tier.root) for tier in place.places.tiers()}
    found = []
    for one in suggested_tiers(rivals):
        root = one.root.rstrip("/") or one.root
        stem = Path(root).name or "fast"
        name = next(name for name in chain((stem,), (f"{stem} {n}" for n in count(2))) if name not in names)
        names.add(name)
        found.append(Suggestion(name, one, is_there=root in roots))
    return found


def order_adoption(place: Workplace, jobs: Jobs, folder: str, asked_by: str, *, dry: bool) -> Ordered:
    """Ask to move in, or with `dry` to tell what would become of each file. Raises InputWrong."""
    path = _folder(folder)
    find_rivals(path)
    arguments: Mapping[str, object] = {"folder": str(path), "dry": dry, "asked_by": asked_by}
    ordered = jobs.order(Order(ADOPT, arguments, f"{path} {dry}", Priority.HIGH, asked_by=asked_by))
    if not dry:
        note(place.database, Act.ADOPTED, str(path))
    return ordered


def part(rows: Sequence[Finding], offset: int, size: int) -> Page[Finding]:
    """A page of findings."""
    return Page(tuple(rows[offset : offset + size]), offset, len(rows))


def _order_repairs(
    place: Workplace, jobs: Jobs, wanted: Sequence[Finding], asked_by: str, excludes: Path | None
) -> Sequence[Ordered]:
    ordered = [order_mending(jobs, one, place.node, asked_by, excludes) for one in wanted]
    if wanted:
        about = wanted[0].path.name if len(wanted) == 1 else f"{len(wanted)} findings"
        asked = {"findings": [f"{one.kind}: {one.path}" for one in wanted]}
        note(place.database, Act.REPAIRED, about, after=asked)
    return ordered


def _last(jobs: Jobs, kind: str) -> Job | None:
    wanted = JobFilter(tuple(state for state in JobState if state.is_over), kinds=(kind,), sort="-ended_at")
    found = jobs.find(wanted, size=20).items
    return next((one for one in found if "nodes" not in (one.result or {})), None)


def _folder(typed: str) -> Path:
    if "\0" in typed or not typed.strip().startswith("/"):
        raise InputWrong(
            "A folder is named by its whole path, such as /mnt/user/appdata/plexcache.", "folder"
        )
    check_root(Path(typed.strip()), "folder")
    return Path(typed.strip())
