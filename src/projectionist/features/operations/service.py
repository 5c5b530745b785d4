"""Operations on jobs, queues and schedules that are more than one call of the job engine."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from projectionist.db.engine import Database
from projectionist.errors import Conflict, InputWrong, NotFound, ProjectionistError
from projectionist.features.audit_log.service import Act, note
from projectionist.jobs.ports import Job, JobFilter, Jobs, JobState, Ordered, Priority, Queue, Schedule
from projectionist.media.vocabulary import Page

SORTS = ("created_at", "started_at", "ended_at", "priority", "title", "state")
LIVE = (JobState.RUNNING, JobState.QUEUED, JobState.WAITING)

_AT_ONCE = 500
_WRITTEN_DOWN = {"cancel": Act.JOBS_CANCELLED, "forget": Act.JOBS_FORGOTTEN}
_SCHEDULE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,79}")


@dataclass(frozen=True, slots=True)
class Bulk:
    """What came of doing one thing to many jobs: how many took it, why others did not, and what they led to."""

    done: int
    failed: tuple[tuple[str, str], ...]
    ordered: tuple[Ordered, ...] = ()


def job_filter(
    states: Sequence[str], queues: Sequence[str], kinds: Sequence[str], text: str, sort: str = "-created_at"
) -> JobFilter:
    """Which jobs are asked for. Raises InputWrong."""
    try:
        wanted = tuple(JobState(state) for state in states)
    except ValueError:
        raise InputWrong(f"A state is one of {', '.join(JobState)}.", "state") from None
    if sort.removeprefix("-") not in SORTS:
        raise InputWrong(f"Jobs are sorted by one of {', '.join(SORTS)}, with - in front to turn it.", "sort")
    if len(text) > 200:
        raise InputWrong("A text to look for has at most 200 characters.", "text")
    return JobFilter(wanted, tuple(queues), tuple(kinds), text.strip(), sort)


def all_jobs(jobs: Jobs, wanted: JobFilter) -> Iterator[Job]:
    """Every job of a filter, the oldest first, for an export; never more than a page in memory."""
    after = ""
    while True:
        found = jobs.find(replace(wanted, after=after), size=_AT_ONCE).items
        yield from found
        if len(found) < _AT_ONCE:
            return
        after = found[-1].id


def act_on_many(database: Database, jobs: Jobs, action: str, job_ids: Sequence[str]) -> Bulk:
    """Cancel, retry, forget or move many jobs; one that does not take it stops no other. Raises InputWrong."""
    ids = list(dict.fromkeys(job_ids))
    act = _action(jobs, action)
    failed, came, done = [], [], []
    for job_id in ids:
        try:
            title = _title(jobs, job_id) if action in _WRITTEN_DOWN else ""
            came.append(act(job_id))
        except ProjectionistError as error:
            failed.append((job_id, error.message))
        else:
            done.append(title)
    _note(database, action, done)
    return Bulk(len(came), tuple(failed), tuple(one for one in came if isinstance(one, Ordered)))


def act_on_one(database: Database, jobs: Jobs, action: str, job_id: str) -> None:
    """Cancel, retry or move one job. Raises InputWrong, NotFound, Conflict."""
    title = _title(jobs, job_id) if action in _WRITTEN_DOWN else ""
    _action(jobs, action)(job_id)
    _note(database, action, [title])


def get_queue(jobs: Jobs, name: str) -> Queue:
    """One queue. Raises NotFound."""
    for queue in jobs.queues():
        if queue.name == name:
            return queue
    raise NotFound(f"There is no queue {name}.")


def change_queue(
    database: Database, jobs: Jobs, name: str, concurrency: int | None, paused: bool | None
) -> Queue:
    """Change how much of a queue runs, or whether any. Raises NotFound, InputWrong."""
    before = get_queue(jobs, name)
    if concurrency is not None:
        jobs.set_concurrency(name, concurrency)
    if paused is not None:
        (jobs.pause if paused else jobs.resume)(name)
    after = get_queue(jobs, name)
    note(database, Act.QUEUE_CHANGED, name, before=_of_queue(before), after=_of_queue(after))
    return after


def get_schedule(jobs: Jobs, name: str) -> Schedule:
    """One schedule. Raises NotFound."""
    for schedule in jobs.schedules():
        if schedule.name == name:
            return schedule
    raise NotFound(f"There is no schedule {name}; it may have been removed.")


def save_schedule(database: Database, jobs: Jobs, schedule: Schedule) -> Schedule:
    """Add or replace a schedule. Raises InputWrong."""
    name = schedule.name.strip()
    if _SCHEDULE_NAME.fullmatch(name) is None:
        raise InputWrong(
            "A schedule's name begins with a letter or digit and has up to 80 letters, digits, spaces and . _ -",
            "name",
        )
    before = next((one for one in jobs.schedules() if one.name == name), None)
    saved = jobs.save_schedule(replace(schedule, name=name, when=schedule.when.strip()))
    was = {} if before is None else _of_schedule(before)
    note(database, Act.SCHEDULE_CHANGED, name, before=was, after=_of_schedule(saved))
    return saved


def pause_schedule(database: Database, jobs: Jobs, name: str, paused: bool) -> Schedule:
    """Let a schedule rest, or go on. Raises NotFound."""
    return save_schedule(database, jobs, replace(get_schedule(jobs, name), paused=paused))


def remove_schedule(database: Database, jobs: Jobs, name: str) -> None:
    """Take a schedule out. Raises NotFound."""
    was = _of_schedule(get_schedule(jobs, name))
    jobs.remove_schedule(name)
    note(database, Act.SCHEDULE_REMOVED, name, before=was)


def live_jobs(jobs: Jobs, size: int = 10) -> Page[Job]:
    """What runs and waits now, the running first."""
    running = jobs.find(JobFilter((JobState.RUNNING,), sort="started_at"), size=size)
    waiting = jobs.find(JobFilter((JobState.QUEUED, JobState.WAITING), sort="priority"), size=size)
    shown = (*running.items, *waiting.items)[:size]
    return Page(shown, 0, running.total + waiting.total)


def _title(jobs: Jobs, job_id: str) -> str:
    return jobs.get(job_id).title


def _note(database: Database, action: str, titles: Sequence[str]) -> None:
    """Write down what takes work away, or its history; in which order jobs go is nothing to write down."""
    if (act := _WRITTEN_DOWN.get(action)) and titles:
        about = titles[0] if len(titles) == 1 else f"{len(titles)} jobs"
        note(database, act, about, before={"jobs": list(titles)})


def _of_queue(queue: Queue) -> dict[str, object]:
    return {"paused": queue.paused, "at_once": queue.concurrency}


def _of_schedule(schedule: Schedule) -> dict[str, object]:
    return {
        "kind": schedule.kind,
        "arguments": dict(schedule.arguments),
        "when": schedule.when,
        "time_zone": schedule.time_zone,
        "paused": schedule.paused,
    }


def _forget(jobs: Jobs, job_id: str) -> None:
    if not jobs.get(job_id).state.is_over:
        raise Conflict("The job is not over yet; it stays.")
    jobs.forget([job_id])


def _action(jobs: Jobs, action: str) -> Callable[[str], object]:
    if action == "cancel":
        return jobs.cancel
    if action == "retry":
        return jobs.retry
    if action == "forget":
        return partial(_forget, jobs)
    try:
        priority = Priority[action.upper()]
    except KeyError:
        raise InputWrong(
            "Jobs are cancelled, retried, forgotten, or moved to a priority.", "action"
        ) from None
    return lambda job_id: jobs.set_priority(job_id, priority)
