"""Passwords that everybody tries first: the ones of a bundled list, however they are dressed up.

The list holds words, names, walks over the keyboard and rows of digits, in small letters. A password is taken for one
of them too where it only spells it otherwise, repeats it, or puts a few digits and signs around it: `P@ssw0rd2024!`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_LIST = Path(__file__).with_name("known_passwords.txt")
_DRESS = 8
"""So many digits and signs around a word make it no better; more may be a thought of its own."""
_SPELLED = str.maketrans("@401!3$57+89", "aaoiiessttbg")
"""What stands for which letter."""
_REPEATED = re.compile(r"(.+?)\1+", re.DOTALL)


def is_widely_known(password: str, name: str = "") -> bool:
    """Whether this is one of the passwords that are tried first; the name of its owner is one too."""
    known = known_passwords()
    mine = (name.casefold(), name.casefold().partition("@")[0])
    return any(form in known or form in mine or _is_dull(form) for form in _forms(password) if form)


def _is_dull(form: str) -> bool:
    """One or two letters over and over."""
    return len(form) > 3 and len(set(form)) < 3


@cache
def known_passwords() -> frozenset[str]:
    """Those of the list."""
    return frozenset(_LIST.read_text(encoding="utf-8").split())


def _forms(password: str) -> Iterator[str]:
    """The password as it is, and what it may be a dressed form of."""
    folded = unicodedata.normalize("NFKC", password).casefold()
    bare = folded.strip("".join({letter for letter in folded if not letter.isalnum()}))
    word = folded.strip("".join({letter for letter in folded if not letter.isalpha()}))
    forms = [folded, bare]
    if len(folded) - len(word) <= _DRESS:
        forms.append(word)
    for form in forms:
        yield form
        yield form.translate(_SPELLED)
        if repeated := _REPEATED.fullmatch(form):
            yield repeated[1]
