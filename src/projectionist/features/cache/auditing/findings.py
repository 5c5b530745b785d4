"""What an audit can find: what is amiss, by which evidence, and what its repair would do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class FindingKind(StrEnum):
    """What is amiss."""

    ORPHAN = "orphan"
    """A file of ours, or on the fast disk, that nothing knows and nothing leads to."""
    UNPROTECTED = "unprotected"
    """A fast copy that is all there is of a file, or one that the host's mover is not told to leave alone."""
    STALE = "stale"
    """Something is remembered, or excluded from the mover, whose files are not as they were left."""
    DUPLICATE = "duplicate"
    """A whole file at its path, and a copy of it on the fast disk that nobody keeps."""
    FOREIGN = "foreign"
    """An original that another caching program set aside."""
    BROKEN = "broken"
    """A link to a file on the fast disk that is not there."""
    MISMATCH = "mismatch"
    """A fast copy whose content is not what was copied, though nobody wrote to it."""
    UNSEEN = "unseen"
    """Nobody could look, so nothing is said about what lies there."""


class Repair(StrEnum):
    """What a repair does; each is a move in the journal, or changes what is remembered only."""

    NONE = ""
    SETTLE = "settle"
    REMEMBER = "remember"
    REST = "rest"
    DROP = "drop"
    BRING_HOME = "bring_home"
    TAKE_OVER = "take_over"
    RESTORE = "restore"
    FORGET = "forget"
    EXCLUDE = "exclude"

    @property
    def deed(self) -> str:
        """What it would do, for people."""
        return _DEEDS[self]

    @property
    def may_be_one_of_many(self) -> bool:
        """Whether it may be done together with others; what gives a deleted path its file again is asked for alone."""
        return self not in (Repair.NONE, Repair.TAKE_OVER)


_DEEDS = {
    Repair.NONE: "Nothing by itself: look at it, and decide.",
    Repair.SETTLE: "Ends what was begun: an original that belongs at the path is put there, what is no longer wanted "
    "rests for 14 days.",
    Repair.REMEMBER: "Remembers the file again; no file is touched.",
    Repair.REST: "Renames the file to a hidden name, where it rests for 14 days before it is removed.",
    Repair.DROP: "Reads both files from their disks. Where they are the same the fast one is removed; where not, a "
    "broken or older one rests for 14 days.",
    Repair.BRING_HOME: "Copies the file to the slow disk, proves the copy, and lets the path lead there.",
    Repair.TAKE_OVER: "Compares both files byte for byte and keeps the pair as ours, or the newer of the two; the "
    "other rests for 14 days.",
    Repair.RESTORE: "Proves the original against its checksum and puts it back at its path; the bad copy rests for 14 "
    "days.",
    Repair.FORGET: "Forgets what is remembered; no file is touched.",
    Repair.EXCLUDE: "Writes the list for the mover anew, from what is on the fast disk.",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found at `path`. `size` is how many bytes it is about, as far as that is known without reading."""

    kind: FindingKind
    path: Path
    evidence: str
    repair: Repair = Repair.NONE
    size: int = 0
    id: int | None = None
    """The number under which it is kept."""

    @property
    def deed(self) -> str:
        """What its repair would do, for people."""
        return self.repair.deed
