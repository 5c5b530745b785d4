"""The cache's part of the web over a stage with a crew, served in the test's own process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from litestar import Litestar, get
from litestar.params import FromPath
from litestar.response import Template
from litestar.testing import TestClient

from projectionist.features.cache.models import CopyRow, HolderRow, Kind, OriginRow, PinRow, TierRow
from projectionist.features.cache.planning.plan import PlannedCopy, Refused
from projectionist.features.cache.planning.planner import Thought
from projectionist.features.cache.running.noting import note
from projectionist.features.cache.running.ordering import IN
from projectionist.features.cache.wanting.lists.keeping import Lists
from projectionist.features.cache.wanting.wants import FilmFile, Source, Term, Want, Wanted
from projectionist.features.cache.web import web_feature
from projectionist.integrations.lists.connecting import list_connector
from projectionist.jobs.ports import Job, JobState
from projectionist.kit.secrets import Vault
from projectionist.media.vocabulary import ServerPath
from projectionist.settings import Settings, load_settings
from projectionist.web.config import ShellSettings
from projectionist.web.csrf import COOKIE, HEADER, new_token
from projectionist.web.ports import Permission, Principal, WebFeature
from projectionist.web.shell import create_shell
from tests.features.cache.running.theatre import Crew, Plans
from tests.features.cache.stage import Stage
from tests.features.operations.fake_jobs import FakeJobs
from tests.features.previews.serving import Quiet

GB = 1 << 30


@get("/shared/{page:str}/{about:int}", include_in_schema=False, sync_to_thread=False)
def shared(page: FromPath[str], about: FromPath[int]) -> Template:
    """A page of nobody's that shows the panels of a shared one."""
    return Template(
        template_str=(
            "{% extends 'layout.html' %}{% block title %}Shared{% endblock %}"
            "{% block content %}<h1>Shared</h1>{{ panels(page, about or None) }}{% endblock %}"
        ),
        context={"page": page, "about": about},
        media_type="text/html",
    )


class Pinning(Plans):
    """Plans what a test says, with room for every pin but those of `too_large`."""

    def __init__(self) -> None:
        super().__init__()
        self.files: dict[int, Path] = {}
        self.too_large: set[int] = set()

    def think(self, now: datetime, pins_too: Sequence[PinRow] = ()) -> Thought:
        plan = self.plan(now)
        wants = [one.want for one in self.copies]
        wants += [
            want_of(self.files[row.item_id], row.item_id, 100.0, Source.PIN)
            for row in pins_too
            if row.item_id in self.files
        ]
        refused = [
            Refused(want.file.path, want.file.size, "It is larger than all that SSD may hold.")
            for want in wants
            if want.file.item_id in self.too_large
        ]
        made = replace(plan, refused=(*plan.refused, *refused))
        return Thought(made, Wanted(tuple(wants)), ())


def want_of(path: Path, item_id: int, score: float, source: Source, size: int = GB) -> Want:
    """A wish for a film."""
    file = FilmFile(item_id, item_id, 1, 1, str(item_id), ServerPath(str(path)), path, size, path.stem)
    terms = (Term("next", 60, "Ada watches it next"), Term("pace", 22, "she is quick"))
    return Want(file, score, terms, frozenset({source}), frozenset({1}), 1.0)


class Premises:
    """A crew, jobs that wait, and somebody who looks on."""

    def __init__(self, stage: Stage, *, bare: bool = False) -> None:
        self.stage = stage
        self.crew = Crew(stage)
        self.plans = Pinning()
        self.place = replace(self.crew.place, planner=self.plans)
        self.lists = Lists(
            self.place.database, self.place.servers, Vault(bytes(32)), list_connector(), self.place.clock
        )
        self.jobs = FakeJobs()
        self.settings: Settings = load_settings({}, {"data": str(stage.home)})
        if bare:
            self.crew.halls.drives.clear()
            self.crew.halls.held.clear()
            with self.place.database.write() as session:
                session.delete(session.get_one(TierRow, 1))

    def app(self, *, may: Sequence[Permission] = tuple(Permission), zone: str = "") -> Litestar:
        """The web program, to which everybody is a person who may do these things."""
        person = Principal(1, "ada", "administrator", frozenset(may), zone)
        return create_shell(
            features=[web_feature(self.place, self.jobs), WebFeature("shared", handlers=(shared,))],
            identify=lambda request: person,
            dependencies={
                "cache": self.place,
                "cache_lists": self.lists,
                "jobs": self.jobs,
                "settings": self.settings,
            },
            settings=ShellSettings(version="1"),
            events=Quiet(),
        )

    @contextmanager
    def browser(
        self, *, may: Sequence[Permission] = tuple(Permission), zone: str = ""
    ) -> Iterator[TestClient[Any]]:
        """A browser with a person who may do these things."""
        app = self.app(may=may, zone=zone)
        with TestClient(app, base_url="http://127.0.0.1") as client:
            client.follow_redirects = False
            token = new_token()
            client.cookies.set(COOKIE, token, domain="127.0.0.1")
            client.headers[HEADER] = token
            yield client

    def cached(
        self,
        name: str,
        *,
        size: int = GB,
        why: str = "Ada watches it next.",
        listed: bool = True,
        node: str = "here",
    ) -> int:
        """A film that is on the fast disk, with the move that brought it there; the id of its copy."""
        path = self.stage.slow / name / f"{name}.mkv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"film")
        item_id = self.crew.listed(path) if listed else None
        if item_id is not None:
            self.plans.files[item_id] = path
        self.stage.clock.pass_by(minutes=1)
        with self.place.database.write() as session:
            copy = self._copy(path, size, node)
            session.add_all([copy, HolderRow(path=str(path), film=str(path))])
            session.add(OriginRow(path=str(path), item_id=item_id, listed=[str(path)]))
            session.flush()
            number = copy.id
        errand = self.crew.errand(path, title=name, item_id=item_id, size=size, why=why)
        note(self.place, Kind.CACHE_IN, errand, "SSD", "cached", 4000)
        return number

    def came_along(self, name: str, film: str, size: int = 1024) -> None:
        """A file that came along with a film."""
        path = self.stage.slow / film / name
        with self.place.database.write() as session:
            session.add(self._copy(path, size))
            session.add(HolderRow(path=str(path), film=str(self.path(film))))

    def path(self, name: str) -> Path:
        """Where a film is."""
        return self.stage.slow / name / f"{name}.mkv"

    def item_of(self, copy_id: int) -> int:
        """The item of a film on the fast disk."""
        with self.place.database.read() as session:
            row = session.get_one(CopyRow, copy_id)
            origin = session.get_one(OriginRow, row.path)
        assert origin.item_id is not None
        return origin.item_id

    def planned(self, name: str, size: int = GB, score: float = 82.0) -> None:
        """A copy that the plan holds."""
        want = want_of(self.path(name), 1, score, Source.NEXT, size)
        self.plans.copies.append(PlannedCopy(want, 1))

    def moving(self, title: str, kind: str = IN, **more: Any) -> Job:
        """A move under way."""
        about = {
            "done": 0.25 * GB,
            "total": GB,
            "unit": "bytes",
            "rate_per_s": 150 * 2**20,
            "eta_s": 5.0,
            "now": f"Copying {title}",
        }
        return self.jobs.put(f"Cache {title}", JobState.RUNNING, kind=kind, **{**about, **more})

    def _copy(self, path: Path, size: int, node: str = "here") -> CopyRow:
        spot = self.stage.spot(path)
        return CopyRow(
            layout="symlink",
            path=str(path),
            fast=str(spot.fast),
            fast_root=str(self.stage.fast),
            slow_root=str(self.stage.slow),
            link=str(spot.fast),
            size=size,
            mtime_ns=1,
            digest="0" * 32,
            fast_ctime_ns=1,
            node=node,
            at=self.stage.clock.now(),
        )
