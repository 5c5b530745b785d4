"""Two tiers in folders, a film on the slow one, and everything a swap asks for."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from projectionist.db.engine import Database, sqlite_url
from projectionist.db.schema import prepare
from projectionist.features.cache.journal import Journal
from projectionist.features.cache.models import Layout
from projectionist.features.cache.settling import Desk
from projectionist.features.cache.spots import TIER, Spot
from projectionist.features.cache.tiers.marking import mark_tier
from projectionist.kit.swaps import FileCalls

OLD = 1_500_000_000_123_456_789
HIDDEN = ".projectionist-"
GRACE_S = 0.02


@dataclass
class Moving:
    """A clock that is moved by hand."""

    at: datetime = datetime(2026, 11, 21, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    def pass_by(self, **span: float) -> None:
        self.at += timedelta(**span)


@dataclass
class Viewers:
    """Nobody plays, unless a test puts a path here; `failure` is raised instead."""

    playing: set[Path] = field(default_factory=set)
    failure: Exception | None = None
    asked: int = 0
    from_question: int = 0

    def leaves_free(self, path: Path) -> bool:
        self.asked += 1
        if self.failure is not None and self.asked >= self.from_question:
            raise self.failure
        return path not in self.playing or self.asked < self.from_question


@dataclass
class Server:
    """A server that reads through the path, in the tree it sees (this one, unless `sees_instead` says another)."""

    here: Path | None = None
    sees_instead: Path | None = None
    failure: Exception | None = None
    asked: int = 0

    def sees(self, path: Path, like: Path) -> bool:
        self.asked += 1
        if self.failure is not None:
            raise self.failure
        if self.sees_instead is not None and self.here is not None:
            path = self.sees_instead / path.relative_to(self.here)
        elif not path.exists():  # what a union would show
            path = like
        try:
            return ends(path) == ends(like)
        except FileNotFoundError:
            return False


@dataclass
class Lists:
    """What servers list, by the items of the index; `failure` is raised instead."""

    files: dict[int, set[Path]] = field(default_factory=dict)
    failure: Exception | None = None

    def files_of(self, item_id: int) -> set[Path]:
        if self.failure is not None:
            raise self.failure
        return self.files.get(item_id, set())


class PlainCalls(FileCalls):
    """As on NFS and FUSE: no exchange of names, no renaming that refuses to replace."""

    def run(self, function, *args, **kwargs):  # type: ignore[no-untyped-def]
        if function.__name__ == "rename_with_flags":
            return False
        return super().run(function, *args, **kwargs)


def ends(path: Path) -> tuple[bytes, bytes]:
    content = path.read_bytes()
    return content[:65536], content[-65536:]


class Stage:
    """`slow` and `fast` below `home`, and a database beside them."""

    def __init__(
        self,
        home: Path,
        calls: FileCalls | None = None,
        database: Database | None = None,
        *,
        fresh: bool = True,
    ) -> None:
        self.home = home
        self.slow = home / "slow"
        self.fast = home / "fast"
        if fresh:
            for root in (self.slow, self.fast):
                root.mkdir(parents=True, exist_ok=True)
                mark_tier(root)
        self.database = database or Database(sqlite_url(home / "projectionist.sqlite"))
        if fresh and database is None:
            prepare(self.database)
        self.clock = Moving()
        self.viewers = Viewers()
        self.server = Server()
        self.lists = Lists()
        self.journal = Journal(self.database, self.clock, "here")
        self.desk = Desk(
            self.journal,
            self.viewers,
            self.server,
            calls or FileCalls(),
            grace_s=GRACE_S,
            listing=self.lists,
        )

    def film(self, name: str = "Film (2001)/Film (2001).mkv", content: bytes = b"", mtime: int = OLD) -> Path:
        path = self.slow / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content or name.encode() * 9999)
        os.utime(path, ns=(mtime, mtime))
        return path

    def spot(self, path: Path, layout: Layout = Layout.SYMLINK) -> Spot:
        fast = self.fast / path.relative_to(self.slow)
        return Spot(layout, path, fast, self.fast, self.slow, str(fast))

    def pull(self) -> None:
        """The fast drive is gone."""
        self.fast.rename(self.home / "pulled")
        self.fast.mkdir()

    def plug(self) -> None:
        self.fast.rmdir()
        (self.home / "pulled").rename(self.fast)

    def hidden(self) -> list[str]:
        """Everything on both tiers that only we know of."""
        return sorted(
            str(path.relative_to(self.home))
            for root in (self.slow, self.fast)
            for path in root.rglob(f"{HIDDEN}*")
            if path.name != TIER
        )

    def on_fast(self) -> list[str]:
        return sorted(str(path.relative_to(self.fast)) for path in self.fast.rglob("*") if path.name != TIER)

    def close(self) -> None:
        self.database.close()


def copied(stage: Path, home: Path) -> Stage:
    """The same stage elsewhere, links led there."""
    shutil.copytree(stage, home, symlinks=True)
    return Stage(home, fresh=False)
