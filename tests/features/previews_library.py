"""Folders of films that are copies of one small film, with real previews made of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from projectionist.cli.options import request_of
from projectionist.features.previews import service
from projectionist.features.previews.formats import Format
from projectionist.features.previews.making import make_previews
from tests.features.command import Ran, previews
from tests.films import Film

ALL = [Format.BIF, Format.EMBY, Format.TRICKPLAY, Format.JPEG]


class Library:
    """Media and previews below `here`."""

    def __init__(self, here: Path, small: Path) -> None:
        self.here = here
        self._small = small

    def add(self, *names: str) -> None:
        """Put copies of the small film at these places."""
        for name in names:
            path = self.here / name
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(self._small, path)

    def make(
        self,
        *roots: str,
        into: str | None = "previews",
        formats: list[Format] | None = None,
        intervals: tuple[float, ...] = (1,),
        width: int = 64,
        extras: bool = False,
    ) -> None:
        """Make the previews of these folders; beside the films where `into` is None."""
        request = request_of(
            [self.here / root for root in roots],
            intervals=list(intervals),
            width=width,
            max_height=None,
            quality=80,
            formats=formats or [Format.BIF],
            output=None if into is None else self.here / into,
            beside=into is None,
            mode="auto",
            skip_nonref=False,
            include=[],
            exclude=[],
            extras=extras,
        )
        for task in service.plan(request).tasks:
            assert not make_previews(task, request.recipe).failed

    def files(self, below: str = "previews") -> set[str]:
        """Every file and link below a folder, hidden ones too, relative to it."""
        folder = self.here / below
        return {
            str(path.relative_to(folder))
            for path in folder.rglob("*")
            if path.is_symlink() or not path.is_dir()
        }

    def folders(self, below: str = "previews") -> set[str]:
        """Every folder below a folder, relative to it."""
        folder = self.here / below
        return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_dir()}


@pytest.fixture
def library(tmp_path: Path, film: Callable[..., Film]) -> Library:
    """An empty library; its small film has four seconds."""
    return Library(tmp_path, film(seconds=4, size=(64, 36), gop=12).path)


def clean(library: Library, *roots: str, into: str = "previews", more: tuple[str, ...] = ("--yes",)) -> Ran:
    """`previews clean` of these folders, their previews being in `into`."""
    return previews("clean", *(library.here / root for root in roots), "--output", library.here / into, *more)
