"""The settings of PlexCache-D by the names that it has for them, for the two policies that follow its rules."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from projectionist.errors import InputWrong, TableWrong
from projectionist.features.cache.simulating.on_deck import HOUR_S, Rules


class _Setting(NamedTuple):
    """The rule that a setting is, how much of that its unit comes to, and between what it lies."""

    rule: str
    unit: float
    least: float
    most: float


_SETTINGS = {
    "number_episodes": _Setting("next_episodes", 1, 0, 100),
    "days_to_monitor": _Setting("days_to_monitor", 1, 0, 36_500),
    "watchlist_toggle": _Setting("watchlists", 1, 0, 1),
    "watchlist_episodes": _Setting("watchlist_episodes", 1, 0, 100),
    "watchlist_retention_days": _Setting("wish_days", 1, 0, 36_500),
    "ondeck_retention_days": _Setting("deck_days", 1, 0, 36_500),
    "cache_retention_hours": _Setting("retention_s", HOUR_S, 0, 87_600),
    "cache_eviction_threshold_percent": _Setting("full_at", 0.01, 0, 100),
    "eviction_min_priority": _Setting("least_score", 1, 0, 100),
    "interval_hours": _Setting("interval_s", HOUR_S, 0.01, 168),
}


def rules_of(said: Mapping[str, float]) -> Rules:
    """The rules that these settings mean; what is not said is as the rival has it. Raises InputWrong."""
    chosen: dict[str, float] = {}
    for name, value in said.items():
        known = _SETTINGS.get(name)
        if known is None:
            raise InputWrong(f"PlexCache-D has no setting {name}; it has {', '.join(_SETTINGS)}.", name)
        if not math.isfinite(value) or not known.least <= value <= known.most:
            raise InputWrong(f"{name} is between {known.least:g} and {known.most:g}.", name)
        default = getattr(Rules(), known.rule)
        meant = value * known.unit
        if isinstance(default, int) and meant != int(meant):
            raise InputWrong(f"{name} is a whole number.", name)
        chosen[known.rule] = type(default)(meant)
    return Rules(**chosen)  # type: ignore[arg-type] # each has the type of its default


def setting_typed(text: str) -> tuple[str, float]:
    """A setting as somebody types it: `number_episodes=5`, `watchlist_toggle=false`. Raises InputWrong."""
    name, _, value = (part.strip() for part in text.partition("="))
    number = {"true": 1.0, "false": 0.0}.get(value.lower())
    try:
        return name, float(value) if number is None else number
    except ValueError:
        raise InputWrong(
            f"{text!r} is no setting and its value; write it as number_episodes=5 or watchlist_toggle=false.",
            "setting",
        ) from None


def settings_in(file: Path) -> dict[str, float]:
    """What a `plexcache_settings.json` says of these settings; all else in it is ignored. Raises TableWrong."""
    try:
        said = msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
    except OSError as error:
        raise TableWrong(f"{file} cannot be read: {error.strerror}; nothing was simulated.") from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise TableWrong(
            f"{file} holds no settings of PlexCache-D ({error}); nothing was simulated."
        ) from error
    return {
        name: value for name, value in said.items() if name in _SETTINGS and isinstance(value, int | float)
    }


def settings_of(rules: Rules) -> dict[str, float]:
    """These rules as settings, by the names that the rival has for them."""
    said = {}
    for name, known in _SETTINGS.items():
        value = getattr(rules, known.rule)
        is_whole = isinstance(value, int) and known.unit == 1
        said[name] = value if is_whole else round(value / known.unit, 6)
    return said
