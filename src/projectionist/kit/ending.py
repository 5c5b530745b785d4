"""The end of a process that was asked to stop: in good order, or else at once."""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
from typing import Final, NoReturn

LONGEST_S: Final = 8.0
"""How long ending in good order may take."""

_STDERR = 2


def end_in_time() -> None:
    """From now on this process ends within `LONGEST_S`, whatever holds it.

    What holds it is written to standard error then. It is the same as a crash: nothing half is published, and what
    it had in hand goes on elsewhere or after the next start. Waits outside of Python, so that no lock delays it.
    """
    faulthandler.dump_traceback_later(LONGEST_S, exit=True, file=_STDERR)


def hear_no_more() -> None:
    """Whoever asks for the end again is not heard: it is under way. Call from the main thread."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)


def leave(code: int) -> NoReturn:
    """End now, and wait neither for a thread or process that a dead disk or server holds, nor for the interpreter.

    It takes apart all that was imported, which for a service takes seconds on a busy machine.
    """
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        sys.exit(code)  # who reads has left, or the disk is full; Python says so in its code
    os._exit(code)
