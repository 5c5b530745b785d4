"""One file to the fast disk, or back: with regard for who watches, for the disks, and for whoever wants it to stop."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from projectionist.errors import JobPostponed, ServiceError
from projectionist.features.cache.eyes import Admitting
from projectionist.features.cache.models import Kind
from projectionist.features.cache.running.errands import Errand
from projectionist.features.cache.running.noting import NO_ROOM, Came, note, noted
from projectionist.features.cache.settling import Outcome
from projectionist.features.cache.sidecars import cache_with_sidecars, move_back_with_sidecars, sidecars_of
from projectionist.features.cache.spots import Spot
from projectionist.features.cache.swapping import reads_whole
from projectionist.features.cache.traffic.disks import Place, Tier
from projectionist.features.cache.traffic.lanes import Lane
from projectionist.features.cache.traffic.pacing import Meter
from projectionist.features.cache.workplace import Workplace
from projectionist.jobs.ports import JobRun
from projectionist.kit.files import explained

_LOOK_S = 0.2
_PATIENCE_S = 10.0
_PLAYERS_EVERY_S = 5.0
_LATER = timedelta(seconds=5)
_MUCH_LATER = timedelta(seconds=30)
_FULL = {
    "quota": "its quota is reached",
    "usage": "its drive is as full as it may be",
    "min_free": "what is to stay free would not",
    "drive": "there is no space left on its drive",
}


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a file is to go."""

    place: Place
    tier: Tier
    spot: Spot

    def lanes(self) -> Sequence[Lane]:
        """What its copy uses: the slow disk alone, and one of the tier's places. Raises OSError."""
        disk = os.stat(self.place.slow_root).st_dev
        return (Lane(f"disk {disk}"), Lane(f"tier {self.tier.id}", max(1, self.tier.copies)))


def destination(place: Workplace, errand: Errand) -> Destination | None:
    """Where a file is to go; None where no place of this node holds it, or the tier is no more."""
    home = place.places.of(errand.library_id, Path(errand.path))
    if home is None:
        return None
    tier = next((one for one in home.tiers if one.id == errand.tier_id), None)
    if tier is None:
        return None
    return Destination(home, tier, place.places.spot(home, Path(errand.path), tier))


def can_carry(place: Workplace, errand: Errand) -> bool:
    """Whether this node is the one that can move a file: it has its tier, or has it on one."""
    if errand.tier_id:
        return any(tier.id == errand.tier_id for tier in place.places.tiers())
    found = place.desk.journal.cached(Path(errand.path))
    return found is not None and found[0].fast_root in {tier.root for tier in place.places.tiers()}


def carry_in(
    place: Workplace, run: JobRun, errand: Errand, makes_room: Callable[[], bool]
) -> Mapping[str, Any]:
    """Copy a file to the fast disk and let its path lead there; done already is done well.

    `makes_room` tells whether something is still on its way back. Raises what `cache_in` raises, SwapRefused where a
    server does not see what this node sees, JobCancelled, and JobPostponed where it is not the time.
    """
    aim = destination(place, errand)
    if aim is None:
        return {"outcome": "gone"}
    if place.desk.journal.cached(aim.spot.path) is not None:
        return {"outcome": Outcome.CACHED}
    _require_time(place, aim, errand)
    errand = replace(errand, path=str(aim.spot.path))
    reason = _no_room(place, aim.tier, errand)
    if reason and makes_room():
        raise JobPostponed(f"{errand.name} waits for room: {reason}", _LATER)
    if reason:
        note(place, Kind.CACHE_IN, errand, aim.tier.name, NO_ROOM, 0, reason)
        return {"outcome": NO_ROOM, "why": reason}
    with explained(aim.spot.path, "cached"):
        lanes = aim.lanes()
    with place.lanes.held(lanes, urgent=errand.plays, wait=_waiting(place, run, errand)):
        copying = _Copying(place, run, errand, aim, lanes)
        came = noted(place, Kind.CACHE_IN, errand, aim.tier.name, lambda: _copy(place, errand, aim, copying))
    return {"outcome": came.outcome, "why": came.why or errand.why}


def carry_back(place: Workplace, run: JobRun, errand: Errand) -> Mapping[str, Any]:
    """Put a path's newest content back on its slow disk, with what came along; done already is done well.

    Raises what `move_back` raises, and JobCancelled.
    """
    path = Path(errand.path)
    found = place.desk.journal.cached(path)
    if found is None:
        return {"outcome": Outcome.HOME}
    spot, content = found
    errand = replace(errand, size=content.size)
    tier = next((one.name for one in place.places.tiers() if one.root == spot.fast_root), "")

    def progress(done: int) -> None:
        run.progress(done, content.size, unit="bytes", now=f"Moving {errand.name} back")

    def act() -> Came:
        return Came(move_back_with_sidecars(place.desk, path, progress=progress))

    with explained(path, "moved back"):
        reads = reads_whole(place.desk, spot, content)
        lanes = (Lane(f"disk {os.stat(spot.slow_root).st_dev}"),) if reads else ()
        with place.lanes.held(lanes, urgent=False, wait=_waiting(place, run, errand)):
            came = noted(place, Kind.MOVE_BACK, errand, tier, act)
    if place.exclusions is not None:
        place.exclusions.write()
    return {"outcome": came.outcome, "why": errand.why}


def _copy(place: Workplace, errand: Errand, aim: Destination, copying: _Copying) -> Came:
    spot, tier = aim.spot, aim.tier
    place.eyes.probe(spot.path, tier.id)
    desk = replace(place.desk, watching=Admitting(place.eyes, spot.path)) if errand.plays else place.desk
    try:
        with _excluded(place, aim):
            outcome = cache_with_sidecars(
                desk,
                spot,
                aim.place.sidecars,
                item_id=errand.item_id,
                hard_links=place.hard_links,
                progress=copying.progress,
            )
    finally:
        if copying.done:  # also of a copy that failed: its bytes have worn the drive
            place.capacity.note_written(tier, copying.done)
    if outcome is Outcome.UNSEEN:
        place.eyes.forget(spot.path, tier.id)
        return Came(outcome, place.eyes.why_unseen(spot.path, tier.root))
    if outcome is Outcome.CACHED:
        place.eyes.remember(spot.path, tier.id)
    return Came(outcome)


@contextmanager
def _excluded(place: Workplace, aim: Destination) -> Iterator[None]:
    """Keep the host's mover from what comes, where there is one. Raises TargetUnwritable, OSError."""
    if place.exclusions is None:
        yield
        return
    beside = sidecars_of(aim.spot.path, aim.place.sidecars)
    with place.exclusions.naming([aim.spot.fast, *(aim.spot.fast.parent / one.name for one in beside)]):
        yield


class _Copying:
    """A copy under way: told to people, kept to its rate, stopped where somebody wants it to, put off for others."""

    def __init__(
        self, place: Workplace, run: JobRun, errand: Errand, aim: Destination, lanes: Sequence[Lane]
    ) -> None:
        self._place, self._run, self._errand, self._aim, self._lanes = place, run, errand, aim, lanes
        rate = None if errand.plays else place.pace.rate
        self._meter = Meter(rate, run.check, place.clock.monotonic, place.sleep)
        self._asked = place.clock.monotonic()
        self.done = 0

    def progress(self, done: int) -> None:
        """What a copy is told after every chunk. Raises JobCancelled, JobPostponed."""
        self.done = max(self.done, done)
        self._run.progress(done, self._errand.size or None, unit="bytes", now=f"Copying {self._errand.name}")
        self._meter.pass_by(done)
        if not self._errand.plays:
            self._give_way()
            self._pause_for_players()

    def _give_way(self) -> None:
        if self._place.lanes.are_pressed(self._lanes):
            raise JobPostponed(f"What is played now goes before {self._errand.name}.", _LATER)

    def _pause_for_players(self) -> None:
        ticks = self._place.clock.monotonic
        if not self._place.pace.pauses_for_players or ticks() - self._asked < _PLAYERS_EVERY_S:
            return
        began = ticks()
        while self._is_disturbing():
            asked = ticks()
            while ticks() - asked < _PLAYERS_EVERY_S:
                self._run.progress(
                    self.done,
                    self._errand.size or None,
                    unit="bytes",
                    now=f"Waiting while somebody plays from the same disk as {self._errand.name}",
                )
                self._give_way()
                self._place.sleep(_LOOK_S)
        self._asked = ticks()
        self._meter.paused(self._asked - began)

    def _is_disturbing(self) -> bool:
        try:
            return _plays_from(self._place, self._aim.place)
        except ServiceError:
            return False  # only politeness is at stake: whoever plays is asked again before the swap


def _require_time(place: Workplace, aim: Destination, errand: Errand) -> None:
    """Raise JobPostponed where it is not the time to copy; what is played is never put off for people's rest."""
    moving = place.mover.why_running() if place.mover is not None else ""
    if moving:
        raise JobPostponed(moving, _MUCH_LATER)
    if errand.plays:
        return
    quiet = place.pace.quiet
    left = quiet.left(place.clock.now()) if quiet is not None else None
    if left is not None:
        raise JobPostponed("These are the quiet hours; it is copied after them.", left)
    if place.pace.pauses_for_players and _plays_from(place, aim.place):
        raise JobPostponed("Somebody plays from the same disk; it is copied after that.", _MUCH_LATER)


def _plays_from(place: Workplace, home: Place) -> bool:
    """Whether somebody plays a file from the slow disk that a place is on. Raises ServiceError."""
    disks = {one.slow_root for one in place.places.all()}
    device = _device(home.slow_root)
    near = [root for root in disks if root == home.slow_root or _device(root) == device]
    return any(
        path.is_relative_to(root) and place.desk.journal.cached(path) is None
        for path in place.eyes.played_files()
        for root in near
    )


def _device(root: Path) -> int | None:
    try:
        return os.stat(root).st_dev
    except OSError:
        return None


def _no_room(place: Workplace, tier: Tier, errand: Errand) -> str:
    """Why a tier cannot take a file now; empty where it can."""
    refusal = place.capacity.may_write(tier, errand.size)
    if refusal is not None:
        return refusal
    room = next((one for one in place.capacity.rooms() if one.tier.id == tier.id), None)
    if room is None:
        return f"{tier.root} is not mounted."
    return f"{tier.name} is full: {_FULL[room.rule]}." if room.left < errand.size else ""


def _waiting(place: Workplace, run: JobRun, errand: Errand) -> Callable[[], None]:
    """What is done between two tries to get a lane: look whether it is to end, and let others try after a while."""
    began = place.clock.monotonic()

    def wait() -> None:
        run.progress(0, errand.size or None, unit="bytes", now="Waiting for another copy")
        if not errand.plays and place.clock.monotonic() - began > _PATIENCE_S:
            raise JobPostponed("Another copy from the same disk goes first.", _LATER)
        place.sleep(_LOOK_S)

    return wait
