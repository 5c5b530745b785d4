"""`projectionist cache plan`, `pin`, `unpin` and `pins`, called as a person calls them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from projectionist.db.engine import Database
from projectionist.db.tables import EventRow
from projectionist.features.cache.models import PlaceRow, PlaceTierRow, TierRow
from projectionist.features.cache.tiers.marking import mark_tier
from projectionist.features.cache.workplace import TOPIC
from projectionist.features.library.models import (
    ItemRow,
    LibraryRow,
    OnDeckRow,
    PartRow,
    ServerAccountRow,
    VersionRow,
)
from projectionist.features.servers.models import ServerRow
from projectionist.opening import open_house
from projectionist.settings import Settings
from tests.features.command import Ran, projectionist

SIZE = 3 << 20


@dataclass
class Desk:
    """A data folder with a tier of 4 MB, and three films of 3 MB of which the first is on deck."""

    data: Path
    slow: Path

    def run(self, verb: str, *arguments: str) -> Ran:
        return projectionist("cache", verb, *arguments, "--data", self.data)

    def told(self, verb: str, *arguments: str) -> Any:
        ran = self.run(verb, *arguments, "--json")
        assert ran.status == 0, ran.err
        return json.loads(ran.out)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("PROJECTIONIST_NODE", "here")
    slow, fast, data = tmp_path / "slow", tmp_path / "fast", tmp_path / "data"
    slow.mkdir()
    fast.mkdir()
    mark_tier(fast)
    with open_house(Settings(data=data, node="here"), exclusive=False) as house:
        _fill(house.database, slow, fast)
    return Desk(data, slow)


def _fill(database: Database, slow: Path, fast: Path) -> None:
    with database.write() as session:
        about = {"address": str(slow), "identity": str(slow), "created_at": datetime.now(UTC)}
        session.add(ServerRow(id=1, kind="folder", name="Films", **about))
        session.flush()
        session.add(LibraryRow(id=1, server_id=1, key="1", title="Films", kind="movies"))
        session.add(ServerAccountRow(id=1, server_id=1, key="1", name="ada", is_owner=True))
        session.add(TierRow(id=1, name="ssd", node="here", root=str(fast), quota="4MB"))
        session.flush()
        for number in (1, 2, 3):
            path = slow / f"{number}.mkv"
            path.write_bytes(b"film")
            item = ItemRow(
                id=number, server_id=1, library_id=1, key=str(number), kind="movie", title=f"Film {number}"
            )
            session.add(item)
            session.flush()
            session.add(VersionRow(item_id=number, position=0, key="v", height=1080))
            session.add(
                PartRow(
                    id=number,
                    library_id=1,
                    item_id=number,
                    version=0,
                    position=0,
                    key=f"p{number}",
                    path=str(path),
                    size=SIZE,
                )
            )
        session.add(OnDeckRow(account_id=1, position=0, item_id=1))
        roots = {"slow_root": str(slow), "view_root": str(slow)}
        session.add(PlaceRow(id=1, library_id=1, node="here", layout="symlink", **roots))
        session.flush()
        session.add(PlaceTierRow(place_id=1, position=0, tier_id=1))


def test_a_plan_is_told_with_scores_terms_and_reasons_and_moves_nothing(desk: Desk) -> None:
    ran = desk.run("plan")
    assert (ran.status, ran.err) == (0, "")
    assert "Film 1 to ssd" in ran.out
    assert "ada has it on deck" in ran.out
    assert ran.out.endswith("1 to copy (3.0 MB), 0 to move back, 0 stay, 0 are wanted and not copied.\n")
    told = desk.told("plan")
    [copy] = told["copies"]
    assert (copy["title"], copy["tier"], copy["score"], copy["sources"]) == (
        "Film 1",
        "ssd",
        86.1,
        ["on_deck"],
    )
    assert copy["terms"] == [{"name": "on_deck", "points": 86.1, "why": "ada has it on deck"}]
    assert not (desk.slow / "1.mkv").is_symlink()


def test_a_pin_is_weighed_kept_told_and_let_go(desk: Desk) -> None:
    assert desk.run("pins").out == "Nothing is pinned.\n"
    weighed = desk.told("pin", "2", "--dry-run")
    assert (weighed["pinned"], weighed["size"], weighed["leaves"]) == (False, SIZE, ["Film 1"])
    assert desk.told("pins") == []
    ran = desk.run("pin", "2", "--version", "1080p")
    assert ran.out == "Film 2 is pinned, and takes 3.0 MB in 1 file.\nNo longer fits: Film 1\n"
    [pin] = desk.told("pins")
    assert (pin["item_id"], pin["version"], pin["asked_by"]) == (2, "1080p", "command line")
    told = desk.told("plan")
    assert [one["title"] for one in told["copies"]] == ["Film 2"]
    assert [(one["title"], one["why"]) for one in told["refused"]] == [
        ("Film 1", "What is wanted more takes the room.")
    ]
    refused = desk.run("pin", "3")
    assert refused.status == 1
    assert "Film 3 takes 3.0 MB, and not all of that fits; nothing was pinned." in refused.err
    assert desk.run("unpin", "2").out == "Film 2 is no longer pinned.\n"
    assert "is not pinned; nothing was changed" in desk.run("unpin", "2").err


def test_a_pin_of_nothing_says_so(desk: Desk) -> None:
    ran = desk.run("pin", "99")
    assert ran.status == 1
    assert "There is no such item" in ran.err
    assert desk.run("pin", "1", "--version", "8k").status == 2


def test_open_pages_hear_of_a_pin_that_the_command_line_sets(desk: Desk) -> None:
    desk.told("pin", "2", "--dry-run")
    assert _heard(desk) == []
    desk.told("pin", "2")
    desk.told("unpin", "2")
    assert _heard(desk) == [{"item_id": 2, "pinned": True}, {"item_id": 2, "pinned": False}]


def _heard(desk: Desk) -> list[Any]:
    settings = Settings(data=desk.data, node="here")
    with open_house(settings, exclusive=False) as house, house.database.read() as session:
        rows = session.scalars(select(EventRow).where(EventRow.topic == TOPIC).order_by(EventRow.id)).all()
        return [row.data for row in rows]


@pytest.mark.parametrize("number", ["0", "-1", "2147483648", "99999999999999999999", "x"])
@pytest.mark.parametrize("verb", [("pin",), ("unpin",), ("undo",), ("tiers", "remove"), ("places", "remove")])
def test_a_number_that_no_row_has_is_refused_before_anything_is_opened(
    desk: Desk, verb: tuple[str, ...], number: str
) -> None:
    ran = projectionist("cache", *verb, "--data", desk.data / "nowhere", "--", number)
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.count("\n") == 1
    assert number in ran.err
    assert not (desk.data / "nowhere").exists()


def test_nothing_to_plan_says_that_there_is_no_tier(tmp_path: Path) -> None:
    for verb in ("plan", "run"):
        ran = projectionist("cache", verb, "--data", tmp_path / "data")
        assert ran.status == 0
        assert "There is no fast tier yet; `projectionist cache tiers add` adds one." in ran.err


def test_a_history_without_a_word_is_not_called_empty(desk: Desk) -> None:
    assert desk.run("history").out == "Nothing was moved yet.\n"
    assert desk.run("history", "--kind", "let_go", "--result", "failed").out == "No move fits that.\n"
    assert desk.run("history", "--kind", "eaten").status == 2
    assert desk.run("history", "x" * 300).status == 2
    assert desk.run("history", "a\x1bb").out == "No move has a\\x1bb in its path or title.\n"
