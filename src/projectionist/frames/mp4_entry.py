"""What one MP4 track holds: its sample description, whether its data is here and clear, how it is shown.

ISO/IEC 14496-12 sections 8.3.2 (`tkhd`), 8.5.2 (`stsd`), 8.7.2 (`dref`), 8.12 (`sinf`) and 12.1.4 (`clap`).
"""

from __future__ import annotations

from fractions import Fraction

from projectionist.errors import FilmEncrypted, IndexUnusable
from projectionist.frames.mp4_boxes import Box
from projectionist.frames.mp4_tables import descriptions_used

_VISUAL_CHILDREN = 78
"""Where the boxes inside a visual sample entry begin: after its fixed fields."""

_IDENTITY = (1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
_SELF_CONTAINED = 1

Crop = tuple[int, int, int, int]


def read_entry(stbl: Box, name: str) -> Box:
    """The one sample description of a video track; `name` is what messages call the film.

    Raises FilmEncrypted, or IndexUnusable where samples of different descriptions follow each other.
    """
    entries = list(stbl.need(b"stsd").children(8))
    if not entries:
        raise IndexUnusable("The MP4 index does not describe its video ('stsd').")
    first = entries[0]
    _check_clear(first, name)
    for number in descriptions_used(stbl):
        if not 1 <= number <= len(entries) or entries[number - 1] != first:
            raise IndexUnusable("The MP4 index changes the kind of video within the film ('stsd').")
    return first


def check_data_is_here(minf: Box) -> None:
    """Raise IndexUnusable where the samples of the track lie in another file ('dref')."""
    dinf = minf.find(b"dinf")
    dref = dinf.find(b"dref") if dinf else None
    if dref is None:
        return
    for reference in dref.children(8):
        if not reference.uint(1, 3) & _SELF_CONTAINED:
            raise IndexUnusable("The MP4 index points into another file ('dref').")


def sample_kind(trak: Box) -> bytes:
    """The four-character code of the track's first sample description; empty where there is none."""
    box: Box | None = trak
    for kind in (b"mdia", b"minf", b"stbl", b"stsd"):
        box = box.find(kind) if box else None
    first = next(box.children(8), None) if box and len(box.payload) > 8 else None
    return first.kind if first else b""


def read_crop(entry: Box) -> Crop:
    """Left, top, right and bottom margins that `clap` hides, in coded pixels; else zeros."""
    clap = _inside(entry, b"clap")
    if clap is None:
        return 0, 0, 0, 0
    width, height = entry.ints(24, "HH")
    values = clap.ints(0, "IIIIiIiI")
    if not all(values[1::2]):
        return 0, 0, 0, 0
    clean_width, clean_height, right_by, down_by = (
        Fraction(over, under) for over, under in zip(values[::2], values[1::2], strict=True)
    )
    left = (width - clean_width) / 2 + right_by
    top = (height - clean_height) / 2 + down_by
    margins = left, top, width - clean_width - left, height - clean_height - top
    if clean_width <= 0 or clean_height <= 0 or min(margins) < 0:
        return 0, 0, 0, 0
    return int(margins[0]), int(margins[1]), int(margins[2]), int(margins[3])


def read_matrix(trak: Box) -> tuple[int, ...] | None:
    """The track's matrix as nine numbers (16.16, 16.16 and 2.30 fixed), or None for identity."""
    tkhd = trak.need(b"tkhd")
    matrix = tkhd.ints(52 if tkhd.uint(0, 1) == 1 else 40, "9i")
    return None if matrix == _IDENTITY else matrix


def _check_clear(entry: Box, name: str) -> None:
    sinf = _inside(entry, b"sinf")
    if sinf is None and entry.kind not in (b"encv", b"drmi"):
        return
    schm = sinf.find(b"schm") if sinf else None
    scheme = bytes(schm.payload[4:8]).decode("ascii", "backslashreplace") if schm else "of an unnamed scheme"
    raise FilmEncrypted(f"{name} is encrypted ({scheme}); use a copy that is not protected.")


def _inside(entry: Box, kind: bytes) -> Box | None:
    return next((box for box in entry.children(_VISUAL_CHILDREN) if box.kind == kind), None)
