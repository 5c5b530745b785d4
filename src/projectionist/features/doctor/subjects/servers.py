"""Checks of the media servers, their paths on this machine, and what was read from them."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from projectionist.errors import SecretUnreadable, ServerRefused, ServiceError
from projectionist.features.doctor.checks import (
    Check,
    Finding,
    Subject,
    failed,
    passed,
    repairs_opened,
    unknown,
    warned,
    when_opened,
)
from projectionist.features.doctor.ground import Opened
from projectionist.features.doctor.subjects.files import named
from projectionist.features.library import service as library
from projectionist.features.servers import service as servers
from projectionist.features.servers.service import PathMapping, Server
from projectionist.kit.outbound import is_local

_OLD_SYNC, _DEAD_SYNC = timedelta(days=2), timedelta(days=14)
_NONE = "No server is connected."


def look_at_silence(opened: Opened) -> Finding:
    """Ask every server who it is."""
    found = servers.all_servers(opened.database)
    troubles = {one.name: _trouble_of(opened, one) for one in found}
    silent = {
        name: error.message
        for name, error in troubles.items()
        if isinstance(error, ServiceError) and not isinstance(error, ServerRefused)
    }
    closed = [name for name, error in troubles.items() if isinstance(error, SecretUnreadable)]
    return judge_silence(len(found), silent, closed)


def judge_silence(asked: int, silent: dict[str, str], closed: Sequence[str]) -> Finding:
    """A server that refuses has answered; one whose token cannot be read was not asked."""
    if silent:
        name, trouble = named(sorted(silent)), next(iter(silent.values()))
        return failed(f"{name}: {trouble}")
    if closed:
        return unknown(f"{named(closed)} could not be asked: the token cannot be opened.")
    return passed(f"All {asked} servers answer." if asked else _NONE)


def look_at_refusals(opened: Opened) -> Finding:
    """Ask every server for its libraries with the token that is kept."""
    found = servers.all_servers(opened.database)
    troubles = {one.name: _trouble_of(opened, one) for one in found}
    refused = [name for name, error in troubles.items() if isinstance(error, ServerRefused)]
    unheard = [name for name, error in troubles.items() if error is not None and name not in refused]
    return judge_refusals(len(found), refused, unheard)


def judge_refusals(asked: int, refused: Sequence[str], unheard: Sequence[str]) -> Finding:
    """A token may have been taken back at the server."""
    if refused:
        return failed(f"{named(refused)} refused the token.")
    if unheard:
        return unknown(f"{named(unheard)} gave no answer from which that could be told.")
    return passed(f"All {asked} servers take the token." if asked else _NONE)


def look_at_certificates(opened: Opened) -> Finding:
    """Whose certificates are not looked at."""
    return judge_certificates(servers.all_servers(opened.database))


def judge_certificates(found: Sequence[Server]) -> Finding:
    """Chosen per server, and a risk all the same."""
    blind = [one.name for one in found if not one.verify_tls and one.address.startswith("https:")]
    if blind:
        return warned(f"The certificates of {named(blind)} are not looked at, as was chosen.")
    return passed("No certificate of a server is left unlooked at.")


def look_at_plain_tokens(opened: Opened) -> Finding:
    """Which tokens go over networks of others as they are."""
    return judge_plain_tokens(servers.all_servers(opened.database))


def judge_plain_tokens(found: Sequence[Server]) -> Finding:
    """At home a plain connection is usual; a public address is not home."""
    open_ = [
        one.name
        for one in found
        if one.has_token
        and one.address.startswith("http:")
        and _is_public(urlsplit(one.address).hostname or "")
    ]
    if open_:
        return failed(f"The tokens of {named(open_)} go over public networks unencrypted.")
    return passed("No token goes over a public network unencrypted.")


def look_at_mappings(opened: Opened) -> Finding:
    """How the path mappings of every node did when they were tried last, and whether this node's are there now."""
    found = [
        mapping
        for server in servers.all_servers(opened.database)
        for mapping in servers.list_mappings(opened.database, server.id)
    ]
    here = [one for one in found if one.node == opened.reach.node]
    return judge_mappings(found, [one for one in here if not Path(one.local_prefix).is_dir()])


def judge_mappings(found: Sequence[PathMapping], missing: Sequence[PathMapping]) -> Finding:
    """A mapping that never opened a file is a guess."""
    if missing:
        return failed(f"There is no folder {named([one.local_prefix for one in missing])} on this node.")
    unproven = [f"{one.local_prefix} ({one.node})" for one in found if one.proven_at is None]
    if unproven:
        return warned(f"No file was opened by {named(unproven)} when that was tried last.")
    return passed(f"All {len(found)} path mappings opened a file." if found else "No path mapping is kept.")


def prove_mappings(opened: Opened) -> str:
    """Try the mappings of this node again."""
    tried = [
        servers.prove_mapping(opened.reach, mapping.id)
        for server in servers.all_servers(opened.database)
        for mapping in servers.list_mappings(opened.database, server.id, opened.reach.node)
    ]
    well = sum(one.proven_at is not None for one in tried)
    return f"{len(tried)} mappings of this node were tried, and {well} opened a file."


def look_at_plex_data(opened: Opened) -> Finding:
    """Write into each Plex data folder of this node, and take it away again."""
    proofs = [
        (data.folder, opened.reach.prove_plex_data(Path(data.folder)))
        for server in servers.all_servers(opened.database)
        for data in servers.list_plex_data(opened.database, server.id)
        if data.node == opened.reach.node
    ]
    return judge_plex_data(len(proofs), [proof.sentence for _, proof in proofs if not proof.works])


def judge_plex_data(tried: int, troubles: Sequence[str]) -> Finding:
    """Previews for Plex go there."""
    if troubles:
        return failed(troubles[0])
    if not tried:
        return passed("No Plex data folder is named on this node.")
    return passed(f"A file was written into {tried} Plex data folders, read and removed.")


def look_at_syncs(opened: Opened) -> Finding:
    """When each library was read last."""
    found = [one for one in library.libraries(opened.database) if one.enabled]
    return judge_syncs(opened.now(), {one.title: one.synced_at for one in found})


def judge_syncs(now: datetime, found: dict[str, datetime | None]) -> Finding:
    """Pages show what was read last."""
    dead = [title for title, at in found.items() if at is not None and now - at > _DEAD_SYNC]
    old = [title for title, at in found.items() if at is not None and now - at > _OLD_SYNC]
    if dead:
        return failed(f"Not read for two weeks: {named(dead)}.")
    if never := [title for title, at in found.items() if at is None]:
        return warned(f"Not read yet: {named(never)}.")
    if old:
        return warned(f"Not read for two days: {named(old)}.")
    return passed(
        f"All {len(found)} libraries were read in the last two days." if found else "No library is kept."
    )


def sync(opened: Opened) -> str:
    """Ask for every server to be read."""
    found = servers.all_servers(opened.database)
    for server in found:
        opened.reach.syncs.start(server.id, "doctor")
    return f"{len(found)} servers are being read; look again when their jobs are over."


def look_at_libraries(opened: Opened) -> Finding:
    """What the last readings found amiss."""
    found = [one for one in library.libraries(opened.database) if one.enabled]
    return judge_libraries({one.title: library.trouble_of(one) for one in found})


def judge_libraries(found: dict[str, str]) -> Finding:
    """The library's own sentences."""
    troubles = {title: trouble for title, trouble in found.items() if trouble}
    if troubles:
        title, trouble = next(iter(troubles.items()))
        return warned(f"{len(troubles)} libraries are in trouble. {title}: {trouble}")
    return passed(f"Nothing is amiss in {len(found)} libraries." if found else "No library is kept.")


def _trouble_of(opened: Opened, server: Server) -> ServiceError | SecretUnreadable | None:
    try:
        servers.server_libraries(opened.reach, server.id)
    except (ServiceError, SecretUnreadable) as error:
        return error
    return None


def _is_public(host: str) -> bool:
    if is_local(host):
        return False
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith((".lan", ".local", ".home", ".internal", ".home.arpa"))


CHECKS = (
    Check(
        "servers-answer",
        Subject.SERVERS,
        "Every server answers",
        "What a silent server plays and holds is not known; what was read before is shown.",
        "Start the server, or correct its address on the page of servers.",
        when_opened(look_at_silence),
        quick=False,
    ),
    Check(
        "server-tokens",
        Subject.SERVERS,
        "Every server takes its token",
        "A server that refuses the token tells nothing any more.",
        "Enter a new token on the page of the server.",
        when_opened(look_at_refusals),
        quick=False,
    ),
    Check(
        "server-certificates",
        Subject.SERVERS,
        "Certificates of servers are looked at",
        "Without that look anybody on the way can pretend to be the server, and takes the token.",
        "Give the server a certificate that this machine trusts, and switch the look on again.",
        when_opened(look_at_certificates),
    ),
    Check(
        "server-transport",
        Subject.SERVERS,
        "No token goes over public networks unencrypted",
        "Who reads the token on the way has the server.",
        "Take the https:// address of the server.",
        when_opened(look_at_plain_tokens),
    ),
    Check(
        "path-mappings",
        Subject.SERVERS,
        "Path mappings open files",
        "Previews and the cache work on files; by a wrong mapping they find none.",
        "Mount the folder, or correct the mapping on the page of the server.",
        when_opened(look_at_mappings),
        repairs_opened(prove_mappings),
        "Try them again",
        quick=False,
    ),
    Check(
        "plex-data",
        Subject.SERVERS,
        "Plex data folders can be written",
        "Previews for Plex go into its data folder.",
        "Mount it writable, and give the folder Media/localhost in it to the user who runs Projectionist.",
        when_opened(look_at_plex_data),
        quick=False,
    ),
    Check(
        "syncs",
        Subject.SERVERS,
        "Every library was read lately",
        "Pages, previews and the cache go by what was read last.",
        "Look at the failed jobs of syncs, or have the servers read now.",
        when_opened(look_at_syncs),
        repairs_opened(sync),
        "Read them now",
    ),
    Check(
        "libraries",
        Subject.SERVERS,
        "Nothing is amiss in a library",
        "Items that a server no longer lists are often on a disk that is not mounted.",
        "Follow the sentence beside it; the page of libraries has all of them.",
        when_opened(look_at_libraries),
    ),
)
