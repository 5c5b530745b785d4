"""`projectionist cache simulate` and `cache household`, called as a person calls them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.features.command import Ran, projectionist


def cache(*arguments: str | Path) -> Ran:
    return projectionist("cache", *arguments)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("house")
    assert cache("household", folder, "--seed", "3", "--days", "30", "--size", "2TB").status == 0
    return folder


def tables(folder: Path) -> list[str | Path]:
    names = ("library", "history", "watchlist")
    return [part for name in names for part in (f"--{name}", folder / f"{name}.csv")]


def test_all_policies_are_reported_as_json(house: Path) -> None:
    ran = cache("simulate", *tables(house), "--size", "60GB", "--policy", "all", "--json")
    assert (ran.status, ran.err) == (0, "")
    policies = json.loads(ran.out)["policies"]
    assert [one["policy"] for one in policies] == ["ours", "ondeck", "lru", "score", "clairvoyant"]
    for one in policies:
        assert list(one) == [
            "policy",
            "plays",
            "hits",
            "hit_rate_plays",
            "hit_rate_bytes",
            "bytes_moved",
            "bytes_moved_per_hit",
            "wakeups",
            "by_kind",
        ]
        assert one["hit_rate_plays"] == one["hits"] / one["plays"]
        assert one["bytes_moved_per_hit"] == one["bytes_moved"] / one["hits"]
        assert list(one["by_kind"]) == ["first", "continuation", "rewatch"]
        assert sum(kind["plays"] for kind in one["by_kind"].values()) == one["plays"]
        assert sum(kind["hits"] for kind in one["by_kind"].values()) == one["hits"]
    ours, *rivals, best = policies
    assert max(rival["hits"] for rival in rivals) < ours["hits"] <= best["hits"]


def test_ours_alone_is_a_table_for_people(house: Path) -> None:
    ran = cache("simulate", *tables(house), "--size", "60GB")
    assert ran.status == 0
    head, row = ran.out.splitlines()
    assert head.split()[0] == "hits"
    assert row.split()[0] == "ours"
    assert len(head) == len(row)


def test_a_slower_disk_finds_less_ready(house: Path) -> None:
    hits = [
        json.loads(cache("simulate", *tables(house), "--size", "60GB", "--rate", rate, "--json").out)[
            "policies"
        ][0]
        for rate in ("150MB/s", "200KB/s")
    ]
    assert hits[0]["hits"] > hits[1]["hits"]


def test_nothing_played_is_no_rate(house: Path, tmp_path: Path) -> None:
    history = tmp_path / "none.csv"
    history.write_text("started_at,user,item,end_position_s,finished\n")
    ran = cache("simulate", "--library", house / "library.csv", "--history", history, "--size", "1", "--json")
    [policy] = json.loads(ran.out)["policies"]
    assert (policy["plays"], policy["hit_rate_plays"], policy["bytes_moved_per_hit"]) == (0, None, None)
    shown = cache("simulate", "--library", house / "library.csv", "--history", history, "--size", "1")
    assert "–" in shown.out


def test_a_malformed_row_ends_with_1_and_one_sentence(house: Path, tmp_path: Path) -> None:
    history = tmp_path / "history.csv"
    history.write_text((house / "history.csv").read_text() + "never,ann,x,1,true\n")
    line = len(history.read_text().splitlines())
    ran = cache("simulate", "--library", house / "library.csv", "--history", history, "--size", "1TB")
    assert (ran.status, ran.out) == (1, "")
    assert f"{history}, line {line}: the row says 'never' in started_at" in ran.err
    assert len(ran.err.splitlines()) == 1


def test_rows_of_gone_items_are_spoken_of(house: Path, tmp_path: Path) -> None:
    history = tmp_path / "history.csv"
    history.write_text((house / "history.csv").read_text() + "2026-01-01,ann,gone,1,true\n")
    ran = cache("simulate", "--library", house / "library.csv", "--history", history, "--size", "1TB")
    assert ran.status == 0
    assert ran.err.startswith("Left out: 1 ")


@pytest.mark.parametrize(
    "wrong", [("--size", "much"), ("--size", "1GB", "--rate", "fast"), ("--size", "1", "--policy", "x")]
)
def test_wrong_use_ends_with_2(house: Path, wrong: tuple[str, ...]) -> None:
    ran = cache("simulate", *tables(house), *wrong)
    assert (ran.status, ran.out) == (2, "")
    assert len(ran.err.splitlines()) == 1


def test_a_household_is_not_written_over_another(house: Path) -> None:
    before = (house / "history.csv").read_bytes()
    ran = cache("household", house, "--seed", "4")
    assert ran.status == 2
    assert (house / "history.csv").read_bytes() == before
