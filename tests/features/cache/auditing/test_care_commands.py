"""`projectionist cache audit`, `scrub` and `adopt`, called as a person calls them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from projectionist.features.cache.models import Layout, PlaceRow, PlaceTierRow, TierRow
from projectionist.features.cache.recovering import look_after
from projectionist.features.library.models import LibraryRow
from projectionist.features.servers.models import ServerRow
from projectionist.opening import open_house
from projectionist.settings import Settings
from tests.features.cache.adopting.rival import cached_by_rival, write_plexcache_d
from tests.features.cache.auditing.test_scrub import rot
from tests.features.cache.auditing.ward import Ward
from tests.features.cache.stage import Stage
from tests.features.command import Ran, projectionist


class Home(Ward):
    """A ward whose place is set up in a data folder, as people have it."""

    def __init__(self, stage: Stage, data: Path) -> None:
        super().__init__(stage, Layout.SYMLINK)
        self.data = data

    def run(self, verb: str, *arguments: str | Path) -> Ran:
        return projectionist("cache", verb, *arguments, "--data", self.data)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    monkeypatch.setenv("PROJECTIONIST_NODE", "here")
    data = tmp_path / "data"
    with open_house(Settings(data=data, node="here"), exclusive=False) as house:
        stage = Stage(tmp_path / "stage", database=house.database)
        set_up(stage)
        yield Home(stage, data)


def set_up(stage: Stage) -> None:
    """A folder of films, on a slow disk that has a fast one."""
    slow = str(stage.slow)
    with stage.database.write() as session:
        server = ServerRow(
            kind="folder", name="Films", address=slow, identity=slow, created_at=datetime.now(UTC)
        )
        session.add(server)
        session.flush()
        library = LibraryRow(server_id=server.id, key="1", title="Films", kind="movies")
        tier = TierRow(name="fast", node="here", root=str(stage.fast))
        session.add_all([library, tier])
        session.flush()
        place = PlaceRow(
            library_id=library.id,
            node="here",
            layout="symlink",
            slow_root=slow,
            view_root=slow,
            sidecars="none",
        )
        session.add(place)
        session.flush()
        session.add(PlaceTierRow(place_id=place.id, position=0, tier_id=tier.id))


def test_an_audit_tells_what_is_amiss_and_mends_it_when_asked(home: Home) -> None:
    assert (home.run("audit").status, home.run("audit").err) == (0, "")
    path = home.stage.film("twice.mkv")
    home.put(home.spot(path).fast, path.read_bytes())
    ran = home.run("audit")
    assert ran.status == 1
    assert "duplicate" in ran.out
    assert "every byte of it is here once more" in ran.out
    (finding, summary) = home.run("audit", "--json").objects
    assert (finding["kind"], finding["path"], finding["outcome"]) == (
        "duplicate",
        str(home.spot(path).fast),
        None,
    )
    assert (summary["found"], summary["left"]) == (1, 1)
    ran = home.run("audit", "--repair", "--json")
    assert ran.status == 0
    assert [one.get("outcome") for one in ran.objects] == ["mended", None]
    assert not home.spot(path).fast.exists()
    assert home.run("audit").out.endswith("nothing is amiss.\n")


def test_a_scrub_tells_what_is_damaged(home: Home) -> None:
    spot, _ = home.cached()
    assert home.run("scrub").status == 0
    rot(home, spot)
    ran = home.run("scrub", "--json", "--rate", "100MB")
    assert ran.status == 1
    assert [one.get("kind") for one in ran.objects] == ["mismatch", None]
    assert home.run("scrub", "--older-than", "1").status == 1


def test_moving_in_is_told_first_and_done_then(home: Home, tmp_path: Path) -> None:
    spot, backup, content = cached_by_rival(home)
    folder = write_plexcache_d(tmp_path / "plexcache", home)
    ran = home.run("adopt", folder, "--dry-run")
    assert ran.status == 0
    assert "Found: PlexCache-D." in ran.out
    assert "quota 500GB" in ran.out
    assert backup.exists()
    settings, taken, summary = home.run("adopt", folder, "--json").objects
    assert settings["places"][0]["layout"] == "symlink"
    assert (taken["outcome"], taken["path"]) == ("ours", str(spot.path))
    assert summary["outcomes"] == {"ours": 1}
    assert not backup.exists()
    assert spot.path.read_bytes() == content
    assert home.run("audit").status == 0


def test_a_folder_without_a_rival_is_told(home: Home, tmp_path: Path) -> None:
    ran = home.run("adopt", tmp_path)
    assert (ran.status, ran.out) == (1, "")
    assert "holds neither" in ran.err


def test_what_rests_is_listed_and_taken_back(home: Home) -> None:
    spot, content = home.cached()
    spot.path.unlink()
    look_after(home.stage.desk)
    listed = home.run("rests", "--json").objects
    assert {one["path"] for one in listed} == {str(spot.path)}
    assert "fast copy" in home.run("rests").out
    number = next(str(one["id"]) for one in listed if not one["is_original"])
    assert home.run("take-back", number).out.startswith("Taken back: ")
    assert spot.path.read_bytes() == content
    other = next(str(one["id"]) for one in listed if one["is_original"])
    assert home.run("take-back", other).status == 1
    (taken,) = home.run("take-back", other, "--beside", "--json").objects
    assert Path(taken["path"]).read_bytes() == content
    assert home.run("rests").out == "No file is at rest.\n"


def test_a_repair_is_undone_by_its_number_in_the_history(home: Home) -> None:
    (home.stage.slow / "Orphan").mkdir()
    fast = home.put(home.stage.fast / "Orphan/Orphan.mkv", b"nobody's")
    home.put(home.stage.slow / "Orphan/Other.mkv", b"beside it")
    (finding,) = home.run("audit", "--json").objects[:1]
    fast = Path(finding["path"])
    home.run("audit", "--repair")
    assert not fast.exists()
    (done,) = json.loads(home.run("history", "--json").out)
    assert json.loads(home.run("history", "--kind", done["kind"], "--result", "moved", "--json").out) == [
        done
    ]
    assert json.loads(home.run("history", "--result", "unchanged", "--json").out) == []
    assert (done["kind"], done["outcome"]) == ("repair", "rested")
    ran = home.run("undo", str(done["id"]))
    assert (ran.status, ran.err) == (0, "")
    assert fast.read_bytes() == b"nobody's"
