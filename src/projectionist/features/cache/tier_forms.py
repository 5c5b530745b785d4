"""What the forms of tiers, places and caps send, read into what the service wants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from projectionist.errors import InputWrong
from projectionist.features.cache.models import Layout
from projectionist.features.cache.sidecars import Sidecars
from projectionist.features.cache.tiers.setting_up import NewPlace, NewTier
from projectionist.web.forms import text, texts

_LONGEST_NUMBER = 9


def number_in(form: Mapping[str, Any], field: str, otherwise: int) -> int:
    """A whole number of a field, `otherwise` where nothing was typed. Raises InputWrong."""
    typed = text(form, field).strip()
    if not typed:
        return otherwise
    if not (typed.isascii() and typed.isdigit()) or len(typed) > _LONGEST_NUMBER:
        raise InputWrong("This is a whole number, written with digits.", field)
    return int(typed)


def tier_in(form: Mapping[str, Any]) -> NewTier:
    """The tier that a form describes. Raises InputWrong."""
    return NewTier(
        name=text(form, "name"),
        root=text(form, "root"),
        host_root=text(form, "host_root"),
        position=number_in(form, "position", 0),
        quota=text(form, "quota"),
        usage=text(form, "usage"),
        min_free=text(form, "min_free"),
        drive_size=text(form, "drive_size"),
        daily_writes=text(form, "daily_writes"),
        too_hot_c=number_in(form, "too_hot_c", 0),
        copies=number_in(form, "copies", 1),
    )


def place_in(form: Mapping[str, Any]) -> NewPlace:
    """The place that a form describes. Raises InputWrong."""
    ticked = texts(form, "tier_ids")
    if not all(one.isascii() and one.isdigit() and len(one) <= _LONGEST_NUMBER for one in ticked):
        raise InputWrong("A fast tier is named by its number.", "tier_ids")
    return NewPlace(
        library_id=number_in(form, "library_id", 0),
        slow_root=text(form, "slow_root"),
        tier_ids=tuple(int(one) for one in ticked),
        layout=_layout(text(form, "layout")),
        view_root=text(form, "view_root"),
        host_root=text(form, "host_root"),
        sidecars=_sidecars(text(form, "sidecars")),
        arr_owned=bool(text(form, "arr_owned")),
    )


def _layout(typed: str) -> Layout:
    try:
        return Layout(typed or Layout.SYMLINK)
    except ValueError:
        raise InputWrong("A layout is symlink or union.", "layout") from None


def _sidecars(typed: str) -> Sidecars:
    try:
        return Sidecars(typed or Sidecars.SUBTITLES)
    except ValueError:
        raise InputWrong("What travels along is all, subtitles or none.", "sidecars") from None
