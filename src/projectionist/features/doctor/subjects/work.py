"""Checks of the jobs, who does them, and when."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from projectionist.features.doctor.checks import (
    Check,
    Finding,
    Subject,
    failed,
    passed,
    repairs_opened,
    unknown,
    warned,
    when_opened,
)
from projectionist.features.doctor.ground import Ground, Opened
from projectionist.features.doctor.subjects.files import named
from projectionist.jobs.ports import Job, JobFilter, JobState, Node, Queue, Schedule

_LATE = timedelta(minutes=15)
_LONG = timedelta(hours=24)
_DAY = timedelta(days=1)
_SOME_FAILED, _MANY_FAILED = 0.05, 0.5


def look_at_workers(ground: Ground) -> Finding:
    """Who gives signs of life."""
    if ground.opened is None:
        return judge_no_house(ground.closed)
    return judge_workers(ground.opened.jobs.nodes(), stopped="" if ground.running else ground.stopped)


def judge_no_house(closed: str) -> Finding:
    """Without the database nobody's heartbeat is known."""
    return unknown(closed)


def judge_workers(nodes: Sequence[Node], stopped: str = "") -> Finding:
    """Work is done by who is alive and listens to a queue."""
    working = [one.name for one in nodes if one.alive and one.queues]
    if working:
        return passed(f"At work: {named(working)}.")
    if stopped:
        return unknown(f"Nobody is at work, as was to be expected. {stopped}")
    return failed("Nobody is at work: no process that does jobs gives a sign of life.")


def look_at_the_lost(opened: Opened) -> Finding:
    """Who fell silent without having said goodbye, with jobs in hand."""
    return judge_the_lost(opened.jobs.nodes())


def judge_the_lost(nodes: Sequence[Node]) -> Finding:
    """Its jobs are handed on; where they are not, they hang."""
    lost = [one.name for one in nodes if not one.alive and one.running]
    if lost:
        return warned(f"Silent with jobs in hand: {named(lost)}.")
    return passed("No process fell silent with jobs in hand.")


def look_at_queues(opened: Opened) -> Finding:
    """Whether somebody listens where jobs wait."""
    return judge_queues(opened.jobs.queues(), opened.jobs.nodes())


def judge_queues(queues: Sequence[Queue], nodes: Sequence[Node]) -> Finding:
    """Jobs in a queue that nobody works on wait for ever."""
    heard = {name for one in nodes if one.alive for name in one.queues}
    if not heard:
        return unknown("Nobody is at work, so it is not known who would listen.")
    deaf = [one.title for one in queues if one.queued and not one.paused and one.name not in heard]
    if deaf:
        return failed(f"Jobs wait where nobody works: {named(deaf)}.")
    return passed("Every queue in which jobs wait has somebody who works on it.")


def look_at_pauses(opened: Opened) -> Finding:
    """Which queues rest with jobs in them."""
    return judge_pauses(opened.jobs.queues())


def judge_pauses(queues: Sequence[Queue]) -> Finding:
    """Paused by a person, and easily forgotten."""
    resting = [f"{one.title} ({one.queued})" for one in queues if one.paused and one.queued]
    if resting:
        return warned(f"Paused with jobs waiting: {named(resting)}.")
    return passed("No paused queue has jobs waiting.")


def resume(opened: Opened) -> str:
    """Go on with what is paused and waited for."""
    resting = [one for one in opened.jobs.queues() if one.paused and one.queued]
    for queue in resting:
        opened.jobs.resume(queue.name)
    return f"Going on: {named([one.title for one in resting])}."


def look_at_long_jobs(opened: Opened) -> Finding:
    """Which jobs run for longer than a day."""
    running = opened.jobs.find(JobFilter((JobState.RUNNING,), sort="started_at"), size=50).items
    return judge_long_jobs(running, opened.now())


def judge_long_jobs(running: Sequence[Job], now: datetime) -> Finding:
    """A job of more than a day is stuck, as a rule."""
    long = [one.title for one in running if one.started_at is not None and now - one.started_at > _LONG]
    if long:
        return warned(f"Running for more than a day: {named(long)}.")
    return passed(f"{len(running)} jobs run, none for more than a day.")


def look_at_failures(opened: Opened) -> Finding:
    """How many of the last jobs failed."""
    over = JobFilter((JobState.DONE, JobState.FAILED), sort="-ended_at")
    since = opened.now() - _DAY
    last = [
        one
        for one in opened.jobs.find(over, size=200).items
        if one.ended_at is not None and one.ended_at >= since
    ]
    return judge_failures(len(last), [one.title for one in last if one.state is JobState.FAILED])


def judge_failures(over: int, lost: Sequence[str]) -> Finding:
    """One in twenty is worth a look, half is an outage."""
    if not over:
        return unknown("No job ended in the last day.")
    said = f"{len(lost)} of the last {over} jobs of a day failed"
    if len(lost) > over * _MANY_FAILED:
        return failed(f"{said}: {named(lost)}.")
    return warned(f"{said}: {named(lost)}.") if len(lost) > over * _SOME_FAILED else passed(f"{said}.")


def look_at_late_schedules(ground: Ground) -> Finding:
    """Which schedules should have asked long ago."""
    if ground.opened is None:
        return unknown(ground.closed)
    found = ground.opened.jobs.schedules()
    return judge_late_schedules(found, ground.now(), "" if ground.running else ground.stopped)


def judge_late_schedules(found: Sequence[Schedule], now: datetime, stopped: str = "") -> Finding:
    """Somebody has to look at the clock."""
    late = [
        one.name for one in found if not one.paused and one.next_at is not None and now - one.next_at > _LATE
    ]
    if late and stopped:
        return unknown(f"{len(late)} schedules wait, as was to be expected. {stopped}")
    if late:
        return failed(f"Overdue for more than a quarter of an hour: {named(late)}.")
    return passed(f"None of {len(found)} schedules is overdue.")


def look_at_dead_schedules(opened: Opened) -> Finding:
    """Which schedules ask for what nobody can do."""
    return judge_dead_schedules(opened.jobs.schedules(), opened.kinds)


def judge_dead_schedules(found: Sequence[Schedule], kinds: Collection[str]) -> Finding:
    """A kind of job may be gone with the feature that brought it."""
    dead = [f"{one.name} ({one.kind})" for one in found if not one.paused and one.kind not in kinds]
    if dead:
        return failed(f"No such job is known any more: {named(dead)}.")
    return passed(f"All {len(found)} schedules ask for jobs that are known.")


def look_at_clocks(opened: Opened) -> Finding:
    """Whether other machines live in the future."""
    now = opened.now()
    return judge_clocks({one.name: one.seen_at - now for one in opened.jobs.nodes()})


def judge_clocks(ahead: Mapping[str, timedelta]) -> Finding:
    """A sign of life from the future comes from a clock that goes wrong, here or there."""
    wrong = [name for name, by in ahead.items() if by > timedelta(seconds=30)]
    if wrong:
        return failed(f"Signs of life came from the future: {named(wrong)}.")
    return passed(f"The clocks of {len(ahead)} processes agree with this one's.")


CHECKS = (
    Check(
        "workers",
        Subject.WORK,
        "Somebody does the jobs",
        "Without a worker nothing is synced, made or moved.",
        "Start projectionist serve without --no-worker, or projectionist worker.",
        look_at_workers,
    ),
    Check(
        "lost-workers",
        Subject.WORK,
        "No worker fell silent at work",
        "What it had in hand waits until somebody takes it over.",
        "Start it again, or look at what ended it; another worker takes its jobs over by itself.",
        when_opened(look_at_the_lost),
    ),
    Check(
        "queues",
        Subject.WORK,
        "Somebody works on every queue",
        "Jobs in a queue that nobody works on wait for ever.",
        "Start a worker with that queue: projectionist worker --queues NAME.",
        when_opened(look_at_queues),
    ),
    Check(
        "paused-queues",
        Subject.WORK,
        "No paused queue has jobs waiting",
        "A pause is easily forgotten, and holds up what waits.",
        "Resume the queue on the page of jobs.",
        when_opened(look_at_pauses),
        repairs_opened(resume),
        "Resume them",
    ),
    Check(
        "long-jobs",
        Subject.WORK,
        "No job runs for more than a day",
        "A job that is stuck keeps others waiting.",
        "Look at its log on the page of jobs, and cancel it where nothing moves.",
        when_opened(look_at_long_jobs),
    ),
    Check(
        "failed-jobs",
        Subject.WORK,
        "Few jobs fail",
        "Many failures have one cause, as a rule: a disk that is away, a server that refuses.",
        "Look at the failed jobs, and retry them once the cause is mended.",
        when_opened(look_at_failures),
    ),
    Check(
        "late-schedules",
        Subject.WORK,
        "Schedules keep their times",
        "What comes by schedule does not come.",
        "Start the service anew; its log says why nobody looked at the clock.",
        look_at_late_schedules,
    ),
    Check(
        "dead-schedules",
        Subject.WORK,
        "Schedules ask for jobs that are known",
        "A schedule for a job that is gone does nothing, and looks as if it did.",
        "Remove or edit it on the page of schedules.",
        when_opened(look_at_dead_schedules),
    ),
    Check(
        "worker-clocks",
        Subject.WORK,
        "The clocks of all workers agree",
        "Who lives in the future is taken for dead too late, and sorts its work wrongly.",
        "Let every machine keep its time by NTP.",
        when_opened(look_at_clocks),
    ),
)
