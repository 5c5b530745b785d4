"""What documents and shipped files tell people to type and to set is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.deploy.container import ROOT
from tests.deploy.written import commands_of, dead_links, documents, shipped, unknown_settings, wrong_with

EVERYTHING = [path.relative_to(ROOT).as_posix() for path in (*documents(), *shipped())]


@pytest.mark.parametrize("name", EVERYTHING)
def test_every_setting_that_is_named_is_one(name: str) -> None:
    assert sorted(set(unknown_settings((ROOT / name).read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize("name", EVERYTHING)
def test_every_command_that_is_named_is_one_with_these_options(name: str) -> None:
    assert [wrong for one in commands_of(ROOT / name) if (wrong := wrong_with(one))] == []


@pytest.mark.parametrize("name", [path.relative_to(ROOT).as_posix() for path in documents()])
def test_links_between_documents_lead_somewhere(name: str) -> None:
    assert list(dead_links(ROOT / name)) == []


def test_what_is_not_there_is_found(tmp_path: Path) -> None:
    document = tmp_path / "document.md"
    document.write_text(
        "Run `projectionist health --mode quick` and `projectionist polish`, [then](gone.md).\n\n"
        "```sh\nprojectionist serve --workers 2 --wings 3\n```\n\nPROJECTIONIST_WINGS, PROJECTIONIST_PORT\n"
    )
    found = list(commands_of(document))
    assert found == ["health --mode quick", "polish", "serve --workers 2 --wings 3"]
    assert [bool(wrong_with(one)) for one in found] == [False, True, True]
    assert list(unknown_settings(document.read_text())) == ["PROJECTIONIST_WINGS"]
    assert list(dead_links(document)) == ["gone.md"]


def test_the_documents_for_who_runs_it_are_there() -> None:
    told = {Path(name).name for name in EVERYTHING}
    assert {"deployment.md", "operations.md", "tuning.md", "scale.md"} <= told
    assert sum(len(list(commands_of(ROOT / name))) for name in EVERYTHING) > 50
