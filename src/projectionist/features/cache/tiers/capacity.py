"""What a tier may hold: by its quota, by how full its drive may be, by what is to stay free; the tightest counts."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from projectionist.db.engine import Database
from projectionist.features.cache.sizes import shown_size
from projectionist.features.cache.spots import is_mounted
from projectionist.features.cache.tiers import queries
from projectionist.features.cache.tiers.mounts import Mount, mount_of, mounts_here
from projectionist.features.cache.tiers.places import FastTier, Places
from projectionist.features.cache.tiers.temperature import temperature_of
from projectionist.kit.clock import Clock


@dataclass(frozen=True, slots=True)
class Drive:
    """What a drive says of itself, in bytes; `free` is what whoever is not root may use."""

    total: int
    free: int


@dataclass(frozen=True, slots=True)
class Room:
    """How much of ours a tier may hold, by `rule`: `quota`, `usage`, `min_free` or `drive`. `left` may be negative.

    Where tiers share a drive, `limit` is what this one may come to while the others come to theirs, and `left` what it
    could take now if they took nothing; `beside` are the names of those others.
    """

    tier: FastTier
    drive_total: int
    drive_free: int
    ours: int
    limit: int
    rule: str
    left: int
    beside: tuple[str, ...] = ()


def room_of(tier: FastTier, ours: int, drive: Drive, coming: int = 0) -> Room:
    """The tightest of a tier's rules, where `ours` bytes are ours.

    Of those `coming` are being copied: as much of their room as is not taken yet must not be given away twice.
    """
    rules, total = tier.rules, tier.rules.drive_size or drive.total
    there = ours - coming
    others = max(0, drive.total - drive.free - there)
    limits = [("drive", max(0, there + drive.free))]
    if rules.quota is not None:
        limits.append(("quota", rules.quota.on(total)))
    if rules.usage is not None:
        limits.append(("usage", rules.usage.on(total) - others))
    if rules.min_free is not None:
        limits.append(("min_free", there + drive.free - rules.min_free.on(total)))
    rule, limit = min(limits, key=lambda one: one[1])
    return Room(tier, total, drive.free, ours, max(0, limit), rule, max(0, limit) - ours)


def share(rooms: Sequence[Room], slacks: Sequence[int]) -> list[Room]:
    """The rooms of tiers on one drive: all of their limits together leave every rule of theirs kept.

    `slacks` is what each could take by its rules about the drive alone. What is free is shared by what each could take,
    and what is too much by what each holds.
    """
    wanted = sum(max(0, room.left) for room in rooms)
    free = min((slack for room, slack in zip(rooms, slacks, strict=True) if room.left > 0), default=0)
    held = sum(room.ours for room in rooms if room.left < 0 and room.rule != "quota")
    shared = []
    for room in rooms:
        limit, left = room.limit, room.left
        if left > 0 and wanted > free:
            limit = room.ours + left * free // wanted
        elif left < 0 and room.rule != "quota" and held:
            left = -(-left * room.ours // held)
            limit = room.ours + left
        beside = tuple(other.tier.name for other in rooms if other is not room)
        shared.append(replace(room, limit=limit, left=left, beside=beside))
    return shared


def drive_of(root: Path) -> Drive:
    """What the drive below a folder says of itself. Raises OSError."""
    told = os.statvfs(root)
    return Drive(told.f_blocks * told.f_frsize, told.f_bavail * told.f_frsize)


def _drive_there(root: Path) -> Drive | None:
    """The drive below a tier; None where it is not mounted, or goes away while it is asked."""
    try:
        return drive_of(root) if is_mounted(root) else None
    except OSError:
        return None


def _device_of(root: Path, mounts: Sequence[Mount]) -> Hashable:
    """What tells drives apart: parts of a btrfs or a ZFS pool are different devices with one free space."""
    mount = mount_of(root, mounts)
    if mount is not None and mount.kind == "btrfs":
        return mount.source
    if mount is not None and mount.kind == "zfs":
        return f"zfs {mount.source.partition('/')[0]}"
    try:
        return os.stat(root).st_dev
    except OSError:
        return root  # it went away just now


class Capacity:
    """The room on the tiers of a node. Every method raises DatabaseUnusable."""

    def __init__(
        self,
        database: Database,
        places: Places,
        node: str,
        clock: Clock,
        temperature: Callable[[Path], float | None] = temperature_of,
        mounts: Callable[[], Sequence[Mount]] = mounts_here,
    ) -> None:
        self._database = database
        self._places = places
        self._node = node
        self._clock = clock
        self._temperature = temperature
        self._mounts = mounts

    def rooms(self) -> Sequence[Room]:
        """The room on each tier whose drive is there; what tiers on one drive share is given away once."""
        with self._database.read() as session:
            there, coming = queries.there(session, self._node), queries.coming(session, self._node)
        known: dict[Hashable, list[tuple[FastTier, Drive]]] = {}
        tiers, mounts = self._places.tiers(), self._mounts()
        for tier in tiers:
            drive = _drive_there(tier.root)
            if drive is not None:
                known.setdefault(_device_of(tier.root, mounts), []).append((tier, drive))
        found: dict[int, Room] = {}
        for group in known.values():
            rooms, slacks = [], []
            for tier, drive in group:
                others = sum(coming.get(str(one.root), 0) for one, _ in group if one is not tier)
                here, more = there.get(str(tier.root), 0), coming.get(str(tier.root), 0)
                now = replace(drive, free=max(0, drive.free - others))
                plain = replace(tier, rules=replace(tier.rules, quota=None))
                rooms.append(replace(room_of(tier, here + more, now, more), drive_free=drive.free))
                slacks.append(room_of(plain, here + more, now, more).left)
            shared = share(rooms, slacks) if len(rooms) > 1 else rooms
            found |= {room.tier.id: room for room in shared}
        return [found[tier.id] for tier in tiers if tier.id in found]

    def may_write(self, tier: FastTier, size: int) -> str | None:
        """None where so much may be written to a tier now; else why not, in words."""
        if not is_mounted(tier.root):
            return f"{tier.root} is not mounted."
        if tier.daily_writes is not None:
            with self._database.read() as session:
                today = queries.written(session, tier.id, self._clock.now().date())
            if today + size > tier.daily_writes:
                most, done = shown_size(tier.daily_writes), shown_size(today)
                return f"{tier.name} takes {most} a day, and {done} were written today."
        degrees = self._temperature(tier.root) if tier.too_hot_c is not None else None
        if degrees is not None and tier.too_hot_c is not None and degrees >= tier.too_hot_c:
            return f"{tier.name} is at {degrees:.0f} °C; nothing is copied to it from {tier.too_hot_c} °C on."
        return None

    def note_written(self, tier: FastTier, size: int) -> None:
        """So much was written to a tier today."""
        with self._database.write() as session:
            queries.add_written(session, tier.id, self._clock.now().date(), size)
