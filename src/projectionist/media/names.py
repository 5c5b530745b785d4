"""By which names films, records, pictures and extras are known, wherever they lie."""

from __future__ import annotations

import re
from pathlib import PurePath

FILM_SUFFIXES = frozenset(
    f".{name}"
    for name in (
        *(
            "3g2",
            "3gp",
            "asf",
            "avi",
            "divx",
            "dv",
            "dvr-ms",
            "f4v",
            "flv",
            "m2t",
            "m2ts",
            "m2v",
            "m4v",
            "mkv",
        ),
        *(
            "mov",
            "mp4",
            "mpe",
            "mpeg",
            "mpg",
            "mts",
            "mxf",
            "ogm",
            "ogv",
            "rm",
            "rmvb",
            "tp",
            "trp",
            "ts",
            "vob",
        ),
        *("webm", "wmv", "wtv", "xvid"),
    )
)

_EXTRAS_FOLDERS = frozenset(
    (
        *("backdrops", "behind the scenes", "clips", "deleted scenes", "extras", "featurettes", "interviews"),
        *("other", "sample", "samples", "scenes", "shorts", "theme-music", "trailer", "trailers"),
    )
)
"""The folder names by which Plex, Jellyfin and Emby know extras."""

_EXTRAS_NAME = re.compile(
    r"(?:^|[-._ ])sample$|[-._ ]trailer$|^trailer$"
    r"|-(?:behindthescenes|clip|deleted|deletedscene|extra|featurette|interview|other|scene|short)$",
    re.IGNORECASE,
)

SYSTEM_FOLDERS = frozenset(["@eadir", "#recycle", "$recycle.bin", "lost+found", "system volume information"])
"""What systems and storage boxes keep for themselves."""

AUDIO_SUFFIXES = frozenset(
    f".{name}"
    for name in (
        "aac",
        "aif",
        "aiff",
        "alac",
        "ape",
        "dsf",
        "flac",
        "m4a",
        "mka",
        "mp3",
        "ogg",
        "oga",
        "opus",
        "wav",
        "wma",
        "wv",
    )
)

IMAGE_SUFFIXES = frozenset((".jpg", ".jpeg", ".png", ".webp"))


def is_extra(below: PurePath) -> bool:
    """Whether a path relative to its library is a sample, a trailer or another extra, by its names."""
    folders = (part.lower() for part in below.parts[:-1])
    return bool(_EXTRAS_NAME.search(below.stem)) or any(part in _EXTRAS_FOLDERS for part in folders)
