"""The command line called as a person calls it, in this process."""

from __future__ import annotations

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from projectionist.cli import main


@dataclass(frozen=True)
class Ran:
    """What a command came to: its exit status and what it printed."""

    status: int
    out: str
    err: str

    @property
    def objects(self) -> list[dict[str, Any]]:
        """What it printed with --json, line by line."""
        return [json.loads(line) for line in self.out.splitlines()]


def previews(*arguments: str | Path) -> Ran:
    """`projectionist previews` with these arguments."""
    return projectionist("previews", *arguments)


def projectionist(*arguments: str | Path) -> Ran:
    """`projectionist` with these arguments."""
    out, err = io.StringIO(), io.StringIO()
    command = ["projectionist", *(str(one) for one in arguments)]
    with patch.object(sys, "argv", command), redirect_stdout(out), redirect_stderr(err):
        status = main._exit_code()
    return Ran(status, out.getvalue(), err.getvalue())
