"""What PlexCache-D and Cacherr have written down: settings, the files they track, and what the mover leaves alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from projectionist.errors import NotFound, TableWrong

MARKER = "### Plexcache exclusions below this line"
"""In the mover's list, what PlexCache-D wrote follows this line; the user's own lines stand above it."""

_SETTINGS = {"plexcache_settings.json": "PlexCache-D", "cacherr.json": "Cacherr"}
_TRACKED = ("data/timestamps.json", "timestamps.json", "plexcache_timestamps.json", "cache_timestamps.json")
_LISTS = ("plexcache_cached_files.txt", "plexcache_mover_files_to_exclude.txt")
_MOVER = "unraid_mover_exclusions.txt"

T = TypeVar("T")
Text = str | int | float | bool | None


class _Mapping(msgspec.Struct):
    name: str | None = ""
    plex_path: str | None = ""
    real_path: str | None = ""
    cache_path: str | None = ""
    host_cache_path: str | None = ""
    cacheable: bool | None = True
    enabled: bool | None = True


class _PlexCacheD(msgspec.Struct):
    """`plexcache_settings.json`; what is of no use here is not read."""

    path_mappings: list[_Mapping] | None = None
    plex_source: str | None = ""
    real_source: str | None = ""
    cache_dir: str | None = ""
    use_symlinks: bool | None = False
    cache_limit: Text = ""
    plexcache_quota: Text = ""
    min_free_space: Text = ""
    cache_drive_size: Text = ""
    cache_retention_hours: Text = ""
    number_episodes: Text = ""
    max_concurrent_moves_cache: Text = ""


class _CacherrPaths(msgspec.Struct):
    cache_destination: str | None = ""
    path_mappings: list[_Mapping] | None = None
    plex_source: str | None = ""
    real_source: str | None = ""


class _CacherrLimits(msgspec.Struct):
    cache_limit: Text = ""


class _CacherrRetention(msgspec.Struct):
    min_retention_hours: Text = ""


class _CacherrPlex(msgspec.Struct):
    number_episodes: Text = ""


class _CacherrPerformance(msgspec.Struct):
    max_concurrent_to_cache: Text = ""


class _Cacherr(msgspec.Struct):
    """`cacherr.json`."""

    paths: _CacherrPaths = msgspec.field(default_factory=_CacherrPaths)
    cache_limits: _CacherrLimits = msgspec.field(default_factory=_CacherrLimits)
    retention: _CacherrRetention = msgspec.field(default_factory=_CacherrRetention)
    plex: _CacherrPlex = msgspec.field(default_factory=_CacherrPlex)
    performance: _CacherrPerformance = msgspec.field(default_factory=_CacherrPerformance)


@dataclass(frozen=True, slots=True)
class Mapped:
    """One folder as another program knows it: `server` is the media server's name for it, `real` its own.

    `fast` is where its copies go, `host` where the host sees that; both empty where nothing is cached.
    """

    name: str
    server: str
    real: str
    fast: str
    host: str


@dataclass(frozen=True, slots=True)
class Rival:
    """Another caching program, as its folder tells: `limits` are as they were typed, empty where there is none.

    `tracked` are the files it says it cached: PlexCache-D names the fast copies, Cacherr the originals.
    """

    name: str
    folder: Path
    mappings: tuple[Mapped, ...]
    links: bool
    limits: Mapping[str, str] = field(default_factory=dict)
    habits: Mapping[str, str] = field(default_factory=dict)
    tracked: frozenset[str] = frozenset()


def find_rivals(folder: Path) -> tuple[Rival, ...]:
    """The caching programs whose settings lie in a folder. Raises NotFound, and TableWrong where one cannot be read."""
    found = []
    for name, program in _SETTINGS.items():
        settings = _read(folder / name)
        if settings is not None:
            read = _plexcache_d if program == "PlexCache-D" else _cacherr
            found.append(read(folder, folder / name, settings))
    if not found:
        raise NotFound(
            f"{folder} holds neither plexcache_settings.json nor cacherr.json; nothing was changed: name the folder "
            "where PlexCache-D or Cacherr keeps its settings."
        )
    return tuple(found)


def _plexcache_d(folder: Path, file: Path, text: bytes) -> Rival:
    said = _decoded(file, text, _PlexCacheD)
    mappings = list(_mappings(said.path_mappings or ()))
    if not mappings and said.real_source:
        mappings = [_mapping("", said.plex_source, said.real_source, said.cache_dir, "")]
    limits = {
        "quota": said.plexcache_quota,
        "usage": said.cache_limit,
        "min_free": said.min_free_space,
        "drive_size": said.cache_drive_size,
    }
    habits = {
        "retention_hours": said.cache_retention_hours,
        "next_episodes": said.number_episodes,
        "copies": said.max_concurrent_moves_cache,
    }
    tracked = _tracked(folder) | _listed(folder)
    return Rival(
        "PlexCache-D", folder, tuple(mappings), bool(said.use_symlinks), _said(limits), _said(habits), tracked
    )


def _cacherr(folder: Path, file: Path, text: bytes) -> Rival:
    said = _decoded(file, text, _Cacherr)
    paths = said.paths
    mappings = list(_mappings(paths.path_mappings or (), paths.cache_destination or ""))
    if not mappings and paths.real_source:
        mappings = [_mapping("", paths.plex_source, paths.real_source, paths.cache_destination, "")]
    limits = {"quota": said.cache_limits.cache_limit}
    habits = {
        "retention_hours": said.retention.min_retention_hours,
        "next_episodes": said.plex.number_episodes,
        "copies": said.performance.max_concurrent_to_cache,
    }
    return Rival("Cacherr", folder, tuple(mappings), True, _said(limits), _said(habits), _tracked(folder))


def _mappings(listed: Iterable[_Mapping], fast: str = "") -> Iterable[Mapped]:
    for one in listed:
        if one.enabled is not False and one.cacheable is not False and one.real_path:
            yield _mapping(
                one.name, one.plex_path, one.real_path, one.cache_path or fast, one.host_cache_path
            )


def _mapping(
    name: str | None, server: str | None, real: str | None, fast: str | None, host: str | None
) -> Mapped:
    fast = _bare(fast)
    return Mapped(name or "", _bare(server), _bare(real), fast, _bare(host) or fast)


def _bare(path: str | None) -> str:
    """A folder without the slash that both programs end it with."""
    return (path or "").rstrip("/") or ("/" if path else "")


def _said(values: Mapping[str, Text]) -> dict[str, str]:
    """What was set, as text; both programs write nothing, or 0, for no limit."""
    return {
        name: str(value).strip()
        for name, value in values.items()
        if value is not None and str(value).strip() not in ("", "0")
    }


def _tracked(folder: Path) -> frozenset[str]:
    """The files whose times of caching are written down: as an object by path, of times or of objects."""
    found: set[str] = set()
    for name in _TRACKED:
        text = _read(folder / name)
        if text is not None:
            found |= _decoded(folder / name, text or b"{}", dict[str, Any]).keys()
    return frozenset(path for path in found if path.startswith("/"))


def _listed(folder: Path) -> frozenset[str]:
    """The files that the mover is to leave alone; of a list that the user writes too, only what was added."""
    lines: list[str] = []
    for name in _LISTS:
        lines += _lines(folder / name)
    written = _lines(folder / _MOVER)
    if MARKER in written:
        lines += written[written.index(MARKER) + 1 :]
    return frozenset(line for line in lines if line.startswith("/"))


def _lines(file: Path) -> list[str]:
    text = _read(file)
    return (
        [] if text is None else [line.strip() for line in text.decode(errors="surrogateescape").splitlines()]
    )


def _read(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise TableWrong(
            f"{file} cannot be read ({error.strerror}); nothing was changed: check its permissions."
        ) from error


def _decoded(file: Path, text: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise TableWrong(
            f"{file} cannot be read as what PlexCache-D and Cacherr write ({error}); nothing was changed: save the "
            "settings there once more, or mend that file."
        ) from error
