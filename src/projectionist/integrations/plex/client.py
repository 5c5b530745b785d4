"""A Plex Media Server as a MediaServer."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from threading import Event
from typing import TypeVar
from urllib.parse import quote

import msgspec

from projectionist.errors import ServerAnswerWrong, ServerLacks
from projectionist.integrations.plex import translating, wire
from projectionist.integrations.plex.notifications import listen
from projectionist.integrations.plex.paging import Continuity, Told, check_page
from projectionist.integrations.plex.plex_tv import PlexTv
from projectionist.kit.http import TIME_OUTS, HttpClient, Query, TimeOuts, tls_context
from projectionist.kit.outbound import OUTBOUND, Outbound
from projectionist.media.server import ServerAddress
from projectionist.media.vocabulary import (
    Account,
    Image,
    ItemKind,
    LibraryEvent,
    ListedItem,
    ListedLibrary,
    OnDeck,
    Page,
    PlaybackEvent,
    PlaybackSession,
    ServerInfo,
    ServerKind,
    ServerPath,
    Watched,
)

logger = logging.getLogger(__name__)

C = TypeVar("C")

_TREES_AT_ONCE = 50
_PICTURE = re.compile(r"/(?:library|:)/[^\\]*")
"""Pictures of the server itself; it would fetch those of other addresses too."""
_HASH = re.compile(r"[0-9A-Za-z]{2,128}")
"""A hash becomes a part of a path."""


class PlexServer:
    """A Plex Media Server, asked with one account's token. `plex_tv` answers what only plex.tv knows."""

    kind = ServerKind.PLEX

    def __init__(
        self,
        address: ServerAddress,
        headers: Mapping[str, str],
        plex_tv: PlexTv,
        *,
        time_outs: TimeOuts = TIME_OUTS,
        outbound: Outbound = OUTBOUND,
    ) -> None:
        self._http = HttpClient(
            address.address,
            headers,
            name="Plex",
            verify_tls=address.verify_tls,
            time_outs=time_outs,
            outbound=outbound,
        )
        self._outbound = outbound
        self._address = address
        self._headers = headers
        self._plex_tv = plex_tv
        self._continuity = Continuity()
        self._time_outs = time_outs

    def info(self) -> ServerInfo:
        """Who answers."""
        return translating.server_info(self._ask("/", wire.ROOT))

    def libraries(self) -> Sequence[ListedLibrary]:
        """The libraries, in the server's order; sections of kinds that Projectionist does not know are left out."""
        path = "/library/sections"
        told = self._ask(path, wire.SECTIONS)
        self._check_size(path, told.size, len(told.Directory))
        libraries = [translating.library(section) for section in told.Directory]
        if None in libraries:
            logger.info("%s has a section of a kind that is not known here; it was left out.", self._http.who)
        return tuple(library for library in libraries if library is not None)

    def items(
        self,
        library: ListedLibrary,
        kind: ItemKind,
        *,
        changed_since: datetime | None = None,
        offset: int = 0,
        size: int = 500,
    ) -> Page[ListedItem]:
        """A page of the items of one kind, by their keys; with `changed_since` those changed at or after it."""
        path = f"/library/sections/{quote(library.key, safe='')}/all"
        query = [("type", str(translating.TYPE_NUMBERS[kind])), ("includeGuids", "1"), ("sort", "id:asc")]
        if changed_since is not None:
            query.append(("updatedAt>", str(int(changed_since.timestamp()))))
        told = self._ask(path, wire.ITEMS, query, page=(offset, size))
        wrong = self._wrong(path)
        total = check_page(
            Told(told.size, told.totalSize, told.offset), len(told.Metadata), offset, size, wrong
        )
        items = tuple([translating.item(one, library.key, kind, wrong) for one in told.Metadata])
        self._continuity.check(
            (library.key, kind, changed_since), offset, [item.key for item in items], wrong
        )
        return Page(items, offset, total)

    def item(self, key: str) -> ListedItem:
        """One item."""
        path = f"/library/metadata/{quote(key, safe='')}"
        told = self._ask(path, wire.ITEMS, [("includeGuids", "1")])
        found = next((one for one in told.Metadata if one.ratingKey == key), None)
        if found is None:
            raise self._wrong(path)(f"without item {key} in `$.MediaContainer.Metadata`")
        section = found.librarySectionID if found.librarySectionID is not None else told.librarySectionID
        if section is None:
            raise self._wrong(path)("without `$.MediaContainer.Metadata[0].librarySectionID`")
        return translating.item(found, str(section), None, self._wrong(path))

    def part_hashes(self, item_keys: Sequence[str]) -> Mapping[str, str]:
        """The hash of each part of these items, by part key. Raises ServerLacks where it has none of the items."""
        found: dict[str, str] = {}
        missing: ServerLacks | None = None
        answered = False
        for start in range(0, len(item_keys), _TREES_AT_ONCE):
            ids = ",".join(quote(key, safe="") for key in item_keys[start : start + _TREES_AT_ONCE])
            path = f"/library/metadata/{ids}/tree"
            try:
                told = self._ask(path, wire.TREES)
            except ServerLacks as error:
                missing = error
                continue
            answered = True
            self._check_size(path, told.size, len(told.MetadataItem))
            for tree in told.MetadataItem:
                found.update(translating.hashes(tree))
        if missing is not None and not answered:
            raise missing
        for key, value in found.items():
            if not _HASH.fullmatch(value):
                raise self._wrong("/library/metadata/…/tree")(
                    f"with a `hash` of part {key} that cannot name a folder"
                )
        return found

    def part_bytes(self, part_key: str, start: int, length: int) -> bytes:
        """A range of a part's file, as the server itself reads it."""
        stamp = int(time.time())  # Plex has it in the address so that no cache on the way answers instead
        return self._http.get_range(f"/library/parts/{quote(part_key, safe='')}/{stamp}/file", start, length)

    def image(self, key: str, *, width: int, height: int) -> Image:
        """A poster or background, fitted into width x height pixels."""
        if not _PICTURE.fullmatch(key) or "/../" in key:
            raise ServerLacks(f"{self._http.who} has no picture of the name that was asked for.")
        path = "/photo/:/transcode"
        query = [
            ("url", key),
            ("width", str(width)),
            ("height", str(height)),
            ("minSize", "0"),
            ("upscale", "0"),
        ]
        answer = self._http.get(path, query, headers={"Accept": "image/*"})
        kind = answer.content_type.partition(";")[0].strip()
        if not kind.startswith("image/") or kind == "image/svg+xml":
            raise self._wrong(path)(f"with {kind or 'no content type'} instead of a picture")
        if not answer.body:
            raise self._wrong(path)("with an empty picture")
        return Image(answer.body, kind)

    def on_deck(self, account_key: str | None = None) -> Sequence[OnDeck]:
        """What an account watches next; of others than the owner by the token that plex.tv has for them.

        Each section is asked too: the server's list over all of them, whose order is kept, leaves out those that are
        kept off the home screen.
        """
        headers = self._as(account_key)
        listed = self._ask("/library/sections", wire.SECTIONS, headers=headers)
        self._check_size("/library/sections", listed.size, len(listed.Directory))
        sections = [quote(one.key, safe="") for one in listed.Directory if one.type in translating.WATCHED]
        found: dict[str, OnDeck] = {}
        for path in ("/library/onDeck", *(f"/library/sections/{one}/onDeck" for one in sections)):
            told = self._ask(path, wire.ITEMS, headers=headers)
            self._check_size(path, told.size, len(told.Metadata))
            for one in told.Metadata:
                found.setdefault(one.ratingKey, translating.on_deck(one))
        return tuple(found.values())

    def watchlist(self, account_key: str | None = None) -> Sequence[ListedItem]:
        """The owner's watchlist; plex.tv shows nobody else's to them, which raises ServerRefused."""
        if account_key not in (None, str(translating.OWNER)):
            raise self._plex_tv.only_own_watchlist()
        return tuple(self._held(work, guid) for work, guid in self._plex_tv.watchlist())

    def history(self, *, since: datetime | None = None, offset: int = 0, size: int = 500) -> Page[Watched]:
        """What was watched by whom, newest first; the item key is empty where the item is gone."""
        path = "/status/sessions/history/all"
        query = [("sort", "viewedAt:desc")]
        if since is not None:
            query.append(("viewedAt>", str(int(since.timestamp()))))
        told = self._ask(path, wire.VIEWS, query, page=(offset, size))
        wrong = self._wrong(path)
        total = check_page(
            Told(told.size, told.totalSize, told.offset), len(told.Metadata), offset, size, wrong
        )
        return Page(tuple([translating.watched(view, wrong) for view in told.Metadata]), offset, total)

    def accounts(self) -> Sequence[Account]:
        """Who may watch."""
        path = "/accounts"
        told = self._ask(path, wire.ACCOUNTS)
        self._check_size(path, told.size, len(told.Account))
        return tuple(translating.account(one) for one in told.Account if one.id)

    def sessions(self) -> Sequence[PlaybackSession]:
        """What is played now."""
        path = "/status/sessions"
        told = self._ask(path, wire.SESSIONS)
        self._check_size(path, told.size, len(told.Metadata))
        return tuple(translating.session(one, self._wrong(path)) for one in told.Metadata)

    def events(self, stop: Event) -> Iterator[PlaybackEvent | LibraryEvent]:
        """What happens, as it happens, until `stop` is set; ends by raising where the connection is lost."""
        context = tls_context(self._address.verify_tls)
        who, time_outs = self._http.who, self._time_outs
        for notification in listen(
            self._address.address, self._headers, context, who, time_outs, stop, self._outbound
        ):
            yield from translating.events(notification, self._wrong("/:/websockets/notifications"))

    def refresh_path(self, library: ListedLibrary, path: ServerPath) -> None:
        """Ask the server to look at one folder again; returns before it has."""
        self._http.get(f"/library/sections/{quote(library.key, safe='')}/refresh", [("path", path)])

    def close(self) -> None:
        """Give up connections."""
        self._http.close()
        self._plex_tv.close()

    def _ask(
        self,
        path: str,
        decoder: msgspec.json.Decoder[wire.Envelope[C]],
        query: Query = (),
        *,
        page: tuple[int, int] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> C:
        sent = dict(headers or {})
        if page is not None:
            sent |= {"X-Plex-Container-Start": str(page[0]), "X-Plex-Container-Size": str(page[1])}
        return self._http.get_json(path, decoder, query, headers=sent).MediaContainer

    def _as(self, account_key: str | None) -> Mapping[str, str]:
        """The headers with which the server answers for that account."""
        if account_key in (None, str(translating.OWNER)):
            return {}
        token = self._plex_tv.server_tokens(self.info().identity).get(account_key or "")
        if not token:
            raise ServerLacks(f"plex.tv knows nobody with account {account_key} on this server.")
        return {"X-Plex-Token": token}

    def _held(self, work: ListedItem, guid: str) -> ListedItem:
        """The server's own item of a work, or the work where it has none."""
        told = self._ask("/library/all", wire.ITEMS, [("guid", guid), ("includeGuids", "1")])
        for one in told.Metadata:
            if one.guid == guid and one.librarySectionID is not None:
                return translating.item(one, str(one.librarySectionID), None, self._wrong("/library/all"))
        return work

    def _check_size(self, path: str, told: int, came: int) -> None:
        if told != came:
            raise self._wrong(path)(f"saying that it holds {told} entries, with {came} in it")

    def _wrong(self, path: str) -> Callable[[str], ServerAnswerWrong]:
        return lambda how: self._http.wrong(f"GET {path}", how, "nothing of it was used")
