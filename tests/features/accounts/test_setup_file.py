from __future__ import annotations

from pathlib import Path

import pytest

from projectionist.errors import SettingWrong
from projectionist.features.accounts import service
from projectionist.features.accounts.setup_file import apply_setup, read_setup_file, wanted_of
from projectionist.features.servers import service as servers
from projectionist.media.vocabulary import ServerKind
from projectionist.settings import Settings
from tests.features.accounts.house import NAME, PASSWORD, PLEX, TOKEN, House, film_item, shelf
from tests.features.accounts.opened import house

__all__ = ["house"]


def written(folder: Path, media: Path) -> Path:
    (folder / "password").write_text(PASSWORD + "\n")
    (folder / "token").write_text(TOKEN)
    file = folder / "setup.toml"
    file.write_text(f"""
plex_url = "{PLEX}"
plex_token_file = "{folder / "token"}"
plex_data = "{folder}"
exclude = ["Home videos"]
[admin]
name = "{NAME}"
password_file = "{folder / "password"}"
[mappings]
"/data/films" = "{media}"
""")
    return file


@pytest.fixture
def films(house: House, tmp_path: Path) -> Path:
    folder = tmp_path / "films"
    folder.mkdir()
    (folder / "Alien.mkv").write_bytes(b"film")
    house.plex.shelves = [shelf("1", "Films", "/data/films"), shelf("2", "Home videos", "/data/home")]
    house.plex.held = [film_item("1", "/data/films/Alien.mkv", 4)]
    return folder


def test_a_setup_file_does_it_all_and_a_second_time_nothing(
    house: House, films: Path, tmp_path: Path
) -> None:
    wanted = read_setup_file(written(tmp_path, films))
    said: list[str] = []
    assert apply_setup(house.parts, wanted, said.append)
    assert len(said) == 5
    assert said[0] == f"{NAME} is the administrator."
    assert any(str(films / "Alien.mkv") in sentence for sentence in said)
    assert house.excluded == {1: ["2"]}
    assert [job.kind for job in house.jobs.held.values()] == ["library.sync"]
    assert TOKEN not in " ".join(said)
    assert PASSWORD not in " ".join(said)
    again: list[str] = []
    assert apply_setup(house.parts, wanted, again.append)
    assert again == []
    assert len(house.jobs.held) == 1


def test_a_setup_that_was_killed_in_the_middle_is_done_to_its_end_by_the_next(
    house: House, films: Path, tmp_path: Path
) -> None:
    wanted = read_setup_file(written(tmp_path, films))
    servers.add_server(house.reach, servers.NewServer(ServerKind.PLEX, PLEX, TOKEN))
    assert not house.jobs.held
    assert apply_setup(house.parts, wanted, lambda _: None)
    assert [job.kind for job in house.jobs.held.values()] == ["library.sync"]
    assert house.reach.syncs.begun(1)


def test_what_goes_wrong_is_said_and_the_rest_is_done(house: House, films: Path, tmp_path: Path) -> None:
    (films / "Alien.mkv").unlink()
    wanted = read_setup_file(written(tmp_path, films))
    said: list[str] = []
    assert not apply_setup(house.parts, wanted, said.append)
    assert any("could not use" in sentence for sentence in said)
    assert service.has_administrator(house.database)
    assert len(house.jobs.held) == 1


def test_a_server_that_is_away_is_said_and_taken_the_next_time(
    house: House, films: Path, tmp_path: Path
) -> None:
    file = written(tmp_path, films)
    file.write_text(file.read_text().replace(PLEX, "http://192.0.2.99:32400"))
    said: list[str] = []
    assert not apply_setup(house.parts, read_setup_file(file), said.append)
    assert any("did not answer" in sentence for sentence in said)
    assert apply_setup(house.parts, read_setup_file(written(tmp_path, films)), said.append)


@pytest.mark.parametrize(
    "content",
    [
        "admin = 3",
        'plex_ulr = "http://192.0.2.1"',
        "[admin",
        "exclude = 5",
        '[admin]\nname = "a"\npasswrd = "x"',
    ],
)
def test_a_setup_file_that_cannot_be_taken_names_itself(tmp_path: Path, content: str) -> None:
    file = tmp_path / "setup.toml"
    file.write_text(content)
    with pytest.raises(SettingWrong) as refused:
        read_setup_file(file)
    assert str(file) in refused.value.message


def test_secrets_do_not_show_when_a_setup_is_printed(house: House, films: Path, tmp_path: Path) -> None:
    wanted = read_setup_file(written(tmp_path, films))
    assert PASSWORD not in repr(wanted)
    assert TOKEN not in repr(wanted)


def test_the_settings_alone_are_enough_and_add_to_the_file(house: House, films: Path, tmp_path: Path) -> None:
    assert wanted_of(Settings(data=tmp_path)).is_empty
    settings = Settings(
        data=tmp_path, setup_file=written(tmp_path, films), media=films, plex_url=PLEX, plex_token="other"
    )
    wanted = wanted_of(settings)
    assert (wanted.media, wanted.plex_token) == ([str(films)], "other")
    assert wanted.admin is not None
