"""The servers' own eyes: what they read through a path, and who plays it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from projectionist.errors import ServerLacks, ServerUnreachable, ServiceError, SwapRefused
from projectionist.features.cache.eyes import Admitting
from projectionist.features.cache.models import TierRow
from projectionist.features.cache.settling import Outcome
from projectionist.features.cache.swapping import cache_in, move_back
from projectionist.features.servers.paths import Mapping
from projectionist.media.vocabulary import ServerPath
from tests.features.cache.running.theatre import Area, Theatre
from tests.features.cache.stage import Stage

LONG = bytes(range(256)) * 1024


@pytest.fixture
def theatre(stage: Stage) -> Theatre:
    return Theatre(stage)


def test_a_film_is_cached_where_the_server_reads_it_there(theatre: Theatre) -> None:
    film = theatre.stage.film(content=LONG)
    theatre.listed(film)
    assert cache_in(theatre.desk, theatre.stage.spot(film)) is Outcome.CACHED
    assert film.is_symlink()
    asked = theatre.servers.fakes[1].asked
    assert asked.count("part_bytes") == 2


def test_a_server_that_sees_another_tree_gets_the_original_back_and_the_mount_is_named(
    theatre: Theatre, tmp_path: Path
) -> None:
    """As in a container that has the library's folder, and not that of the fast disk."""
    stage = theatre.stage
    film = stage.film(content=LONG)
    theatre.listed(film)
    contained = tmp_path / "contained"
    theatre.servers.fakes[1].sees[ServerPath(str(stage.slow))] = contained

    def mount() -> None:
        """The server's view of the slow root: links that lead to the fast one lead nowhere there."""
        shutil.rmtree(contained, ignore_errors=True)
        shutil.copytree(stage.slow, contained, symlinks=True)
        for path in contained.rglob("*"):
            if path.is_symlink():
                path.unlink()

    theatre.servers.fakes[1].before = lambda call: mount() if call == "part_bytes" else None  # type: ignore[method-assign]
    theatre.eyes.probe(film, 1)
    assert cache_in(theatre.desk, stage.spot(film)) is Outcome.UNSEEN
    assert (film.read_bytes(), film.is_symlink(), stage.hidden(), stage.on_fast()) == (LONG, False, [], [])
    why = theatre.eyes.why_unseen(film, stage.fast)
    assert str(stage.fast) in why
    assert "Server 1 finds no file" in why
    assert str(film) in why


@pytest.mark.parametrize(
    "there",
    [
        b"\1" + LONG[1:],
        LONG[:-1] + b"\0",
        LONG + b"more",
        LONG[:-1],
        LONG[:100],
        b"",
    ],
)
def test_another_file_at_the_path_is_not_taken_for_ours(
    theatre: Theatre, tmp_path: Path, there: bytes
) -> None:
    film = theatre.stage.film(content=LONG)
    theatre.listed(film)
    other = tmp_path / "other"
    theatre.servers.fakes[1].sees[ServerPath(str(theatre.stage.slow))] = other
    seen = other / film.relative_to(theatre.stage.slow)
    seen.parent.mkdir(parents=True)
    seen.write_bytes(there)
    assert not theatre.eyes.sees(film, film)
    with pytest.raises(SwapRefused, match="path mapping"):
        theatre.eyes.probe(film, 1)
    seen.write_bytes(LONG)
    assert theatre.eyes.sees(film, film)


def test_every_server_that_lists_a_film_has_to_see_it(theatre: Theatre, tmp_path: Path) -> None:
    stage = theatre.stage
    film = stage.film(content=LONG)
    theatre.listed(film)
    theatre.add_server(2, Mapping("/data", str(stage.slow)))
    theatre.listed(film, server=2)
    theatre.servers.fakes[2].sees[ServerPath("/data")] = stage.slow
    assert theatre.eyes.sees(film, film)
    theatre.servers.fakes[2].sees[ServerPath("/data")] = tmp_path / "elsewhere"
    assert not theatre.eyes.sees(film, film)
    assert "Server 2" in theatre.eyes.why_unseen(film, stage.fast)


def test_a_server_that_cannot_be_asked_is_no_yes_and_no_no(theatre: Theatre) -> None:
    film = theatre.stage.film(content=LONG)
    theatre.listed(film)
    theatre.servers.fakes[1].failures["part_bytes"] = ServerUnreachable("It is down.")
    with pytest.raises(ServerUnreachable):
        theatre.eyes.sees(film, film)
    with pytest.raises(ServerUnreachable):
        cache_in(theatre.desk, theatre.stage.spot(film))
    assert (film.is_symlink(), theatre.stage.hidden(), theatre.stage.on_fast()) == (False, [], [])
    theatre.servers.fakes[1].failures["sessions"] = ServerUnreachable("It is down.")
    with pytest.raises(ServerUnreachable):
        theatre.eyes.leaves_free(film)


def test_a_film_that_no_server_lists_is_not_taken_for_seen_and_what_lies_beside_is_nobodys(
    theatre: Theatre,
) -> None:
    film, subtitle = theatre.stage.film("a.mkv"), theatre.stage.film("a.en.srt")
    with pytest.raises(ServerLacks, match="sync its library"):
        theatre.eyes.sees(film, film)
    assert theatre.eyes.sees(subtitle, subtitle)
    assert theatre.eyes.leaves_free(subtitle)


def test_a_film_that_no_server_lists_counts_as_played_while_anything_is(theatre: Theatre) -> None:
    film, other = theatre.stage.film("a.mkv"), theatre.stage.film("b.mkv")
    theatre.listed(other)
    assert theatre.eyes.leaves_free(film)
    theatre.play(other)
    assert not theatre.eyes.leaves_free(film)


def test_the_version_that_is_really_played_is_not_free_and_the_other_is(theatre: Theatre) -> None:
    large, small = theatre.stage.film("Film - 4k.mkv"), theatre.stage.film("Film - 1080p.mkv")
    theatre.listed(large, beside=[small])
    theatre.play(large, version=1)
    assert theatre.eyes.leaves_free(large)
    assert not theatre.eyes.leaves_free(small)
    assert theatre.eyes.played_files() == {small}


def test_where_a_server_does_not_say_which_version_is_played_all_of_them_are(theatre: Theatre) -> None:
    large, small = theatre.stage.film("Film - 4k.mkv"), theatre.stage.film("Film - 1080p.mkv")
    theatre.listed(large, beside=[small])
    theatre.play(large, says_which=False)
    assert not theatre.eyes.leaves_free(large)
    assert not theatre.eyes.leaves_free(small)


def test_a_film_that_is_played_on_any_server_is_not_moved(theatre: Theatre) -> None:
    film = theatre.stage.film(content=LONG)
    theatre.listed(film)
    assert cache_in(theatre.desk, theatre.stage.spot(film)) is Outcome.CACHED
    theatre.add_server(2, Mapping("/data", str(theatre.stage.slow)))
    theatre.listed(film, server=2)
    theatre.play(film, server=2)
    assert move_back(theatre.desk, film) is Outcome.PLAYING
    theatre.servers.fakes[2].playing.clear()
    assert move_back(theatre.desk, film) is Outcome.HOME


def test_a_film_that_is_cached_because_it_is_played_may_be_led_to_its_copy_meanwhile(
    theatre: Theatre,
) -> None:
    film, other = theatre.stage.film("a.mkv"), theatre.stage.film("b.mkv")
    for path in (film, other):
        theatre.listed(path)
        theatre.play(path)
    admitting = Admitting(theatre.eyes, film)
    assert admitting.leaves_free(film)
    assert not admitting.leaves_free(other)
    theatre.servers.fakes[1].failures["sessions"] = ServerUnreachable("It is down.")
    with pytest.raises(ServiceError):
        admitting.leaves_free(film)


def test_behind_a_union_a_server_is_asked_by_the_path_that_players_see(
    theatre: Theatre, tmp_path: Path
) -> None:
    film = theatre.stage.film("a.mkv", content=LONG)
    union = tmp_path / "union"
    union.symlink_to(theatre.stage.slow)
    theatre.areas.held[:] = [Area(1, theatre.stage.slow, union)]
    item = theatre.listed(union / "a.mkv", key="a")
    assert theatre.eyes.sees(film, film)
    theatre.play(film)
    assert not theatre.eyes.leaves_free(film)
    assert theatre.eyes.played_files() == {film}
    assert set(theatre.eyes.files_of(item)) == {film}
    assert theatre.eyes.paths_of(item) == {film, union / "a.mkv"}


def test_a_probe_is_made_once_per_server_and_tier_and_again_after_a_failure(theatre: Theatre) -> None:
    film = theatre.stage.film(content=LONG)
    theatre.listed(film)
    add_tiers(theatre)
    asked = theatre.servers.fakes[1].asked

    def probes(tier: int) -> int:
        before = asked.count("part_bytes")
        theatre.eyes.probe(film, tier)
        return asked.count("part_bytes") - before

    assert probes(1) == 2
    theatre.eyes.remember(film, 1)
    theatre.eyes.remember(film, 1)
    assert (probes(1), probes(2)) == (0, 2)
    theatre.eyes.forget(film, 1)
    assert probes(1) == 2


def test_what_a_server_lists_of_an_item_is_asked_of_that_server(theatre: Theatre) -> None:
    film = theatre.stage.film("a.mkv")
    item = theatre.listed(film)
    assert set(theatre.eyes.files_of(item)) == {film}
    theatre.servers.fakes[1].held.clear()
    assert set(theatre.eyes.files_of(item)) == set()
    assert set(theatre.eyes.files_of(item + 1)) == set()
    theatre.servers.fakes[1].failures["item"] = ServerUnreachable("It is down.")
    with pytest.raises(ServerUnreachable):
        theatre.eyes.files_of(item)


def add_tiers(theatre: Theatre) -> None:
    with theatre.database.write() as session:
        for number in (1, 2):
            session.add(TierRow(id=number, name=f"Tier {number}", node="here", root=f"/fast{number}"))
