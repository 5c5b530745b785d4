"""A server names files, and only those in its own folders are opened; of links, only those that the cache recorded."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from projectionist.features.previews.catalogue import LibraryIndex
from projectionist.features.previews.confines import Confines
from projectionist.features.previews.looking import OUTSIDE, FilmFile, find_film
from projectionist.features.previews.targets import Obstacle
from projectionist.features.previews.workplace import Workplace
from projectionist.kit.confining import Crossing
from projectionist.media.vocabulary import ServerKind, ServerPath
from tests.features.previews.household import Household


class Recorded:
    """What the cache recorded: a link, and where its copy is."""

    def __init__(self) -> None:
        self.copies: dict[Path, Path] = {}

    def __call__(self, links: Collection[Path]) -> Mapping[Path, Sequence[Crossing]]:
        known = {link: self.copies[link] for link in links if link in self.copies}
        return {link: [Crossing(str(copy), copy, copy.parent)] for link, copy in known.items()}


@pytest.fixture
def recorded() -> Recorded:
    return Recorded()


@pytest.fixture
def server(house: Household) -> int:
    server_id = house.server(ServerKind.FOLDER)
    house.library(server_id)
    return server_id


def confined(house: Household, recorded: Recorded) -> Workplace:
    confines = Confines(LibraryIndex(house.database), house.reached, lambda server_id: (), recorded)
    return replace(house.place, may_open=confines.hold)


def look(house: Household, recorded: Recorded, server: int, path: str) -> FilmFile | Obstacle:
    return find_film(confined(house, recorded), server, ServerPath(path))


def test_a_film_in_a_folder_of_its_library_is_opened(
    house: Household, recorded: Recorded, server: int
) -> None:
    house.film("Alien.mkv")
    assert isinstance(look(house, recorded, server, "/data/Alien.mkv"), FilmFile)


def test_a_link_within_the_folder_is_followed(house: Household, recorded: Recorded, server: int) -> None:
    (house.media / "Alien.mkv").symlink_to(house.film("store/Alien.mkv"))
    assert isinstance(look(house, recorded, server, "/data/Alien.mkv"), FilmFile)


def test_a_link_that_leads_out_is_not_opened_and_told(
    house: Household, recorded: Recorded, server: int, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.mkv"
    secret.write_bytes(b"secret")
    (house.media / "Alien.mkv").symlink_to(secret)
    met = look(house, recorded, server, "/data/Alien.mkv")
    assert isinstance(met, Obstacle)
    assert met.code == OUTSIDE
    assert str(secret) in met.reason


def test_a_link_to_a_copy_that_the_cache_recorded_is_the_film(
    house: Household, recorded: Recorded, server: int, tmp_path: Path
) -> None:
    fast = tmp_path / "fast" / "Alien.mkv"
    fast.parent.mkdir()
    house.film("Alien.mkv").rename(fast)
    link = house.media / "Alien.mkv"
    link.symlink_to(fast)
    assert isinstance(look(house, recorded, server, "/data/Alien.mkv"), Obstacle)
    recorded.copies[link] = fast
    assert isinstance(look(house, recorded, server, "/data/Alien.mkv"), FilmFile)


def test_a_recorded_link_of_another_folder_is_not_reached_by_a_link_to_that_folder(
    house: Household, recorded: Recorded, server: int, tmp_path: Path
) -> None:
    fast, elsewhere = tmp_path / "fast" / "Alien.mkv", tmp_path / "elsewhere"
    fast.parent.mkdir()
    elsewhere.mkdir()
    fast.write_bytes(b"of another server")
    (elsewhere / "Alien.mkv").symlink_to(fast)
    (house.media / "in").symlink_to(elsewhere)
    recorded.copies[elsewhere / "Alien.mkv"] = fast
    met = look(house, recorded, server, "/data/in/Alien.mkv")
    assert isinstance(met, Obstacle)
    assert met.code == OUTSIDE


def test_a_server_without_a_folder_here_opens_nothing(
    house: Household, recorded: Recorded, tmp_path: Path
) -> None:
    other = house.server(ServerKind.FOLDER, prefix="/elsewhere")
    house.film("Alien.mkv")
    met = look(house, recorded, other, "/elsewhere/Alien.mkv")
    assert isinstance(met, Obstacle)
    assert met.code == OUTSIDE
