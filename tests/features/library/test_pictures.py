from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from PIL import Image as Pillow

from projectionist.errors import ServerLacks
from projectionist.features.library import service
from projectionist.features.library.pictures import Pictures
from tests.features.library.pages import Browser, Reachable
from tests.features.library.shelves import Wall, movie

Browse = Callable[..., Browser]


def jpeg(width: int = 1000, height: int = 1500) -> bytes:
    made = io.BytesIO()
    Pillow.new("RGB", (width, height), (200, 120, 20)).save(made, "JPEG")
    return made.getvalue()


def hang(wall: Wall, content: bytes, title: str = "Heat <1995>") -> str:
    """A film with a poster on the wall; the address of the poster."""
    wall.server.hold(movie("1", title, poster="/library/1/thumb"))
    wall.server.images["/library/1/thumb"] = content
    wall.sync()
    return f"/images/{service.search_items(wall.database, title)[0].id}/poster"


def size_of(content: bytes) -> tuple[str | None, int, int]:
    with Pillow.open(io.BytesIO(content)) as opened:
        return opened.format, opened.width, opened.height


@pytest.mark.parametrize(
    ("headers", "kind"), [({"accept": "image/webp,*/*"}, "WEBP"), ({"accept": "image/*"}, "JPEG")]
)
def test_a_poster_is_sized_and_in_a_format_the_browser_takes(
    browse: Browse, quick_wall: Wall, headers: Mapping[str, str], kind: str
) -> None:
    address = hang(quick_wall, jpeg())
    browser = browse()
    answer = browser.client.get(f"{address}?w=200", headers=headers)
    assert size_of(answer.content) == (kind, 240, 360)
    assert answer.headers["vary"].lower().find("accept") >= 0
    again = browser.client.get(
        f"{address}?w=240", headers={**headers, "if-none-match": answer.headers["etag"]}
    )
    assert again.status_code == 304
    assert browser.servers.connected == 1


def test_a_kept_poster_is_shown_while_the_server_is_silent(browse: Browse, quick_wall: Wall) -> None:
    address = hang(quick_wall, jpeg())
    browser = browse()
    browser.client.get(address)
    browser.servers.down = True
    assert browser.client.get(address).headers["content-type"].startswith("image/")
    assert "x-picture" not in browser.client.get(address).headers


def test_a_silent_server_gives_a_drawn_substitute_that_says_so(browse: Browse, quick_wall: Wall) -> None:
    address = hang(quick_wall, jpeg())
    browser = browse()
    browser.servers.down = True
    answer = browser.client.get(address)
    assert (answer.status_code, answer.headers["x-picture"]) == (200, "substitute")
    assert answer.headers["content-type"].startswith("image/svg+xml")
    assert "server does not answer" in answer.text
    assert "Heat" in answer.text
    assert "<1995>" not in answer.text
    browser.client.get(address)
    assert browser.servers.connected == 1


@pytest.mark.parametrize("content", [b"<svg onload='alert(1)'/>", b"", jpeg()[:200], b"GIF89a"])
def test_what_is_no_picture_is_not_passed_on(quick_wall: Wall, tmp_path: Path, content: bytes) -> None:
    address = hang(quick_wall, content, "Heat")
    pictures = Pictures(quick_wall.database, Reachable(quick_wall), tmp_path)
    shown = pictures.picture(int(address.split("/")[2]), "poster", 240, webp=True)
    assert shown.is_substitute
    assert b"alert" not in shown.content


def test_the_folder_of_pictures_stays_within_its_room(quick_wall: Wall, tmp_path: Path) -> None:
    for number in range(30):
        quick_wall.server.hold(movie(str(number), f"Film {number}", poster=f"/p{number}"))
        quick_wall.server.images[f"/p{number}"] = jpeg(240, 360)
    quick_wall.sync()
    pictures = Pictures(quick_wall.database, Reachable(quick_wall), tmp_path, most_bytes=5000)
    for card in service.find_items(quick_wall.database, service.ItemFilter(), size=100).items:
        assert not pictures.picture(card.id, "poster", 240, webp=False).is_substitute
    kept = [path.stat().st_size for path in tmp_path.glob("*/*")]
    assert 0 < sum(kept) <= 5000


def test_a_server_without_that_picture_has_it_drawn(quick_wall: Wall, tmp_path: Path) -> None:
    address = hang(quick_wall, jpeg(), "Heat")
    quick_wall.server.images.clear()
    with pytest.raises(ServerLacks):
        quick_wall.server.image("/library/1/thumb", width=1, height=1)
    pictures = Pictures(quick_wall.database, Reachable(quick_wall), tmp_path)
    shown = pictures.picture(int(address.split("/")[2]), "poster", 240, webp=True)
    assert shown.is_substitute
    assert b"no picture" in shown.content


def test_only_signed_in_people_see_pictures(browse: Browse, quick_wall: Wall) -> None:
    address = hang(quick_wall, jpeg())
    browser = browse("nobody")
    assert browser.client.get(address, follow_redirects=False).status_code in (303, 401)
