"""What only plex.tv knows: watchlists, and the tokens of those with whom a server is shared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import quote
from xml.etree import ElementTree  # nosec B405

from projectionist.errors import ServerAnswerWrong, ServerWithholds
from projectionist.integrations.plex import translating, wire
from projectionist.integrations.plex.paging import Told, check_page
from projectionist.kit.http import TIME_OUTS, HttpClient, TimeOuts
from projectionist.media.vocabulary import ListedItem

PLEX_TV = "https://plex.tv"
_DISCOVER = "https://discover.provider.plex.tv"
_PAGE = 100
_LARGEST = 8 * 1024 * 1024


class PlexTv:
    """plex.tv with the owner's token. At another address than the real one, everything is asked there."""

    def __init__(self, url: str, headers: Mapping[str, str], *, time_outs: TimeOuts = TIME_OUTS) -> None:
        discover = _DISCOVER if url.rstrip("/") == PLEX_TV else url
        self._http = HttpClient(url, headers, name="plex.tv", time_outs=time_outs, max_body=_LARGEST)
        self._discover = HttpClient(discover, headers, name="plex.tv", time_outs=time_outs, max_body=_LARGEST)

    def watchlist(self) -> Iterator[tuple[ListedItem, str]]:
        """What the owner wants to see, the newest first, each with Plex's own guid of it."""
        path = "/library/sections/watchlist/all"
        query = [("includeGuids", "1"), ("sort", "watchlistedAt:desc")]
        offset, seen = 0, set[str]()

        def wrong(how: str) -> ServerAnswerWrong:
            return self._discover.wrong(f"GET {path}", how, "nothing of it was used")

        while True:
            headers = {"X-Plex-Container-Start": str(offset), "X-Plex-Container-Size": str(_PAGE)}
            told = self._discover.get_json(path, wire.WORKS, query, headers=headers).MediaContainer
            place = Told(told.size, told.totalSize, told.offset)
            total = check_page(place, len(told.Metadata), offset, _PAGE, wrong)
            for work in told.Metadata:
                if work.ratingKey in seen:
                    raise wrong("with an entry twice")
                seen.add(work.ratingKey)
                yield translating.work(work, wrong), work.guid
            offset += len(told.Metadata)
            if offset >= total:
                return

    def only_own_watchlist(self) -> ServerWithholds:
        """What is said to whoever asks for the watchlist of another account."""
        return ServerWithholds(
            f"{self._http.who} shows the owner's watchlist only; others have to sign in to have theirs read."
        )

    def server_tokens(self, machine: str) -> Mapping[str, str]:
        """The token of everybody with whom the server is shared, by their account key."""
        path = f"/api/servers/{quote(machine, safe='')}/shared_servers"
        answer = self._http.get(path, headers={"Accept": "application/xml"})

        def wrong(how: str) -> ServerAnswerWrong:
            return self._http.wrong(f"GET {path}", how, "nothing of it was used")

        if b"<!" in answer.body or b"\0" in answer.body:  # no entities, nor in UTF-16
            raise wrong("with XML that declares types of its own")
        try:
            root = ElementTree.fromstring(answer.body)  # nosec B314
        except ElementTree.ParseError:
            raise wrong("with XML that is cut off or broken") from None
        tokens: dict[str, str] = {}
        for shared in root.iter("SharedServer"):
            user, token = shared.get("userID"), shared.get("accessToken")
            if not user or not token:
                raise wrong("without `SharedServer.userID` or `SharedServer.accessToken`")
            tokens[user] = token
        return tokens

    def close(self) -> None:
        """Give up connections."""
        self._http.close()
        self._discover.close()
