"""Where the demo house of a folder answers, for every process; the one that opened it says so in a file."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

PORTS = "ports"


def ports_of(folder: Path) -> tuple[int, int]:
    """The ports of the server and of plex.tv, as they were at the last start; 0 where there was none."""
    with suppress(OSError, ValueError):
        plex, plex_tv = (int(word) for word in (folder / PORTS).read_text().split())
        return plex, plex_tv
    return 0, 0


def address_at(port: int) -> str:
    """The address of a port of this machine, without a slash at the end."""
    return f"http://127.0.0.1:{port}"


def plex_tv_beside(folder: Path, plex_url: str) -> str:
    """The plex.tv that belongs to a server's address, empty where that is not this demo house's."""
    plex, plex_tv = ports_of(folder)
    return address_at(plex_tv) if plex and plex_url.rstrip("/") == address_at(plex) else ""
