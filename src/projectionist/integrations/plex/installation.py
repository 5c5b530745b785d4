"""By what Plex knows this installation."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4


def client_id(data: Path) -> str:
    """Made once and kept in the data folder; no secret."""
    path = data / "client-id"
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        made = uuid4().hex
        path.write_text(made, encoding="ascii")
        return made
