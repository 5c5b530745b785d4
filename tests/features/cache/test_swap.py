from __future__ import annotations

import os
from pathlib import Path

import pytest

from projectionist.errors import AlreadyAtWork, NotFound, ServerUnreachable, SourceChanged, SwapRefused
from projectionist.features.cache.models import Kind, Layout
from projectionist.features.cache.recovering import recover
from projectionist.features.cache.settling import Outcome
from projectionist.features.cache.spots import Content, Standing, look
from projectionist.features.cache.swapping import cache_in, move_back
from projectionist.kit.swaps import FileCalls
from tests.features.cache.stage import OLD, Stage


def test_a_film_goes_to_the_fast_disk_and_comes_back(stage: Stage) -> None:
    path = stage.film()
    content, before = path.read_bytes(), path.stat()
    assert cache_in(stage.desk, stage.spot(path)) is Outcome.CACHED
    assert path.is_symlink()
    assert path.resolve().is_relative_to(stage.fast)
    assert path.read_bytes() == content
    assert not stage.journal.unfinished()
    assert move_back(stage.desk, path) is Outcome.HOME
    assert not path.is_symlink()
    assert os.path.samestat(path.stat(), before)
    assert path.read_bytes() == content
    assert (stage.hidden(), stage.on_fast()) == ([], [])
    assert not stage.journal.unfinished()
    assert stage.journal.cached(path) is None


@pytest.mark.parametrize("layout", Layout)
def test_both_layouts_leave_nothing_behind_after_a_round(house: Stage, layout: Layout) -> None:
    path = house.film()
    content = path.read_bytes()
    spot = house.spot(path, layout)
    assert cache_in(house.desk, spot) is Outcome.CACHED
    assert look(spot) is Standing.AWAY
    assert spot.fast.read_bytes() == content
    assert move_back(house.desk, path) is Outcome.HOME
    assert path.read_bytes() == content
    assert (house.hidden(), house.on_fast()) == ([], [])


def test_owner_mode_times_and_attributes_come_along(house: Stage) -> None:
    path = house.film()
    path.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(path, 1234, 2345)
    os.setxattr(path, "user.note", b"kept")
    before = path.stat()
    cache_in(house.desk, house.spot(path))
    after, link = path.stat(), path.lstat()
    for there in (after, link):
        assert (there.st_uid, there.st_gid, there.st_mtime_ns) == (before.st_uid, before.st_gid, OLD)
    assert after.st_mode == before.st_mode
    assert os.getxattr(path, "user.note") == b"kept"


def test_a_name_near_the_limit_and_one_of_other_scripts_travel(house: Stage) -> None:
    for name in ("x" * 251 + ".mkv", "Amélie 天気の子.mkv", "Ame\u0301lie.mkv", " .mkv", "a\nb.mkv"):
        path = house.film(name)
        content = path.read_bytes()
        assert cache_in(house.desk, house.spot(path)) is Outcome.CACHED
        assert path.read_bytes() == content
        assert move_back(house.desk, path) is Outcome.HOME
    assert house.hidden() == []


def test_a_seeding_file_is_left_out_unless_asked_for(house: Stage) -> None:
    path = house.film()
    seed = house.slow / "seed.mkv"
    os.link(path, seed)
    assert cache_in(house.desk, house.spot(path)) is Outcome.HARD_LINKED
    assert not path.is_symlink()
    assert cache_in(house.desk, house.spot(path), hard_links=True) is Outcome.CACHED
    assert seed.read_bytes() == path.read_bytes()
    assert move_back(house.desk, path) is Outcome.HOME
    assert path.samefile(seed)


def test_our_own_second_name_is_not_mistaken_for_a_seeding_file(house: Stage) -> None:
    path = house.film()
    spot = house.spot(path)
    os.link(path, spot.aside)
    assert cache_in(house.desk, spot) is Outcome.CACHED
    assert move_back(house.desk, path) is Outcome.HOME
    assert path.stat().st_nlink == 1


def test_what_is_playing_is_not_touched(house: Stage) -> None:
    path = house.film()
    house.viewers.playing.add(path)
    assert cache_in(house.desk, house.spot(path)) is Outcome.PLAYING
    house.viewers.playing.clear()
    cache_in(house.desk, house.spot(path))
    house.viewers.playing.add(path)
    assert move_back(house.desk, path) is Outcome.PLAYING
    assert path.is_symlink()


def test_who_begins_to_play_during_the_copy_is_not_disturbed(house: Stage) -> None:
    path = house.film()
    house.viewers.playing.add(path)
    house.viewers.from_question = 2
    assert cache_in(house.desk, house.spot(path)) is Outcome.PLAYING
    assert not path.is_symlink()
    assert (house.hidden(), house.on_fast()) == ([], [])


def test_a_server_that_cannot_say_who_plays_leaves_all_as_it_was(house: Stage) -> None:
    path = house.film()
    house.viewers.failure, house.viewers.from_question = ServerUnreachable("It is off."), 2
    with pytest.raises(ServerUnreachable):
        cache_in(house.desk, house.spot(path))
    assert not path.is_symlink()
    assert (house.hidden(), house.on_fast(), list(house.journal.unfinished())) == ([], [], [])


def test_a_copy_that_somebody_begins_to_play_goes_when_they_have_ended(house: Stage) -> None:
    path = house.film()
    cache_in(house.desk, house.spot(path))
    house.viewers.failure, house.viewers.from_question = (
        ServerUnreachable("It is off."),
        house.viewers.asked + 2,
    )
    assert move_back(house.desk, path) is Outcome.PLAYING
    assert not path.is_symlink()
    assert house.on_fast() != []
    assert [settled.outcome for settled in recover(house.desk)] == [Outcome.HOME]
    assert house.on_fast() == []


def test_a_server_that_sees_another_tree_has_its_film_back(house: Stage, tmp_path: Path) -> None:
    path = house.film()
    content = path.read_bytes()
    other = tmp_path / "other"
    other.mkdir()
    house.server.here, house.server.sees_instead = house.slow, other
    assert cache_in(house.desk, house.spot(path)) is Outcome.UNSEEN
    assert not path.is_symlink()
    assert path.read_bytes() == content
    assert (house.hidden(), house.on_fast(), list(house.journal.unfinished())) == ([], [], [])


def test_a_server_that_cannot_be_asked_after_the_swap_has_its_film_back(house: Stage) -> None:
    path = house.film()
    house.server.failure = ServerUnreachable("It is off.")
    with pytest.raises(ServerUnreachable):
        cache_in(house.desk, house.spot(path))
    assert not path.is_symlink()
    assert (house.hidden(), house.on_fast()) == ([], [])


def test_a_reader_keeps_its_open_file_through_a_whole_round(house: Stage) -> None:
    path = house.film()
    content = path.read_bytes()
    with path.open("rb") as before:
        cache_in(house.desk, house.spot(path))
        with path.open("rb") as between:
            move_back(house.desk, path)
            assert between.read() == content
        assert before.read() == content


def test_two_who_move_one_path_do_not_meet(stage: Stage) -> None:
    path = stage.film()
    stage.journal.begin(Kind.CACHE_IN, stage.spot(path), Content(1, 1))
    with pytest.raises(AlreadyAtWork):
        cache_in(stage.desk, stage.spot(path))


def test_what_is_no_plain_file_or_not_in_its_place_is_refused(house: Stage, tmp_path: Path) -> None:
    path = house.film()
    link = house.slow / "link.mkv"
    link.symlink_to(path)
    (house.slow / "folder.mkv").mkdir()
    for wrong in (link, house.slow / "folder.mkv"):
        with pytest.raises(SwapRefused):
            cache_in(house.desk, house.spot(wrong))
    with pytest.raises(NotFound):
        cache_in(house.desk, house.spot(house.slow / "none.mkv"))
    with pytest.raises(NotFound):
        move_back(house.desk, path)
    spot = house.spot(path)
    spot.fast.parent.mkdir()
    spot.fast.write_bytes(b"somebody's")
    with pytest.raises(SwapRefused):
        cache_in(house.desk, spot)
    assert spot.fast.read_bytes() == b"somebody's"


def test_a_tier_that_is_not_mounted_is_not_written_to(house: Stage) -> None:
    path = house.film()
    house.pull()
    with pytest.raises(SwapRefused, match="not mounted"):
        cache_in(house.desk, house.spot(path))
    assert house.on_fast() == []


class Upgrading(FileCalls):
    """An *arr puts a new version in place right before the n-th call of one name."""

    def __init__(self, path: Path, call: str, *, exchange: bool) -> None:
        self.path, self.call, self.exchanges = path, call, exchange
        self.done = False

    def run(self, function, *args, **kwargs):  # type: ignore[no-untyped-def]
        if function.__name__ == self.call and not self.done:
            self.done = True
            new = self.path.with_suffix(".new")
            new.write_bytes(b"the better version")
            new.rename(self.path)
        if function.__name__ == "rename_with_flags" and not self.exchanges:
            return False
        return super().run(function, *args, **kwargs)


@pytest.mark.parametrize(
    ("call", "exchange"),
    [("write", True), ("rename_with_flags", True), ("symlink", True), ("write", False), ("link", False)],
)
def test_an_upgrade_during_the_copy_is_kept(tmp_path: Path, call: str, exchange: bool) -> None:
    stage = Stage(tmp_path / "stage")
    path = stage.film()
    stage.desk = type(stage.desk)(
        stage.journal, stage.viewers, stage.server, Upgrading(path, call, exchange=exchange)
    )
    with pytest.raises(SourceChanged):
        cache_in(stage.desk, stage.spot(path))
    assert not path.is_symlink()
    assert path.read_bytes() == b"the better version"
    assert not stage.journal.unfinished()
    stage.close()
