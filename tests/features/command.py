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

import pytest

from projectionist.cli.main import run


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
    out, err = io.StringIO(), io.StringIO()
    command = ["projectionist", "previews", *(str(one) for one in arguments)]
    with (
        patch.object(sys, "argv", command),
        redirect_stdout(out),
        redirect_stderr(err),
        pytest.raises(SystemExit) as ended,
    ):
        run()
    status = ended.value.code
    return Ran(status if isinstance(status, int) else int(status is not None), out.getvalue(), err.getvalue())
