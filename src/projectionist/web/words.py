"""Words in one place: every string that people read passes `_`, in templates and in Python.

In which language they are said is known to whatever runs now: a request has that of who asks, a job that of whom it
writes to, everything else English. English needs no catalogue; another one is read when it is first spoken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

from projectionist.web.catalogues import Catalogue, read_catalogue

ENGLISH: Final = "en"
LANGUAGES: Final[Mapping[str, str]] = {ENGLISH: "English", "de": "Deutsch"}
"""What somebody can choose: tags of BCP 47, each as its speakers call it. Each but English has its `.po`."""
TRANSLATIONS: Final = Path(__file__).parent / "translations"

REASONS: Final = frozenset({"why", "reason", "evidence", "trouble", "stopped", "mend"})
"""What is put into a sentence and is one itself, which a service said."""

_ENDS: Final = (".", ".”")
"""How a whole sentence ends."""
_LONGEST: Final = 600
"""A longer sentence with values is not looked for: a path made for it could take a pattern minutes."""
_DEEPEST: Final = 4
"""So far are sentences looked for within sentences: `a: b: c: …` would go on for ever."""
_VALUE: Final = re.compile(r"%\((\w+)\)s")

_spoken: ContextVar[str] = ContextVar("spoken", default=ENGLISH)


def _(message: str) -> str:
    """Mark a string in Python for translation; the template that shows it translates it."""
    return message


def counts(one: str, several: str) -> tuple[str, str]:
    """Mark a text that is counted, with its plural; `counted` says it."""
    return one, several


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


def sentence(text: str) -> str:
    """A whole sentence as a service said it, in the language that is spoken now; English where that lacks it.

    Errors are made in English far from any page, and are kept so in the log, in jobs and for programs. A page finds
    them again by their words: as they are, or by what stands around the values that were put in. A value that is a
    sentence itself is looked up too. Nothing else is: the name of a film is never translated.
    """
    spoken = _spoken.get()
    return text if spoken == ENGLISH or not text.endswith(_ENDS) else _sentence_in(spoken, text)


def is_sentence(message: str) -> bool:
    """Whether a message is a whole sentence: it ends as one, or with a reason, which does."""
    return message.endswith((*_ENDS, *(f"%({name})s" for name in REASONS)))


def titled(text: str) -> str:
    """The title of a job as it was made, in the language that is spoken now; looked up as a sentence is."""
    spoken = _spoken.get()
    return text if spoken == ENGLISH else _sentence_in(spoken, text, titles=True)


@lru_cache(maxsize=2000)
def _sentence_in(spoken: str, text: str, titles: bool = False, depth: int = 0) -> str:
    catalogue = catalogue_of(spoken)
    english = text.replace("%", "%%")
    known = catalogue.said(english)
    if known != english:
        return known.replace("%%", "%")
    if len(text) > _LONGEST or depth > _DEEPEST:
        return text
    patterns = _patterns_of(spoken, titles)
    for pattern, marked in patterns.get(_first_word(text), patterns[""]):
        if found := pattern.fullmatch(text):
            values = {
                name: _sentence_in(spoken, value, depth=depth + 1) if value.endswith(_ENDS) else value
                for name, value in found.groupdict().items()
            }
            return catalogue.said(marked) % values
    return text


@cache
def _patterns_of(spoken: str, titles: bool) -> Mapping[str, tuple[tuple[re.Pattern[str], str], ...]]:
    """The sentences with values in them by their first word, those first that say the most besides; or the titles.

    With each word stand those that begin with a value too, and those alone below "".
    """
    marked = [text for text in catalogue_of(spoken).forms if "%(" in text]
    if titles:
        texts = [text for text in marked if text[0].isalpha() and not is_sentence(text)]
    else:
        texts = [text for text in marked if is_sentence(text)]
    texts.sort(key=lambda text: (-len(_VALUE.sub("", text)), text))
    compiled = [
        (_first_word(text.replace("%%", "%")), (re.compile(_pattern(text), re.DOTALL), text))
        for text in texts
    ]
    words = {"", *(word for word, _both in compiled)}
    return {word: tuple(both for first, both in compiled if first in ("", word)) for word in words}


def _first_word(text: str) -> str:
    """Up to the first space; none where a value stands in it."""
    word = text.partition(" ")[0]
    return "" if "%(" in word else word


def _pattern(text: str) -> str:
    """What a sentence with values looks like; a value of one name that stands twice is the same both times."""
    parts = _VALUE.split(text)
    seen: set[str] = set()
    shown = [re.escape(parts[0].replace("%%", "%"))]
    for name, between in zip(parts[1::2], parts[2::2], strict=True):
        shown.append(f"(?P={name})" if name in seen else f"(?P<{name}>.+?)")
        shown.append(re.escape(between.replace("%%", "%")))
        seen.add(name)
    return "".join(shown)


@cache
def catalogue_of(spoken: str) -> Catalogue:
    """The catalogue of a language that is shipped, read once."""
    return read_catalogue((TRANSLATIONS / f"{spoken}.po").read_text(encoding="utf-8"))
