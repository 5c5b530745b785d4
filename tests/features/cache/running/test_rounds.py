"""Rounds: what a plan asks for, what is done before a yes, everything home, a lost drive, and taking moves back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from projectionist.errors import Conflict, NotFound
from projectionist.features.cache import recovering, service
from projectionist.features.cache.journal import Journal
from projectionist.features.cache.models import CopyRow, Kind
from projectionist.features.cache.planning.plan import PlannedCopy, PlannedReturn
from projectionist.features.cache.reading import history
from projectionist.features.cache.reading.history import MoveFilter
from projectionist.features.cache.running import rounds
from projectionist.features.cache.running.batch import carry_out, errands, planned
from projectionist.features.cache.running.carrying import carry_back, carry_in
from projectionist.features.cache.running.errands import Errand
from projectionist.features.cache.running.guarding import Guarding
from projectionist.features.cache.running.ordering import BACK, IN, LOOK, NOW, PLAY, RESTORE, RUN
from projectionist.features.cache.settling import Outcome
from projectionist.features.cache.spots import TIER
from projectionist.features.cache.wanting.wants import FilmFile, Source, Term, Want
from projectionist.jobs.ports import JobState
from projectionist.media.vocabulary import ServerPath
from tests.features.cache.running.theatre import Crew, Hand
from tests.features.cache.stage import Stage
from tests.features.operations.fake_jobs import FakeJobs


@pytest.fixture
def crew(stage: Stage) -> Crew:
    return Crew(stage)


def wish(crew: Crew, name: str, *sources: Source, accounts: frozenset[int] = frozenset()) -> PlannedCopy:
    """A film that is to be copied."""
    film = crew.stage.film(name)
    item = crew.listed(film)
    size = film.stat().st_size
    file = FilmFile(1, item, 1, 1, f"{film.stem}-0", ServerPath(str(film)), film, size, film.stem)
    terms = (Term("next", 20, "Ada watches it next."), Term("large", -3, "It is large."))
    return PlannedCopy(Want(file, 50, terms, frozenset(sources), accounts, 1.0), 1)


def ordered(jobs: FakeJobs) -> list[tuple[str, str]]:
    return [(job.kind, Path(str(job.arguments.get("path", ""))).name) for job in jobs.held.values()]


def test_a_dry_round_tells_and_moves_nothing(crew: Crew) -> None:
    jobs = FakeJobs()
    crew.plans.copies = [wish(crew, "a.mkv", Source.ON_DECK)]
    told = rounds.run_plan(crew.place, jobs, Hand(), dry=True, asked_by="test")
    assert (told["dry"], told["copies"], told["returns"]) == (True, 1, 0)
    assert jobs.held == {}


def test_a_round_asks_for_returns_before_the_copies_that_need_their_room(crew: Crew) -> None:
    jobs = FakeJobs()
    one = wish(crew, "a.mkv", Source.ON_DECK)
    crew.plans.copies = [one, wish(crew, "b.mkv", Source.PLAYING)]
    crew.plans.returns = [PlannedReturn(crew.stage.slow / "c.mkv", 1, 5, "Watched.", one.want.file.path)]
    told = rounds.run_plan(crew.place, jobs, Hand(), dry=False, asked_by="test")
    assert told["ordered"] == 3
    assert ordered(jobs) == [(BACK, "c.mkv"), (IN, "a.mkv"), (NOW, "b.mkv")]
    copy = Errand.of(list(jobs.held.values())[1].arguments)
    assert (copy.why, copy.asked_by, copy.tier_id) == ("Ada watches it next.", "test", 1)
    assert rounds.run_plan(crew.place, jobs, Hand(), dry=False, asked_by="test")["ordered"] == 0


def test_for_who_plays_only_their_film_the_next_and_the_room_for_these_are_asked_for(crew: Crew) -> None:
    jobs = FakeJobs()
    ada, otto = frozenset({1}), frozenset({2})
    played = wish(crew, "e1.mkv", Source.PLAYING, accounts=ada)
    crew.plans.copies = [
        played,
        wish(crew, "e2.mkv", Source.NEXT, accounts=ada),
        wish(crew, "other e2.mkv", Source.NEXT, accounts=otto),
        wish(crew, "film.mkv", Source.PREDICTION, accounts=ada),
    ]
    crew.plans.returns = [
        PlannedReturn(crew.stage.slow / "old.mkv", 1, 5, "Watched.", played.want.file.path),
        PlannedReturn(crew.stage.slow / "older.mkv", 1, 5, "Watched.", None),
    ]
    assert rounds.run_urgent(crew.place, jobs, Hand())["ordered"] == 3
    assert ordered(jobs) == [(BACK, "old.mkv"), (NOW, "e1.mkv"), (NOW, "e2.mkv")]


def test_nothing_is_asked_for_by_playing_before_a_plan_was_confirmed(crew: Crew) -> None:
    jobs = FakeJobs()
    service.played(crew.place, jobs)
    service.play_ended(crew.place, jobs, 1, "film")
    assert jobs.held == {}
    service.confirm(crew.place, jobs, "every 1h")
    service.confirm(crew.place, jobs, "every 2h")
    assert [(one.kind, one.when) for one in jobs.schedules()] == [(RUN, "every 1h")]
    service.played(crew.place, jobs)
    service.played(crew.place, jobs)
    assert [job.kind for job in jobs.held.values()] == [PLAY]
    service.play_ended(crew.place, jobs, 1, "film")
    assert [job.kind for job in jobs.held.values()] == [PLAY, RUN]


def test_when_a_play_ends_the_retention_of_its_file_begins(crew: Crew) -> None:
    film, other = crew.stage.film("a.mkv"), crew.stage.film("b.mkv")
    for path in (film, other):
        crew.listed(path)
        crew.carry(path)
    crew.stage.clock.pass_by(hours=30)
    service.play_ended(crew.place, FakeJobs(), 1, "a")
    with crew.database.read() as session:
        played = {row.path: row.played_at for row in session.scalars(select(CopyRow))}
    assert played == {str(film): crew.stage.clock.now(), str(other): None}


def test_everything_goes_home_and_what_is_played_is_told_of(crew: Crew) -> None:
    films = [crew.stage.film(name) for name in ("a.mkv", "b.mkv")]
    words = crew.stage.film("a.srt")
    for film in films:
        crew.listed(film)
        crew.carry(film)
    assert words.is_symlink()
    crew.play(films[1])
    done = rounds.return_everything(crew.place, Hand(), "test")
    assert done["left"] == [f"{films[1]}: Somebody plays it."]
    assert [film.is_symlink() for film in (*films, words)] == [False, True, False]
    crew.servers.fakes[1].playing.clear()
    assert rounds.return_everything(crew.place, Hand(), "test")["left"] == []
    assert (crew.stage.hidden(), crew.stage.on_fast()) == ([], [])


def test_a_copy_that_ends_while_everything_goes_home_goes_home_too(crew: Crew) -> None:
    first, late = crew.stage.film("a.mkv"), crew.stage.film("b.mkv")
    for film in (first, late):
        crew.listed(film)
    crew.carry(first)

    def end_the_other(done: float) -> None:
        if not (done or came):
            came.append(crew.carry(late))

    came: list[object] = []
    done = rounds.return_everything(crew.place, Hand(at_check=end_the_other), "test")
    assert done == {"returned": 2, "left": []}
    assert (crew.stage.hidden(), crew.stage.on_fast()) == ([], [])


def test_who_leaves_has_no_schedule_any_more_and_nothing_waits(crew: Crew) -> None:
    jobs = FakeJobs()
    service.confirm(crew.place, jobs, "every 1h")
    crew.plans.copies = [wish(crew, "a.mkv", Source.ON_DECK), wish(crew, "b.mkv", Source.ON_DECK)]
    rounds.run_plan(crew.place, jobs, Hand(), dry=False, asked_by="test")
    jobs.held["job-1"] = replace(jobs.held["job-1"], state=JobState.RUNNING)
    service.play_ended(crew.place, jobs, 1, "a")
    service.played(crew.place, jobs)
    assert len(service.restore_all(crew.place, jobs, "test")) == 1
    assert jobs.schedules() == []
    assert [(job.kind, job.state) for job in jobs.held.values()] == [
        (IN, JobState.CANCELLED),
        (IN, JobState.CANCELLED),
        (RUN, JobState.CANCELLED),
        (PLAY, JobState.CANCELLED),
        (RESTORE, JobState.QUEUED),
    ]


def test_a_drive_that_is_pulled_and_plugged_is_noticed_by_looking_at_it_alone(crew: Crew) -> None:
    jobs = FakeJobs()
    film = crew.stage.film()
    crew.listed(film)
    crew.carry(film)
    guarding = Guarding(crew.place, jobs)
    guarding.look()
    assert jobs.held == {}
    crew.stage.pull()
    guarding.look()
    guarding.look()
    assert [job.kind for job in jobs.held.values()] == [LOOK]
    done = rounds.look_after(crew.place, Hand(), 1)
    assert (done["settled"], film.is_symlink(), film.is_file()) == (1, False, True)
    assert crew.moves()[-1].outcome == "home"
    crew.stage.plug()
    guarding.look()
    assert [job.kind for job in jobs.held.values()] == [LOOK, LOOK]
    assert rounds.look_after(crew.place, Hand(), 1)["hidden"] == 1
    assert rounds.look_after(crew.place, Hand(), 7) == {"outcome": "gone"}


def test_another_node_that_sees_the_same_folder_leaves_our_copies_alone(crew: Crew) -> None:
    film = crew.stage.film()
    crew.listed(film)
    crew.carry(film)
    (crew.stage.fast / TIER).unlink()  # as the other node sees it: the folder without our disk
    elsewhere = type(crew.desk)(
        Journal(crew.database, crew.stage.clock, "there"), crew.eyes, crew.eyes, grace_s=0
    )
    assert recovering.look_after(elsewhere) == []
    assert film.is_symlink()


def test_a_move_that_was_cut_short_is_settled_before_anything_else_and_told_of(crew: Crew) -> None:
    film = crew.stage.film()
    crew.listed(film)

    class Killed(BaseException):
        """The process ends."""

    def at_check(done: float) -> None:
        if done:
            raise Killed

    with pytest.raises(Killed):
        carry_in(crew.place, Hand(at_check=at_check), crew.errand(film), lambda: False)
    assert crew.stage.hidden()
    rounds.recover(crew.place)
    assert (crew.stage.hidden(), crew.stage.on_fast(), film.is_symlink()) == ([], [], False)
    (move,) = crew.moves()
    assert (move.outcome, move.asked_by, move.path) == ("home", "recovery", str(film))


def test_a_process_that_starts_leaves_alone_what_another_is_copying(crew: Crew) -> None:
    film = crew.stage.film()
    crew.listed(film)
    begins = replace(
        crew.place, desk=replace(crew.desk, journal=Journal(crew.database, crew.stage.clock, "here"))
    )
    seen: list[list[str]] = []

    def at_check(done: float) -> None:
        if done and not seen:
            seen.append(crew.stage.hidden())
            rounds.recover(begins)
            seen.append(crew.stage.hidden())

    done = carry_in(crew.place, Hand(at_check=at_check), crew.errand(film), lambda: False)
    assert seen[0]
    assert seen[0] == seen[1]
    assert (done["outcome"], film.is_symlink()) == (Outcome.CACHED, True)
    assert [one.outcome for one in crew.moves()] == ["cached"]


def test_moves_are_remembered_for_a_year(crew: Crew) -> None:
    film = crew.stage.film()
    crew.listed(film)
    crew.carry(film)
    for days, left in ((364, 1), (2, 0)):
        crew.stage.clock.at += timedelta(days=days)
        rounds.keep_house(crew.place, Hand())
        assert len(crew.moves()) == left


def test_moves_are_taken_back_in_either_direction(crew: Crew) -> None:
    jobs = FakeJobs()
    film = crew.stage.film()
    item = crew.listed(film)
    crew.carry(film, item_id=item)
    (brought,) = crew.moves()
    kind, back = service.reverse_of(crew.place, brought.id, "test")
    assert (kind, back.undoes, back.path) == (Kind.MOVE_BACK, brought.id, str(film))
    assert service.undo(crew.place, jobs, brought.id, "test").created
    carry_back(crew.place, Hand(), back)
    returned = crew.moves()[-1]
    assert (returned.outcome, returned.undoes) == ("home", brought.id)
    kind, again = service.reverse_of(crew.place, returned.id, "test")
    assert (kind, again.tier_id, again.library_id) == (Kind.CACHE_IN, 1, 1)
    assert carry_in(crew.place, Hand(), again, lambda: False)["outcome"] == Outcome.CACHED
    with pytest.raises(Conflict, match="It was undone"):
        service.undo(crew.place, jobs, brought.id, "test")
    with pytest.raises(NotFound):
        service.undo(crew.place, jobs, 999, "test")


def test_what_moved_nothing_cannot_be_undone(crew: Crew) -> None:
    film = crew.stage.film()
    crew.listed(film)
    crew.limits.left = 0
    crew.carry(film)
    with pytest.raises(Conflict, match="nothing to undo"):
        service.undo(crew.place, FakeJobs(), crew.moves()[-1].id, "test")


def test_the_command_line_carries_a_plan_out_file_by_file(crew: Crew) -> None:
    good, bad = wish(crew, "a.mkv", Source.ON_DECK), wish(crew, "b.mkv", Source.ON_DECK)
    crew.plans.copies = [good, bad]
    bad.want.file.path.unlink()
    plan = service.plan(crew.place)
    assert [one.outcome for one in planned(plan)] == ["planned", "planned"]
    done = list(carry_out(crew.place, Hand(), errands(plan, "test")))
    assert [(one.outcome, one.failed) for one in done] == [("cached", False), ("failed", True)]
    assert done[0].errand.why == "Ada watches it next."
    assert "not there" in done[1].message


def test_the_history_is_looked_through_by_words(crew: Crew) -> None:
    for name in ("a.mkv", "b_1.mkv"):
        film = crew.stage.film(name)
        crew.listed(film)
        crew.carry(film)
    assert [Path(one.move.path).name for one in history.moves(crew.place, MoveFilter()).items] == [
        "b_1.mkv",
        "a.mkv",
    ]
    found = history.moves(crew.place, MoveFilter("b_"))
    assert (found.total, [one.move.title for one in found.items]) == (1, ["b_1"])
    assert history.moves(crew.place, MoveFilter("%")).total == 0
    assert history.moves(crew.place, MoveFilter(), offset=1, size=1).items[0].move.title == "a"


def test_a_round_lets_go_what_has_rested_long_enough(crew: Crew) -> None:
    film = crew.stage.film()
    crew.listed(film)
    crew.carry(film)
    film.unlink()
    recovering.look_after(crew.desk)
    assert len(crew.stage.hidden()) == 2
    crew.stage.clock.at += timedelta(days=15)
    rounds.run_plan(crew.place, FakeJobs(), Hand(), dry=False, asked_by="")
    assert crew.stage.hidden() == []
