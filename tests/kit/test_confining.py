"""Which folders may be used: none of the system's, by whatever name, and no path that leads out of its root."""

from __future__ import annotations

from pathlib import Path

import pytest

from projectionist.errors import InputWrong
from projectionist.kit.confining import check_root, is_system, within
from tests.payloads import LITERAL, PATHS, number_of


def refusal(path: str) -> InputWrong | None:
    try:
        check_root(Path(path), "folder")
    except InputWrong as error:
        return error
    return None


@pytest.mark.parametrize("kind", [kind for kind in PATHS if kind != LITERAL])
def test_no_path_of_an_attacker_becomes_a_root(kind: str) -> None:
    refused = {path: why for path in PATHS[kind] if (why := refusal(path)) is not None}
    taken = [path for path in PATHS[kind] if path not in refused]
    assert all(why.field == "folder" and why.message.isprintable() for why in refused.values())
    assert [path for path in taken if ".." not in path] == []
    assert all(not is_system(Path(path).resolve()) for path in taken)


def test_there_are_enough_paths_of_enough_kinds() -> None:
    assert len(PATHS) >= 8
    assert number_of(PATHS) >= 90


def test_a_link_to_the_system_is_the_system(tmp_path: Path) -> None:
    (tmp_path / "films").symlink_to("/etc")
    with pytest.raises(InputWrong, match="which leads to /etc"):
        check_root(tmp_path / "films", "folder")


@pytest.mark.parametrize(
    "path",
    [
        "/mnt/user/media",
        "/media/ada/disk",
        "/run/media/ada/disk",
        "/dev/shm/fast",
        "/var/lib/plexmediaserver",
        "/usr/local/plexdata",
        "/home/films",
        "/volume1/video",
    ],
)
def test_where_people_keep_media_may_be_a_root(path: str) -> None:
    assert not is_system(Path(path))


def test_a_root_holds_what_lies_in_it_and_nothing_beside_it(tmp_path: Path) -> None:
    root = tmp_path / "films"
    root.mkdir()
    assert within(root, [root])
    assert within(root / "Alien" / "Alien.mkv", [root])
    assert not within(tmp_path / "films of others", [root])
    assert not within(tmp_path, [root])
    assert not within(root, [])


def test_a_root_that_leads_into_the_system_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / "films").symlink_to("/etc")
    assert not within(Path("/etc/passwd"), [tmp_path / "films"])
    assert not within(Path("/etc/passwd"), [Path("/")])


def test_a_root_that_is_a_link_holds_what_lies_where_it_leads(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "films").symlink_to(tmp_path / "disk")
    assert within(tmp_path / "disk" / "Alien.mkv", [tmp_path / "films"])
