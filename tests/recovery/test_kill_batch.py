"""Batches are interrupted, killed and robbed of their workers, and what is left is looked at."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any

import pytest

from projectionist.features.previews.formats import Format
from projectionist.features.previews.outputs import Output, problems, record_in
from tests.films import make_film
from tests.recovery.batches import STALLED_AFTER
from tests.running import Ran, arguments, make, plan, temporaries_below

ROOT = Path(__file__).resolve().parents[2]
STOPS_WITHIN = 5.0
"""Seconds: five times what is promised."""
FORMATS = (Format.BIF, Format.TRICKPLAY, Format.JPEG)
OPTIONS = ("--interval", 2, "--width", 64, *(word for kind in FORMATS for word in ("--format", kind)))


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of films of several kinds."""
    folder = tmp_path_factory.mktemp("batch") / "films"
    for number in range(3):
        make_film(folder / f"{number}.mkv", seconds=12, gop=24)
        make_film(folder / "sub" / f"{number}.mp4", seconds=8, gop=24)
        make_film(folder / "sub" / f"{number}.ts", seconds=4, gop=24, codec="mpeg2video")
    return folder


def until(condition: Callable[[], Any], seconds: float = 30) -> bool:
    """Whether the condition came true in time."""
    deadline = monotonic() + seconds
    while not condition():
        if monotonic() > deadline:
            return False
        Event().wait(0.01)
    return True


def session_of(leader: int) -> list[int]:
    """The living processes of the session that this process leads."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            state, _, _, session = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
        except OSError:
            continue
        if int(session) == leader and state not in "ZX":
            found.append(int(entry.name))
    return found


def workers_of(parent: int) -> list[int]:
    return [pid for pid in session_of(parent) if pid != parent]


@contextmanager
def started(*words: object) -> Iterator[subprocess.Popen[bytes]]:
    """A run in a session of its own, whose processes do not outlive the block."""
    running = subprocess.Popen(
        arguments("previews", "make", "--json", *words),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield running
    finally:
        for pid in session_of(running.pid):
            os.kill(pid, signal.SIGKILL)
        running.communicate()


def ended(running: subprocess.Popen[bytes]) -> Ran:
    out, err = running.communicate(timeout=STOPS_WITHIN)
    return Ran(running.returncode, out.decode(), err.decode())


def visible_outputs(films: Path, out: Path) -> list[Output]:
    planned = plan(films, output=out, formats=FORMATS)
    return [output for task in planned.tasks for output in task.outputs if output.path.exists()]


def assert_whole(films: Path, out: Path) -> None:
    for output in visible_outputs(films, out):
        assert problems(output, deep=True) == []
        record = record_in(output)
        assert record is not None
        assert not record.damaged


def assert_a_second_run_completes(films: Path, out: Path) -> None:
    ran = make(films, "--output", out, *OPTIONS)
    assert (ran.code, ran.err) == (0, "")
    assert set(ran.summary["outcomes"]) <= {"made", "fresh"}
    assert len(visible_outputs(films, out)) == 9 * len(FORMATS)
    assert_whole(films, out)
    assert temporaries_below(out) == []
    assert sum(path.is_file() for path in out.rglob("*")) == 9 * 2 + 3 * (6 + 4 + 2)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "whole_group"), [(signal.SIGINT, True), (signal.SIGINT, False), (signal.SIGTERM, False)]
)
def test_a_stop_comes_at_once_and_leaves_only_whole_previews(
    films: Path, tmp_path: Path, number: signal.Signals, whole_group: bool
) -> None:
    out = tmp_path / "out"
    with started(films, "--output", out, *OPTIONS, "--rate", "300KB", "--workers", 2) as running:
        assert until(lambda: temporaries_below(out) and visible_outputs(films, out))
        (os.killpg if whole_group else os.kill)(running.pid, number)
        ran = ended(running)
        assert workers_of(running.pid) == []
    assert (ran.code, ran.err) == (130, "")
    assert ran.summary["interrupted"]
    assert 0 < len(visible_outputs(films, out)) < 9 * len(FORMATS)
    assert_whole(films, out)
    assert temporaries_below(out) == []
    assert_a_second_run_completes(films, out)


@pytest.mark.slow
def test_workers_do_not_outlive_a_parent_that_was_killed(films: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with started(films, "--output", out, *OPTIONS, "--rate", "300KB", "--workers", 2) as running:
        assert until(lambda: temporaries_below(out))
        workers = workers_of(running.pid)
        assert len(workers) == 2
        running.kill()
        assert until(lambda: not workers_of(running.pid), 10)
    assert_whole(films, out)
    assert_a_second_run_completes(films, out)


@pytest.mark.slow
def test_a_worker_killed_in_mid_film_takes_only_that_film_down(films: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with started(films, "--output", out, *OPTIONS, "--rate", "2MB", "--workers", 2) as running:
        assert until(lambda: temporaries_below(out))
        os.kill(workers_of(running.pid)[0], signal.SIGKILL)
        out_text, err = running.communicate(timeout=60)
    ran = Ran(running.returncode, out_text.decode(), err.decode())
    assert (ran.code, ran.err) == (1, "")
    assert ran.summary["outcomes"] == {"made": 8, "crashed": 1}
    [message] = [one["message"] for one in ran.films.values() if one["outcome"] == "crashed"]
    assert "was killed" in message
    assert_whole(films, out)
    assert temporaries_below(out) == []
    assert_a_second_run_completes(films, out)


@pytest.mark.slow
def test_kills_at_random_moments_leave_whole_previews_and_a_second_run_completes_them(
    films: Path, tmp_path: Path
) -> None:
    out, seed = tmp_path / "out", random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    for _ in range(5):
        with started(films, "--output", out, *OPTIONS, "--force", "--rate", "4MB") as running:
            assert until(lambda: workers_of(running.pid))
            Event().wait(chance.uniform(0, 0.8))
            os.killpg(running.pid, signal.SIGKILL)
            assert until(lambda: not session_of(running.pid), STOPS_WITHIN)
        assert_whole(films, out)
    assert_a_second_run_completes(films, out)


@pytest.mark.slow
def test_interrupts_at_random_moments_end_quietly(films: Path, tmp_path: Path) -> None:
    out, seed = tmp_path / "out", random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    for _ in range(4):
        with started(films, "--output", out, *OPTIONS, "--force", "--rate", "1MB") as running:
            assert until(lambda: workers_of(running.pid))
            Event().wait(chance.uniform(0, 0.3))
            os.killpg(running.pid, signal.SIGINT)
            Event().wait(chance.choice([0, 0.001, 0.02]))
            os.killpg(running.pid, signal.SIGINT)
            ran = ended(running)
            assert session_of(running.pid) == []
        assert (ran.code, ran.err) == (130, "")
        assert_whole(films, out)
        assert temporaries_below(out) == []


def batch(folder: Path, *deeds: str) -> tuple[dict[str, tuple[str, str]], int, str]:
    """Outcome and message per film, the most films worked on at once, and what went to standard error."""
    ran = subprocess.run(
        [sys.executable, "-m", "tests.recovery.batches", str(folder), *deeds],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    *films, peak = (json.loads(line) for line in ran.stdout.splitlines())
    return {name: (outcome, message) for name, outcome, message in films}, peak, ran.stderr


def test_whatever_befalls_a_worker_the_other_films_are_made(tmp_path: Path) -> None:
    ends, _, log = batch(tmp_path, "die", "fine", "segv", "hang", "raise", "leave", "memory", "pipe", "fine")
    assert {name: outcome for name, (outcome, _) in ends.items()} == {
        "0.die": "crashed",
        "1.fine": "made",
        "2.segv": "crashed",
        "3.hang": "stalled",
        "4.raise": "failed",
        "5.leave": "crashed",
        "6.memory": "out_of_memory",
        "7.pipe": "failed",
        "8.fine": "made",
    }
    assert "SIGSEGV" in ends["2.segv"][1]
    assert "exit code 3" in ends["5.leave"][1]
    assert "ZeroDivisionError: one" in ends["4.raise"][1]
    assert log.count("making the previews of one film failed") == 2
    hung = int((tmp_path / "3.pid").read_text())
    assert not Path(f"/proc/{hung}").exists()


def test_films_are_worked_on_in_parallel(tmp_path: Path) -> None:
    ends, peak, _ = batch(tmp_path, "wait", "wait", "fine", "fine", "fine")
    assert {outcome for outcome, _ in ends.values()} == {"made"}
    assert peak == 2
    assert len({path.read_text() for path in tmp_path.glob("[01].pid")}) == 2


def test_where_the_system_gives_fewer_processes_those_do_all_the_work(tmp_path: Path) -> None:
    ends, peak, _ = batch(tmp_path, "1", "fine", "fine", "fine")
    assert {outcome for outcome, _ in ends.values()} == {"made"}
    assert peak == 1


def test_a_signal_to_a_worker_that_is_just_born_does_not_unwind_it(tmp_path: Path) -> None:
    ends, _, log = batch(tmp_path, "9", "wait", "wait", "fine")
    assert {outcome for outcome, _ in ends.values()} == {"made"}
    assert log == ""


ORPHANED = """
import os, sys
from multiprocessing import Pipe
from pathlib import Path
from projectionist.features.previews.batch import _Reporter
from projectionist.features.previews.making import Recipe, make_previews
from projectionist.frames.thumbnails import Wanted
from tests.running import plan

[task] = plan(Path(sys.argv[1]), output=Path(sys.argv[2])).tasks
code = 1
for last in range(1, 1000):
    child = os.fork()
    if not child:
        ours, theirs = Pipe()
        ours.close()
        report, seen = _Reporter(theirs, os.getppid()), 0

        def at_the_last(share):
            global seen
            seen += 1
            if seen == last:
                report(share)

        make_previews(task, Recipe(Wanted((2000,), 64)), at_the_last)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(code, task.outputs[0].path.exists())
    if not code:
        break
"""


@pytest.mark.parametrize("name", ["0.mkv", "sub/0.mp4", "sub/0.ts"])
def test_a_worker_that_lost_its_parent_at_any_read_publishes_nothing(
    films: Path, tmp_path: Path, name: str
) -> None:
    words = [sys.executable, "-c", ORPHANED, str(films / name), str(tmp_path)]
    ran = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    *lost, through = ran.stdout.splitlines()
    assert ran.stderr == ""
    assert len(lost) > 10
    assert set(lost) <= {"1 False", "1 True"}
    assert "1 True" not in lost[:-1]
    assert through == "0 True"
    assert temporaries_below(tmp_path) == []


def test_where_the_system_gives_no_process_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError) as failed:
        batch(tmp_path, "0", "fine")
    assert "No process could be started" in failed.value.stderr


def test_a_batch_that_was_stopped_for_long_goes_on_where_it_was(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "tests.recovery.batches", str(tmp_path), "work", "work"]
    running = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        assert until(lambda: len(list(tmp_path.glob("*.pid"))) == 2)
        os.killpg(running.pid, signal.SIGSTOP)
        Event().wait(STALLED_AFTER + 0.3)
        os.kill(running.pid, signal.SIGCONT)
        Event().wait(0.2)
        os.killpg(running.pid, signal.SIGCONT)
        (tmp_path / "enough").touch()
        out, _ = running.communicate(timeout=20)
    finally:
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)
    assert [json.loads(line)[1] for line in out.splitlines()[:-1]] == ["made", "made"]


def test_workers_go_on_from_film_to_film(tmp_path: Path) -> None:
    batch(tmp_path, *["fine"] * 20)
    assert len({path.read_text() for path in tmp_path.glob("*.pid")}) <= 2
