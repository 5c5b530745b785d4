from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projectionist.features.servers.paths import Mapping, PathMap, is_below, suggest, translate
from projectionist.media.vocabulary import ServerPath

NAMES = st.text(
    st.characters(codec="utf-8", exclude_characters="/\\\0:", exclude_categories=["Cs"]), min_size=1
).filter(lambda name: name not in (".", "..") and not name.isspace())


def nowhere(path: Path) -> bool:
    return False


def test_the_longest_mapping_that_fits_counts() -> None:
    paths = PathMap((Mapping("/data", "/mnt/one"), Mapping("/data/shows", "/mnt/two")))
    assert paths.local(ServerPath("/data/shows/Pilot.mkv"), nowhere) == Path("/mnt/two/Pilot.mkv")
    assert paths.local(ServerPath("/data/films/Alien.mkv"), nowhere) == Path("/mnt/one/films/Alien.mkv")


def test_a_prefix_ends_with_a_component_and_never_within_one() -> None:
    paths = PathMap((Mapping("/data/film", "/mnt/film"),))
    assert paths.local(ServerPath("/data/films/Alien.mkv"), nowhere) is None


@pytest.mark.parametrize(
    ("path", "prefix"),
    [
        ("D:\\Films\\Alien.mkv", "d:\\films"),
        ("D:/Films/Alien.mkv", "D:\\Films\\"),
        ("\\\\nas\\media\\Films\\Alien.mkv", "\\\\NAS\\media\\films"),
    ],
)
def test_windows_paths_are_translated_whatever_their_case(path: str, prefix: str) -> None:
    assert translate(path, Mapping(prefix, "/mnt/films")) == Path("/mnt/films/Alien.mkv")


def test_capitals_count_where_the_server_runs_on_unix() -> None:
    assert not is_below("/data/Films/a.mkv", "/data/films")


@pytest.mark.parametrize("path", ["/data/../etc/passwd", "/data/films/../../etc/passwd", "/data/a\0b"])
def test_nothing_climbs_out_of_a_mapping(path: str) -> None:
    assert translate(path, Mapping("/data", "/mnt/one")) is None


def test_an_unmapped_path_is_itself_where_such_a_file_is_here(tmp_path: Path) -> None:
    film = tmp_path / "Alien.mkv"
    film.write_bytes(b"film")
    assert PathMap(()).local(ServerPath(str(film))) == film
    assert PathMap(()).local(ServerPath(str(tmp_path / "Aliens.mkv"))) is None


@given(st.lists(NAMES, max_size=4), st.lists(NAMES, max_size=4), st.lists(NAMES, min_size=1, max_size=4))
def test_what_is_below_the_prefix_lands_below_the_folder(
    prefix: list[str], local: list[str], rest: list[str]
) -> None:
    mapping = Mapping("/" + "/".join(prefix), "/" + "/".join(local))
    here = translate("/" + "/".join([*prefix, *rest]), mapping)
    assert here == Path("/", *local, *rest)


@given(st.text(max_size=60), st.text(max_size=30))
def test_no_path_whatever_gets_out_of_the_folder(path: str, prefix: str) -> None:
    here = translate(path, Mapping(prefix, "/mnt/media"))
    assert here is None or (Path("/mnt/media") in (here, *here.parents) and ".." not in here.parts)


def test_the_longest_common_tail_suggests_a_mapping_for_its_neighbours_too(tmp_path: Path) -> None:
    (tmp_path / "nas" / "media" / "films").mkdir(parents=True)
    (tmp_path / "other" / "films").mkdir(parents=True)
    locations = [ServerPath("/data/media/films"), ServerPath("/data/media/shows")]
    found = suggest(locations, [tmp_path / "other", tmp_path / "nas"])
    assert found == [Mapping("/data/media", str(tmp_path / "nas" / "media"))]


def test_a_windows_share_is_found_under_the_same_name(tmp_path: Path) -> None:
    (tmp_path / "Films").mkdir()
    assert suggest([ServerPath("D:\\Media\\Films")], [tmp_path]) == [
        Mapping("D:\\Media\\Films", str(tmp_path / "Films"))
    ]


def test_nothing_is_suggested_for_what_is_here_already(tmp_path: Path) -> None:
    assert suggest([ServerPath(str(tmp_path))], [tmp_path.parent]) == []


SPELLED = st.lists(st.sampled_from(["films", "Alien (1979)", "a", "A", "b.mkv"]), min_size=1, max_size=4)


@given(prefix=SPELLED, folder=SPELLED, rest=SPELLED, windows=st.booleans())
def test_a_file_here_has_the_names_that_lead_back_to_it(
    prefix: list[str], folder: list[str], rest: list[str], windows: bool
) -> None:
    root = "D:\\" + "\\".join(prefix) if windows else "/" + "/".join(prefix)
    known = PathMap((Mapping(root, "/" + "/".join(folder)),))
    here = Path("/", *folder, *rest)
    names = known.servers(here)
    assert names
    assert {known.local(name, lambda path: True) for name in names} == {here}


def test_a_name_that_leads_elsewhere_is_none_of_a_file(tmp_path: Path) -> None:
    known = PathMap((Mapping("/data", "/mnt/nas"), Mapping("/data/films", "/mnt/fast")))
    assert known.servers(Path("/mnt/nas/films/a.mkv")) == ["/mnt/nas/films/a.mkv"]
    assert known.servers(Path("/mnt/fast/a.mkv")) == ["/mnt/fast/a.mkv", "/data/films/a.mkv"]
    assert PathMap(()).servers(Path("/films/a.mkv")) == ["/films/a.mkv"]
