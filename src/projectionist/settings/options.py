"""What is known of a setting besides its value: what it is for, how it is read, who may change it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, dataclass, field
from enum import StrEnum
from typing import Any

from projectionist.settings.values import Reader


class Source(StrEnum):
    """Where a value came from, in the words of a sentence."""

    COMMAND_LINE = "the command line"
    ENVIRONMENT = "the environment"
    SECRET_FILE = "a secret file"  # nosec B105
    DOTENV = "the .env file"
    CONFIG = "the configuration file"
    PAGE = "the settings page"
    DEFAULT = "the default"


@dataclass(frozen=True, slots=True)
class Found:
    """A value as it was written, and what a sentence calls the place."""

    text: str
    source: Source
    place: str


@dataclass(frozen=True, slots=True)
class Option:
    """How a setting is read and shown."""

    about: str
    reader: Reader
    page: bool
    secret: bool
    choices: tuple[str, ...]
    example: str


@dataclass(frozen=True, slots=True)
class SettingInfo:
    """A setting for whoever documents or edits it; `default` is text, empty where there is none."""

    name: str
    variable: str
    about: str
    default: str
    editable: bool
    secret: bool
    required: bool
    choices: tuple[str, ...]
    example: str


def option(
    about: str,
    reader: Reader,
    default: Any = MISSING,
    *,
    make: Callable[[], Any] | Any = MISSING,
    page: bool = False,
    secret: bool = False,
    choices: tuple[str, ...] = (),
    example: str = "",
) -> Any:
    """A field of Settings; `page` lets the settings page change it, `make` computes a default."""
    known = Option(about, reader, page, secret, choices, example)
    if make is not MISSING:
        return field(default_factory=make, metadata={"option": known}, repr=not secret)
    return field(default=default, metadata={"option": known}, repr=not secret)
