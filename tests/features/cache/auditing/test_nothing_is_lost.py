"""Whatever an audit finds, no repair makes the last copy of anything go, and no path stops resolving."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from projectionist.errors import ProjectionistError
from projectionist.features.cache.auditing.findings import Finding
from projectionist.features.cache.auditing.repairing import repair
from projectionist.features.cache.models import Layout
from projectionist.features.cache.recovering import recover
from projectionist.features.cache.swapping import cache_in
from tests.features.cache.auditing.conftest import opened
from tests.features.cache.auditing.ward import Ward
from tests.features.cache.stage import OLD

GOOD = b"every byte of it" * 999
CONTENTS = {
    "good": GOOD,
    "stub": GOOD[:5000],
    "zeros": bytes(len(GOOD)),
    "holes": GOOD[:4096] + bytes(4096) + GOOD[8192:],
    "other": b"something else" * 999,
}
DAMAGED = ("stub", "zeros", "holes")
NAME = "Film/Film.mkv"
BACKUPS = ("Film.mkv.plexcached", ".Film.mkv.plexcached", ".Film.mkv.1.plexcached", "Film.plexcached")
"""The first two of a rival, one that it numbered, and one that lost its ending."""


@dataclass(frozen=True)
class State:
    """What crashes, other programs and people can have left; the names of contents."""

    layout: Layout
    known: bool
    at_path: str
    here: str
    fast: str | None
    aside: str | None
    backup: str | None
    backed: str
    newer: bool


STATES = st.builds(
    State,
    st.sampled_from(Layout),
    known=st.booleans(),
    at_path=st.sampled_from(["nothing", "file", "our link", "dead link"]),
    here=st.sampled_from(sorted(CONTENTS)),
    fast=st.none() | st.sampled_from(sorted(CONTENTS)),
    aside=st.none() | st.sampled_from(sorted(CONTENTS)),
    backup=st.none() | st.sampled_from(BACKUPS),
    backed=st.sampled_from(sorted(CONTENTS)),
    newer=st.booleans(),
)


def arrange(ward: Ward, state: State) -> Path:
    path = ward.stage.film(NAME, GOOD)
    spot = ward.spot(path)
    if state.known:
        cache_in(ward.stage.desk, spot)
    for file in (spot.aside, path, spot.fast):
        file.unlink(missing_ok=True)
    if state.at_path == "file":
        ward.put(path, CONTENTS[state.here], OLD)
    elif state.at_path != "nothing" and ward.layout is Layout.SYMLINK:
        path.symlink_to(spot.fast if state.at_path == "our link" else ward.stage.fast / "Film/gone.mkv")
    if state.fast is not None:
        ward.put(spot.fast, CONTENTS[state.fast], OLD + 10**9 if state.newer else OLD)
    if state.aside is not None:
        ward.put(spot.aside, CONTENTS[state.aside], OLD)
    if state.backup is not None:
        ward.put(path.with_name(state.backup), CONTENTS[state.backed], OLD)
    return path


def shown(ward: Ward, path: Path) -> str | None:
    """The name of what players see at the path; None where it does not resolve."""
    try:
        content = ward.shown(path)
    except FileNotFoundError:
        return None
    return next(name for name, one in CONTENTS.items() if one == content)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(state=STATES)
def test_repairs_in_any_state_keep_every_content_and_every_path(prepared: Path, state: State) -> None:
    note(str(state))
    home = Path(tempfile.mkdtemp())
    stage = opened(home / "stage", prepared)
    stage.desk = replace(stage.desk, grace_s=0.0)
    ward = Ward(stage, state.layout)
    try:
        path = arrange(ward, state)
        contents, before = set(ward.everything()), shown(ward, path)
        for _ in range(3):
            for finding in ward.look().findings:
                mend(ward, finding)
                assert set(ward.everything()) == contents, finding
                now = shown(ward, path)
                assert before is None or now is not None, finding
                assert before != "good" or now not in DAMAGED, finding
                before = now
        assert not stage.journal.unfinished()
    finally:
        stage.close()
        shutil.rmtree(home)


def mend(ward: Ward, finding: Finding) -> None:
    try:
        repair(ward.care, finding)
    except ProjectionistError:
        recover(ward.stage.desk)
