"""What people type into the forms of previews, in the words of the feature."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from projectionist.errors import InputWrong

_MOST_PARTS = 1000


class Fields:
    """The fields of a form that was sent, each with its values; an absent one has none."""

    def __init__(self, sent: Mapping[str, Any]) -> None:
        self._values = {
            name: [str(one) for one in value] if isinstance(value, list) else [str(value)]
            for name, value in sent.items()
            if value is not None
        }

    def get(self, name: str, missing: str = "") -> str:
        """The first value."""
        return self._values.get(name, [missing])[0]

    def all(self, name: str) -> list[str]:
        """Every value."""
        return self._values.get(name, [])


def choices_in(fields: Fields, *, whole: bool) -> dict[str, Any]:
    """The choices of a form, an empty field leaving it to the default. Raises InputWrong.

    `whole` says that it is the default's own form, in which ticks that are absent mean no.
    """
    enabled = fields.get("enabled")
    places = fields.all("places")
    values: dict[str, Any] = {
        "enabled": {"yes": True, "no": False}.get(enabled),
        "places": places or ([] if whole or fields.get("places_own") else None),
        "interval_ms": _milliseconds(fields, "interval_s"),
        "width": _number(fields, "width"),
        "quality": _number(fields, "quality"),
        "mode": fields.get("mode") or None,
        "folder": fields.get("folder").strip() or ("" if whole else None),
        "left_out": fields.get("left_out").strip() or ("" if whole else None),
    }
    if whole:
        values["enabled"] = enabled == "yes"
    return values


def part_ids_in(fields: Fields) -> tuple[int, ...]:
    """The ticked parts. Raises InputWrong."""
    given = fields.all("ids")
    if len(given) > _MOST_PARTS:
        raise InputWrong(f"Tick at most {_MOST_PARTS} at once.", "ids")
    if not all(one.isascii() and one.isdigit() and len(one) < 10 for one in given):
        raise InputWrong("A part is named by its number.", "ids")
    return tuple(int(one) for one in given)


def _number(fields: Fields, name: str) -> int | None:
    text = fields.get(name).strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InputWrong("Give a whole number.", name)
    return int(text)


def _milliseconds(fields: Fields, name: str) -> int | None:
    text = fields.get(name).strip()
    if not text:
        return None
    try:
        seconds = float(text)
        if not 0.1 <= seconds <= 3600:
            raise ValueError
    except ValueError:
        raise InputWrong("Give the seconds from picture to picture, 0.1 to 3600.", "interval_ms") from None
    return round(seconds * 1000)
