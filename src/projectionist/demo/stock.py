"""Filling a catalogue with the programme: every item with its key, its times and its files as they lie on disk."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from projectionist.demo.catalogue import Catalogue, Entry, Kind, Media, Part, Section, Stream, sort_title
from projectionist.demo.films import DemoFilm
from projectionist.demo.programme import (
    ALBUMS,
    HOME_VIDEOS,
    MOVIES,
    SHOWS,
    Album,
    DemoTrack,
    Feature,
    Show,
    Version,
)
from projectionist.demo.signal import HDR10
from projectionist.demo.sound import RATE

MOVIES_KEY, SHOWS_KEY, HOME_VIDEOS_KEY, MUSIC_KEY = 1, 2, 3, 4
"""The keys of the sections."""
_OPENED_AT = 1_760_000_000
"""When the first item was added, in epoch seconds; the others follow an hour apart, so that every start agrees."""

_CODECS = {
    "libx264": ("h264", "high"),
    "libx265": ("hevc", "main 10"),
    "libvpx-vp9": ("vp9", "0"),
    "mpeg2video": ("mpeg2video", "main"),
    "mpeg4": ("mpeg4", "simple"),
    "libopus": ("opus", ""),
    "libmp3lame": ("mp3", ""),
}
_CONTAINERS = {".m4a": "mp4", ".webm": "mkv"}


def section_list(folder: Path) -> dict[int, Section]:
    """The four sections of the house, over the folders below `folder`."""
    video = ("tv.plex.agents.movie", "Plex Movie")
    sections = (
        Section(MOVIES_KEY, Kind.MOVIE, "Movies", folder / "Movies", *video, _OPENED_AT),
        Section(
            SHOWS_KEY,
            Kind.SHOW,
            "Shows",
            folder / "Shows",
            "tv.plex.agents.series",
            "Plex TV Series",
            _OPENED_AT,
        ),
        Section(
            HOME_VIDEOS_KEY,
            *(Kind.MOVIE, "Home Videos", folder / "Home Videos"),
            *("com.plexapp.agents.none", "Plex Video Files Scanner", _OPENED_AT),
        ),
        Section(
            MUSIC_KEY,
            Kind.ARTIST,
            "Music",
            folder / "Music",
            "tv.plex.agents.music",
            "Plex Music",
            _OPENED_AT,
        ),
    )
    return {section.key: section for section in sections}


def stock(folder: Path) -> Catalogue:
    """The catalogue of the programme, whose files lie in `folder`. Raises OSError where one does not."""
    catalogue = Catalogue(section_list(folder))
    catalogue.put(*_Counting(folder).entries())
    return catalogue


@dataclass
class _Counting:
    """Gives out keys and ids, the same ones each time."""

    folder: Path
    _made: list[Entry] = field(default_factory=list)
    _media: int = 0
    _parts: int = 0
    _streams: int = 0

    def entries(self) -> list[Entry]:
        for feature in MOVIES:
            self._feature(feature, Kind.MOVIE, MOVIES_KEY)
        for show in SHOWS:
            self._show(show)
        for feature in HOME_VIDEOS:
            self._feature(feature, Kind.MOVIE, HOME_VIDEOS_KEY)
        for album in ALBUMS:
            self._album(album)
        return self._made

    def _place(self) -> tuple[int, int]:
        """The next key, and when it came."""
        return len(self._made) + 1, _OPENED_AT + 3600 * len(self._made)

    def _feature(
        self, feature: Feature, kind: Kind, section: int, parent: int | None = None, index: int | None = None
    ) -> None:
        key, at = self._place()
        self._made.append(
            Entry(
                *(key, kind, section, feature.title, at, at),
                parent=parent,
                index=index,
                year=feature.year,
                released=feature.released,
                summary=feature.summary,
                tagline=feature.tagline,
                content_rating=feature.content_rating,
                rating=feature.rating,
                genres=feature.genres,
                directors=feature.directors,
                roles=feature.roles,
                external_ids=_external_ids(kind, key) if section != HOME_VIDEOS_KEY else (),
                sort_title=sort_title(feature.title),
                original_title=feature.original_title,
                studio="Projectionist Pictures" if section == MOVIES_KEY else "",
                media=tuple(self._version(version) for version in feature.versions),
                look=feature.look,
            )
        )

    def _show(self, show: Show) -> None:
        top, at = self._place()
        self._made.append(
            Entry(
                *(top, Kind.SHOW, SHOWS_KEY, show.title, at, at),
                index=1,
                year=show.year,
                released=show.released,
                summary=show.summary,
                content_rating=show.content_rating,
                rating=show.rating,
                genres=show.genres,
                roles=show.roles,
                external_ids=_external_ids(Kind.SHOW, top),
                studio="Projectionist Television",
                look=show.look,
            )
        )
        for season in show.seasons:
            key, at = self._place()
            title = f"Season {season.number}"
            self._made.append(
                Entry(key, Kind.SEASON, SHOWS_KEY, title, at, at, top, season.number, look=season.look)
            )
            for number, episode in enumerate(season.episodes, 1):
                self._feature(episode, Kind.EPISODE, SHOWS_KEY, key, number)

    def _album(self, album: Album) -> None:
        artist, at = self._place()
        self._made.append(
            Entry(artist, Kind.ARTIST, MUSIC_KEY, album.artist, at, at, index=1, look=album.look)
        )
        key, at = self._place()
        self._made.append(
            Entry(
                *(key, Kind.ALBUM, MUSIC_KEY, album.title, at, at, artist, 1),
                year=album.year,
                released=album.released,
                look=album.look,
            )
        )
        for number, track in enumerate(album.tracks, 1):
            each, at = self._place()
            media = (Media(self._next_media(), (self._track(track),)),)
            self._made.append(
                Entry(
                    each,
                    Kind.TRACK,
                    MUSIC_KEY,
                    track.title,
                    at,
                    at,
                    key,
                    number,
                    look=album.look,
                    media=media,
                )
            )

    def _version(self, version: Version) -> Media:
        media = self._next_media()
        return Media(media, tuple(self._film(film) for film in version.files), version.resolution)

    def _film(self, film: DemoFilm) -> Part:
        codec, profile = _CODECS[film.encoder]
        rate = self._bitrate(film.path, film.seconds)
        deep = film.signal is HDR10
        streams = [
            Stream(
                self._next_stream(),
                *(1, codec, 0, rate - 48 if film.audio else rate, *film.size, float(film.fps), profile),
                bit_depth=film.signal.bits,
                transfer="smpte2084" if deep else "bt709",
            )
        ]
        if film.audio is not None:
            streams.append(self._audio(film.audio, 1, 48))
        return self._part(film.path, film.seconds, tuple(streams))

    def _track(self, track: DemoTrack) -> Part:
        audio = self._audio(track.encoder, 0, self._bitrate(track.path, track.seconds))
        return self._part(track.path, track.seconds, (audio,))

    def _audio(self, encoder: str, index: int, bitrate: int) -> Stream:
        codec = _CODECS.get(encoder, (encoder, ""))[0]
        return Stream(self._next_stream(), 2, codec, index, bitrate, channels=1, sampling_rate=RATE)

    def _part(self, name: str, seconds: int, streams: tuple[Stream, ...]) -> Part:
        path = self.folder / name
        found = path.stat()
        self._parts += 1
        suffix = _CONTAINERS.get(path.suffix, path.suffix[1:])
        return Part(self._parts, path, found.st_size, seconds * 1000, suffix, int(found.st_mtime), streams)

    def _bitrate(self, name: str, seconds: int) -> int:
        return (self.folder / name).stat().st_size * 8 // 1000 // seconds

    def _next_media(self) -> int:
        self._media += 1
        return self._media

    def _next_stream(self) -> int:
        self._streams += 1
        return self._streams


def _external_ids(kind: Kind, key: int) -> tuple[str, ...]:
    """Numbers far above those that the catalogues have given out, so that no real film is meant."""
    sources = ("imdb://tt", "tmdb://", "tvdb://")
    return tuple(f"{source}{990_000_000 + 1000 * kind + key}" for source in sources)
