"""What the demo house shows: a dozen short films, a show of two seasons, home videos and a record."""

from __future__ import annotations

from dataclasses import dataclass, field

from projectionist.demo.films import INDEX_FIRST, X264, X265_HDR10, DemoFilm
from projectionist.demo.scenery import DAWN, EMBER, FOREST, NIGHT, NOON, VIOLET, Mood
from projectionist.demo.signal import HDR10

MOODS: tuple[Mood, ...] = (DAWN, NOON, EMBER, NIGHT, FOREST, VIOLET)
"""The moods that posters are painted in, by number."""


@dataclass(frozen=True)
class Version:
    """One version of a film: its files in order, and the resolution it is labelled with."""

    files: tuple[DemoFilm, ...]
    resolution: str = ""


@dataclass(frozen=True)
class Feature:
    """A movie, an episode or a home video of the programme."""

    title: str
    versions: tuple[Version, ...]
    year: int
    released: str
    summary: str
    look: int
    tagline: str = ""
    content_rating: str = "PG"
    rating: float | None = None
    genres: tuple[str, ...] = ()
    directors: tuple[str, ...] = ()
    roles: tuple[tuple[str, str], ...] = ()
    original_title: str = ""


@dataclass(frozen=True)
class Season:
    """A season of a show."""

    number: int
    look: int
    episodes: tuple[Feature, ...]


@dataclass(frozen=True)
class Show:
    """A show; the summary and the rest are those of the whole."""

    title: str
    year: int
    released: str
    summary: str
    look: int
    seasons: tuple[Season, ...]
    content_rating: str = "TV-PG"
    rating: float | None = None
    genres: tuple[str, ...] = ()
    roles: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class DemoTrack:
    """A piece of music: a chord that swells, `root` Hz low."""

    title: str
    path: str
    container: str
    encoder: str
    seconds: int
    root: float


@dataclass(frozen=True)
class Album:
    """A record of one artist."""

    artist: str
    title: str
    year: int
    released: str
    look: int
    tracks: tuple[DemoTrack, ...] = field(default=())


def _film(path: str, container: str, encoder: str, *moods: Mood, **rest: object) -> DemoFilm:
    """A short film of a small picture; `rest` is what is unlike the others."""
    usual: dict[str, object] = {
        "size": (480, 270),
        "seconds": 30,
        "fps": 12,
        "gop": 24,
        "options": X264,
        "muxer": INDEX_FIRST if container == "mp4" else {},
        "audio": "libopus" if container == "webm" else "aac",
    }
    return DemoFilm(path, container, encoder, moods=moods, **{**usual, **rest})  # type: ignore[arg-type]


def _movie(name: str) -> str:
    return f"Movies/{name}/{name}"


def _one(film: DemoFilm, resolution: str = "sd") -> tuple[Version, ...]:
    return (Version((film,), resolution),)


_VP9 = {"deadline": "realtime", "cpu-used": "8", "crf": "38", "b": "0"}
_MPEG4 = {"qscale": "5"}

MOVIES: tuple[Feature, ...] = (
    Feature(
        "The Quiet Projector",
        _one(
            _film(
                _movie("The Quiet Projector (2024)") + ".mkv", "matroska", "libx264", DAWN, NOON, EMBER, NIGHT
            )
        ),
        *(2024, "2024-03-01", "A projectionist keeps one lamp burning in a town that has stopped going out."),
        look=0,
        tagline="Somebody has to thread it.",
        rating=8.1,
        genres=("Drama",),
        directors=("Ines Okafor",),
        roles=(("Tomas Veld", "The Projectionist"), ("Mirela Aho", "Usherette")),
    ),
    Feature(
        "Saturday Matinee",
        _one(
            _film(
                _movie("Saturday Matinee (1958)") + ".mp4",
                *("mp4", "libx264", NOON, FOREST, VIOLET),
                size=(360, 270),
                gop=60,
                options={**X264, "bf": "2"},
            )
        ),
        *(1958, "1958-06-14", "Three children and one ticket: an afternoon in the cheap seats."),
        look=1,
        content_rating="G",
        rating=7.4,
        genres=("Comedy", "Family"),
        directors=("Harriet Lund",),
    ),
    Feature(
        "Northern Weather",
        _one(
            _film(
                _movie("Northern Weather (2021)") + ".webm",
                *("webm", "libvpx-vp9", NIGHT, VIOLET, FOREST, DAWN),
                options=_VP9,
            )
        ),
        *(2021, "2021-11-05", "Two forecasters disagree about the same cloud for a whole winter."),
        look=3,
        rating=6.9,
        genres=("Documentary",),
        directors=("Sigrún Hall",),
        original_title="Norðanátt",
    ),
    Feature(
        "Ember Coast",
        (
            Version(
                (
                    _film(
                        _movie("Ember Coast (2023)") + " - 2160p.mkv",
                        *("matroska", "libx265", EMBER, VIOLET, NOON, DAWN),
                        size=(572, 240),
                        options=X265_HDR10,
                        signal=HDR10,
                    ),
                ),
                "4k",
            ),
            Version(
                (
                    _film(
                        _movie("Ember Coast (2023)") + " - 1080p.mp4",
                        *("mp4", "libx264", EMBER, VIOLET, NOON, DAWN),
                        size=(380, 160),
                    ),
                ),
                "1080",
            ),
        ),
        *(2023, "2023-08-18", "A lighthouse, a fire on the headland, and one night to choose between them."),
        look=2,
        content_rating="PG-13",
        rating=7.8,
        genres=("Adventure", "Drama"),
        directors=("Ines Okafor",),
    ),
    Feature(
        "Paper Lanterns",
        _one(
            _film(
                _movie("Paper Lanterns (2019)") + ".avi",
                *("avi", "mpeg4", VIOLET, NIGHT),
                options=_MPEG4,
                audio="libmp3lame",
            )
        ),
        *(2019, "2019-02-05", "Every lantern carries a letter, and every letter is late."),
        look=5,
        rating=7.1,
        genres=("Romance",),
        directors=("Wen Aldana",),
    ),
    Feature(
        "The Long Platform",
        _one(
            _film(
                _movie("The Long Platform (2016)") + ".mkv",
                *("matroska", "mpeg2video", FOREST, DAWN),
                fps=24,
                seconds=30,
                options=_MPEG4,
                audio="mp2",
            )
        ),
        *(2016, "2016-09-30", "The last train of the timetable is announced, and announced, and announced."),
        look=4,
        rating=6.2,
        genres=("Mystery",),
        directors=("Harriet Lund",),
    ),
    Feature(
        "Reel Change",
        (
            Version(
                tuple(
                    _film(
                        _movie("Reel Change (1999)") + f" - pt{number}.mkv",
                        *("matroska", "libx264", *moods),
                        seconds=20,
                    )
                    for number, moods in ((1, (NOON, EMBER)), (2, (EMBER, NIGHT)))
                ),
                "sd",
            ),
        ),
        *(1999, "1999-04-23", "One film in two reels, and a missing minute between them."),
        look=1,
        content_rating="R",
        rating=8.4,
        genres=("Thriller",),
        directors=("Wen Aldana",),
    ),
    Feature(
        "Café Minuit",
        _one(_film(_movie("Café Minuit (2018)") + ".mov", "mov", "libx264", NIGHT, EMBER, muxer=INDEX_FIRST)),
        *(2018, "2018-12-07", "An all-night café, seven regulars and a clock that runs backwards."),
        look=3,
        rating=7.0,
        genres=("Drama", "Fantasy"),
        directors=("Claire Émery",),
    ),
)


def _episode(season: int, number: int, title: str, released: str, summary: str, *moods: Mood) -> Feature:
    path = f"Shows/Night Shift/Season {season:02}/Night Shift - S{season:02}E{number:02} - {title}.mkv"
    film = _film(path, "matroska", "libx264", *moods, seconds=24, gop=120 if number == 1 else 24)
    return Feature(title, _one(film), int(released[:4]), released, summary, look=3, content_rating="TV-PG")


SHOWS: tuple[Show, ...] = (
    Show(
        "Night Shift",
        *(2022, "2022-10-03", "The people who keep a cinema running between the last show and the first."),
        look=3,
        rating=8.6,
        genres=("Comedy", "Drama"),
        roles=(("Mirela Aho", "Vesna"), ("Tomas Veld", "Karl")),
        seasons=(
            Season(
                1,
                3,
                (
                    _episode(
                        1, 1, "Reel One", "2022-10-03", "A new hand learns where the light is.", NIGHT, DAWN
                    ),
                    _episode(1, 2, "Splice", "2022-10-10", "Two ends, one strip of tape.", VIOLET, EMBER),
                    _episode(
                        1, 3, "Changeover", "2022-10-17", "The cue comes a second early.", FOREST, NIGHT
                    ),
                ),
            ),
            Season(
                2,
                5,
                (
                    _episode(2, 1, "House Lights", "2023-10-02", "They go up, and stay up.", NOON, EMBER),
                    _episode(
                        2, 2, "Intermission", "2023-10-09", "Ten minutes that take all night.", DAWN, VIOLET
                    ),
                ),
            ),
        ),
    ),
)

HOME_VIDEOS: tuple[Feature, ...] = (
    Feature(
        "Evening Walk",
        _one(
            _film(
                "Home Videos/2024/Evening Walk.mp4",
                *("mp4", "libx264", FOREST, DAWN, EMBER),
                size=(270, 480),
                seconds=24,
                audio=None,
                turned=270,
            )
        ),
        *(2024, "2024-05-19", ""),
        look=4,
        content_rating="",
    ),
)

ALBUMS: tuple[Album, ...] = (
    Album(
        "The Overture Ensemble",
        "Before the Curtain",
        *(2020, "2020-01-17"),
        look=2,
        tracks=tuple(
            DemoTrack(
                title,
                f"Music/The Overture Ensemble/Before the Curtain/{number:02} - {title}.{suffix}",
                *(container, encoder, seconds, root),
            )
            for number, (title, suffix, container, encoder, seconds, root) in enumerate(
                (
                    ("Doors", "flac", "flac", "flac", 12, 110.0),
                    ("Trailers", "mp3", "mp3", "libmp3lame", 15, 98.0),
                    ("Lights Down", "m4a", "ipod", "aac", 18, 82.41),
                ),
                1,
            )
        ),
    ),
)


def house_films() -> tuple[DemoFilm, ...]:
    """Every video file of the programme."""
    features = [*MOVIES, *HOME_VIDEOS]
    features += [episode for show in SHOWS for season in show.seasons for episode in season.episodes]
    return tuple(film for feature in features for version in feature.versions for film in version.files)
