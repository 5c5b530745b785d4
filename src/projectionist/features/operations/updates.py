"""Whether a newer version is there: asked once a day where the settings name an address, else nobody is asked."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

from projectionist import __version__
from projectionist.errors import ProjectionistError
from projectionist.media.releases import Release

_DAY_S: Final = 86400.0
_PATIENCE_S: Final = 1.0
_log = logging.getLogger(__name__)


class Notice:
    """What this process knows of a newer version."""

    def __init__(self, version: str = __version__) -> None:
        self._version = version
        self._latest: Release | None = None

    def newer(self) -> Release | None:
        """The newest release, where it is newer than what runs."""
        latest = self._latest
        return latest if latest is not None and latest.is_newer_than(self._version) else None

    def heard(self, latest: Release) -> None:
        """Remember the newest release."""
        self._latest = latest


NOTICE: Final = Notice()
"""That of this process."""


class Asking:
    """Asks while it is open; that nobody answered leaves what was known as it is."""

    def __init__(
        self, ask: Callable[[], Release], notice: Notice = NOTICE, *, every_s: float = _DAY_S
    ) -> None:
        self._ask = ask
        self._notice = notice
        self._every_s = every_s
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._work, name="newer versions", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """End; who is being asked and does not answer is not waited for."""
        self._ends.set()
        self._thread.join(_PATIENCE_S)

    def turn(self) -> None:
        """Ask once."""
        try:
            self._notice.heard(self._ask())
        except ProjectionistError as error:
            _log.info("Whether a newer version is there is not known: %s", error.message)

    def _work(self) -> None:
        while True:
            self.turn()
            if self._ends.wait(self._every_s):
                return
