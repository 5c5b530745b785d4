"""Which language somebody is spoken to in: the one they chose, else what their browser asks for, else English."""

from __future__ import annotations

from projectionist.errors import InputWrong
from projectionist.web.words import ENGLISH, LANGUAGES

_LONGEST = 1000
"""So much of an `Accept-Language` is read; browsers send less than a hundred characters."""


def language_asked_for(accept_language: str) -> str:
    """The best of our languages for an `Accept-Language` header (RFC 9110, 12.5.4); English where none is in it.

    A tag is taken for the language it begins with: `de-AT` is German. What cannot be read is passed over.
    """
    best, weight = ENGLISH, 0.0
    for part in accept_language[:_LONGEST].split(","):
        tag, _, parameters = part.partition(";")
        found = _ours(tag.strip().lower())
        how_much = _weight(parameters)
        if found and how_much > weight:
            best, weight = found, how_much
    return best


def check_language(name: str) -> str:
    """The tag, empty for what each browser asks for. Raises InputWrong for a language that is not shipped."""
    name = name.strip()
    if name and name not in LANGUAGES:
        raise InputWrong(
            f"The pages are not there in this language; they are in {_listed()}. Nothing was changed.",
            "language",
        )
    return name


def _listed() -> str:
    return ", ".join(f"{tag} ({name})" for tag, name in LANGUAGES.items())


def _ours(tag: str) -> str:
    if tag in LANGUAGES:
        return tag
    first = tag.partition("-")[0]
    return first if first in LANGUAGES else ""


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if not name:
        return 1.0
    try:
        weight = float(value) if name.strip().lower() == "q" else 1.0
    except ValueError:
        return 0.0
    return weight if 0.0 <= weight <= 1.0 else 0.0
