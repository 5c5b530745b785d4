"""Words in one place: every string that people read passes `_`, in templates and in Python."""

from __future__ import annotations


def _(message: str) -> str:
    """Mark a string in Python for translation; the template that shows it translates it."""
    return message
