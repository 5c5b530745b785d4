"""A household's own past, replayed for a page."""

from __future__ import annotations

import json

import pytest

from projectionist.errors import SwapRefused
from projectionist.features.cache.simulating.contest import PolicyName
from projectionist.features.cache.simulating.own import own_as_object, own_report
from tests.features.cache.pasts import DAY, GB, past, show

EVENINGS = past(
    show("Soap", 40, added=-30 * DAY),
    [(day * DAY + 20 * 3600, "ada", f"Soap{day + 1}") for day in range(40)],
)


def test_each_size_has_an_answer_by_each_policy() -> None:
    report = own_report(EVENINGS, (1 * GB, 20 * GB))
    assert [answer.size for answer in report.answers] == [GB, 20 * GB]
    for answer in report.answers:
        assert [outcome.policy for outcome in answer.outcomes] == ["ours", "ondeck"]
        assert all(outcome.plays == 40 for outcome in answer.outcomes)
    small, large = (answer.outcomes[0].hits for answer in report.answers)
    assert 30 < small <= large
    assert (report.plays, report.left_out, report.since) == (40, 0, EVENINGS.plays[0].at)
    told = json.loads(json.dumps(own_as_object(report)))
    assert [one["size"] for one in told["sizes"]] == [GB, 20 * GB]
    assert told["sizes"][0]["policies"][0]["hits"] == small


def test_only_the_latest_plays_are_replayed_and_that_is_said() -> None:
    report = own_report(EVENINGS, (20 * GB,), most_plays=10)
    assert report.answers[0].outcomes[0].plays == report.plays == 10
    assert report.left_out == 30
    assert report.since == EVENINGS.plays[30].at
    assert report.until == EVENINGS.plays[-1].at


def test_who_has_watched_nothing_is_told_nothing() -> None:
    report = own_report(past(show("Soap", 3), []), (GB,))
    assert (report.answers, report.plays, report.since) == ((), 0, 0.0)


def test_a_report_can_be_ended_between_two_replays() -> None:
    def end() -> None:
        raise SwapRefused("Enough.")

    with pytest.raises(SwapRefused):
        own_report(EVENINGS, (GB,), policies=(PolicyName.LRU,), between=end)
