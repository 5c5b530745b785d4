"""Reading translations: `.po` files as gettext has them, read as they are, with no step that compiles them.

The format is that of https://www.gnu.org/software/gettext/manual/html_node/PO-Files.html, of which only what a
catalogue of ours holds is taken: comments, `msgid`, `msgid_plural`, `msgstr` and its numbered forms. Anything else is
an error that names its line, so that a slip of a translator is seen by the check and not by a reader.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from gettext import c2py
from typing import Final

_LINE: Final = re.compile(r'(?:(msgid|msgid_plural|msgstr|msgstr\[(\d)\])\s+)?"((?:[^"\\]|\\.)*)"\s*')
_ESCAPED: Final = re.compile(r"\\(.)")
_MEANT: Final = {"n": "\n", "t": "\t", '"': '"', "\\": "\\"}
_PLURALS: Final = re.compile(r"nplurals=(\d+);\s*plural=([^;]+);?")


class CatalogueWrong(ValueError):
    """A catalogue that cannot be read; the message names the line."""


@dataclass(slots=True)
class Entry:
    """A message and what it is called in the other language, in as many forms as that has; empty where untranslated."""

    text: str = ""
    plural: str = ""
    forms: dict[int, str] = field(default_factory=dict)
    is_fuzzy: bool = False
    line: int = 0


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The messages of one language: `forms` by the English text, `form_of` says which of them a number takes."""

    forms: Mapping[str, tuple[str, ...]]
    form_of: Callable[[int], int]

    def said(self, text: str) -> str:
        """The text in this language, as it is where the catalogue lacks it."""
        forms = self.forms.get(text)
        if forms is None:
            return text
        return forms[0] if len(forms) == 1 else forms[min(self.form_of(1), len(forms) - 1)]

    def counted(self, one: str, several: str, number: int) -> str:
        """The form for a number, the English one where the catalogue lacks it."""
        forms = self.forms.get(one)
        if forms is None:
            return one if number == 1 else several
        return forms[min(self.form_of(number), len(forms) - 1)]


def read_catalogue(text: str) -> Catalogue:
    """A language's catalogue. Raises CatalogueWrong."""
    entries = list(entries_in(text))
    form_of = _plural_rule(entries)
    return Catalogue({one.text: _forms(one) for one in entries if one.text and is_translated(one)}, form_of)


def is_translated(entry: Entry) -> bool:
    """Whether an entry says something in the other language that somebody stands by."""
    return bool(entry.forms) and all(entry.forms.values()) and not entry.is_fuzzy


def head_of(text: str) -> Mapping[str, str]:
    """The head of a catalogue: `Language`, `Plural-Forms` and the like by their names. Raises CatalogueWrong."""
    return _head(next(iter(entries_in(text)), Entry()))


def entries_in(text: str) -> Iterator[Entry]:
    """The entries of a catalogue, the head first, whose text is empty. Raises CatalogueWrong."""
    entry, part, fuzzy = Entry(), "", False
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        if line.startswith("#"):
            fuzzy = fuzzy or (line.startswith("#,") and "fuzzy" in line)
            continue
        keyword, form, words = _parts(line, number)
        if keyword == "msgid":
            if part:
                yield entry
            entry, fuzzy = Entry(line=number, is_fuzzy=fuzzy), False
        part = keyword or part
        _take(entry, part, form if keyword else None, words, number)
    if part:
        yield entry


def _parts(line: str, number: int) -> tuple[str, int | None, str]:
    found = _LINE.fullmatch(line)
    if found is None:
        raise CatalogueWrong(f'Line {number} is none of msgid, msgid_plural, msgstr and "…".')
    keyword, form, words = found.groups()

    def meant(escape: re.Match[str]) -> str:
        if escape[1] not in _MEANT:
            raise CatalogueWrong(f"Line {number} escapes {escape[1]}, which means nothing.")
        return _MEANT[escape[1]]

    return keyword or "", int(form) if form else None, _ESCAPED.sub(meant, words)


def _take(entry: Entry, part: str, form: int | None, words: str, number: int) -> None:
    """Add a line's words to what it belongs to; a line that only goes on belongs to the form before it."""
    if part == "msgid":
        entry.text += words
    elif part == "msgid_plural":
        entry.plural += words
    elif part.startswith("msgstr"):
        at = form if form is not None else max(entry.forms, default=0)
        entry.forms[at] = entry.forms.get(at, "") + words
    else:
        raise CatalogueWrong(f"Line {number} goes on with nothing.")


def _forms(entry: Entry) -> tuple[str, ...]:
    return tuple(entry.forms[at] for at in sorted(entry.forms))


def _head(entry: Entry) -> Mapping[str, str]:
    if entry.text:
        raise CatalogueWrong("The catalogue has no head: an entry with an empty msgid at its beginning.")
    lines = (line.partition(":") for line in entry.forms.get(0, "").splitlines())
    return {name.strip(): value.strip() for name, _colon, value in lines}


def _plural_rule(entries: list[Entry]) -> Callable[[int], int]:
    told = _head(entries[0] if entries else Entry()).get("Plural-Forms", "")
    found = _PLURALS.fullmatch(told)
    if found is None:
        raise CatalogueWrong(f"The head says no Plural-Forms that can be read: {told or 'nothing'}.")
    try:
        return c2py(found[2])
    except ValueError as error:
        raise CatalogueWrong(f"The rule of plurals cannot be read: {found[2]}.") from error
