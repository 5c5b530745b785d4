"""What the names of files and folders say."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any

from guessit import guessit

_REMEMBERED = 200_000
"""Names; guessing one takes ten milliseconds, and a library is read again and again."""
_TITLE_YEAR = re.compile(r"(?P<title>[^\[\]{}]+?)[ ._]*[(\[](?P<year>(?:18|19|20)\d\d)[)\]].*")
_PLAIN = re.compile(r"(?P<title>[^\W\d_](?:[^\W_]|[ ',&!-])*?) \((?P<year>(?:19|20)\d\d)\)")
_PART = re.compile(r"[-_. ]+(?:cd|dvd|disc|disk|pt|part)[-_. ]?(?P<number>\d)$", re.IGNORECASE)
_SEASON = re.compile(r"(?:season|series|staffel|saison|s)[ ._-]*(?P<number>\d{1,4})\b.*", re.IGNORECASE)
_TRACK = re.compile(r"(?:\d{1,2}-)?(?P<number>\d{1,3})(?:[ ._]*-[ ._]*|[ ._]+)(?P<title>.+)")


@dataclass(frozen=True, slots=True)
class MovieName:
    """A film's title and year, and which part of a film in several files it is (0 for the whole)."""

    title: str
    year: int | None
    part: int


@dataclass(frozen=True, slots=True)
class EpisodeName:
    """What a file says of the episode that it holds: the show, season and number where they are in its name."""

    show: str
    title: str
    season: int | None
    number: int | None
    year: int | None
    aired_on: date | None


@lru_cache(_REMEMBERED)
def movie_name(stem: str, folder: str) -> MovieName:
    """A film by the file's name without its suffix and its folder's ("" for none of its own).

    A folder named `Title (Year)` knows best.
    """
    found = _PART.search(stem)
    part = int(found["number"]) if found else 0
    whole = stem[: found.start()] if found else stem
    for text, pattern in ((folder, _TITLE_YEAR), (whole, _PLAIN)):
        told = pattern.fullmatch(text)
        if told:
            return MovieName(_spaced(told["title"]), int(told["year"]), part)
    guessed = _guess(whole, "movie")
    title = _text(guessed.get("title")) or folder or stem
    return MovieName(title, _number(guessed.get("year")), part)


@lru_cache(_REMEMBERED)
def episode_name(stem: str) -> EpisodeName:
    """An episode by the file's name without its suffix."""
    guessed = _guess(stem, "episode")
    aired = guessed.get("date")
    return EpisodeName(
        show=_text(guessed.get("title")),
        title=_text(guessed.get("episode_title")),
        season=_number(guessed.get("season")),
        number=_number(guessed.get("episode")),
        year=_number(guessed.get("year")),
        aired_on=aired if isinstance(aired, date) else None,
    )


@lru_cache(_REMEMBERED)
def looks_like_episode(stem: str) -> bool:
    """Whether a film's name is that of an episode of a show."""
    return bool(_guess(stem, "").get("type") == "episode")


def show_name(folder: str) -> tuple[str, int | None]:
    """Title and year of a show by its folder's name."""
    told = _TITLE_YEAR.fullmatch(folder)
    return (_spaced(told["title"]), int(told["year"])) if told else (folder, None)


def season_number(folder: str) -> int | None:
    """The season that a folder is of; 0 for specials, None where its name says nothing."""
    if folder.lower() in ("specials", "special", "extras"):
        return 0
    told = _SEASON.fullmatch(folder)
    return int(told["number"]) if told else None


def track_name(place: PurePosixPath) -> tuple[str, int | None]:
    """Title and number of a track by the file's name."""
    told = _TRACK.fullmatch(place.stem)
    return (told["title"], int(told["number"])) if told else (place.stem, None)


def _guess(text: str, kind: str) -> dict[str, Any]:
    options = {"type": kind} if kind else {}
    return dict(guessit(f"{text}.mkv", options))


def _text(value: Any) -> str:
    value = value[0] if isinstance(value, list) and value else value
    return str(value) if value else ""


def _number(value: Any) -> int | None:
    value = value[0] if isinstance(value, list) and value else value
    return value if isinstance(value, int) else None


def _spaced(title: str) -> str:
    return title if " " in title else re.sub(r"[._]+", " ", title).strip()
