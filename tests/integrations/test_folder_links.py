"""Of the links that lead out of a folder only those cross that the journal of swaps records, as it records them."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from projectionist.errors import DatabaseUnusable, ServerFailed, ServerLacks
from projectionist.integrations.folder.server import FolderServer
from projectionist.kit.confining import Crossing
from projectionist.media.vocabulary import ItemKind

KEY = "Movies/Cached (2001).mkv"
THERE = "Movies/There (2001).mkv"
MARKER = ".projectionist-tier"


@dataclass
class Journal:
    """What is recorded, and how often somebody asked; `failure` is raised instead."""

    links: dict[Path, Crossing] = field(default_factory=dict)
    failure: Exception | None = None
    asked: int = 0

    def __call__(self, links: Collection[Path]) -> Mapping[Path, Sequence[Crossing]]:
        self.asked += 1
        if self.failure is not None:
            raise self.failure
        return {link: [self.links[link]] for link in links if link in self.links}


class Cinema:
    """A folder with a film that is there and one that is on the fast disk, and the journal that says so."""

    def __init__(self, at: Path) -> None:
        self.at, self.root, self.tier = at, at / "root", at / "fast"
        self.copy, self.link = self.tier / KEY, self.root / KEY
        for path in (self.copy, self.root / THERE, self.tier / MARKER):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"the film")
        self.link.symlink_to(self.copy)
        self.journal = Journal()
        self.record()

    def record(self) -> None:
        self.journal.links[self.link] = Crossing(str(self.link.readlink()), self.copy, self.tier)

    @property
    def server(self) -> FolderServer:
        return FolderServer(str(self.root), self.journal)

    def lead(self, target: Path) -> None:
        self.link.unlink()
        self.link.symlink_to(target)

    def listed(self) -> set[str]:
        server = self.server
        (library,) = server.libraries()
        films = server.items(library, ItemKind.MOVIE).items
        return {part.key for film in films for version in film.versions for part in version.parts}

    def refuses(self, key: str = KEY) -> bool:
        """Whether a path is neither listed nor served, nor a picture beside it."""
        with pytest.raises(ServerLacks):
            self.server.part_bytes(key, 0, 4)
        return self.listed() == {THERE}


@pytest.fixture
def cinema(tmp_path: Path) -> Cinema:
    return Cinema(tmp_path)


def test_a_recorded_link_is_the_film_itself(cinema: Cinema) -> None:
    assert cinema.listed() == {KEY, THERE}
    assert cinema.server.part_bytes(KEY, 4, 4) == b"film"


def test_a_recorded_link_is_followed_from_a_folder_that_is_a_link_within(cinema: Cinema) -> None:
    (cinema.root / "Movies").rename(cinema.root / "store")
    (cinema.root / "Movies").symlink_to("store")
    assert KEY in cinema.listed()
    cinema.journal.links[cinema.root / "store" / "Cached (2001).mkv"] = cinema.journal.links.pop(cinema.link)
    assert KEY in cinema.listed()
    assert cinema.server.part_bytes(KEY, 4, 4) == b"film"


def test_a_recorded_relative_link_is_followed(cinema: Cinema) -> None:
    cinema.lead(Path("../../fast") / KEY)
    cinema.record()
    assert cinema.listed() == {KEY, THERE}


def test_a_recorded_link_to_a_picture_is_shown(cinema: Cinema) -> None:
    copy, link = cinema.copy.with_suffix(".jpg"), cinema.link.with_suffix(".jpg")
    copy.write_bytes(b"\xff\xd8\xff")
    link.symlink_to(copy)
    key = str(link.relative_to(cinema.root))
    with pytest.raises(ServerLacks):
        cinema.server.image(key, width=1, height=1)
    cinema.journal.links[link] = Crossing(str(copy), copy, cinema.tier)
    assert cinema.server.image(key, width=1, height=1).content == b"\xff\xd8\xff"


def test_a_link_into_a_tier_that_nobody_recorded_is_refused_and_told(
    cinema: Cinema, caplog: pytest.LogCaptureFixture
) -> None:
    cinema.journal.links.clear()
    with caplog.at_level(logging.WARNING):
        assert cinema.refuses()
    assert f"1 links below {cinema.root}" in caplog.text
    assert str(cinema.link) in caplog.text


def test_a_marker_above_everything_opens_nothing(cinema: Cinema) -> None:
    (cinema.at / MARKER).write_bytes(b"")
    (cinema.at / "secret.mkv").write_bytes(b"the film")
    cinema.lead(cinema.at / "secret.mkv")
    assert cinema.refuses()


def test_a_link_that_leads_elsewhere_than_it_was_recorded_is_refused(cinema: Cinema) -> None:
    other = cinema.tier / "Movies" / "Other (2001).mkv"
    other.write_bytes(b"the film")
    cinema.lead(other)
    assert cinema.refuses()


def test_a_link_to_what_lies_beside_the_tier_is_refused_whatever_was_recorded(cinema: Cinema) -> None:
    sibling = cinema.at / "fast of others" / "Film.mkv"
    sibling.parent.mkdir()
    sibling.write_bytes(b"the film")
    cinema.lead(sibling)
    cinema.journal.links[cinema.link] = Crossing(str(sibling), sibling, cinema.tier)
    assert cinema.refuses()


def test_a_link_by_way_of_another_link_is_refused(cinema: Cinema) -> None:
    between = cinema.at / "between.mkv"
    between.symlink_to(cinema.copy)
    cinema.lead(between)
    assert cinema.refuses()


def test_a_recorded_link_whose_copy_became_a_link_is_refused(cinema: Cinema) -> None:
    secret = cinema.at / "secret.mkv"
    cinema.copy.rename(secret)
    cinema.copy.symlink_to(secret)
    assert cinema.refuses()


def test_a_recorded_link_whose_folder_on_the_tier_became_a_link_is_refused(cinema: Cinema) -> None:
    (cinema.tier / "Movies").rename(cinema.at / "secret")
    (cinema.tier / "Movies").symlink_to(cinema.at / "secret")
    assert cinema.refuses()


def test_a_recorded_link_beyond_a_link_to_another_folder_is_refused(cinema: Cinema) -> None:
    elsewhere = cinema.at / "elsewhere"
    elsewhere.mkdir()
    cinema.link.rename(elsewhere / "Cached (2001).mkv")
    cinema.journal.links[elsewhere / "Cached (2001).mkv"] = cinema.journal.links.pop(cinema.link)
    (cinema.root / "Movies" / "in").symlink_to(elsewhere)
    assert cinema.refuses("Movies/in/Cached (2001).mkv")


def test_a_folder_never_crosses(cinema: Cinema) -> None:
    (cinema.root / "Movies" / "in").symlink_to(cinema.tier / "Movies")
    cinema.link.unlink()
    assert cinema.refuses("Movies/in/Cached (2001).mkv")


def test_a_journal_that_cannot_be_read_fails_the_listing_and_takes_no_film_from_it(cinema: Cinema) -> None:
    cinema.journal.failure = DatabaseUnusable("The database is locked.")
    with pytest.raises(DatabaseUnusable):
        cinema.listed()
    with pytest.raises(DatabaseUnusable):
        cinema.server.part_bytes(KEY, 0, 4)
    cinema.link.unlink()
    assert cinema.listed() == {THERE}, "where no link leads out nobody is asked"


def test_a_recorded_link_whose_copy_is_not_there_fails_the_listing(cinema: Cinema) -> None:
    cinema.tier.rename(cinema.at / "pulled")
    with pytest.raises(
        ServerFailed, match=r"its copy .*Cached \(2001\).mkv is not there, so nothing was changed"
    ):
        cinema.listed()


def test_a_listing_of_many_links_asks_once(cinema: Cinema) -> None:
    for number in range(300):
        copy, link = (folder / "Movies" / f"Film {number}.mkv" for folder in (cinema.tier, cinema.root))
        copy.write_bytes(b"")
        link.symlink_to(copy)
        cinema.journal.links[link] = Crossing(str(copy), copy, cinema.tier)
    assert len(cinema.listed()) == 302
    assert cinema.journal.asked == 1


def test_a_link_that_is_recorded_only_while_the_folder_is_read_is_listed(cinema: Cinema) -> None:
    class Late(Journal):
        """Another process records the link after the first question."""

        def __call__(self, links: Collection[Path]) -> Mapping[Path, Sequence[Crossing]]:
            return super().__call__(links) if self.asked else self.none()

        def none(self) -> Mapping[Path, Sequence[Crossing]]:
            self.asked += 1
            return {}

    cinema.journal = Late(cinema.journal.links)
    assert cinema.listed() == {KEY, THERE}


def test_a_film_that_is_moved_back_while_the_folder_is_read_is_listed(cinema: Cinema) -> None:
    class Back(Journal):
        """The cache takes the link back before it is asked."""

        def __call__(self, links: Collection[Path]) -> Mapping[Path, Sequence[Crossing]]:
            if cinema.link.is_symlink():
                cinema.link.unlink()
                cinema.copy.rename(cinema.link)
            return super().__call__(())

    cinema.journal = Back()
    assert cinema.listed() == {KEY, THERE}
