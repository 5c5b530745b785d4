"""Where the Plex contract and the recorded answers are, for the tests that compare with them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

SHARED = Path(__file__).parents[3] / "shared"


def shared_file(name: str) -> Path:
    """A file of the shared ones; skips the test where they are absent."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"{name} is not beside this checkout, so nothing is compared with it")
    return path


@cache
def contract() -> dict[str, Any]:
    """The OpenAPI document of a Plex server."""
    loaded = yaml.load(shared_file("contracts/plex.yaml").read_text(), Loader=yaml.CSafeLoader)
    assert isinstance(loaded, dict)
    return loaded
