"""Taking over, kept in the history: a file of another program that became ours, or was put back."""

from __future__ import annotations

from pathlib import Path

from projectionist.features.cache.adopting.backups import originals_of
from projectionist.features.cache.adopting.taking_over import Taken, TakenOver, take_over
from projectionist.features.cache.mending.comparing import Check
from projectionist.features.cache.mending.grounds import Care
from projectionist.features.cache.mending.noting import CACHED, Deed, Told, noted
from projectionist.features.cache.models import Kind
from projectionist.features.cache.spots import status

_SAID = {
    Taken.OURS: "What another program cached is ours now.",
    Taken.PUT_BACK: "An original that another program had set aside has its path again.",
    Taken.NEWER_KEPT: "The copy of another program is on the slow disk now, and the original that it replaced rests.",
    Taken.RESTED: "An original that another program had set aside rests.",
    Taken.PLAYING: "What another program cached stays as it is.",
    Taken.LEFT_ALONE: "What another program cached stays as it is.",
}


def take_over_noted(care: Care, backup: Path, check: Check, *, restores_missing: bool = False) -> TakenOver:
    """The same as `take_over`, and what came of it is kept in the history. Raises as that does."""
    found = status(backup)
    names = tuple(backup.with_name(name) for name in originals_of(backup.name))
    deed = Deed(Kind.TAKE_OVER, backup, 0 if found is None else found.st_size, names)

    def act() -> tuple[TakenOver, Told]:
        done = take_over(care, backup, check, restores_missing=restores_missing)
        why = f"{_SAID[done.taken]} {done.why}"
        return done, Told(why, _OUTCOMES.get(done.taken, ""), done.path)

    return noted(care, deed, act)


_OUTCOMES = {Taken.OURS: CACHED, Taken.PLAYING: "playing", Taken.LEFT_ALONE: "left"}
