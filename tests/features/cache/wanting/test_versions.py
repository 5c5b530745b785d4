from __future__ import annotations

from collections.abc import Sequence

import pytest

from projectionist.features.cache.wanting import queries
from projectionist.features.cache.wanting.versions import Preference, nearest, preferred
from projectionist.features.cache.wanting.wants import Source
from projectionist.features.library.service import FileFacts
from projectionist.media.vocabulary import ServerPath
from tests.features.cache.wanting.home import Home, deck, film, versions
from tests.features.library.shelves import NOW


def _files(*versions: tuple[int, int], optimized: Sequence[int] = ()) -> list[FileFacts]:
    """A file for each version, of a width and a height."""
    return [
        FileFacts(
            place,
            1,
            "k",
            1,
            1,
            f"p{place}",
            ServerPath(f"/{place}"),
            height,
            "Film",
            place,
            width,
            height,
            height,
            place in optimized,
        )
        for place, (width, height) in enumerate(versions)
    ]


UHD, WIDE, FULL, HD = (3840, 1600), (1920, 800), (1920, 1080), (1280, 720)


@pytest.mark.parametrize(
    ("preference", "there", "meant"),
    [
        (Preference.HIGHEST, (FULL, UHD, HD), 1),
        (Preference.LOWEST, (FULL, UHD, HD), 2),
        (Preference.FIRST, (FULL, UHD, HD), 0),
        (Preference.UHD, (FULL, UHD, HD), 1),
        (Preference.FULL_HD, (UHD, WIDE, HD), 1),
        (Preference.HD, (UHD, FULL, HD), 2),
        (Preference.FULL_HD, (UHD, HD), 1),
        (Preference.HD, (UHD, FULL), 1),
        (Preference.UHD, (HD, FULL), 1),
    ],
)
def test_a_pin_means_the_version_of_its_size_or_the_next_smaller(
    preference: Preference, there: tuple[tuple[int, int], ...], meant: int
) -> None:
    assert [one.part_id for one in preferred(_files(*there), preference)] == [meant]


def test_a_version_that_the_server_made_itself_is_never_meant() -> None:
    files = _files(FULL, HD, optimized=[0])
    for preference in Preference:
        assert [one.part_id for one in preferred(files, preference)] == [1]
    assert [one.part_id for one in nearest(files, 1080)] == [1]
    only = _files(FULL, optimized=[0])
    assert (preferred(only, Preference.HIGHEST), nearest(only, None)) == ((), ())


def test_the_version_that_a_player_asked_for_last_is_wanted_from_then_on(home: Home) -> None:
    home.hold(versions(film("f"), 1080, 2160), versions(film("g"), 1080, 2160), film("one"))
    home.server.decks = {None: deck("g"), "2": deck("g")}
    home.sync()
    assert home.named(Source.ON_DECK) == ["g@1080"], "nobody knows, so it is the first"
    home.play("1", "f", part_key="f@2160")
    assert home.named(Source.PLAYING) == ["f@2160"]
    home.server.playing.clear()
    home.play("1", "one", part_key="pone")
    wants = home.wants()
    assert home.named(Source.ON_DECK) == ["g@1080", "g@2160"], "what had one version only tells nothing"
    assert wants["g@2160"].accounts == {home.account("1")}
    assert wants["g@1080"].accounts == {home.account("2")}


def test_where_there_was_no_choice_the_version_nearest_to_what_was_watched_last_is_wanted(
    quick_home: Home,
) -> None:
    quick_home.hold(versions(film("seen"), 720), versions(film("g"), 2160, 480))
    quick_home.watch("1", "seen")
    quick_home.server.decks = {None: deck("g")}
    quick_home.sync()
    assert quick_home.named(Source.ON_DECK) == ["g@480"]


def test_an_optimized_version_that_is_played_is_not_wanted_but_known_to_be_played(quick_home: Home) -> None:
    quick_home.hold(versions(film("f"), 1080, 720, optimized=[720]))
    quick_home.play("1", "f", part_key="f@720")
    quick_home.sync()
    assert quick_home.named(Source.PLAYING) == []
    assert {path.stem for path in quick_home.look().playing} == {"f@720"}


def test_a_pin_of_a_version_wants_that_one(quick_home: Home) -> None:
    quick_home.hold(versions(film("f"), 2160, 1080, 720))
    quick_home.sync()
    with quick_home.database.write() as session:
        queries.put_pin(session, quick_home.item("f"), Preference.FULL_HD, "ada", NOW)
    assert quick_home.named(Source.PIN) == ["f@1080"]
