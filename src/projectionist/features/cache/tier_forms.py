"""What the forms of tiers, places and caps send, read into what the service wants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from projectionist.errors import InputWrong
from projectionist.features.cache.models import Layout
from projectionist.features.cache.sidecars import Sidecars
from projectionist.features.cache.tiers.setting_up import NewPlace, NewTier
from projectionist.features.cache.tiers.wrongs import Wrongs
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


def tier_in(form: Mapping[str, Any]) -> tuple[NewTier, Sequence[InputWrong]]:
    """The tier that a form describes, and what is no number in it, for which the usual one stands."""
    wrongs, numbers = Wrongs(), {"position": 0, "too_hot_c": 0, "copies": 1}
    for field, usual in numbers.items():
        with wrongs.gathered():
            numbers[field] = number_in(form, field, usual)
    wanted = NewTier(
        name=text(form, "name"),
        root=text(form, "root"),
        host_root=text(form, "host_root"),
        quota=text(form, "quota"),
        usage=text(form, "usage"),
        min_free=text(form, "min_free"),
        drive_size=text(form, "drive_size"),
        daily_writes=text(form, "daily_writes"),
        **numbers,
    )
    return wanted, wrongs.found


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
