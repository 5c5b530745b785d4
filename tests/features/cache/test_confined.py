"""Nothing outside of a slow folder is moved, and no job names a file for us to write, whoever orders it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from projectionist.errors import InputWrong, SwapRefused
from projectionist.features.cache.adopting.jobs import ADOPT
from projectionist.features.cache.auditing.jobs import AUDIT, kinds
from projectionist.features.cache.caring import findings
from projectionist.features.cache.spots import Spot
from projectionist.features.cache.swapping import cache_in
from tests.api.house import opened
from tests.features.cache.auditing.test_scrub import Run
from tests.features.cache.stage import Stage


def outside(stage: Stage) -> Path:
    """A file of others beside the slow folder."""
    path = stage.home / "outside" / "Film.mkv"
    path.parent.mkdir()
    path.write_bytes(b"of others" * 9999)
    return path


def refused(stage: Stage, spot: Spot, theirs: Path) -> None:
    content = theirs.read_bytes()
    with pytest.raises(SwapRefused, match="does not really lie within"):
        cache_in(stage.desk, spot)
    assert theirs.read_bytes() == content
    assert not theirs.is_symlink()
    assert stage.on_fast() == []


def test_a_path_that_climbs_out_of_its_folder_is_not_moved(stage: Stage) -> None:
    theirs = outside(stage)
    spot = replace(stage.spot(stage.film()), path=stage.slow / ".." / "outside" / "Film.mkv")
    refused(stage, spot, theirs)


def test_a_folder_that_is_a_link_out_of_the_slow_one_is_not_moved_from(stage: Stage) -> None:
    theirs = outside(stage)
    (stage.slow / "linked").symlink_to(theirs.parent)
    refused(stage, stage.spot(stage.slow / "linked" / "Film.mkv"), theirs)


def test_an_audit_reads_no_list_that_its_order_names(tmp_path: Path) -> None:
    named = tmp_path / "named"
    named.mkdir()
    with opened(tmp_path / "data") as house:
        place, jobs = house.house.cache, house.house.jobs
        audit = next(kind for kind in kinds(place, jobs) if kind.name == AUDIT)
        audit.run(Run(), {"node": place.node, "excludes": str(named)})
        assert findings(place) == [], "a folder where a list should be would have been found unreadable"


@pytest.mark.parametrize("folder", ["/etc", "/proc/self", "/"])
def test_no_settings_are_looked_for_in_the_system_whatever_an_order_names(
    tmp_path: Path, folder: str
) -> None:
    with opened(tmp_path / "data") as house:
        adopt = next(kind for kind in kinds(house.house.cache, house.house.jobs) if kind.name == ADOPT)
        with pytest.raises(InputWrong, match="belongs to the system"):
            adopt.run(Run(), {"folder": folder})
