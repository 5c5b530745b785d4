"""What rested for its fourteen days is removed for good, and the history says what it was, where and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from projectionist.errors import Conflict, TargetUnwritable
from projectionist.features.cache import service
from projectionist.features.cache.journal import Resting
from projectionist.features.cache.models import Kind
from projectionist.features.cache.reading import history
from projectionist.features.cache.reading.history import MoveFilter
from projectionist.features.cache.recovering import let_go, look_after
from projectionist.features.cache.running import rounds
from projectionist.features.cache.running.errands import Ended
from tests.features.cache.running.theatre import Crew, Hand
from tests.features.cache.stage import Stage
from tests.features.operations.fake_jobs import FakeJobs


@pytest.fixture
def crew(stage: Stage) -> Crew:
    return Crew(stage)


def deleted(crew: Crew) -> Path:
    """A film that was on the fast disk, and was deleted by somebody else: both of its files rest."""
    path = crew.stage.film()
    crew.carry(path, item_id=crew.listed(path))
    path.unlink()
    crew.servers.fakes[1].held.clear()
    look_after(crew.place.desk)
    return path


def gone(crew: Crew) -> list[Ended]:
    """What was let go, as the history says it, the first first."""
    return [one for one in crew.moves() if one.kind is Kind.LET_GO]


def test_what_is_removed_after_its_days_is_in_the_history_with_when_and_why_it_rested(crew: Crew) -> None:
    path = deleted(crew)
    size = crew.moves()[0].size
    resting = {row.resting for row in crew.stage.journal.at_rest()}
    crew.stage.clock.pass_by(days=14, hours=1)

    rounds.keep_house(crew.place, Hand())

    found = gone(crew)
    assert [(one.path, one.title, one.size, one.outcome) for one in found] == [
        (str(path), path.stem, size, "removed")
    ] * 2
    assert {one.tier for one in found} == {"", "SSD"}
    assert {one.item_id for one in found} == {crew.moves()[0].item_id}
    for one in found:
        assert "It had come to rest on 2026-11-21 at 00:00 UTC, as its path had been deleted" in one.why
        assert "was removed for good" in one.why
        assert any(name in one.why for name in resting)
    assert {"kind": "let_go", "outcome": "removed"} in crew.told


def test_nothing_is_said_to_be_gone_before_it_is(crew: Crew) -> None:
    deleted(crew)
    crew.stage.clock.pass_by(days=13)
    rounds.keep_house(crew.place, Hand())
    assert gone(crew) == []


def test_what_somebody_else_removed_meanwhile_is_said_to_have_been_gone(crew: Crew) -> None:
    deleted(crew)
    (one, other) = [Path(row.resting) for row in crew.stage.journal.at_rest()]
    one.unlink()
    crew.stage.clock.pass_by(days=14, hours=1)

    rounds.keep_house(crew.place, Hand())

    assert {f"{one} was gone already" in entry.why for entry in gone(crew)} == {True, False}
    assert not other.exists()


def test_what_was_only_found_at_rest_says_that_nobody_knew_since_when(crew: Crew) -> None:
    path = deleted(crew)
    (row, _) = crew.stage.journal.at_rest()
    hidden = Path(row.resting)
    crew.stage.journal.forget_rest(row)
    crew.stage.journal.adopt_rest(path, Resting(hidden, Path(row.root), "found", row.size))
    crew.stage.clock.pass_by(days=14, hours=1)

    rounds.keep_house(crew.place, Hand())

    assert any("It was found at rest, and nobody knew since when" in one.why for one in gone(crew))


def test_what_cannot_be_removed_stays_at_rest_and_out_of_the_history(crew: Crew) -> None:
    deleted(crew)
    (row, _) = crew.stage.journal.at_rest()
    hidden = Path(row.resting)
    hidden.unlink()
    hidden.mkdir()
    (hidden / "x").touch()
    crew.stage.clock.pass_by(days=14, hours=1)

    hand = Hand()
    rounds.keep_house(crew.place, hand)
    with pytest.raises(TargetUnwritable):
        let_go(crew.place.desk)

    assert str(hidden) in " ".join(hand.lines)
    assert str(hidden) not in " ".join(one.why for one in gone(crew))
    assert row.resting in {one.resting for one in crew.stage.journal.at_rest()}


def test_what_is_gone_for_good_cannot_be_undone_and_says_so(crew: Crew) -> None:
    deleted(crew)
    crew.stage.clock.pass_by(days=14, hours=1)
    rounds.keep_house(crew.place, Hand())

    page = history.moves(crew.place, MoveFilter(kind="let_go", result="moved"))

    assert page.total == 2
    assert not any(one.can_undo for one in page.items)
    assert all("gone for good" in one.why_not for one in page.items)
    with pytest.raises(Conflict, match="gone for good"):
        service.undo(crew.place, FakeJobs(), page.items[0].move.id, "ada")
    assert history.moves(crew.place, MoveFilter(result="unchanged")).total == 0
