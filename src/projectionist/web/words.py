"""Words in one place: every string that people read passes `_`, in templates and in Python.

In which language they are said is known to whatever runs now: a request has that of who asks, a job that of whom it
writes to, everything else English. English needs no catalogue; another one is read when it is first spoken.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Final

from projectionist.web.catalogues import Catalogue, read_catalogue

ENGLISH: Final = "en"
LANGUAGES: Final[Mapping[str, str]] = {ENGLISH: "English", "de": "Deutsch"}
"""What somebody can choose: tags of BCP 47, each as its speakers call it. Each but English has its `.po`."""
TRANSLATIONS: Final = Path(__file__).parent / "translations"

_spoken: ContextVar[str] = ContextVar("spoken", default=ENGLISH)


def _(message: str) -> str:
    """Mark a string in Python for translation; the template that shows it translates it."""
    return message


def language() -> str:
    """In which language is being spoken now."""
    return _spoken.get()


def speak(wanted: str) -> None:
    """Go on in this language, until the request or the job is over; in one that is not shipped, nothing changes."""
    if wanted in LANGUAGES:
        _spoken.set(wanted)


@contextmanager
def speaking(wanted: str) -> Iterator[None]:
    """Speak this language inside; English where it is not shipped (any more)."""
    marker = _spoken.set(wanted if wanted in LANGUAGES else ENGLISH)
    try:
        yield
    finally:
        _spoken.reset(marker)


def said(text: str) -> str:
    """A marked text in the language that is spoken now; English where that lacks it."""
    spoken = _spoken.get()
    return text if spoken == ENGLISH else catalogue_of(spoken).said(text)


def counted(one: str, several: str, number: int) -> str:
    """The form of a marked text for a number, in the language that is spoken now."""
    spoken = _spoken.get()
    if spoken == ENGLISH:
        return one if number == 1 else several
    return catalogue_of(spoken).counted(one, several, number)


@cache
def catalogue_of(spoken: str) -> Catalogue:
    """The catalogue of a language that is shipped, read once."""
    return read_catalogue((TRANSLATIONS / f"{spoken}.po").read_text(encoding="utf-8"))
