"""One file in or back: noted, paced, put off, stopped, and never half done."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from projectionist.errors import JobCancelled, JobPostponed, ServerUnreachable, SwapRefused
from projectionist.features.cache.models import Kind
from projectionist.features.cache.proving import CHUNK
from projectionist.features.cache.running.carrying import can_carry, carry_back, carry_in
from projectionist.features.cache.running.errands import Errand
from projectionist.features.cache.settling import Outcome
from projectionist.features.cache.traffic.excluding import Exclusions
from projectionist.features.cache.traffic.lanes import Lane
from projectionist.features.cache.traffic.pacing import Pace, quiet_hours
from projectionist.jobs.running import JobStopped
from projectionist.media.vocabulary import ServerPath
from tests.features.cache.running.theatre import Crew, Hand
from tests.features.cache.stage import Stage

LARGE = b"film" * (3 * CHUNK // 4)


@pytest.fixture
def crew(stage: Stage) -> Crew:
    return Crew(stage)


def test_a_film_is_brought_in_and_that_is_kept_with_its_why(crew: Crew) -> None:
    film = crew.stage.film(content=LARGE)
    item = crew.listed(film)
    hand = Hand()
    done = carry_in(crew.place, hand, crew.errand(film, item_id=item), lambda: False)
    assert done["outcome"] == Outcome.CACHED
    assert film.is_symlink()
    (move,) = crew.moves()
    assert (move.kind, move.outcome, move.tier, move.node) == (Kind.CACHE_IN, "cached", "SSD", "here")
    assert (move.why, move.asked_by, move.item_id) == ("Ada watches it next.", "test", item)
    assert (move.path, move.size) == (str(film), len(LARGE))
    assert crew.limits.written == [len(LARGE)]
    assert crew.told[-1] == {"kind": "cache_in", "outcome": "cached"}
    amounts = [done for done, total, unit, _ in hand.said if unit == "bytes" and total == len(LARGE)]
    assert amounts == sorted(amounts)
    assert {CHUNK, 2 * CHUNK, len(LARGE)} <= set(amounts)


def test_a_job_that_runs_twice_moves_once(crew: Crew) -> None:
    film = crew.stage.film()
    crew.listed(film)
    assert crew.carry(film) == {"outcome": Outcome.CACHED, "why": "Ada watches it next."}
    assert crew.carry(film) == {"outcome": Outcome.CACHED}
    back = Errand(str(film), why="Watched.")
    assert carry_back(crew.place, Hand(), back)["outcome"] == Outcome.HOME
    assert carry_back(crew.place, Hand(), back)["outcome"] == Outcome.HOME
    assert [(one.kind, one.outcome) for one in crew.moves()] == [
        ("cache_in", "cached"),
        ("move_back", "home"),
    ]


def test_subtitles_travel_along_both_ways(crew: Crew) -> None:
    film, words = crew.stage.film("a.mkv"), crew.stage.film("a.en.srt")
    crew.listed(film)
    crew.carry(film)
    assert words.is_symlink()
    carry_back(crew.place, Hand(), Errand(str(film)))
    assert not words.is_symlink()
    assert (crew.stage.on_fast(), crew.stage.hidden()) == ([], [])


def test_a_server_that_sees_another_tree_is_told_of_with_the_missing_mount(crew: Crew) -> None:
    film = crew.stage.film(content=LARGE)
    crew.listed(film)
    fake = crew.servers.fakes[1]
    contained = crew.stage.home / "contained"
    seen = contained / film.relative_to(crew.stage.slow)
    seen.parent.mkdir(parents=True)
    seen.write_bytes(LARGE)

    def before(call: str) -> None:
        if call == "part_bytes" and film.is_symlink():
            seen.unlink(missing_ok=True)  # where the link leads, nothing is mounted

    fake.sees[ServerPath(str(crew.stage.slow))] = contained
    fake.before = before  # type: ignore[method-assign]
    assert crew.carry(film)["outcome"] == Outcome.UNSEEN
    assert (film.is_symlink(), crew.stage.hidden(), crew.stage.on_fast()) == (False, [], [])
    (move,) = crew.moves()
    assert move.outcome == "unseen"
    assert str(crew.stage.fast) in move.why
    assert "Server 1 finds no file" in move.why


def test_a_server_that_reads_another_file_there_already_is_refused_before_anything_is_copied(
    crew: Crew,
) -> None:
    film = crew.stage.film(content=LARGE)
    crew.listed(film)
    crew.servers.fakes[1].sees[ServerPath(str(crew.stage.slow))] = crew.stage.home / "nowhere"
    with pytest.raises(SwapRefused, match="path mapping"):
        crew.carry(film)
    assert crew.limits.written == []
    assert [one.outcome for one in crew.moves()] == ["failed"]


def test_a_server_that_is_down_keeps_a_film_where_it_is(crew: Crew) -> None:
    film = crew.stage.film()
    crew.listed(film)
    crew.servers.fakes[1].failures["sessions"] = ServerUnreachable("It is down.")
    with pytest.raises(ServerUnreachable):
        crew.carry(film)
    assert (film.is_symlink(), crew.stage.hidden(), crew.stage.on_fast()) == (False, [], [])


def test_what_finds_no_room_waits_for_what_is_on_its_way_back_or_is_told(crew: Crew) -> None:
    film = crew.stage.film()
    crew.listed(film)
    crew.limits.left = 10
    with pytest.raises(JobPostponed, match="waits for room: SSD is full"):
        carry_in(crew.place, Hand(), crew.errand(film), lambda: True)
    assert crew.moves() == []
    assert carry_in(crew.place, Hand(), crew.errand(film), lambda: False)["outcome"] == "no_room"
    crew.limits.left, crew.limits.refusal = 10**12, "SSD is too hot (71 °C)."
    assert crew.carry(film)["why"] == "SSD is too hot (71 °C)."
    assert [(one.outcome, one.why) for one in crew.moves()] == [
        ("no_room", "SSD is full: its quota is reached."),
        ("no_room", "SSD is too hot (71 °C)."),
    ]


def test_in_quiet_hours_only_what_is_played_is_copied(crew: Crew) -> None:
    film = crew.stage.film()
    crew.listed(film)
    crew.place = replace(crew.place, pace=Pace(quiet=quiet_hours("00:00-23:59")))
    with pytest.raises(JobPostponed, match="quiet hours") as put_off:
        crew.carry(film)
    assert timedelta(0) < put_off.value.after < timedelta(days=1)
    assert crew.carry(film, plays=True)["outcome"] == Outcome.CACHED


def test_a_film_is_cached_while_it_is_played_if_that_is_why(crew: Crew) -> None:
    film = crew.stage.film(content=LARGE)
    crew.listed(film)
    crew.play(film)
    with film.open("rb") as player:
        start = player.read(100)
        assert crew.carry(film, plays=True)["outcome"] == Outcome.CACHED
        assert start + player.read() == LARGE
    assert carry_back(crew.place, Hand(), Errand(str(film)))["outcome"] == Outcome.PLAYING
    assert film.is_symlink()


def test_nothing_is_begun_while_somebody_plays_from_the_same_disk(crew: Crew) -> None:
    film, other = crew.stage.film("a.mkv"), crew.stage.film("b.mkv")
    for path in (film, other):
        crew.listed(path)
    crew.play(other)
    with pytest.raises(JobPostponed, match="plays from the same disk"):
        crew.carry(film)
    assert crew.carry(other, plays=True)["outcome"] == Outcome.CACHED
    assert crew.carry(film)["outcome"] == Outcome.CACHED  # what is played comes from the fast disk now
    crew.place = replace(crew.place, pace=Pace(pauses_for_players=False))
    third = crew.stage.film("c.mkv")
    crew.listed(third)
    crew.play(third)
    fourth = crew.stage.film("d.mkv")
    crew.listed(fourth)
    assert crew.carry(fourth)["outcome"] == Outcome.CACHED


def test_a_copy_pauses_while_somebody_plays_from_the_same_disk_and_then_goes_on(crew: Crew) -> None:
    film, other = crew.stage.film("a.mkv", content=LARGE), crew.stage.film("b.mkv")
    for path in (film, other):
        crew.listed(path)
    slept: list[float] = []

    def at_check(done: float) -> None:
        if done == CHUNK and not slept:
            crew.play(other)
            crew.stage.clock.pass_by(seconds=6)
            slept.append(done)

    def at_sleep() -> None:
        slept.append(crew.stage.clock.monotonic())
        if len(slept) > 40:
            crew.servers.fakes[1].playing.clear()

    crew.at_sleep = at_sleep
    hand = Hand(at_check=at_check)
    assert carry_in(crew.place, hand, crew.errand(film), lambda: False)["outcome"] == Outcome.CACHED
    assert len(slept) > 40
    assert any("Waiting while somebody plays" in now for *_, now in hand.said)


def test_unraids_mover_is_waited_for_also_by_what_is_played(crew: Crew) -> None:
    class Moves:
        def why_running(self) -> str:
            return "Unraid's mover runs; it is waited for."

    film = crew.stage.film()
    crew.listed(film)
    crew.place = replace(crew.place, mover=Moves())
    with pytest.raises(JobPostponed, match="mover"):
        crew.carry(film, plays=True)


@pytest.mark.parametrize(("error", "kept"), [(JobCancelled, ["cancelled"]), (JobStopped, [])])
def test_a_cancelled_copy_leaves_nothing_behind_and_what_a_stop_interrupts_has_not_ended(
    crew: Crew, error: type[JobCancelled], kept: list[str]
) -> None:
    film = crew.stage.film(content=LARGE)
    crew.listed(film)

    def at_check(done: float) -> None:
        if done >= CHUNK:
            raise error("It is to end.")

    with pytest.raises(error):
        carry_in(crew.place, Hand(at_check=at_check), crew.errand(film), lambda: False)
    assert (film.read_bytes(), film.is_symlink()) == (LARGE, False)
    assert (crew.stage.hidden(), crew.stage.on_fast()) == ([], [])
    assert [one.outcome for one in crew.moves()] == kept
    assert crew.carry(film)["outcome"] == Outcome.CACHED


def test_a_copy_gives_way_to_what_is_played(crew: Crew) -> None:
    film = crew.stage.film(content=LARGE)
    crew.listed(film)
    crew.place.lanes._urgent[f"disk {crew.stage.slow.stat().st_dev}"] += 1
    with pytest.raises(JobPostponed, match="played now goes before"):
        crew.carry(film)
    assert (crew.stage.hidden(), crew.stage.on_fast(), crew.moves()) == ([], [], [])
    assert crew.carry(film, plays=True)["outcome"] == Outcome.CACHED


def test_one_copy_at_a_time_reads_a_slow_disk_and_who_waits_lets_others_try(crew: Crew) -> None:
    film = crew.stage.film()
    crew.listed(film)
    disk = Lane(f"disk {crew.stage.slow.stat().st_dev}")
    with (
        crew.place.lanes.held([disk], urgent=False, wait=lambda: None),
        pytest.raises(JobPostponed, match="Another copy"),
    ):
        crew.carry(film)
    assert crew.carry(film)["outcome"] == Outcome.CACHED


def test_a_copy_keeps_to_its_rate_and_what_is_played_does_not_wait(crew: Crew) -> None:
    crew.place = replace(crew.place, pace=Pace(rate=CHUNK))
    film, played = crew.stage.film("a.mkv", content=LARGE), crew.stage.film("b.mkv", content=LARGE)
    for path in (film, played):
        crew.listed(path)
    began = crew.stage.clock.monotonic()
    crew.carry(film)
    assert crew.stage.clock.monotonic() - began == pytest.approx(3, abs=0.5)
    began = crew.stage.clock.monotonic()
    crew.carry(played, plays=True)
    assert crew.stage.clock.monotonic() == began


def test_a_node_takes_only_what_is_on_its_own_disks(crew: Crew) -> None:
    film = crew.stage.film()
    crew.listed(film)
    assert can_carry(crew.place, crew.errand(film))
    assert not can_carry(crew.place, crew.errand(film, tier_id=2))
    assert not can_carry(crew.place, Errand(str(film)))
    crew.carry(film)
    assert can_carry(crew.place, Errand(str(film)))
    crew.halls.drives.clear()
    assert not can_carry(crew.place, Errand(str(film)))


def test_what_no_place_holds_any_more_is_not_looked_for(crew: Crew) -> None:
    film = crew.stage.film()
    assert crew.carry(film, library_id=2) == {"outcome": "gone"}
    assert crew.carry(film, tier_id=2) == {"outcome": "gone"}


def test_the_hosts_mover_is_told_of_a_copy_before_its_path_leads_there(crew: Crew) -> None:
    film, words = crew.stage.film("a.mkv"), crew.stage.film("a.en.srt")
    crew.listed(film)
    lists: list[tuple[list[str], bool]] = []

    def publish(file: Path, paths: Iterable[str]) -> bool:
        lists.append((list(paths), film.is_symlink()))
        return True

    crew.drive.host_root = "/mnt/cache"
    exclusions = Exclusions(Path("list"), crew.stage.journal, crew.halls.tiers, publish)
    crew.place = replace(crew.place, exclusions=exclusions)
    crew.carry(film)
    both = ["/mnt/cache/a.en.srt", "/mnt/cache/a.mkv"]
    assert words.is_symlink()
    assert lists == [(both, False), (both, True)]
    carry_back(crew.place, Hand(), Errand(str(film)))
    assert lists[-1] == ([], False)
    crew.servers.fakes[1].failures["sessions"] = ServerUnreachable("It is down.")
    with pytest.raises(ServerUnreachable):
        crew.carry(film)
    assert lists[-1] == ([], False)
