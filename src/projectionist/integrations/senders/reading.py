"""What each kind of sender says, in our words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import PurePosixPath, PureWindowsPath
from typing import TypeVar

import msgspec

from projectionist.errors import TellingWrong
from projectionist.integrations.senders import wire
from projectionist.media.telling import SenderKind, Told, ToldFile, What

T = TypeVar("T")

_WINDOWS = re.compile(r"[A-Za-z]:[\\/]|\\\\")
_FILE = re.compile(r"[^/\\]\.[A-Za-z0-9]{2,4}$")
_SONARR = frozenset({"download", "rename", "seriesdelete", "episodefiledelete"})
_RADARR = frozenset({"download", "rename", "moviedelete", "moviefiledelete"})
_GONE = frozenset({"seriesdelete", "episodefiledelete", "moviedelete", "moviefiledelete"})
_JELLYFIN = frozenset({"itemadded", "itemdeleted", "itemupdated"})
_LIBRARY = frozenset({"library.new", "library.deleted"})
_TESTS = frozenset({"test", "system.notificationtest", "system.webhooktest"})


def read_told(kind: SenderKind, body: bytes) -> Told:
    """What a sender of this kind said. Raises TellingWrong where it is not the JSON that such a one sends."""
    try:
        return _READERS[kind](body)
    except msgspec.DecodeError as error:
        raise TellingWrong(
            f"This is not what a sender of the kind {kind.value} sends: {_flaw(error)}"
        ) from error
    except (UnicodeDecodeError, RecursionError) as error:
        raise TellingWrong(f"This is not what a sender of the kind {kind.value} sends.") from error


def _sonarr(body: bytes) -> Told:
    sent = _decoded(body, wire.SonarrTold)
    root = (sent.series.path if sent.series else None) or ""
    one = [sent.episodeFile] if sent.episodeFile else []
    files = [*one, *(sent.episodeFiles or ()), *(sent.renamedEpisodeFiles or ())]
    return _of_arr(sent.eventType, _SONARR, root, files)


def _radarr(body: bytes) -> Told:
    sent = _decoded(body, wire.RadarrTold)
    root = (sent.movie.folderPath if sent.movie else None) or ""
    one = [sent.movieFile] if sent.movieFile else []
    return _of_arr(sent.eventType, _RADARR, root, [*one, *(sent.renamedMovieFiles or ())])


def _of_arr(event: str, known: frozenset[str], root: str, files: Sequence[wire.ArrFile]) -> Told:
    what = _what(event, known)
    if what is not What.CHANGED:
        return Told(event, what)
    spelled = [
        (path, one.size) for one in files if (path := one.path or _below(root, one.relativePath or ""))
    ]
    before = [folder_of(one.previousPath) for one in files if one.previousPath]
    if event.casefold() in _GONE:
        folders = [folder_of(path) for path, _ in spelled] or [root]
        return Told(event, what, folders=_each(folders))
    held = tuple(ToldFile(path, size) for path, size in dict(spelled).items())
    return Told(event, what, files=held, folders=_each(before if held else [*before, root]))


def _plex(body: bytes) -> Told:
    sent = _decoded(body, wire.PlexTold)
    library = sent.Metadata.librarySectionID if sent.Metadata else None
    return Told(
        sent.event,
        _what(sent.event, _LIBRARY),
        server=(sent.Server.uuid if sent.Server else None) or "",
        library="" if library is None else str(library),
    )


def _jellyfin(body: bytes) -> Told:
    sent = _decoded(body, wire.JellyfinTold)
    what = _what(sent.NotificationType, _JELLYFIN)
    return _of_server(sent.NotificationType, what, sent.ServerId or "", sent.Path or "")


def _emby(body: bytes) -> Told:
    sent = _decoded(body, wire.EmbyTold)
    server, path = sent.Server.Id if sent.Server else None, sent.Item.Path if sent.Item else None
    return _of_server(sent.Event, _what(sent.Event, _LIBRARY), server or "", path or "")


def _of_server(event: str, what: What, server: str, path: str) -> Told:
    if what is not What.CHANGED:
        return Told(event, what)
    gone = event.casefold() in ("itemdeleted", "library.deleted")
    files, folders = _sorted([path])
    if gone:
        folders, files = _each([*folders, *(folder_of(one.path) for one in files)]), ()
    return Told(event, what, files, folders, server)


def _generic(body: bytes) -> Told:
    sent = _decoded(body, wire.GenericTold)
    if sent.event.casefold() in _TESTS:
        return Told(sent.event, What.TEST)
    singly = [one for one in (sent.path, sent.file_path) if one]
    named = [*singly, *(sent.paths or ()), *(sent.file_paths or ())]
    files, folders = _sorted(named)
    if not files and not folders:
        raise TellingWrong('Name what changed: {"path": "/films/Alien/Alien.mkv"}, or "paths" with several.')
    return Told(sent.event, What.CHANGED, files, folders)


def folder_of(path: str) -> str:
    """The folder that holds a file, spelled as the file is."""
    return str((PureWindowsPath(path) if _WINDOWS.match(path) else PurePosixPath(path)).parent)


def _below(root: str, relative: str) -> str:
    """A file as it is called below a folder; empty where either is not told."""
    if not root or not relative:
        return ""
    return str(PureWindowsPath(root, relative) if _WINDOWS.match(root) else PurePosixPath(root, relative))


def _sorted(paths: Iterable[str]) -> tuple[tuple[ToldFile, ...], tuple[str, ...]]:
    """Which of them are called as files are, and which as folders."""
    named = _each(paths)
    files = tuple(ToldFile(path) for path in named if _FILE.search(path))
    return files, tuple(path for path in named if not _FILE.search(path))


def _each(paths: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(path for path in paths if path))


def _what(event: str, known: frozenset[str]) -> What:
    word = event.casefold()
    return What.TEST if word in _TESTS else What.CHANGED if word in known else What.OTHER


def _decoded(body: bytes, shape: type[T]) -> T:
    return msgspec.json.decode(body, type=shape)


def _flaw(error: msgspec.DecodeError) -> str:
    """What is wrong, by the names of fields; never what they hold."""
    if not isinstance(error, msgspec.ValidationError):
        return "it is no whole JSON."
    return f"{str(error).replace('Object missing required field', 'it lacks the field')}."


_READERS: Mapping[SenderKind, Callable[[bytes], Told]] = {
    SenderKind.SONARR: _sonarr,
    SenderKind.RADARR: _radarr,
    SenderKind.PLEX: _plex,
    SenderKind.JELLYFIN: _jellyfin,
    SenderKind.EMBY: _emby,
    SenderKind.GENERIC: _generic,
}
