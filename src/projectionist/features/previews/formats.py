"""The kinds of preview; a module of its own so that the command line starts without the rest."""

from __future__ import annotations

from enum import StrEnum


class Format(StrEnum):
    """The kinds of preview, by who reads them."""

    BIF = "bif"
    """Plex, Roku: one file of JPEGs."""
    EMBY = "emby"
    """The same under the name that Emby looks for beside the film."""
    TRICKPLAY = "trickplay"
    """Jellyfin: sheets of 10 x 10 tiles."""
    JPEG = "jpeg"
    """A folder of plain JPEGs."""
