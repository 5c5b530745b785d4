"""The simulated server's answers about what to watch next, and what it is told of watching."""

from __future__ import annotations

from litestar import get, route

from projectionist.demo.asking import (
    Answer,
    Asked,
    Refused,
    asked,
    entry_of,
    number,
    owner,
    page,
    plex_of,
    reply,
    who,
    wording,
)
from projectionist.demo.catalogue import Entry, Kind
from projectionist.demo.elements import Element, Value, container, element
from projectionist.demo.listing import kind_of


@get("/library/onDeck")
async def on_deck(request: Asked) -> Answer:
    """What whoever asks watches next."""
    return page(request, _next(request), wording(request).item)


@get("/library/sections/{section_id:int}/onDeck")
async def section_on_deck(request: Asked) -> Answer:
    """The same, of one section."""
    section = number(request, "section_id")
    return page(
        request, [entry for entry in _next(request) if entry.section == section], wording(request).item
    )


@get(["/hubs/continueWatching", "/hubs/home/continueWatching"])
async def continue_watching(request: Asked) -> Answer:
    """The hub of what was begun."""
    word, found = wording(request), _next(request)
    hub = element(
        "Hub",
        {
            "hubKey": f"/library/metadata/{','.join(str(entry.key) for entry in found)}",
            "key": "/hubs/continueWatching/items",
            "title": "Continue Watching",
            "type": "mixed",
            "hubIdentifier": "home.continue",
            "context": "hub.home.continue",
            "size": len(found),
            "more": False,
            "style": "hero",
            "promoted": True,
        },
        [word.item(entry) for entry in found],
    )
    return reply(request, container({"allowSync": True, "identifier": "com.plexapp.plugins.library"}, [hub]))


@get(["/hubs/continueWatching/items", "/hubs/home/continueWatching/items"])
async def continue_watching_items(request: Asked) -> Answer:
    """What is in that hub."""
    return page(request, _next(request), wording(request).item)


@get("/hubs/search")
async def hub_search(request: Asked) -> Answer:
    """A hub for each kind of item whose titles hold what is asked for."""
    word, found = wording(request), _searched(request)
    limit = int(asked(request).get("limit", "3"))
    hubs = []
    for kind in Kind:
        inside = [entry for entry in found if entry.kind is kind]
        attributes: dict[str, Value | None] = {
            "title": f"{kind.word.title()}s",
            "type": kind.word,
            "hubIdentifier": kind.word,
            "context": "hub.search",
            "size": len(inside[:limit]),
            "more": len(inside) > limit,
            "style": "shelf",
        }
        hubs.append(element("Hub", attributes, [word.item(entry) for entry in inside[:limit]]))
    return reply(request, container({"identifier": "com.plexapp.plugins.library"}, hubs))


@get("/library/search")
async def library_search(request: Asked) -> Answer:
    """The newer search: a result with a score around each item."""
    word = wording(request)
    limit = int(asked(request).get("limit", "10"))
    results = [
        element("SearchResult", {"score": 1.0}, [_alone(word.item(entry))])
        for entry in _searched(request)[:limit]
    ]
    return reply(request, container({}, results))


@route("/:/scrobble", http_method=["GET", "PUT"])
async def scrobble(request: Asked) -> Answer:
    """Count as watched."""
    plex_of(request).state.scrobble(who(request), _key_asked(request))
    return Answer(b"", media_type="text/html")


@route("/:/unscrobble", http_method=["GET", "PUT"])
async def unscrobble(request: Asked) -> Answer:
    """Count as not watched."""
    plex_of(request).state.unscrobble(who(request), _key_asked(request))
    return Answer(b"", media_type="text/html")


@route(["/:/timeline", "/:/progress"], http_method=["GET", "POST"], status_code=200)
async def timeline(request: Asked) -> Answer:
    """How far a player is."""
    state, person, query = plex_of(request).state, who(request), asked(request)
    key = int(query.get("ratingKey") or query.get("key", "").rpartition("/")[2] or 0)
    entry_of(request, key)
    state.progress(person, key, int(query.get("time", "0")))
    return reply(request, container({}))


@get("/:/prefs")
async def prefs(request: Asked) -> Answer:
    """The settings of the server that matter to its neighbours."""
    owner(request)
    settings = [
        ("FriendlyName", "Friendly name", "text", plex_of(request).name),
        ("GenerateBIFBehavior", "Generate video preview thumbnails", "text", "never"),
        ("FSEventLibraryUpdatesEnabled", "Scan my library automatically", "bool", "1"),
        ("allowMediaDeletion", "Allow media deletion", "bool", "1"),
    ]
    said = [
        element(
            "Setting",
            {
                "id": name,
                "label": label,
                "summary": "",
                "type": kind,
                "default": value,
                "value": value == "1" if kind == "bool" else value,
                "hidden": False,
                "advanced": False,
                "group": "general",
            },
        )
        for name, label, kind, value in settings
    ]
    return reply(request, container({}, said))


def _next(request: Asked) -> list[Entry]:
    return [entry for entry, _ in plex_of(request).state.on_deck(who(request))]


def _searched(request: Asked) -> list[Entry]:
    query = asked(request)
    person, words = who(request), query.get("query", "").casefold()
    section = query.get("sectionId")
    kind = kind_of(query.get("type"))
    return [
        entry
        for entry in plex_of(request).state.catalogue.all()
        if words
        and words in entry.title.casefold()
        and person.may_see(entry.section)
        and (section is None or entry.section == int(section))
        and (kind is None or entry.kind is kind)
    ]


def _alone(item: Element) -> Element:
    """In a search result an item is an object by itself."""
    return Element(item.name, item.attributes, item.children, item.listed_as, single=True)


def _key_asked(request: Asked) -> int:
    key = asked(request).get("key", "")
    if not key.isdigit():
        raise Refused(status_code=400)
    return entry_of(request, int(key)).key


HANDLERS = [
    on_deck,
    section_on_deck,
    continue_watching,
    continue_watching_items,
    hub_search,
    library_search,
    scrobble,
    unscrobble,
    timeline,
    prefs,
]
"""All of these, for the application."""
