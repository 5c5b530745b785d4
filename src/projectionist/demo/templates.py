"""What is said of an item, with gaps for the words and numbers of another."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from projectionist.demo.bundles import Bundles
from projectionist.demo.catalogue import Catalogue, Entry, Kind, Media, Part, Section, Stream
from projectionist.demo.elements import Element, to_object, to_xml
from projectionist.demo.items import Wording
from projectionist.demo.people import Person
from projectionist.demo.viewing import HouseState

Name = tuple[Kind | str, bool] | tuple[Kind | str, bool, bool]
"""An item: its kind, whether JSON, whether with external ids. A tree: `tree`, whether JSON."""

_KEY, _SEASON, _SHOW, _YEAR, _UPDATED, _NUMBER, _SEASON_NUMBER = range(700_000_001, 700_000_008)
_TITLE, _SHOW_TITLE = "Title of an Item", "Title of a Show"
_GAPS: dict[str, str] = {
    str(_SEASON): "season",
    str(_SHOW): "show",
    str(_YEAR): "year",
    str(_UPDATED): "updated",
    str(_NUMBER): "number",
    str(_SEASON_NUMBER): "season_number",
    str(_KEY): "key",
    _TITLE: "title",
    _SHOW_TITLE: "show_title",
}


@dataclass(frozen=True)
class Template:
    """Text with gaps."""

    text: str

    def fill(self, fields: Mapping[str, object]) -> str:
        """The text with the gaps filled; `fields` may know more than is asked for."""
        return self.text % fields


def templates() -> dict[Name, Template]:
    """Every kind of item of a large library, in JSON and in XML."""
    movie = _entry(Kind.MOVIE, 1, _KEY, None)
    show = _entry(Kind.SHOW, 2, _SHOW, None, title=_SHOW_TITLE)
    season = _entry(Kind.SEASON, 2, _SEASON, _SHOW, title=f"Season {_SEASON_NUMBER}", index=_SEASON_NUMBER)
    episode = _entry(Kind.EPISODE, 2, _KEY, _SEASON, index=_NUMBER)
    catalogue = Catalogue({key: _section(key, kind) for key, kind in ((1, Kind.MOVIE), (2, Kind.SHOW))})
    catalogue.put(movie, show, season, episode)
    owner = Person(1, 1, "Owner", "", "", is_owner=True)
    word = Wording(HouseState(catalogue, (owner,)), Bundles(Path("/nowhere")), owner)
    gaps = {show.guid: "show_guid", season.guid: "season_guid"}
    own = {movie: "guid", episode: "guid", show: "show_guid", season: "season_guid"}
    made: dict[Name, Template] = {}
    for entry in own:
        for guids in (True, False):
            said = word.item(entry, guids=guids, placed=False)
            for json in (True, False):
                made[entry.kind, json, guids] = _template(said, {**gaps, entry.guid: own[entry]}, json=json)
    for json in (True, False):
        hashes = {part.hash: "hash" for part in movie.parts()}
        made["tree", json] = _template(word.tree(movie), {movie.guid: "guid", **hashes}, json=json)
    return made


def _template(said: Element, more: Mapping[str, str], *, json: bool) -> Template:
    text = msgspec.json.encode(to_object(said)).decode() if json else to_xml(said).decode().partition("\n")[2]
    gaps = {**_GAPS, **{guid.rpartition("/")[2]: name for guid, name in more.items()}}
    text = text.replace("%", "%%")
    found = re.compile("|".join(re.escape(each) for each in sorted(gaps, key=len, reverse=True)))
    return Template(found.sub(lambda gap: f"%({gaps[gap.group()]})s", text))


def _section(key: int, kind: Kind) -> Section:
    return Section(
        key,
        kind,
        f"Many {kind.word.title()}s",
        Path("/large"),
        "tv.plex.agents.movie",
        "Plex Movie",
        _UPDATED,
    )


def _entry(
    kind: Kind, section: int, key: int, parent: int | None, *, title: str = _TITLE, index: int | None = None
) -> Entry:
    media: tuple[Media, ...] = ()
    if kind in (Kind.MOVIE, Kind.EPISODE):
        streams = (
            Stream(1, 1, "h264", 0, 3_000, 1920, 1080, 24.0, "high", 8, transfer="bt709"),
            Stream(2, 2, "aac", 1, 192, channels=2, sampling_rate=48_000),
        )
        path = Path(f"/large/{section}/{_TITLE}/{_TITLE}.mkv")
        part = Part(_KEY, path, 3_000_000_000, 5_400_000, "mkv", _UPDATED, streams)
        media = (Media(_KEY, (part,), "1080"),)
    return Entry(
        *(key, kind, section, title, 1_760_000_000, _UPDATED),
        parent=parent,
        index=index,
        year=_YEAR,
        released="2001-01-01",
        summary=f"What happens in {title}.",
        rating=7.5,
        genres=("Drama", "Comedy"),
        directors=("Ines Okafor",),
        roles=(("Tomas Veld", "Lead"), ("Mirela Aho", "Second")),
        external_ids=(f"imdb://tt{key}", f"tmdb://{key}"),
        media=media,
    )
