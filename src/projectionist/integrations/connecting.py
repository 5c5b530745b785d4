"""Making the right MediaServer for an address."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from projectionist import __version__
from projectionist.errors import ServerRefused
from projectionist.integrations.folder.server import FolderServer
from projectionist.integrations.plex.client import PlexServer
from projectionist.integrations.plex.plex_tv import PLEX_TV, PlexTv
from projectionist.integrations.plex.signing_in import PlexSignIn
from projectionist.kit.confining import Recorded, nothing_recorded
from projectionist.kit.http import TIME_OUTS, TimeOuts
from projectionist.kit.logs import mask
from projectionist.kit.outbound import OUTBOUND, Outbound
from projectionist.media.identity import SIMULATED
from projectionist.media.server import Connect, MediaServer, ServerAddress
from projectionist.media.vocabulary import ServerKind


def connect(
    address: ServerAddress,
    *,
    client_id: str,
    plex_tv_url: str = PLEX_TV,
    time_outs: TimeOuts = TIME_OUTS,
    outbound: Outbound = OUTBOUND,
    recorded: Recorded = nothing_recorded,
) -> MediaServer:
    """The media server at an address; nothing is asked of it yet. Its token is masked in the log from here on. Raises
    ServerRefused where the token cannot be one.

    `client_id` is by what Plex knows this installation, the same for ever; `outbound` says where a server may be, and
    `recorded` which links of a folder may lead out of it.
    """
    if address.kind is ServerKind.FOLDER:
        return FolderServer(address.address, recorded)
    if not (address.token.isascii() and address.token.isprintable()):
        raise ServerRefused("The token holds characters that no Plex token has; copy it again.")
    mask(address.token)
    headers = plex_headers(client_id, address.token)
    plex_tv = PlexTv(plex_tv_url, headers, time_outs=time_outs)
    return PlexServer(address, headers, plex_tv, time_outs=time_outs, outbound=outbound)


def connector(
    *,
    client_id: str,
    plex_tv_url: str = PLEX_TV,
    outbound: Outbound = OUTBOUND,
    recorded: Recorded = nothing_recorded,
) -> Connect:
    """How features come to a server, for the composition root to hand out."""
    return partial(
        connect, client_id=client_id, plex_tv_url=plex_tv_url, outbound=outbound, recorded=recorded
    )


@dataclass(frozen=True, slots=True)
class Connecting:
    """How servers and the people of Plex are reached.

    `simulated` gives the plex.tv beside a simulated server's address, empty for a real one: of what is simulated the
    real plex.tv hears nothing.
    """

    client_id: str
    plex_tv_url: str
    simulated: Callable[[str], str]
    outbound: Outbound = OUTBOUND
    recorded: Recorded = nothing_recorded

    def server(self, address: ServerAddress) -> MediaServer:
        """The media server at an address. Raises as `connect`."""
        plex_tv_url, _ = self._plex_tv(address.address)
        return connect(
            address,
            client_id=self.client_id,
            plex_tv_url=plex_tv_url,
            outbound=self.outbound,
            recorded=self.recorded,
        )

    def plex_sign_in(self, address: str) -> PlexSignIn:
        """The plex.tv that knows the people of a server; the simulated one lets in nobody anywhere else."""
        url, issuer = self._plex_tv(address)
        return plex_sign_in(client_id=self.client_id, url=url, issuer=issuer, outbound=self.outbound)

    def _plex_tv(self, address: str) -> tuple[str, str]:
        """Where it is, and by what its people are kept where not by that."""
        if its_own := self.simulated(address):
            return its_own, SIMULATED
        return self.plex_tv_url, ""


def plex_sign_in(
    *, client_id: str, url: str = PLEX_TV, issuer: str = "", outbound: Outbound = OUTBOUND
) -> PlexSignIn:
    """plex.tv as one that says who somebody is; nothing is asked of it yet."""
    headers = {name: value for name, value in plex_headers(client_id, "").items() if value}
    return PlexSignIn(url, headers, issuer=issuer, outbound=outbound)


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
