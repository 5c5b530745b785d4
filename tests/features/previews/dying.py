"""Make the preview of a film very slowly and tell the decoder's process; `test_apart` kills this program meanwhile.

`python -m tests.features.previews.dying FILM TARGET`
"""

from __future__ import annotations

import multiprocessing
import sys
from pathlib import Path

from projectionist.features.previews.apart import make_apart
from projectionist.features.previews.formats import Format
from projectionist.features.previews.making import Recipe, Task
from projectionist.features.previews.outputs import Output
from projectionist.frames.thumbnails import Wanted


def main(film: Path, target: Path) -> None:
    """Make it, printing the ids of the processes that decode once there are some."""
    told: list[int] = []

    def tell(share: float) -> None:
        if share > 0 and not told:
            told.extend(one.pid for one in multiprocessing.active_children() if one.pid is not None)
            print(*told, flush=True)

    task = Task(film, (Output(0, Format.BIF, target),), film.stat().st_size)
    make_apart(task, Recipe(Wanted((1_000,)), rate=60_000), tell)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
