"""Path mappings: suggested from what is visible here, and proven by opening a file that the server lists."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from projectionist.errors import Conflict, InputWrong, NotFound, ServiceError
from projectionist.features.audit_log.service import Act, record
from projectionist.features.servers import paths, queries
from projectionist.features.servers.lookup import announce, path_map, server_address
from projectionist.features.servers.models import PathMappingRow, PlexDataRow
from projectionist.features.servers.paths import Mapping
from projectionist.features.servers.records import PathMapping, PlexData, Reach, mapping_of, plex_data_of
from projectionist.kit.confining import check_root, crosses, is_folder, is_plain, real_path, within
from projectionist.media.server import MediaServer
from projectionist.media.vocabulary import KINDS, ItemKind, ListedLibrary, Part, ServerKind, ServerPath

_TRIED = 25
"""So many files of a library are looked for before a mapping is called wrong."""

_WITH_FILES = (ItemKind.MOVIE, ItemKind.EPISODE, ItemKind.VIDEO, ItemKind.TRACK)

PLACES = tuple(
    Path(place) for place in ("/mnt", "/media", "/srv", "/data", "/Volumes", "/volume1", "/storage")
)
"""Where media are mounted by habit."""


def suggest_mappings(
    reach: Reach, server_id: int, libraries: Sequence[ListedLibrary], places: Sequence[Path] = PLACES
) -> list[Mapping]:
    """Mappings that this node lacks and that the folders visible here suggest; none is kept."""
    known = path_map(reach.database, server_id, reach.node)
    unknown = [
        location
        for library in libraries
        for location in library.locations
        if not any(paths.is_below(location, mapping.server_prefix) for mapping in known.mappings)
    ]
    return paths.suggest(unknown, paths.visible_roots(places))


def save_mapping(reach: Reach, server_id: int, server_prefix: str, local_prefix: str) -> PathMapping:
    """Keep a mapping of this node, proven or not: try it, keep what came of it. Raises InputWrong, NotFound."""
    mapping = _checked(server_prefix, local_prefix)
    check_root(Path(mapping.local_prefix), "local_prefix")
    if reach.own is not None:  # it may lie around it: an application's folder beside the media is common
        reach.own.refuse(Path(mapping.local_prefix), "local_prefix", around=False)
    proven, proof = prove(reach, server_id, mapping)
    moment = reach.now()
    with reach.database.durable() as session:
        row = queries.mapping_of(session, server_id, reach.node, mapping.server_prefix)
        before = {} if row is None else _said(row)
        if row is None:
            row = PathMappingRow(
                server_id=server_id,
                node=reach.node,
                server_prefix=mapping.server_prefix,
                local_prefix=mapping.local_prefix,
                position=len(queries.mappings(session, server_id, reach.node)),
            )
            session.add(row)
        row.local_prefix, row.proof = mapping.local_prefix, proof
        row.proven_at = moment if proven else None
        session.flush()
        kept = mapping_of(row)
        announce(reach, session, server_id)
        record(session, Act.MAPPING_CHANGED, row.server_prefix, at=moment, before=before, after=_said(row))
    return kept


def prove_mapping(reach: Reach, mapping_id: int) -> PathMapping:
    """Try a mapping of this node again. Raises NotFound, InputWrong for one of another node."""
    with reach.database.read() as session:
        row = queries.mapping(session, mapping_id)
    if row is None:
        raise NotFound("There is no such mapping; it may have been removed.")
    if row.node != reach.node:
        raise InputWrong(f"This mapping is for {row.node}, and can be tried on that node only.")
    return save_mapping(reach, row.server_id, row.server_prefix, row.local_prefix)


def remove_mapping(reach: Reach, mapping_id: int) -> None:
    """Take a mapping out. Raises NotFound."""
    with reach.database.durable() as session:
        row = queries.mapping(session, mapping_id)
        if row is None:
            raise NotFound("There is no such mapping; it may have been removed.")
        was = _said(row)
        queries.remove_mapping(session, mapping_id)
        announce(reach, session, row.server_id)
        record(session, Act.MAPPING_REMOVED, row.server_prefix, at=reach.now(), before=was)


def try_plex_data(reach: Reach, server_id: int, folder: str) -> PlexData:
    """Write into the Plex data folder and keep what came of it. Raises InputWrong, NotFound, Conflict."""
    path = Path(folder.strip())
    if not folder.strip() or not path.is_absolute() or ".." in path.parts:
        raise InputWrong(
            "Give the whole path of the Plex data folder on this machine, "
            "such as /var/lib/plexmediaserver/Library/Application Support/Plex Media Server.",
            "folder",
        )
    check_root(path, "folder")
    if reach.own is not None:
        reach.own.refuse(path, "folder", around=False)
    if server_address(reach.database, reach.vault, server_id).kind is not ServerKind.PLEX:
        raise Conflict("Only a Plex server has a Plex data folder; nothing was tried.")
    proof = reach.prove_plex_data(path)
    with reach.database.durable() as session:
        row = queries.plex_data_on(session, server_id, reach.node)
        before = {} if row is None else {"folder": row.folder}
        if row is None:
            row = PlexDataRow(server_id=server_id, node=reach.node)
            session.add(row)
        row.folder, row.proof = str(proof.folder), proof.sentence
        row.proven_at = reach.now() if proof.works else None
        session.flush()
        kept = plex_data_of(row)
        announce(reach, session, server_id)
        after = {"folder": row.folder}
        record(session, Act.PLEX_DATA_CHANGED, reach.node, at=reach.now(), before=before, after=after)
    return kept


def _said(row: PathMappingRow) -> dict[str, str | int]:
    """What the audit log is told of a mapping."""
    return {"server_id": row.server_id, "node": row.node, "local_prefix": row.local_prefix}


def prove(reach: Reach, server_id: int, mapping: Mapping) -> tuple[bool, str]:
    """Open a file that the server lists below the mapping's prefix: whether that went well, and in words how."""
    if not is_folder(Path(mapping.local_prefix)):
        return (
            False,
            f"There is no folder {mapping.local_prefix} on {reach.node}; check its spelling and mount.",
        )
    try:
        with closing(reach.connect(server_address(reach.database, reach.vault, server_id))) as server:
            return _try_files(reach, server, mapping)
    except ServiceError as error:
        return False, f"Not tried, since the server gave no files: {error.message}"


def _try_files(reach: Reach, server: MediaServer, mapping: Mapping) -> tuple[bool, str]:
    failure, node = "", reach.node
    for part in _parts_below(server, mapping.server_prefix):
        here = paths.translate(part.path, mapping)
        if here is None:
            continue
        folders = (Path(mapping.local_prefix),)
        if within(real_path(here), folders) or crosses(here, folders, reach.recorded):
            trouble = _open(here, part.size)
        else:
            trouble = "it is a link that leads out of the folder, and was not opened."
        if not trouble:
            return True, f"{node} opened {here}, which the server lists as {part.path}."
        failure = failure or f"{node} could not use {here} for {part.path}: {trouble}"
    return False, failure or f"The server lists no file below {mapping.server_prefix}."


def _open(path: Path, size: int) -> str:
    """Why this is not the file that the server lists, or nothing."""
    try:
        with path.open("rb") as file:
            file.read(1)
        real = path.stat().st_size
    except OSError as error:
        return f"{error.strerror or error}."
    if size and real != size:
        return f"it has {real} bytes, and the server lists {size}."
    return ""


def _parts_below(server: MediaServer, prefix: str) -> Iterator[Part]:
    for library in server.libraries():
        if not any(_touch(location, prefix) for location in library.locations):
            continue
        for kind in KINDS[library.kind]:
            if kind not in _WITH_FILES:
                continue
            listed = server.items(library, kind, size=_TRIED)
            for item in listed.items:
                for version in item.versions:
                    yield from (part for part in version.parts if paths.is_below(part.path, prefix))


def _touch(location: ServerPath, prefix: str) -> bool:
    return paths.is_below(location, prefix) or paths.is_below(prefix, location)


def _checked(server_prefix: str, local_prefix: str) -> Mapping:
    server_prefix, local_prefix = server_prefix.strip(), local_prefix.strip()
    spelled = is_plain(server_prefix) and is_plain(local_prefix)
    if not spelled or not (server_prefix.startswith("/") or paths.is_windows(server_prefix)):
        raise InputWrong(
            "Give the whole path as the server spells it, such as /data/films or D:\\films.", "server_prefix"
        )
    here = Path(local_prefix)
    if not local_prefix or not here.is_absolute() or ".." in here.parts:
        raise InputWrong("Give the whole path on this machine, such as /mnt/films.", "local_prefix")
    return Mapping(paths.spelled(server_prefix), str(here))
