"""Titles as search compares them: without case, accents and punctuation."""

from __future__ import annotations

import re
import unicodedata

_BETWEEN = re.compile(r"[\W_]+")
_WHERE_ASCII_IS_NONE = {code: " " for code in range(128) if not chr(code).isalnum()}
_WHERE_ASCII_IS_NONE[ord("'")] = ""
_LETTERS = str.maketrans(
    {"ø": "o", "đ": "d", "ł": "l", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th", "ı": "i", "ħ": "h", "’": ""}
)
"""Letters that Unicode does not take apart, though people type them without."""

PAD = "  "


def fold(text: str) -> str:
    """The words of a text, in small letters without marks, one space between them."""
    if text.isascii():
        return " ".join(text.lower().translate(_WHERE_ASCII_IS_NONE).split())
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    plain = "".join(letter for letter in apart if not unicodedata.combining(letter)).translate(_LETTERS)
    return _BETWEEN.sub(" ", plain.replace("'", "")).strip()


def trigrams(folded: str) -> set[str]:
    """Every three characters in a row of each word, which begins with two spaces and ends with one."""
    found: set[str] = set()
    for word in folded.split():
        padded = f"{PAD}{word} "
        found.update([padded[at : at + 3] for at in range(len(padded) - 2)])
    return found
