"""The setup without a person: from a file or the settings; done again, it changes nothing more."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from projectionist.errors import Conflict, ProjectionistError, SettingWrong
from projectionist.features.accounts import service, setup
from projectionist.features.servers import service as servers
from projectionist.media.vocabulary import ListedLibrary, ServerKind
from projectionist.settings import Settings

Say = Callable[[str], None]


class Admin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first administrator; the password stands here or in a file of its own."""

    name: str
    password: str = ""
    password_file: str = ""

    def __repr__(self) -> str:
        return f"Admin({self.name!r})"


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a setup file says, under the same names."""

    admin: Admin | None = None
    media: str | list[str] = []
    plex_url: str = ""
    plex_token: str = ""
    plex_token_file: str = ""
    plex_verify_tls: bool = True
    plex_data: str = ""
    exclude: list[str] = []
    exclude_folders: list[str] = []
    mappings: dict[str, str] = {}

    def __repr__(self) -> str:
        return "Wanted(…)"  # it holds secrets

    @property
    def is_empty(self) -> bool:
        """Whether it asks for nothing."""
        return not (self.admin or self.media or self.plex_url)


def read_setup_file(path: Path) -> Wanted:
    """What a setup file asks for. Raises SettingWrong, naming the file and the place in it."""
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Wanted)
    except OSError as error:
        raise SettingWrong(
            f"The setup file {path} cannot be read ({error.strerror}); nothing was set up."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingWrong(f"The setup file {path} is no TOML ({error}); nothing was set up.") from None
    except msgspec.ValidationError as error:
        raise SettingWrong(f"The setup file {path} cannot be taken ({error}); nothing was set up.") from None


def wanted_of(settings: Settings) -> Wanted:
    """What the setup file asks for, and what the settings name besides. Raises SettingWrong."""
    wanted = Wanted() if settings.setup_file is None else read_setup_file(settings.setup_file)
    changes: dict[str, object] = {}
    if settings.media is not None:
        kept = [wanted.media] if isinstance(wanted.media, str) else wanted.media
        changes["media"] = [*kept, str(settings.media)]
    if settings.plex_url:
        changes |= {"plex_url": settings.plex_url, "plex_token": settings.plex_token}
    if settings.plex_data is not None:
        changes["plex_data"] = str(settings.plex_data)
    return msgspec.structs.replace(wanted, **changes)


def apply_setup(parts: setup.SetupParts, wanted: Wanted, say: Say) -> bool:
    """Do what is asked for and not done yet, one sentence for each thing done or wrong; whether all went well."""
    well = _administrator(parts, wanted, say)
    folders = [wanted.media] if isinstance(wanted.media, str) else wanted.media
    sources = [servers.NewServer(ServerKind.FOLDER, folder) for folder in folders]
    try:
        if wanted.plex_url:
            token = wanted.plex_token or _secret(wanted.plex_token_file, "plex_token_file")
            sources.append(
                servers.NewServer(ServerKind.PLEX, wanted.plex_url, token, verify_tls=wanted.plex_verify_tls)
            )
    except SettingWrong as error:
        say(error.message)
        well = False
    for source in sources:
        try:
            well = _source(parts, wanted, source, say) and well
        except ProjectionistError as error:
            say(f"{source.address} was not set up: {error.message}")
            well = False
    return well


def _administrator(parts: setup.SetupParts, wanted: Wanted, say: Say) -> bool:
    database = parts.reach.database
    if wanted.admin is None or service.has_administrator(database):
        return True
    try:
        password = wanted.admin.password or _secret(wanted.admin.password_file, "password_file")
        made = service.found(database, wanted.admin.name, password, now=parts.reach.now)
    except Conflict:
        return True
    except ProjectionistError as error:
        say(f"No administrator was made: {error.message}")
        return False
    say(f"{made.name} is the administrator.")
    return True


def _source(parts: setup.SetupParts, wanted: Wanted, source: servers.NewServer, say: Say) -> bool:
    server, created = servers.ensure_server(parts.reach, source)
    if created:
        say(f"{server.name} ({server.address}) was added.")
    libraries = servers.server_libraries(parts.reach, server.id)
    excluded = [library.key for library in libraries if library.title in wanted.exclude]
    parts.exclude(server.id, libraries, excluded)
    if wanted.exclude_folders:
        parts.leave_out("\n".join(wanted.exclude_folders))
    well = _all_excluded(wanted, source, libraries, say)
    if server.kind is ServerKind.PLEX:
        well = _mappings(parts, server, wanted, say) and well
        if wanted.plex_data:
            data = servers.try_plex_data(parts.reach, server.id, wanted.plex_data)
            well = well and data.proven_at is not None
            if created or data.proven_at is None:
                say(data.proof)
    if not parts.reach.syncs.begun(
        server.id
    ):  # not `created`: the start before may have been killed right here
        parts.reach.syncs.start(server.id, "setup file")
        say(f"The first sync of {server.name} begins.")
    return well


def _all_excluded(
    wanted: Wanted, source: servers.NewServer, libraries: Sequence[ListedLibrary], say: Say
) -> bool:
    titles = {library.title for library in libraries}
    unknown = [title for title in wanted.exclude if title not in titles]
    if unknown and source.kind is ServerKind.PLEX:
        say(f"No library of {source.address} is called {', '.join(unknown)}; nothing more was excluded.")
        return False
    return True


def _mappings(parts: setup.SetupParts, server: servers.Server, wanted: Wanted, say: Say) -> bool:
    well = True
    known = {
        (one.server_prefix, one.local_prefix): one.proven_at
        for one in servers.list_mappings(parts.reach.database, server.id, parts.reach.node)
    }
    for server_prefix, local_prefix in wanted.mappings.items():
        if known.get((server_prefix, local_prefix)) is not None:
            continue
        kept = servers.save_mapping(parts.reach, server.id, server_prefix, local_prefix)
        well = well and kept.proven_at is not None
        say(f"{server_prefix} is {local_prefix} here: {kept.proof}")
    return well


def _secret(file: str, name: str) -> str:
    if not file:
        raise SettingWrong(f"The setup lacks a secret: give it in the file that {name} names.")
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise SettingWrong(f"{file}, named by {name}, cannot be read; check its path and rights.") from None
