"""A library's previews are found missing, made once per file, kept, and made anew when something changes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from projectionist.errors import ServerUnreachable, TargetUnwritable
from projectionist.features.previews import queries
from projectionist.features.previews.choices import Place
from projectionist.features.previews.workplace import as_columns
from projectionist.frames.bif import read_bif
from projectionist.media.vocabulary import ServerKind
from tests.features.previews.household import PLEX_HASH, Household, Run


def choose(house: Household, library_id: int, **values: object) -> None:
    with house.database.write() as session:
        queries.save_library_choice(session, library_id, as_columns(values))


def bundle(data: Path, part_hash: str) -> Path:
    folder = data / "Media" / "localhost" / part_hash[0] / f"{part_hash[1:]}.bundle"
    return folder / "Contents" / "Indexes" / "index-sd.bif"


def test_a_film_of_a_folder_gets_a_preview_in_the_folder_of_previews(house: Household) -> None:
    house.film("Alien.mkv")
    server = house.server(ServerKind.FOLDER)
    library = house.library(server)
    [part] = house.item(library, "/data/Alien.mkv")

    assert house.check(library)["ordered"] == 1
    assert house.row(part).state == "queued"
    [result] = house.work()

    assert result["outcome"] == "made"
    row = house.row(part)
    assert (row.state, row.frames, row.interval_ms, row.reason) == ("fresh", 2, 10_000, "")
    assert row.made_at is not None
    with read_bif(house.place.folder / str(server) / "data" / "Alien.mkv.bif") as made:
        assert made.count == 2


def test_the_index_is_told_which_parts_have_a_preview(house: Household) -> None:
    house.film("Alien.mkv")
    library = house.library(house.server(ServerKind.FOLDER))
    [part] = house.item(library, "/data/Alien.mkv")

    def told() -> list[bool]:
        return [one.has_preview for one in house.place.catalogue.parts(library)]

    house.check(library)
    before = told()
    house.work()
    made = told()
    Path(house.row(part).targets[0]["path"]).unlink()
    house.check(library)

    assert (before, made, told()) == ([False], [True], [False])


def test_a_job_for_a_film_that_nobody_holds_any_more_is_done(house: Household) -> None:
    house.film("Alien.mkv")
    library = house.library(house.server(ServerKind.FOLDER))
    [part] = house.item(library, "/data/Alien.mkv")
    house.check(library)
    house.delete_item(part)

    assert house.work() == [{"outcome": "gone"}]


def test_the_preview_of_a_part_goes_where_plex_looks_for_it(house: Household) -> None:
    house.film("Alien.mkv")
    server = house.plex()
    library = house.library(server)
    [part] = house.item(library, "/data/Alien.mkv")
    house.reached.servers[server].hashes = {"/data/Alien.mkv": PLEX_HASH}

    house.check(library)
    house.work()

    with read_bif(bundle(house.reached.data[server], PLEX_HASH)) as made:
        assert made.count == 2
    assert house.row(part).state == "fresh"
    assert house.check(library)["ordered"] == 0


def test_two_servers_that_own_one_file_have_it_decoded_once(house: Household) -> None:
    house.film("Alien.mkv")
    plex, folder = house.plex(), house.server(ServerKind.FOLDER, prefix="/films")
    libraries = [house.library(plex), house.library(folder, "Folder")]
    parts = [*house.item(libraries[0], "/data/Alien.mkv"), *house.item(libraries[1], "/films/Alien.mkv")]
    house.reached.servers[plex].hashes = {"/data/Alien.mkv": PLEX_HASH}

    house.check(libraries[0])
    results = house.work()
    house.check(libraries[1])
    results += house.work()

    assert len(results) == 1
    assert len(results[0]["previews"]) == 2
    assert [house.row(part).state for part in parts] == ["fresh", "fresh"]


def test_a_second_hard_link_is_known_as_the_same_file(house: Household) -> None:
    first = house.film("Alien.mkv")
    os.link(first, house.media / "Other.mkv")
    server = house.server(ServerKind.FOLDER)
    library = house.library(server)
    house.item(library, "/data/Alien.mkv")
    house.item(library, "/data/Other.mkv")

    house.check(library)

    assert len(house.work()) == 1


def test_another_interval_makes_previews_stale_and_they_are_made_anew(house: Household) -> None:
    house.film("Alien.mkv")
    library = house.library(house.server(ServerKind.FOLDER))
    [part] = house.item(library, "/data/Alien.mkv")
    house.check(library)
    house.work()

    choose(house, library, interval_ms=4_000)
    assert house.check(library)["stale"] == 1
    house.work()

    row = house.row(part)
    assert (row.state, row.interval_ms, row.frames) == ("fresh", 4_000, 3)


def test_a_film_that_changed_is_made_anew(house: Household) -> None:
    path = house.film("Alien.mkv")
    library = house.library(house.server(ServerKind.FOLDER))
    [part] = house.item(library, "/data/Alien.mkv")
    house.check(library)
    house.work()

    os.utime(path, (1, 1))

    assert house.check(library)["ordered"] == 1
    [result] = house.work()
    assert result["outcome"] == "made"
    assert house.row(part).state == "fresh"


def test_a_preview_that_somebody_removed_is_made_anew(house: Household) -> None:
    house.film("Alien.mkv")
    library = house.library(house.server(ServerKind.FOLDER))
    [part] = house.item(library, "/data/Alien.mkv")
    house.check(library)
    house.work()

    Path(house.row(part).targets[0]["path"]).unlink()

    assert house.check(library)["ordered"] == 1
    house.work()
    assert Path(house.row(part).targets[0]["path"]).is_file()


def test_a_path_that_no_mapping_covers_waits_and_says_so(house: Household) -> None:
    library = house.library(house.server(ServerKind.FOLDER, mapped=False))
    [part] = house.item(library, "/data/Alien.mkv")

    assert house.check(library)["ordered"] == 0

    row = house.row(part)
    assert row.state == "waiting"
    assert row.reason == (
        "/data/Alien.mkv is not there on den, and no path mapping leads to it; mount its disk, or add a mapping for "
        "server 1 under Servers."
    )


def test_a_vanished_mount_takes_no_preview_back(house: Household) -> None:
    path = house.film("Alien.mkv")
    library = house.library(house.server(ServerKind.FOLDER))
    [part] = house.item(library, "/data/Alien.mkv")
    house.check(library)
    house.work()
    made = Path(house.row(part).targets[0]["path"])

    path.unlink()

    assert house.check(library)["ordered"] == 0
    assert house.row(part).state == "fresh"
    assert made.is_file()


def test_a_film_whose_disk_is_not_mounted_waits(house: Household) -> None:
    library = house.library(house.server(ServerKind.FOLDER))
    [part] = house.item(library, "/data/Alien.mkv")

    house.check(library)

    row = house.row(part)
    assert row.state == "waiting"
    assert "mount its disk" in row.reason


def test_a_part_that_plex_has_not_analysed_waits_and_is_made_later(house: Household) -> None:
    house.film("Alien.mkv")
    server = house.plex()
    library = house.library(server)
    [part] = house.item(library, "/data/Alien.mkv")

    house.check(library)
    assert house.row(part).state == "waiting"
    assert "has not analysed" in house.row(part).reason

    house.reached.servers[server].hashes = {"/data/Alien.mkv": PLEX_HASH}
    house.check(library)
    house.work()
    assert house.row(part).state == "fresh"


@pytest.mark.parametrize("lie", ["../../../../etc/passwd", "a", "a/b", "a" * 200])
def test_a_hash_that_can_be_no_folder_writes_nothing(house: Household, lie: str) -> None:
    house.film("Alien.mkv")
    server = house.plex()
    library = house.library(server)
    [part] = house.item(library, "/data/Alien.mkv")
    house.reached.servers[server].hashes = {"/data/Alien.mkv": lie}

    assert house.check(library)["ordered"] == 0

    assert (house.row(part).state, house.row(part).error_code) == ("failed", "hash_wrong")
    assert not list((house.reached.data[server] / "Media" / "localhost").iterdir())


def test_one_hash_for_two_films_writes_the_first_only(house: Household) -> None:
    house.film("Alien.mkv")
    house.film("Blob.mkv")
    server = house.plex()
    library = house.library(server)
    parts = [*house.item(library, "/data/Alien.mkv"), *house.item(library, "/data/Blob.mkv", size=9)]
    house.reached.servers[server].hashes = {"/data/Alien.mkv": PLEX_HASH, "/data/Blob.mkv": PLEX_HASH}

    house.check(library)
    house.work()

    assert [house.row(part).state for part in parts] == ["fresh", "failed"]
    assert "which is another film" in house.row(parts[1]).reason


def test_a_server_that_does_not_answer_leaves_its_parts_waiting_with_its_words(house: Household) -> None:
    house.film("Alien.mkv")
    server = house.plex()
    library = house.library(server)
    [part] = house.item(library, "/data/Alien.mkv")
    house.reached.servers[server].failing = ServerUnreachable("Plex did not answer in 5 s.")

    house.check(library)

    row = house.row(part)
    assert (row.state, row.reason, row.error_code) == (
        "waiting",
        "Plex did not answer in 5 s.",
        "server_unreachable",
    )


def test_a_broken_film_fails_with_its_reason_and_is_left_until_it_changes(house: Household) -> None:
    path = house.film("Alien.mkv")
    path.write_bytes(b"no film at all" * 100)
    library = house.library(house.server(ServerKind.FOLDER))
    [part] = house.item(library, "/data/Alien.mkv")
    house.check(library)
    with pytest.raises(Exception, match=r"Alien\.mkv"):
        house.work()

    row = house.row(part)
    assert (row.state, row.attempts, row.retry_at) == ("failed", 1, None)
    assert house.check(library)["ordered"] == 0

    house.film("Alien.mkv")
    assert house.check(library)["ordered"] == 1


def test_a_target_that_cannot_be_written_fails_with_the_sentence(house: Household) -> None:
    house.film("Alien.mkv")
    library = house.library(house.server(ServerKind.FOLDER))
    [part] = house.item(library, "/data/Alien.mkv")
    house.place.folder.write_text("in the way")
    house.check(library)

    with pytest.raises(TargetUnwritable):
        house.work()

    assert (house.row(part).state, house.row(part).error_code) == ("failed", "target_unwritable")


def test_files_beside_the_film_are_named_as_emby_and_jellyfin_look_for_them(house: Household) -> None:
    house.film("Alien.mkv")
    library = house.library(house.server(ServerKind.FOLDER))
    [part] = house.item(library, "/data/Alien.mkv")
    choose(house, library, places=(Place.EMBY, Place.JELLYFIN))

    house.check(library)
    house.work()

    assert (house.media / "Alien-320-10.bif").is_file()
    assert (house.media / "Alien.trickplay" / "320 - 10x10" / "0.jpg").is_file()
    assert house.row(part).state == "fresh"
    assert house.check(library)["ordered"] == 0


def test_two_parts_of_one_item_have_a_preview_each(house: Household) -> None:
    house.film("Alien cd1.mkv")
    house.film("Alien cd2.mkv")
    library = house.library(house.server(ServerKind.FOLDER))
    parts = house.item(library, "/data/Alien cd1.mkv", "/data/Alien cd2.mkv")

    house.check(library)
    house.work()

    assert len({house.row(part).targets[0]["path"] for part in parts}) == 2


def test_progress_is_told_in_seconds_of_film(house: Household) -> None:
    house.film("Alien.mkv")
    library = house.library(house.server(ServerKind.FOLDER))
    house.item(library, "/data/Alien.mkv")
    house.check(library)
    run = Run()

    house.work(run)

    assert {(total, unit) for _, total, unit, _ in run.said} == {(12.0, "s of film")}


def test_a_library_that_is_switched_off_is_left_alone(house: Household) -> None:
    house.film("Alien.mkv")
    library = house.library(house.server(ServerKind.FOLDER))
    [part] = house.item(library, "/data/Alien.mkv")
    choose(house, library, enabled=False)

    assert house.check(library)["ordered"] == 0
    assert house.row(part).state == "excluded"
