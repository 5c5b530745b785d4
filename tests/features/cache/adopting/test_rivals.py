"""The settings, lists and names of PlexCache-D and Cacherr."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projectionist.errors import NotFound, TableWrong
from projectionist.features.cache.adopting.backups import (
    SUFFIX,
    is_backup,
    original_among,
    originals_of,
)
from projectionist.features.cache.adopting.moving_in import SuggestedPlace, SuggestedTier
from projectionist.features.cache.adopting.rivals import Mapped, find_rivals
from projectionist.features.cache.models import Layout
from tests.features.cache.adopting.rival import looked_over, write_plexcache_d
from tests.features.cache.auditing.ward import Ward

NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=40)


@pytest.mark.parametrize(
    ("name", "beside", "stands_for"),
    [
        ("Film.mkv.plexcached", ["Film.mkv"], "Film.mkv"),
        ("Film.mkv.plexcached", [], None),
        ("Film.nl.srt.plexcached", ["Film.nl.srt", "Film.mkv"], "Film.nl.srt"),
        ("xx.srt.plexcached", ["xx.mkv"], None),
        ("xx.srt.plexcached", ["xx.srt", "xx.mkv"], "xx.srt"),
        ("Film.plexcached", ["Film.mkv", "other.mkv"], "Film.mkv"),
        ("Film.plexcached", ["Film.mkv", "Film.srt"], None),
        (".Film.mkv.plexcached", ["Film.mkv"], "Film.mkv"),
        (".Film.mkv.2.plexcached", ["Film.mkv"], "Film.mkv"),
        (".Film.mkv.2.plexcached", ["Film.mkv", "Film.mkv.2"], "Film.mkv.2"),
        ("Film.mkv.plexcached.plexcached", ["Film.mkv"], "Film.mkv"),
        ("Film.mkv", ["Film.mkv"], None),
        (".plexcached", ["Film.mkv"], None),
    ],
)
def test_a_backup_stands_for_the_file_whose_name_it_has(
    name: str, beside: list[str], stands_for: str | None
) -> None:
    assert original_among(name, beside) == stands_for


@given(NAMES)
def test_the_backup_of_any_name_stands_for_it(name: str) -> None:
    if is_backup(name) or name in (".", ".."):
        return
    assert original_among(name + SUFFIX, [name]) == name
    assert original_among(f".{name}{SUFFIX}", [name]) == name


@given(NAMES)
def test_any_name_is_told_without_a_fault(name: str) -> None:
    assert all(originals_of(name + SUFFIX)) or name.strip(".") == ""
    assert is_backup(name) or originals_of(name) == []


def test_settings_of_plexcache_d_become_tiers_and_places(linked: Ward, tmp_path: Path) -> None:
    folder = write_plexcache_d(tmp_path / "config", linked)
    adoptable = looked_over(linked, folder)
    (rival,) = adoptable.rivals
    slow, fast = str(linked.stage.slow), str(linked.stage.fast)
    assert rival.name == "PlexCache-D"
    assert rival.mappings == (Mapped("Films", "/media/films", slow, fast, "/mnt/cache_downloads/films"),)
    assert rival.habits == {"retention_hours": "12", "next_episodes": "10", "copies": "5"}
    assert adoptable.tiers == (
        SuggestedTier(fast, "/mnt/cache_downloads/films", quota="500GB", usage="80%", copies="5"),
    )
    assert adoptable.places == (SuggestedPlace("Films", Layout.SYMLINK, slow, slow, fast),)
    assert "secret-token" not in repr(adoptable)


def test_on_unraid_the_originals_are_beside_the_share(tmp_path: Path, union: Ward) -> None:
    mapping = {"name": "TV", "plex_path": "/tv", "real_path": "/mnt/user/tv/", "cache_path": "/mnt/cache/tv/"}
    folder = write_plexcache_d(tmp_path, union, path_mappings=[mapping])
    (place,) = looked_over(union, folder).places
    assert (place.layout, place.slow_root, place.view_root) == (Layout.UNION, "/mnt/user0/tv", "/mnt/user/tv")


def test_settings_from_before_there_were_mappings_are_read_too(tmp_path: Path, linked: Ward) -> None:
    settings = {"plex_source": "/media/", "real_source": "/mnt/user/", "cache_dir": "/mnt/cache/"}
    (tmp_path / "plexcache_settings.json").write_text(json.dumps(settings))
    (rival,) = find_rivals(tmp_path)
    assert rival.mappings == (Mapped("", "/media", "/mnt/user", "/mnt/cache", "/mnt/cache"),)


def test_what_plexcache_d_tracks_and_excludes_is_read(tmp_path: Path, linked: Ward) -> None:
    folder = write_plexcache_d(tmp_path, linked)
    (folder / "data").mkdir()
    times = {
        "/mnt/cache/a.mkv": {"cached_at": "2025-12-02T14:26:27.156439", "source": "ondeck"},
        "/mnt/cache/b.mkv": "2025",
    }
    (folder / "data/timestamps.json").write_text(json.dumps(times))
    (folder / "plexcache_cached_files.txt").write_text("/mnt/cache/c.mkv\n\n")
    (folder / "unraid_mover_exclusions.txt").write_text(
        "/mnt/cache/mine\n### Plexcache exclusions below this line\n/mnt/cache/d.mkv\n"
    )
    (rival,) = find_rivals(folder)
    assert rival.tracked == {f"/mnt/cache/{name}.mkv" for name in "abcd"}


def test_settings_of_cacherr_are_read(tmp_path: Path) -> None:
    settings = {
        "plex": {"url": "http://plex:32400", "token": "secret", "number_episodes": 5},
        "cache_limits": {"cache_limit": "250GB", "eviction_mode": "smart"},
        "retention": {"min_retention_hours": 12.0},
        "performance": {"max_concurrent_to_cache": 3},
        "paths": {
            "cache_destination": "/cache",
            "path_mappings": [],
            "plex_source": "/media",
            "real_source": "/mnt/user/media",
        },
    }
    (tmp_path / "cacherr.json").write_text(json.dumps(settings))
    times = {"/mnt/user/media/a.mkv": {"cached_at": "2026-01-01T00:00:00+00:00", "file_size_bytes": 5}}
    (tmp_path / "cache_timestamps.json").write_text(json.dumps(times))
    (rival,) = find_rivals(tmp_path)
    assert (rival.name, rival.links, rival.limits) == ("Cacherr", True, {"quota": "250GB"})
    assert rival.mappings == (Mapped("", "/media", "/mnt/user/media", "/cache", "/cache"),)
    assert rival.tracked == {"/mnt/user/media/a.mkv"}


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"path_mappings": 5}', '{"cache_limit": []}', "\ufeffx", '"' + "[" * 9]
)
def test_settings_that_cannot_be_read_are_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "plexcache_settings.json").write_text(text)
    with pytest.raises(TableWrong, match=r"plexcache_settings\.json cannot be read"):
        find_rivals(tmp_path)


def test_a_folder_of_neither_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="neither"):
        find_rivals(tmp_path / "absent")


@given(st.binary(max_size=200))
def test_any_bytes_are_settings_or_a_reason(tmp_path_factory: pytest.TempPathFactory, text: bytes) -> None:
    folder = tmp_path_factory.mktemp("any")
    (folder / "cacherr.json").write_bytes(text)
    try:
        find_rivals(folder)
    except TableWrong:
        return
