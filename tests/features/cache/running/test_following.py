"""Who begins and ends to play is told once each."""

from __future__ import annotations

import pytest

from projectionist.features.cache.running.following import Following
from projectionist.media.vocabulary import PlaybackEvent, PlaybackState

PLAYING, PAUSED, STOPPED = PlaybackState.PLAYING, PlaybackState.PAUSED, PlaybackState.STOPPED


@pytest.mark.parametrize(
    ("events", "told"),
    [
        ([("a", "1", PLAYING), ("a", "1", PLAYING), ("a", "1", PAUSED), ("a", "1", PLAYING)], ["began"]),
        ([("a", "1", PLAYING), ("a", "1", STOPPED), ("a", "1", STOPPED)], ["began", "ended"]),
        ([("a", "1", PLAYING), ("a", "2", PLAYING)], ["began", "ended", "began"]),
        ([("a", "1", PLAYING), ("b", "1", PLAYING), ("a", "1", STOPPED)], ["began", "began", "ended"]),
        ([("a", "1", STOPPED)], []),
        ([("a", "1", PLAYING), ("a", "1", STOPPED), ("a", "1", PLAYING)], ["began", "ended", "began"]),
    ],
)
def test_each_beginning_and_each_end_is_told_once(
    events: list[tuple[str, str, PlaybackState]], told: list[str]
) -> None:
    heard: list[str] = []
    following = Following(lambda server: heard.append("began"), lambda server: heard.append("ended"))
    for session, item, state in events:
        following.heard(7, PlaybackEvent(session, item, state, 0))
    assert heard == told


def test_sessions_of_two_servers_are_not_mixed_up() -> None:
    heard: list[int] = []
    following = Following(heard.append, lambda server: heard.append(-server))
    following.heard(1, PlaybackEvent("1", "1", PLAYING, 0))
    following.heard(2, PlaybackEvent("1", "1", PLAYING, 0))
    following.heard(1, PlaybackEvent("1", "1", STOPPED, 0))
    assert heard == [1, 2, -1]
