"""Who begins to play, and who has ended: told once each, whatever a server repeats."""

from __future__ import annotations

import threading
from collections.abc import Callable

from projectionist.media.vocabulary import PlaybackEvent, PlaybackState

Told = Callable[[int, str], None]
"""Given the id of a server, and its key of the item."""


class Following:
    """Hears every playback event of every server, and tells what begins and what ends."""

    def __init__(self, began: Told, ended: Told) -> None:
        self._began = began
        self._ended = ended
        self._playing: dict[tuple[int, str], str] = {}
        self._lock = threading.Lock()

    def heard(self, server_id: int, event: PlaybackEvent) -> None:
        """A player changed what it does. Raises what those raise who are told."""
        key = (server_id, event.session_key)
        with self._lock:
            known = self._playing.get(key)
            stops = event.state is PlaybackState.STOPPED
            if stops:
                self._playing.pop(key, None)
            else:
                self._playing[key] = event.item_key
        if known is not None and (stops or known != event.item_key):
            self._ended(server_id, known)
        if not stops and known != event.item_key:
            self._began(server_id, event.item_key)
