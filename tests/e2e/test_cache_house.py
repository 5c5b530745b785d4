"""The cache in the demo house: play is pressed, the film and the next episodes come to the fast disk, and go home."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from projectionist.app import House
from projectionist.demo.house import DemoHouse
from projectionist.demo.viewing import Playing
from projectionist.features.cache import service
from projectionist.features.cache.models import PlaceRow, PlaceTierRow, TierRow
from projectionist.features.cache.reading import history
from projectionist.features.cache.reading.history import MoveFilter
from projectionist.features.cache.running.errands import Ended
from projectionist.features.cache.spots import TIER
from projectionist.features.cache.tiers.marking import mark_tier
from projectionist.features.library.service import libraries
from projectionist.features.servers.service import Server
from projectionist.jobs.ports import JobFilter, JobState
from projectionist.opening import open_house
from projectionist.settings import Settings
from tests.demo.houses import house_media
from tests.recovery.houses_under_fire import until
from tests.recovery.opened_houses import connected, sync
from tests.running import COMMAND

__all__ = ["house_media"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

WITHIN_S = 10.0
"""Five times the 2 s in which what is played is to be planned and begun."""

RETENTION = timedelta(seconds=3)
ALL = JobFilter()
OURS = JobFilter(queues=("cache", "cache-now", "cache-rounds"))


@dataclass
class Cinema:
    """The demo house over films of its own, a fast disk beside it, and Projectionist's house that looks after both."""

    demo: DemoHouse
    house: House
    server: Server
    fast: Path
    before: dict[Path, bytes]

    @property
    def slow(self) -> Path:
        return self.demo.films

    def press_play(self, title: str) -> Playing:
        """Somebody begins to watch an episode or a film."""
        state = self.demo.state
        key = next(entry.key for entry in state.catalogue.all() if entry.title == title and entry.media)
        return state.play(state.owner, key)

    def episode(self, title: str) -> Path:
        """The file of an episode."""
        (found,) = (path for path in self.before if title in path.name)
        return found

    def cached(self) -> set[Path]:
        """What leads to the fast disk."""
        return {path for path in self.before if path.is_symlink()}

    def is_whole(self) -> bool:
        """Whether every path gives the bytes that it always gave."""
        return all(path.read_bytes() == content for path, content in self.before.items())

    def hidden(self) -> list[Path]:
        """What only the cache knows of, on either disk."""
        return [
            path
            for root in (self.slow, self.fast)
            for path in root.rglob(".projectionist-*")
            if path.name != TIER
        ]


@contextmanager
def cinema(
    tmp_path: Path, media: Path, *, listening: bool = True, queues: Sequence[str] = (), **settings: Any
) -> Iterator[Cinema]:
    """A house whose library is synced, with its films on the slow disk and an empty fast one."""
    (tmp_path / "demo").mkdir()
    shutil.copytree(media, tmp_path / "demo" / "media")
    fast = tmp_path / "fast"
    fast.mkdir()
    with (
        DemoHouse(tmp_path / "demo") as demo,
        opened(tmp_path / "data", listening, queues, plex_tv_url=demo.plex_tv_url, **settings) as house,
    ):
        server = connected(house, demo)
        sync(house, server)
        put_tiers(house, demo.films, fast)
        before = {
            path: path.read_bytes() for path in demo.films.rglob("*") if path.suffix in (".mkv", ".mp4")
        }
        yield Cinema(demo, house, server, fast, before)


@contextmanager
def opened(data: Path, listening: bool, queues: Sequence[str], **settings: Any) -> Iterator[House]:
    given = {"cache_retention": RETENTION, "api_rate": 0, "page_rate": 0, **settings}
    chosen = Settings(data=data, node="here", **given)
    with open_house(chosen, exclusive=True) as house, ExitStack() as stack:
        house.recover_cache()
        house.jobs.start(queues=queues)
        stack.callback(house.jobs.close, 0)
        for part in (house.listen(), house.guard()) if listening else ():
            part.start()
            stack.callback(part.close)
        yield house


def put_tiers(house: House, slow: Path, fast: Path) -> None:
    """One fast disk for the films and the shows."""
    for root in (slow, fast):
        mark_tier(root)
    shelves = {one.title: one.id for one in libraries(house.database)}
    with house.database.write() as session:
        tier = TierRow(name="SSD", node="here", root=str(fast), copies=2)
        session.add(tier)
        session.flush()
        for title in ("Movies", "Shows"):
            place = PlaceRow(
                library_id=shelves[title],
                node="here",
                layout="symlink",
                slow_root=str(slow),
                view_root=str(slow),
                sidecars="subtitles",
            )
            session.add(place)
            session.flush()
            session.add(PlaceTierRow(place_id=place.id, position=0, tier_id=tier.id))


def seconds_until(true: Callable[[], bool], within_s: float, what: Callable[[], str]) -> float:
    began = time.monotonic()
    until(true, within_s, what)
    return time.monotonic() - began


def history_of(house: House) -> list[Ended]:
    return [one.move for one in history.moves(house.cache, MoveFilter()).items]


def moves_of(cinema: Cinema, path: Path) -> list[Ended]:
    return [one for one in history_of(cinema.house) if one.path == str(path)]


def state_of(cinema: Cinema) -> str:
    moves = [(Path(one.path).name, one.outcome, one.why) for one in history_of(cinema.house)]
    jobs = [(job.title, job.state, job.error) for job in cinema.house.jobs.find(OURS).items]
    plan = service.plan(cinema.house.cache)
    kept = [(one.path.name, one.why) for one in plan.kept]
    kept += [(one.path.name, one.why) for one in plan.refused]
    return f"{moves} {jobs} {kept} {plan.returns}"


def test_play_is_pressed_and_the_film_and_the_next_come_to_the_fast_disk_and_go_home_after(
    tmp_path: Path, house_media: Path
) -> None:
    with cinema(tmp_path, house_media, cache_sources=("playing", "next")) as here:
        service.confirm(here.house.cache, here.house.jobs, "every 1h")
        assert here.demo.state.announcements.wait_for_listeners(1, 30)
        playing = here.press_play("Splice")
        first, following = here.episode("Splice"), here.episode("Changeover")
        with first.open("rb") as player:
            player.read(1000)
            took = seconds_until(lambda: first in here.cached(), WITHIN_S, lambda: state_of(here))
            seconds_until(lambda: following in here.cached(), WITHIN_S, lambda: state_of(here))
            assert player.read() == here.before[first][1000:]
        print(f"from play to the fast disk: {took:.2f} s")
        assert here.is_whole()
        assert (here.fast / first.relative_to(here.slow)).read_bytes() == here.before[first]
        until(lambda: moves_of(here, first) != [], 30, lambda: state_of(here))
        moves = moves_of(here, first)
        assert [(one.outcome, bool(one.why), one.title != "") for one in moves] == [("cached", True, True)]

        here.demo.state.stop(playing)
        here.demo.state.scrobble(here.demo.state.owner, playing.entry.key)
        sync(here.house, here.server)
        until(lambda: first not in here.cached(), 60, lambda: state_of(here))
        assert here.is_whole()
        assert [
            path for path in here.hidden() if first.parent in path.parents and "Splice" in path.name
        ] == []


def test_nothing_is_moved_before_a_first_plan_was_confirmed(tmp_path: Path, house_media: Path) -> None:
    with cinema(tmp_path, house_media) as here:
        assert here.demo.state.announcements.wait_for_listeners(1, 30)
        here.press_play("Splice")
        plan = service.plan(here.house.cache)
        assert "Splice" in " ".join(one.want.file.path.name for one in plan.copies)
        service.run(here.house.cache, here.house.jobs, "test", dry=True)
        until(lambda: is_idle(here), 30, lambda: state_of(here))
        time.sleep(1)
        assert (here.cached(), here.hidden()) == (set(), [])


def test_a_fast_disk_that_is_pulled_leaves_every_path_leading_to_its_film(
    tmp_path: Path, house_media: Path
) -> None:
    with cinema(tmp_path, house_media, cache_retention=timedelta(hours=1)) as here:
        fill(here)
        here.fast.rename(tmp_path / "pulled")
        here.fast.mkdir()
        until(lambda: not here.cached(), 60, lambda: state_of(here))
        assert here.is_whole()
        assert [path for path in here.hidden() if path.is_relative_to(here.slow)] == []


def test_everything_is_moved_back_and_no_link_is_left(tmp_path: Path, house_media: Path) -> None:
    with cinema(tmp_path, house_media, cache_retention=timedelta(hours=1)) as here:
        fill(here)
        (ordered,) = service.restore_all(here.house.cache, here.house.jobs, "test")
        until(lambda: here.house.jobs.get(ordered.job_id).state.is_over, 60, lambda: state_of(here))
        result = here.house.jobs.get(ordered.job_id).result
        assert result is not None
        assert result["left"] == []
        assert (here.cached(), here.hidden()) == (set(), [])
        assert here.is_whole()
        assert not service.is_confirmed(here.house.jobs)


def test_killed_in_mid_copy_nothing_is_lost_and_the_next_run_goes_on(
    tmp_path: Path, house_media: Path
) -> None:
    with cinema(tmp_path, house_media, listening=False, cache_retention=timedelta(hours=1)) as here:
        data = here.house.settings.data
        environment = {
            **os.environ,
            "PROJECTIONIST_NODE": "here",
            "PROJECTIONIST_PLEX_TV_URL": here.demo.plex_tv_url,
        }
        command = [COMMAND, "cache", "run", "--confirm", "--json", "--data", str(data)]
        slowly = {**environment, "PROJECTIONIST_CACHE_RATE": "120 KB"}
        process = subprocess.Popen(command, env=slowly, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(lambda: any(path.name.endswith(".copy") for path in here.hidden()), 60, lambda: state_of(here))
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        assert here.is_whole()
        here.house.recover_cache()
        assert here.hidden() == []
        assert here.is_whole()
        ran = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, timeout=120
        )
        assert ran.returncode == 0, ran.stderr
        assert here.cached(), ran.stdout
        assert here.is_whole()
        told = [json.loads(line) for line in ran.stdout.splitlines()]
        assert {one["outcome"] for one in told[:-1]} == {"cached"}
        assert (told[-1]["files"], told[-1]["failed"]) == (len(told) - 1, 0)


def test_the_commands_tell_first_and_move_when_somebody_says_yes(tmp_path: Path, house_media: Path) -> None:
    with cinema(tmp_path, house_media, listening=False, cache_retention=timedelta(hours=1)) as here:

        def cache(*words: str) -> tuple[int, list[Any]]:
            data = ["--data", str(here.house.settings.data), "--json"]
            about = {"PROJECTIONIST_NODE": "here", "PROJECTIONIST_PLEX_TV_URL": here.demo.plex_tv_url}
            command = [COMMAND, "cache", *words, *data]
            ran = subprocess.run(
                command, env={**os.environ, **about}, capture_output=True, text=True, check=False, timeout=120
            )
            assert ran.stderr == ""
            lines = [ran.stdout] if words[0] == "history" else ran.stdout.splitlines()
            return ran.returncode, [json.loads(line) for line in lines]

        code, first = cache("run")
        assert (code, {one["outcome"] for one in first[:-1]}, here.cached()) == (0, {"planned"}, set())
        assert first[-1]["dry_run"]
        assert all(one["why"] for one in first[:-1])
        code, second = cache("run", "--confirm")
        assert (code, {one["path"] for one in second[:-1]}) == (0, {one["path"] for one in first[:-1]})
        assert {str(path) for path in here.cached()} == {one["path"] for one in second[:-1]}
        _, (moves,) = cache("history")
        assert {one["outcome"] for one in moves} == {"cached"}
        code, undone = cache("undo", str(moves[0]["id"]))
        assert (code, undone[0]["outcome"], Path(moves[0]["path"]) in here.cached()) == (0, "home", False)
        one = str(min(here.cached()))
        assert cache("restore", one)[1][0]["outcome"] == "home"
        code, returned = cache("restore", "--all")
        assert (code, returned[-1]["failed"], here.cached(), here.hidden()) == (0, 0, set(), [])
        assert here.is_whole()


def test_a_copy_that_is_cancelled_ends_soon_and_leaves_nothing(tmp_path: Path, house_media: Path) -> None:
    with cinema(tmp_path, house_media, cache_rate=100_000) as here:
        jobs = here.house.jobs
        service.run(here.house.cache, jobs, "test", dry=False)
        copying = JobFilter(states=(JobState.RUNNING,), kinds=("cache.in",))

        def begun() -> bool:
            return any(
                job.unit == "bytes" and job.done and job.rate_per_s for job in jobs.find(copying).items
            )

        until(begun, 60, lambda: state_of(here))
        running = [job for job in jobs.find(copying).items if job.done]
        assert len(running) == 1  # one copy at a time from a slow disk
        assert running[0].eta_s is not None
        stopped = service.stop_after_step(here.house.cache, jobs)
        for job in jobs.find(copying).items:  # what waits would be copied next
            if job.id != running[0].id:
                jobs.cancel(job.id)
        jobs.cancel(running[0].id)
        took = seconds_until(
            lambda: jobs.get(running[0].id).state is JobState.CANCELLED, WITHIN_S, lambda: state_of(here)
        )
        print(f"from cancel to the end of the copy: {took:.2f} s; {stopped} not begun any more")
        until(lambda: is_idle(here), 30, lambda: state_of(here))
        assert (here.cached(), here.hidden()) == (set(), [])
        assert here.is_whole()


def is_idle(here: Cinema) -> bool:
    return all(job.state.is_over for job in here.house.jobs.find(ALL, size=500).items)


def fill(here: Cinema) -> None:
    """Let the cache fetch what it wants."""
    service.confirm(here.house.cache, here.house.jobs, "every 1h")
    service.run(here.house.cache, here.house.jobs, "test", dry=False)
    until(lambda: bool(here.cached()) and is_idle(here), 60, lambda: state_of(here))
    assert here.is_whole()


def test_on_a_quiet_day_nothing_on_the_slow_disk_is_opened_or_asked_for(
    tmp_path: Path, house_media: Path
) -> None:
    """Counted by the kernel's own trace: rounds by the hour, and the guard's look at the fast disk every minute."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed")
    trace = tmp_path / "trace"
    with cinema(tmp_path, house_media, listening=False, cache_retention=timedelta(days=30)) as here:
        fill(here)
        cached, slow, data = here.cached(), here.slow, here.house.settings.data
        day = [sys.executable, "-m", "tests.e2e.quiet_day", str(data), here.demo.plex_tv_url]
        words = [strace, "-f", "-qq", "-s", "4096", "-e", "trace=%file", "-o", str(trace), *day]
        ran = subprocess.run(words, capture_output=True, text=True, check=False, timeout=240)
    if "ptrace" in ran.stderr:
        pytest.skip(f"strace cannot trace here: {ran.stderr.strip()[-200:]}")
    assert ran.returncode == 0, ran.stderr[-2000:]
    _, began, calls = trace.read_text(errors="replace").partition("the-day-begins")
    assert began
    assert cached
    assert ran.stdout.strip().endswith("copies 0")
    assert sum(str(here.fast) in line for line in calls.splitlines()) > 1000
    assert [line for line in calls.splitlines() if f'"{slow}' in line] == []


def test_a_worker_that_is_killed_in_mid_copy_loses_nothing_and_the_next_one_goes_on(
    tmp_path: Path, house_media: Path
) -> None:
    with cinema(tmp_path, house_media, listening=False, queues=["sync"]) as here:
        house = here.house
        about = {"PROJECTIONIST_NODE": "here", "PROJECTIONIST_PLEX_TV_URL": here.demo.plex_tv_url}
        command = [COMMAND, "worker", "--data", str(house.settings.data)]

        def working(**more: str) -> subprocess.Popen[bytes]:
            env = {**os.environ, **about, **more}
            return subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        service.run(house.cache, house.jobs, "test", dry=False)
        first = working(PROJECTIONIST_CACHE_RATE="120 KB")
        until(lambda: any(path.name.endswith(".copy") for path in here.hidden()), 90, lambda: state_of(here))
        first.kill()
        first.wait(10)
        assert here.is_whole()
        second = working()
        try:
            until(lambda: bool(here.cached()) and is_idle(here), 120, lambda: state_of(here))
        finally:
            second.terminate()
            second.wait(30)
        assert here.is_whole()
        assert [path for path in here.hidden() if path.suffix == ".copy"] == []
        assert {one.outcome for one in history_of(house)} <= {"cached", "home"}
