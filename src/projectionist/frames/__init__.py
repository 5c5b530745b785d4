"""A video file in, thumbnails out: no database, no web.

`read_keyframes` lists a film's keyframes, `read_thumbnails` iterates its thumbnails (`ThumbnailReader` also tells
how it went); `jpeg.encode` makes a JPEG of one; `Spool` with `write_bif`, and `SheetWriter`, write what players show,
`read_bif` and `read_trickplay` read it.
"""

from __future__ import annotations

from projectionist.frames import jpeg
from projectionist.frames.bif import Bif, read_bif, write_bif
from projectionist.frames.index import Times
from projectionist.frames.keyframes import KeyframeList, read_keyframes
from projectionist.frames.picture import Picture
from projectionist.frames.slots import Mode
from projectionist.frames.source import SourceFile
from projectionist.frames.spool import Spool
from projectionist.frames.thumbnails import Thumbnail, ThumbnailReader, Wanted, read_thumbnails
from projectionist.frames.trickplay import SheetWriter, Trickplay, read_trickplay, sheets_path

__all__ = [
    "Bif",
    "KeyframeList",
    "Mode",
    "Picture",
    "SheetWriter",
    "SourceFile",
    "Spool",
    "Thumbnail",
    "ThumbnailReader",
    "Times",
    "Trickplay",
    "Wanted",
    "jpeg",
    "read_bif",
    "read_keyframes",
    "read_thumbnails",
    "read_trickplay",
    "sheets_path",
    "write_bif",
]
