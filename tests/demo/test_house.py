"""The demo house opens, is found again, repairs itself, and keeps to itself."""

from __future__ import annotations

import io
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from PIL import Image

from projectionist.demo.catalogue import Kind
from projectionist.demo.films import is_complete
from projectionist.demo.house import DemoHouse, make_house_media
from projectionist.demo.programme import ALBUMS, house_films
from projectionist.demo.records import is_whole
from projectionist.errors import TargetUnwritable
from tests.demo.houses import house_over
from tests.running import make_here, temporaries_below


@pytest.fixture
def client(house: DemoHouse) -> Iterator[httpx2.Client]:
    headers = {"X-Plex-Token": house.plex_token, "Accept": "application/json"}
    with httpx2.Client(base_url=house.plex_url, headers=headers, timeout=5) as opened:
        yield opened


def identity(house: DemoHouse) -> str:
    answer = httpx2.get(f"{house.plex_url}/identity", headers={"Accept": "application/json"})
    return str(answer.json()["MediaContainer"]["machineIdentifier"])


def test_the_house_answers_to_its_owner_and_to_nobody_without_a_token(house: DemoHouse) -> None:
    headers = {"X-Plex-Token": house.plex_token, "Accept": "application/json"}
    told = httpx2.get(f"{house.plex_url}/library/sections", headers=headers).json()["MediaContainer"]
    assert [section["title"] for section in told["Directory"]] == ["Movies", "Shows", "Home Videos", "Music"]
    refused = httpx2.get(f"{house.plex_url}/library/sections")
    assert refused.status_code == 401
    assert refused.headers["content-type"].startswith("text/html")
    assert (
        refused.text
        == "<html><head><title>Unauthorized</title></head><body><h1>401 Unauthorized</h1></body></html>"
    )


def test_the_second_start_is_the_same_house_and_makes_nothing(house_media: Path, tmp_path: Path) -> None:
    made: list[str] = []
    with house_over(house_media, tmp_path) as house:
        before = (house.plex_url, house.plex_tv_url, house.plex_token, identity(house), house.catalogue.all())
    with DemoHouse(tmp_path, progress=made.append) as house:
        assert (
            house.plex_url,
            house.plex_tv_url,
            house.plex_token,
            identity(house),
            house.catalogue.all(),
        ) == before
    assert made == []
    assert (tmp_path / "owner-token").stat().st_mode & 0o777 == 0o600


def test_a_house_whose_port_is_taken_moves_to_another(house_media: Path, tmp_path: Path) -> None:
    with house_over(house_media, tmp_path) as house:
        port = int(house.plex_url.rpartition(":")[2])
    with socket.create_server(("127.0.0.1", port)), DemoHouse(tmp_path) as house:
        assert not house.plex_url.endswith(f":{port}")
        assert identity(house)


def test_a_house_that_was_away_comes_back_as_it_was(house: DemoHouse, client: httpx2.Client) -> None:
    house.state.rename(2, "Sunday Matinee")
    house.state.play(house.state.owner, 2)
    house.close()
    with pytest.raises(httpx2.ConnectError):
        client.get("/library/sections")
    house.start()
    assert "Sunday Matinee" in client.get("/library/metadata/2").text
    assert client.get("/status/sessions").json()["MediaContainer"]["size"] == 1
    house.faults.fail(500, times=1)
    assert client.get("/library/sections").status_code == 500


def test_what_the_contract_puts_may_be_put(house: DemoHouse, client: httpx2.Client) -> None:
    for path, key in (("/:/scrobble", "9"), ("/:/unscrobble", "11")):
        assert (
            client.put(path, params={"key": key, "identifier": "com.plexapp.plugins.library"}).status_code
            == 200
        )
    marks = house.state.marks(house.state.owner)
    assert [marks.counts.get(key, 0) for key in (11, 12, 13)] == [0, 1, 1]
    assert client.put("/:/scrobble", params={"key": "999"}).status_code == 404
    assert client.put("/:/scrobble", params={"key": "film"}).status_code == 400
    assert client.post("/library/sections/1/refresh").status_code == 200
    assert (
        client.post("/:/timeline", params={"ratingKey": "12", "time": "9000", "state": "playing"}).status_code
        == 200
    )
    assert marks.offsets[12] == 9_000


def test_two_houses_at_once_keep_to_themselves(house_media: Path, tmp_path: Path) -> None:
    with house_over(house_media, tmp_path / "one") as one, house_over(house_media, tmp_path / "two") as two:
        assert one.plex_token != two.plex_token
        assert identity(one) != identity(two)
        one.state.remove(1)
        one.faults.fail(500, path="/library/sections/1/*")
        answer = httpx2.get(
            f"{two.plex_url}/library/sections/1/all", headers={"X-Plex-Token": two.plex_token}
        )
        assert "The Quiet Projector" in answer.text
        refused = httpx2.get(f"{two.plex_url}/library/sections", headers={"X-Plex-Token": one.plex_token})
        assert refused.status_code == 401


def test_a_closed_house_leaves_no_thread_and_no_port(house: DemoHouse) -> None:
    house.script.start()
    port = int(house.plex_url.rpartition(":")[2])
    with httpx2.Client(base_url=house.plex_url) as client:
        client.get("/identity")
        house.close()
    house.close()
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("demo-")]
    socket.create_server(("127.0.0.1", port)).close()


def test_a_killed_generation_is_put_right_by_the_next(tmp_path: Path) -> None:
    films = house_films()[-5:]
    program = (
        "import os, sys; from pathlib import Path; from projectionist.demo.house import make_house_media; "
        "from projectionist.demo.programme import house_films; "
        "make_house_media(Path(sys.argv[1]), lambda name: os.write(1, (name + chr(10)).encode()), house_films()[-5:])"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as making:
        assert making.stdout is not None
        begun = [making.stdout.readline().strip() for _ in range(3)]
        making.kill()
    assert sorted(begun) == sorted(Path(film.path).name for film in films[:3])
    whole = [film for film in films if (tmp_path / film.path).exists()]
    assert len(whole) < 5
    assert all(is_complete(film, tmp_path / film.path) for film in whole)
    again: list[str] = []
    make_house_media(tmp_path, again.append, films)
    assert all(is_complete(film, tmp_path / film.path) for film in films)
    assert sorted(again) == sorted(Path(film.path).name for film in films if film not in whole)
    assert temporaries_below(tmp_path) == []


def test_a_film_that_was_cut_short_is_made_again_at_the_next_start(house_media: Path, tmp_path: Path) -> None:
    shutil.copytree(house_media, tmp_path / "media")
    film = house_films()[-1]
    path = tmp_path / "media" / film.path
    path.write_bytes(path.read_bytes()[:200_000])
    made: list[str] = []
    with DemoHouse(tmp_path, progress=made.append):
        assert is_complete(film, path)
    assert made == [path.name]


def test_somebodys_own_file_is_never_replaced(tmp_path: Path) -> None:
    own = tmp_path / "Music/The Overture Ensemble/Before the Curtain/01 - Doors.flac"
    own.parent.mkdir(parents=True)
    own.write_bytes(b"somebody's own")
    with pytest.raises(TargetUnwritable, match="none of the demo's records"):
        make_house_media(tmp_path, films=())
    assert own.read_bytes() == b"somebody's own"


def test_hashes_are_in_the_tree_alone(house: DemoHouse, client: httpx2.Client) -> None:
    everything = [entry.key for entry in house.catalogue.all() if entry.kind is not Kind.ARTIST]
    keys = ",".join(map(str, everything))
    for path in ("/library/sections/1/all", "/library/sections/2/allLeaves", f"/library/metadata/{keys}"):
        assert '"hash"' not in client.get(path).text
    tree = client.get("/library/metadata/4,7/tree").json()["MediaContainer"]["MetadataItem"]
    parts = [part for item in tree for media in item["MediaItem"] for part in media["MediaPart"]]
    assert len({part["hash"] for part in parts}) == len(parts) == 4
    assert all(len(part["hash"]) == 40 and set(part["hash"]) <= set("0123456789abcdef") for part in parts)
    assert all(Path(part["file"]).stat().st_size == part["size"] for part in parts)


def test_a_preview_in_its_bundle_is_known_and_served(
    house: DemoHouse, client: httpx2.Client, tmp_path: Path
) -> None:
    def parts() -> list[dict[str, object]]:
        (listed,) = client.get("/library/metadata/1").json()["MediaContainer"]["Metadata"]
        return [part for media in listed["Media"] for part in media["Part"]]

    (part,) = parts()
    assert "indexes" not in part
    assert client.get(f"/library/parts/{part['id']}/indexes/sd").status_code == 404
    make_here(Path(str(part["file"])), output=tmp_path / "made")
    (made,) = (tmp_path / "made").rglob("*.bif")
    tree = client.get("/library/metadata/1/tree").json()["MediaContainer"]["MetadataItem"]
    name = tree[0]["MediaItem"][0]["MediaPart"][0]["hash"]
    bundle = (
        house.plex_data / "Media/localhost" / name[0] / f"{name[1:]}.bundle/Contents/Indexes/index-sd.bif"
    )
    bundle.parent.mkdir(parents=True)
    shutil.copy(made, bundle)
    assert parts()[0]["indexes"] == "sd"
    assert client.get(f"/library/parts/{part['id']}/indexes/sd").content == made.read_bytes()
    picture = client.get(f"/library/parts/{part['id']}/indexes/sd/9000")
    assert picture.headers["content-type"] == "image/jpeg"
    assert Image.open(io.BytesIO(picture.content)).width == 64


def test_posters_are_drawn_and_scaled(client: httpx2.Client, house: DemoHouse) -> None:
    (movie,) = client.get("/library/metadata/4").json()["MediaContainer"]["Metadata"]
    for kind, size in (("thumb", (400, 600)), ("art", (960, 540))):
        answer = client.get(movie[kind])
        assert Image.open(io.BytesIO(answer.content)).size == size
    ask = {"url": movie["thumb"], "width": "200", "height": "200"}
    small = client.get("/photo/:/transcode", params=ask)
    assert Image.open(io.BytesIO(small.content)).size == (133, 200)
    refused = client.get("/photo/:/transcode", params={**ask, "width": "0"})
    assert (refused.status_code, client.get("/library/metadata/999/thumb/1").status_code) == (400, 404)
    posters = {
        client.get(f"/library/metadata/{entry.key}/thumb").content for entry in house.catalogue.all()[:8]
    }
    assert len(posters) == 8


@pytest.mark.parametrize(
    ("wanted", "status", "first", "end"),
    [
        ("bytes=0-9", 206, 0, 10),
        ("bytes=100-", 206, 100, None),
        ("bytes=-50", 206, -50, None),
        ("bytes=9-3", 416, 0, 0),
        ("pages=1", 416, 0, 0),
    ],
)
def test_a_film_is_served_in_ranges(
    house: DemoHouse, client: httpx2.Client, wanted: str, status: int, first: int, end: int | None
) -> None:
    part = next(house.catalogue.all()[0].parts())
    answer = client.get(f"/library/parts/{part.id}/{part.changed_at}/file.mkv", headers={"Range": wanted})
    assert answer.status_code == status
    if status == 206:
        assert answer.content == part.path.read_bytes()[first:end]
        assert answer.headers["content-range"].endswith(f"/{part.size}")


def test_items_come_change_and_go(house: DemoHouse, client: httpx2.Client) -> None:
    before = int(time.time())
    new = house.state.add(like=1, title="The Loud Projector")
    house.state.rename(2, "Sunday Matinee")
    house.state.remove(9)
    asked = {"updatedAt>": str(before)}
    changed = client.get("/library/sections/1/all", params=asked).json()["MediaContainer"]["Metadata"]
    assert [item["title"] for item in changed] == ["The Loud Projector", "Sunday Matinee"]
    assert changed[0]["ratingKey"] == str(new.key)
    for section in ("all", "allLeaves"):
        gone = client.get(f"/library/sections/2/{section}").json()["MediaContainer"]
        assert (gone["size"], "Metadata" in gone) == (0, False)
    assert client.get("/library/metadata/11").status_code == 404
    history = client.get("/status/sessions/history/all").json()["MediaContainer"]["Metadata"]
    assert "ratingKey" not in next(view for view in history if view["title"] == "Splice")


def test_pages_follow_each_other_by_headers_and_by_query(client: httpx2.Client) -> None:
    names: list[str] = []
    for start in (0, 3, 6):
        headers = {"X-Plex-Container-Start": str(start), "X-Plex-Container-Size": "3"}
        page = client.get("/library/sections/1/all", headers=headers)
        told = page.json()["MediaContainer"]
        assert (told["offset"], told["totalSize"]) == (start, 8)
        assert page.headers["X-Plex-Container-Total-Size"] == "8"
        assert client.get("/library/sections/1/all", params=headers).json() == page.json()
        names += [item["title"] for item in told["Metadata"]]
    assert len(set(names)) == 8
    beyond = client.get("/library/sections/1/all?X-Plex-Container-Start=50&X-Plex-Container-Size=3").json()
    assert beyond["MediaContainer"]["size"] == 0


def test_a_film_of_any_container_that_was_cut_short_is_not_taken_for_whole(
    house_media: Path, tmp_path: Path
) -> None:
    for film in house_films():
        whole, cut = house_media / film.path, tmp_path / Path(film.path).name
        cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 3 // 4])
        assert is_complete(film, whole)
        try:
            assert not is_complete(film, cut), film.path
        except TargetUnwritable:
            pytest.fail(f"{cut.name} is the demo's own, and was taken for somebody else's")


def test_a_track_that_was_cut_short_is_not_taken_for_whole(house_media: Path, tmp_path: Path) -> None:
    tracks = [track for album in ALBUMS for track in album.tracks]
    assert len({Path(track.path).suffix for track in tracks}) == 3
    for track in tracks:
        whole, cut = house_media / track.path, tmp_path / Path(track.path).name
        cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 3 // 4])
        assert is_whole(track, whole)
        assert not is_whole(track, cut), track.path
