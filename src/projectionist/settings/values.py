"""Text into values: each reader takes what somebody wrote, or raises ValueError saying what it should be."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit

Reader: TypeAlias = Callable[[str], Any]

_DURATION_S = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_SIZES = {"": 1, "b": 1} | {
    f"{unit}{tail}": factor**power
    for power, unit in enumerate("kmgt", start=1)
    for tail, factor in (("b", 1000), ("", 1000), ("ib", 1024))
}
_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})
_HEADER = re.compile(r"[A-Za-z0-9-]+=[\x21-\x7e][\x20-\x7e]*")
_AMOUNT = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)\s*([a-z]*)", re.ASCII | re.IGNORECASE)

ROLES = ("administrator", "moderator", "user", "guest")


def text(value: str) -> str:
    """Any text."""
    return value


def path(value: str) -> Path:
    """A path; `~` is the home folder."""
    if "\0" in value:
        raise ValueError("a path")
    try:
        return Path(value).expanduser().absolute()
    except RuntimeError:
        raise ValueError("a path; there is no home folder of that name") from None


def flag(value: str) -> bool:
    """Yes or no."""
    if value.lower() in _TRUE:
        return True
    if value.lower() in _FALSE:
        return False
    raise ValueError("true or false")


def whole(low: int, high: int) -> Reader:
    """A whole number from `low` to `high`."""

    def read(value: str) -> int:
        if not re.fullmatch(r"-?\d{1,18}", value, re.ASCII) or not low <= int(value) <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return int(value)

    return read


def share(value: str) -> float:
    """A part of the whole, from 0 to 1."""
    if not re.fullmatch(r"0?\.\d{1,9}|0|1(?:\.0{1,9})?", value, re.ASCII):
        raise ValueError("a share from 0 to 1, such as 0.1")
    return float(value)


def duration(low: timedelta, high: timedelta) -> Reader:
    """A length of time with its unit, such as `90s`, `15m`, `2h`, `1.5d`."""

    def read(value: str) -> timedelta:
        amount = _AMOUNT.fullmatch(value)
        unit = _DURATION_S.get(amount[2].lower()) if amount else None
        if amount and unit is not None:
            found = timedelta(seconds=min(float(amount[1]) * unit, 1e10))
            if low <= found <= high:
                return found
        raise ValueError(f"a time from {short(low)} to {short(high)}, such as 90s, 15m, 2h or 1d")

    return read


def size(low: int, high: int) -> Reader:
    """A number of bytes, such as `500 MB` or `2GiB`."""

    def read(value: str) -> int:
        amount = _AMOUNT.fullmatch(value)
        unit = _SIZES.get(amount[2].lower()) if amount else None
        if amount and unit is not None and low <= (found := int(float(amount[1]) * unit)) <= high:
            return found
        raise ValueError(f"a size from {low:,} to {high:,} bytes, such as 500 MB or 2 GiB")

    return read


def one_of(*choices: str) -> Reader:
    """One of these words, in capitals or not."""

    def read(value: str) -> str:
        if value.lower() not in choices:
            raise ValueError(f"one of {', '.join(choices)}")
        return value.lower()

    return read


def words(value: str) -> tuple[str, ...]:
    """Words parted by commas."""
    return tuple(word for part in value.split(",") if (word := part.strip()))


def headers(value: str) -> tuple[str, ...]:
    """Headers of HTTP as `Name=value`, parted by commas."""
    found = tuple(one.strip() for one in value.split(",") if one.strip())
    if not all(_HEADER.fullmatch(one) for one in found):
        raise ValueError("headers such as Authorization=Bearer token, parted by commas")
    return found


def some_of(*choices: str) -> Reader:
    """Any of these words, parted by commas."""

    def read(value: str) -> tuple[str, ...]:
        found = words(value.lower())
        if any(word not in choices for word in found):
            raise ValueError(f"words among {', '.join(choices)}, parted by commas")
        return found

    return read


def roles(value: str) -> tuple[str, ...]:
    """Groups and the roles of their members, such as `family=user`, parted by commas; `*` is everybody."""
    pairs = [tuple(part.strip() for part in word.rpartition("=")[::2]) for word in words(value)]
    if any(not group or role not in ROLES for group, role in pairs):
        raise ValueError(f"a group and a role ({', '.join(ROLES)}) such as family=user, parted by commas")
    return tuple(f"{group}={role}" for group, role in pairs)


def header(value: str) -> str:
    """The name of a header."""
    if value and not re.fullmatch(r"[A-Za-z0-9-]{1,64}", value):
        raise ValueError("the name of a header such as Remote-User")
    return value


def networks(value: str) -> tuple[str, ...]:
    """Addresses and networks in digits, parted by commas."""
    found = words(value)
    for word in found:
        try:
            ip_network(word, strict=False)
        except ValueError:
            raise ValueError(
                "addresses or networks such as 10.0.0.2 or 10.0.0.0/24, parted by commas"
            ) from None
    return found


def web_address(value: str) -> str:
    """An address of http or https, without a slash at its end."""
    wanted = "an address such as https://films.example.org, without a password in it"
    try:
        parts = urlsplit(value)
        port_is_whole = parts.port is None or parts.port > 0
    except ValueError:
        raise ValueError(wanted) from None
    clean = not (parts.username or parts.password or parts.query or parts.fragment)
    if parts.scheme not in ("http", "https") or not parts.hostname or not clean or not port_is_whole:
        raise ValueError(wanted)
    return value.rstrip("/")


def origins(value: str) -> tuple[str, ...]:
    """Origins of web sites, parted by commas; `*`, which is every site, is none."""
    found = words(value)
    for word in found:
        try:
            clean = web_address(word.lower()) == word and not urlsplit(word).path and "*" not in word
        except ValueError:
            clean = False
        if not clean:
            raise ValueError(
                "origins such as https://dashboard.example.org, without a path, parted by commas"
            )
    return found


def base_path(value: str) -> str:
    """A path that begins with a slash and ends with none; `/` is the empty one."""
    clean = "/" + value.strip("/")
    if not re.fullmatch(r"/|(/[A-Za-z0-9._~-]+)+", clean) or {".", ".."} & set(clean.split("/")):
        raise ValueError("a path such as /projectionist")
    return "" if clean == "/" else clean


def rhythm(value: str) -> str:
    """How often, as schedules say it: `every 15m`; the first word may be left out."""
    amount = value.lower().removeprefix("every").strip()
    try:
        duration(timedelta(minutes=1), timedelta(days=7))(amount)
    except ValueError:
        raise ValueError("how often, from every 1m to every 7d, such as every 15m") from None
    return f"every {re.sub(r'[^0-9a-z.]', '', amount)}"


def optional(reader: Reader) -> Reader:
    """The same, or nothing, which is None."""
    return lambda value: reader(value) if value else None


def hours(value: str) -> str:
    """A span of the day such as `22:00-06:30`, or nothing."""
    if not value:
        return ""
    found = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)\s*-\s*([01]?\d|2[0-3]):([0-5]\d)", value)
    if found is None or found.group(1, 2) == found.group(3, 4):
        raise ValueError("hours of the day such as 22:00-06:30")
    return f"{int(found[1]):02}:{found[2]}-{int(found[3]):02}:{found[4]}"


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens on this host."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]").partition("%")[0]).is_loopback
    except ValueError:
        return False


def host(value: str) -> str:
    """A name or an address to listen on."""
    if not re.fullmatch(r"[A-Za-z0-9._:%\[\]-]{1,253}", value):
        raise ValueError("an address or a name of this machine, such as 127.0.0.1 or 0.0.0.0")
    return value.strip("[]")


def short(length: timedelta) -> str:
    """A length of time as people write it: `15m`."""
    seconds = length.total_seconds()
    if seconds and seconds == int(seconds):
        unit = next(unit for unit in ("d", "h", "m", "s") if seconds % _DURATION_S[unit] == 0)
        return f"{int(seconds // _DURATION_S[unit])}{unit}"
    return f"{f'{seconds:.6f}'.rstrip('0').rstrip('.')}s"


def shown(value: object) -> str:
    """A value as somebody would write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, timedelta):
        return short(value)
    if isinstance(value, tuple):
        return ",".join(value)
    if isinstance(value, float):
        return f"{value:.9f}".rstrip("0").rstrip(".")
    return "" if value is None else str(value)
