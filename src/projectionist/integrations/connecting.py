"""Making the right MediaServer for an address."""

from __future__ import annotations

import platform
from functools import partial

from projectionist import __version__
from projectionist.errors import ServerRefused
from projectionist.integrations.folder.server import FolderServer
from projectionist.integrations.plex.client import PlexServer
from projectionist.integrations.plex.plex_tv import PLEX_TV, PlexTv
from projectionist.kit.http import TIME_OUTS, TimeOuts
from projectionist.kit.logs import mask
from projectionist.kit.outbound import OUTBOUND, Outbound
from projectionist.media.server import Connect, MediaServer, ServerAddress
from projectionist.media.vocabulary import ServerKind


def connect(
    address: ServerAddress,
    *,
    client_id: str,
    plex_tv_url: str = PLEX_TV,
    time_outs: TimeOuts = TIME_OUTS,
    outbound: Outbound = OUTBOUND,
) -> MediaServer:
    """The media server at an address; nothing is asked of it yet. Its token is masked in the log from here on. Raises
    ServerRefused where the token cannot be one.

    `client_id` is by what Plex knows this installation, the same for ever; `outbound` says where a server may be.
    """
    if address.kind is ServerKind.FOLDER:
        return FolderServer(address.address)
    if not (address.token.isascii() and address.token.isprintable()):
        raise ServerRefused("The token holds characters that no Plex token has; copy it again.")
    mask(address.token)
    headers = plex_headers(client_id, address.token)
    plex_tv = PlexTv(plex_tv_url, headers, time_outs=time_outs)
    return PlexServer(address, headers, plex_tv, time_outs=time_outs, outbound=outbound)


def connector(*, client_id: str, plex_tv_url: str = PLEX_TV, outbound: Outbound = OUTBOUND) -> Connect:
    """How features come to a server, for the composition root to hand out."""
    return partial(connect, client_id=client_id, plex_tv_url=plex_tv_url, outbound=outbound)


def plex_headers(client_id: str, token: str) -> dict[str, str]:
    """By what a Plex server and plex.tv know this installation."""
    return {
        "Accept": "application/json",
        "X-Plex-Client-Identifier": client_id,
        "X-Plex-Product": "Projectionist",
        "X-Plex-Version": __version__,
        "X-Plex-Platform": platform.system() or "Python",
        "X-Plex-Device-Name": "Projectionist",
        "X-Plex-Token": token,
    }
