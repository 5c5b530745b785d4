"""Told paths: only what lies in a folder of a library is looked at, by its name and by where its links lead."""

from __future__ import annotations

from pathlib import Path

import pytest

from projectionist.features.library import service as library
from projectionist.features.servers.paths import Mapping
from projectionist.features.webhooks.placing import spots
from projectionist.media.vocabulary import LibraryKind, ListedLibrary, ServerPath
from tests.features.library.shelves import NOW
from tests.features.webhooks.house import House
from tests.features.webhooks.tellings import radarr, said, sonarr
from tests.payloads import ADDRESSES, PATHS, number_of

SUFFIXES = ("", "/x.mkv", "/../x.mkv")
HOSTILE = [
    one for kinds in (PATHS, ADDRESSES) for ones in kinds.values() for one in ones if "\ud800" not in one
]


def libraries(home: House, *roots: str) -> None:
    home.server.listed = [
        ListedLibrary(str(number), LibraryKind.MOVIES, root, (ServerPath(root),))
        for number, root in enumerate(roots, 1)
    ]
    home.wall.sync(at=NOW)


def found(home: House, path: str) -> list[str]:
    return [one.folder for one in spots(home.servers, library.libraries(home.database), path)]


def inside(folder: str, roots: tuple[str, ...]) -> bool:
    parts = Path(folder).parts
    return ".." not in parts and any(parts[: len(Path(root).parts)] == Path(root).parts for root in roots)


def test_two_hundred_hostile_paths_have_nothing_looked_at_outside(home: House) -> None:
    senders = {
        kind: home.add(kind, kind).sender for kind in ("sonarr", "radarr", "emby", "jellyfin", "generic")
    }
    tried = 0
    for payload in HOSTILE:
        for path in (payload, f"/media/{payload}", f"/media{payload}", f"{payload}/a.mkv"):
            path = path[:4096]
            tellings = {
                "sonarr": sonarr(path=path),
                "radarr": radarr(path),
                "emby": said(Event="library.new", Server={"Id": "none"}, Item={"Path": path}),
                "jellyfin": said(NotificationType="ItemAdded", ServerId="none", Path=path),
                "generic": said(paths=[path, "/nowhere/x"]),
            }
            for kind, body in tellings.items() if path == payload else [("generic", tellings["generic"])]:
                home.told(senders[kind], body)
                tried += 1
    roots = ("/media", "/shows")
    looked = [str(job.arguments["folder"]) for job in home.looks()]
    assert [folder for folder in looked if not inside(folder, roots)] == []
    assert all("\0" not in folder and "\n" not in folder for folder in looked)
    assert number_of(PATHS) + number_of(ADDRESSES) >= 200
    assert tried > 1000
    assert not [job for job in home.looks() if "folder" not in job.arguments], (
        "a path is no wish for a sync of all"
    )


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        ("/media", ["/media"]),
        ("/media/", ["/media"]),
        ("/media//Nine/", ["/media/Nine"]),
        ("/media/./Nine", ["/media/Nine"]),
        ("/media/Nine..", ["/media/Nine.."]),
        ("//media/Nine", ["/media/Nine"]),
        ("/mediathek", []),
        ("/media/../media/Nine", []),
        ("media/Nine", []),
        ("/MEDIA/Nine", []),
        ("\\media\\Nine", []),
        ("/media/\udcff", []),
    ],
)
def test_a_path_is_judged_by_its_parts(home: House, path: str, folder: list[str]) -> None:
    assert found(home, path) == folder


def test_a_link_that_leads_out_of_the_library_is_not_followed(home: House, tmp_path: Path) -> None:
    films, others = tmp_path / "films", tmp_path / "others"
    (films / "Nine").mkdir(parents=True)
    others.mkdir()
    (films / "away").symlink_to(others)
    (films / "near").symlink_to(films / "Nine")
    libraries(home, str(films))
    assert found(home, str(films / "Nine")) == [str(films / "Nine")]
    assert found(home, str(films / "near")) == [str(films / "near")]
    assert found(home, str(films / "away")) == []
    assert found(home, str(films / "away" / "x")) == []
    assert found(home, str(films / "not there yet")) == [str(films / "not there yet")]


def test_a_path_as_it_is_here_is_told_to_the_server_as_it_spells_it(home: House, tmp_path: Path) -> None:
    libraries(home, "/data/films", "D:\\Films")
    here = tmp_path / "films"
    home.servers.mappings = [
        Mapping("/data/films", str(here)),
        Mapping("D:\\Films", str(tmp_path / "windows")),
    ]
    assert found(home, str(here / "Nine")) == ["/data/films/Nine"]
    assert found(home, "/data/films/Nine") == ["/data/films/Nine"]
    assert found(home, str(tmp_path / "windows" / "Nine")) == ["D:\\Films\\Nine"]
    assert found(home, "d:\\films\\Nine") == ["d:\\films\\Nine"]
    assert found(home, "D:\\Filme") == []


def test_the_library_that_holds_it_closest_is_looked_at(home: House) -> None:
    libraries(home, "/data", "/data/films")
    (spot,) = spots(home.servers, library.libraries(home.database), "/data/films/Nine")
    titles = {one.id: one.title for one in library.libraries(home.database)}
    assert titles[spot.library_id] == "/data/films"


def test_a_library_that_was_excluded_or_is_gone_is_not_looked_at(home: House) -> None:
    (films,) = [one for one in library.libraries(home.database) if one.title == "Films"]
    library.set_enabled(home.database, films.id, enabled=False)
    assert found(home, "/media/Nine") == []
    libraries(home, "/elsewhere")
    assert found(home, "/shows/Dark") == []
