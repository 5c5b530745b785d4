"""Signing in by a Plex account: plex.tv is asked by us alone, so that no browser ever sees a token."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import quote, urlencode
from xml.etree import ElementTree  # nosec B405

import msgspec

from projectionist.errors import ServerAnswerWrong, ServerLacks, ServerRefused
from projectionist.integrations.plex import sign_in_wire as wire
from projectionist.integrations.plex.plex_tv import PLEX_TV
from projectionist.kit.http import HttpClient, Retries, TimeOuts
from projectionist.kit.logs import mask
from projectionist.kit.outbound import OUTBOUND, Outbound
from projectionist.media.identity import Household, Pin, Proven

_APP = "https://app.plex.tv"
_LARGEST = 8 * 1024 * 1024
_SOON = TimeOuts(connect=3.0, read=5.0, total=8.0)
_ONCE = Retries(attempts=1)
"""Whoever waits for a claim asks again anyway."""


class PlexSignIn:
    """plex.tv as one that says who somebody is. At another address than the real one, everything is asked there.

    `headers` name this installation and hold no token; by `issuer` people are kept, where empty by the address.
    """

    def __init__(
        self, url: str, headers: Mapping[str, str], *, issuer: str = "", outbound: Outbound = OUTBOUND
    ) -> None:
        self._http = HttpClient(
            url,
            headers,
            name="plex.tv",
            time_outs=_SOON,
            retries=_ONCE,
            max_body=_LARGEST,
            outbound=outbound,
        )
        self._client = headers["X-Plex-Client-Identifier"]
        address = url.rstrip("/")
        self._app = _APP if address == PLEX_TV else address
        self.issuer = issuer or address

    def begin(self) -> Pin:
        """A pin that nobody has claimed; a strong one, which nobody guesses or types."""
        answer = self._http.request("POST", "/api/v2/pins", [("strong", "true")])
        told = self._http.decoded(answer, wire.PIN, "POST /api/v2/pins")
        return Pin(told.id, told.code, timedelta(seconds=told.expiresIn))

    def link(self, pin: Pin, back: str) -> str:
        """Where somebody claims it, in their browser; plex.tv reads what stands behind the `#`, and no server does."""
        asked = {
            "clientID": self._client,
            "code": pin.code,
            "context[device][product]": "Projectionist",
            "forwardUrl": back,
        }
        return f"{self._app}/auth#?{urlencode(asked, quote_via=quote)}"

    def claimed(self, pin: Pin) -> str | None:
        """The token of whoever has claimed it, None until then. Raises ServerLacks where it is over."""
        path = f"/api/v2/pins/{pin.number}"
        told = self._http.get_json(path, wire.PIN)
        if told.id != pin.number or told.code != pin.code:
            raise self._wrong(path, "with another pin than the one that was asked for")
        return told.authToken or None

    def person(self, token: str) -> Proven:
        """Whose token this is."""
        told = self._account(token)
        return Proven(self.issuer, str(told.id), (told.username or told.title or "")[:100])

    def household(self, token: str, machine: str) -> Household:
        """Who may use a server: its owner, whose token this must be, the friends it is shared with, and the home.

        Raises ServerRefused where plex.tv does not know the server as theirs.
        """
        mask(token)
        servers = self._http.get_json("/api/v2/resources", wire.RESOURCES, headers=_as(token))
        if not any(one.owned and one.clientIdentifier == machine for one in servers):
            raise ServerRefused(
                f"{self._http.who} does not say who may use the Plex server, for it is not kept here with its owner's "
                "token; enter that one."
            )
        owner = str(self._account(token).id)
        others = {**self._friends(token, machine), **self._home(token)}
        others.pop(owner, None)
        return Household(owner, others)

    def close(self) -> None:
        """Give up connections."""
        self._http.close()

    def _account(self, token: str) -> wire.AccountTold:
        return self._http.get_json("/api/v2/user", wire.ACCOUNT, headers=_as(token))

    def _friends(self, token: str, machine: str) -> dict[str, bool]:
        """Those with whom this very server is shared; the old call answers in XML where it will not in JSON."""
        path = "/api/users"
        answer = self._http.get(path, headers=_as(token))
        if "xml" in answer.content_type:
            friends = self._read_xml(path, answer.body)
        else:
            friends = self._http.decoded(answer, wire.FRIENDS, f"GET {path}").MediaContainer.User
        return {
            str(one.id): one.restricted
            for one in friends
            if any(shared.machineIdentifier == machine for shared in one.Server)
        }

    def _read_xml(self, path: str, body: bytes) -> tuple[wire.FriendTold, ...]:
        if b"<!" in body or b"\0" in body:  # no entities, nor in UTF-16
            raise self._wrong(path, "with XML that declares types of its own")
        try:
            root = ElementTree.fromstring(body)  # nosec B314
            told = [
                {**user.attrib, "Server": [one.attrib for one in user.iter("Server")]}
                for user in root.iter("User")
            ]
            return msgspec.convert(told, tuple[wire.FriendTold, ...], strict=False)
        except ElementTree.ParseError:
            raise self._wrong(path, "with XML that is cut off or broken") from None
        except msgspec.ValidationError as error:
            raise self._wrong(path, f"not as expected: {error}") from None

    def _home(self, token: str) -> dict[str, bool]:
        """Those who live with the owner; nobody where there is no Plex Home."""
        try:
            home = self._http.get_json("/api/v2/home/users", wire.HOME, headers=_as(token))
        except ServerLacks:
            return {}
        return {str(one.id): one.restricted for one in home.users}

    def _wrong(self, path: str, how: str) -> ServerAnswerWrong:
        return self._http.wrong(f"GET {path}", how, "nothing of it was used")


def _as(token: str) -> dict[str, str]:
    return {"X-Plex-Token": token}
