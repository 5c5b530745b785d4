"""Who begins and ends to play is told once each."""

from __future__ import annotations

import pytest

from projectionist.features.cache.running.following import Following
from projectionist.media.vocabulary import PlaybackEvent, PlaybackState

PLAYING, PAUSED, STOPPED = PlaybackState.PLAYING, PlaybackState.PAUSED, PlaybackState.STOPPED


@pytest.mark.parametrize(
    ("events", "told"),
    [
        ([("a", "1", PLAYING), ("a", "1", PLAYING), ("a", "1", PAUSED), ("a", "1", PLAYING)], ["began 1"]),
        ([("a", "1", PLAYING), ("a", "1", STOPPED), ("a", "1", STOPPED)], ["began 1", "ended 1"]),
        ([("a", "1", PLAYING), ("a", "2", PLAYING)], ["began 1", "ended 1", "began 2"]),
        ([("a", "1", PLAYING), ("b", "1", PLAYING), ("a", "1", STOPPED)], ["began 1", "began 1", "ended 1"]),
        ([("a", "1", STOPPED)], []),
        ([("a", "1", PLAYING), ("a", "1", STOPPED), ("a", "1", PLAYING)], ["began 1", "ended 1", "began 1"]),
    ],
)
def test_each_beginning_and_each_end_is_told_once(
    events: list[tuple[str, str, PlaybackState]], told: list[str]
) -> None:
    heard: list[str] = []
    following = Following(
        lambda server, item: heard.append(f"began {item}"), lambda server, item: heard.append(f"ended {item}")
    )
    for session, item, state in events:
        following.heard(7, PlaybackEvent(session, item, state, 0))
    assert heard == told


def test_sessions_of_two_servers_are_not_mixed_up() -> None:
    heard: list[int] = []
    following = Following(
        lambda server, item: heard.append(server), lambda server, item: heard.append(-server)
    )
    following.heard(1, PlaybackEvent("1", "1", PLAYING, 0))
    following.heard(2, PlaybackEvent("1", "1", PLAYING, 0))
    following.heard(1, PlaybackEvent("1", "1", STOPPED, 0))
    assert heard == [1, 2, -1]
