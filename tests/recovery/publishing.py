"""Publish outputs and be killed at every single call on the way; `test_publish` runs this as a program.

`python -m tests.recovery.publishing KIND WAY START HOME` forks once per call: the n-th fork publishes into a copy
of START (HOME/000n) and kills itself (SIGKILL) right before its n-th call from the code that makes and moves
files. It ends when a fork gets through.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from projectionist.frames import bif, picture_folder, spool, trickplay
from projectionist.kit import files, temporaries
from tests.pictures import planes, spool_of

KINDS = ("bif", "trickplay", "jpegs")
WATCHED = tuple(
    module.__file__ for module in (files, temporaries, shutil, spool, bif, trickplay, picture_folder)
)


def publish(kind: str, folder: Path, count: int) -> None:
    """Make (or, for "removal", remove) one output of `kind` in `folder`."""
    if kind == "removal":
        files.remove_folder(folder / "Film.thumbnails", within=folder)
    elif kind == "trickplay":
        target = trickplay.sheets_path(folder / "Film.trickplay", 32, 2, 2)
        with trickplay.SheetWriter(target, columns=2, rows=2) as sheets:
            for number in range(count):
                sheets.add(*planes(number))
            sheets.finish("record")
    else:
        with spool_of(count, folder, in_memory=0) as pictures:
            if kind == "bif":
                bif.write_bif(folder / "Film.bif", pictures, 1000, "record")
            else:
                picture_folder.write_picture_folder(folder / "Film.thumbnails", pictures, "record")


def kill_at(last: int) -> None:
    """End this process, as a power cut would, right before its `last`-th call."""
    seen = 0

    def note(frame: FrameType, event: str, _: Any) -> None:
        nonlocal seen
        if event == "c_call" and frame.f_code.co_filename in WATCHED:
            seen += 1
            if seen == last:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(note)


def publish_and_die(kind: str, start: Path, home: Path) -> int:
    for number in range(1, 2000):
        folder = home / f"{number:04}"
        shutil.copytree(start, folder)
        child = os.fork()
        if not child:
            kill_at(number)
            publish(kind, folder, 5)
            sys.setprofile(None)
            os._exit(0)
        status = os.waitpid(child, 0)[1]
        if status != signal.SIGKILL:
            return os.waitstatus_to_exitcode(status)
    return 1


def without_modern_calls() -> None:
    """As on NFS, SMB or an old kernel: no unnamed files, no swapping of folders."""
    temporaries._O_TMPFILE = 0
    files._exchange = lambda *_: False


if __name__ == "__main__":
    if sys.argv[2] == "plain":
        without_modern_calls()
    sys.exit(publish_and_die(sys.argv[1], Path(sys.argv[3]), Path(sys.argv[4])))
