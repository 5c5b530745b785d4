"""Every setting, and the only reader of the environment and the configuration file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the person who runs Projectionist decides before it starts."""

    data: Path
    host: str = "127.0.0.1"
    port: int = 8480
    database_url: str = ""
    base_url: str = ""
    base_path: str = ""
