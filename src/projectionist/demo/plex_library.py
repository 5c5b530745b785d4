"""The simulated server's answers about sections and items."""

from __future__ import annotations

import uuid

from litestar import get, route

from projectionist.demo.asking import (
    Answer,
    Asked,
    Refused,
    asked,
    entry_of,
    number,
    page,
    pairs,
    plex_of,
    reply,
    who,
    wording,
)
from projectionist.demo.catalogue import Catalogue, Entry, Kind, Section
from projectionist.demo.elements import Element, Value, container, element
from projectionist.demo.fields import meta, tag_id
from projectionist.demo.listing import choose, kind_of

_LIBRARY: dict[str, Value | None] = {
    "identifier": "com.plexapp.plugins.library",
    "mediaTagPrefix": "/system/bundle/media/flags/",
    "mediaTagVersion": 1_775_731_696,
}


@get("/library")
async def library(request: Asked) -> Answer:
    """What the library has below it."""
    who(request)
    below = {
        "sections": "Library Sections",
        "recentlyAdded": "Recently Added Content",
        "onDeck": "On Deck Content",
    }
    directories = [element("Directory", {"key": key, "title": title}) for key, title in below.items()]
    attributes = {"allowSync": False, "art": "/:/resources/library-art.png", "content": "", **_LIBRARY}
    return reply(request, container({**attributes, "title1": "Plex Library", "title2": ""}, directories))


@get(["/library/sections", "/library/sections/all"])
async def sections(request: Asked) -> Answer:
    """The sections that are shared with whoever asks."""
    person, catalogue = who(request), plex_of(request).state.catalogue
    seen = [_section(each, catalogue) for each in catalogue.sections.values() if person.may_see(each.key)]
    return reply(request, container({"allowSync": False, "title1": "Plex Library"}, seen))


@get("/library/sections/{section_id:int}/all")
async def section_all(request: Asked) -> Answer:
    """The items of one kind in a section."""
    section = _section_asked(request)
    try:
        kind = kind_of(asked(request).get("type"))
    except ValueError:
        raise Refused(status_code=400) from None
    return _listed(request, section, plex_of(request).state.catalogue.listed(section.key, kind))


@get("/library/sections/{section_id:int}/allLeaves")
async def section_leaves(request: Asked) -> Answer:
    """Everything in a section that has files."""
    section, catalogue = _section_asked(request), plex_of(request).state.catalogue
    kinds = {Kind.SHOW: Kind.EPISODE, Kind.ARTIST: Kind.TRACK}
    return _listed(request, section, catalogue.listed(section.key, kinds.get(section.kind)))


@get("/library/sections/{section_id:int}/recentlyAdded")
async def section_recently_added(request: Asked) -> Answer:
    """What came last to a section."""
    section, catalogue = _section_asked(request), plex_of(request).state.catalogue
    found = sorted(catalogue.listed(section.key), key=lambda entry: -entry.added_at)
    return page(request, found, wording(request).item, dict(_LIBRARY))


@get("/library/sections/{section_id:int}/collections")
async def section_collections(request: Asked) -> Answer:
    """The collections of a section: there are none."""
    return _listed(request, _section_asked(request), [])


@get("/library/sections/{section_id:int}/genre")
async def section_genres(request: Asked) -> Answer:
    """The genres of a section."""
    section, catalogue = _section_asked(request), plex_of(request).state.catalogue
    names = sorted({genre for entry in catalogue.listed(section.key) for genre in entry.genres})
    said = [
        element(
            "Directory",
            {
                "fastKey": f"/library/sections/{section.key}/all?genre={tag_id(name)}",
                "key": str(tag_id(name)),
                "title": name,
                "type": "genre",
            },
        )
        for name in names
    ]
    return reply(request, container({"allowSync": False, **_LIBRARY, "title1": section.title}, said))


@route("/library/sections/{section_id:int}/refresh", http_method=["GET", "POST"], status_code=200)
async def section_refresh(request: Asked) -> Answer:
    """Look at a section, or with `path` at one of its folders, again; the answer comes before the scan."""
    section, state = _section_asked(request), plex_of(request).state
    path, scan = asked(request).get("path", ""), str(uuid.uuid4())
    state.tell_activity("started", scan, section.key, 0)
    for entry in state.catalogue.all():
        if (
            entry.section == section.key
            and path
            and any(str(part.path).startswith(path) for part in entry.parts())
        ):
            state.tell_timeline(entry, 5)
    state.tell_activity("ended", scan, section.key, 100)
    return Answer(b"", media_type="text/html")


@get("/library/all")
async def library_all(request: Asked) -> Answer:
    """The items of every section."""
    state, person = plex_of(request).state, who(request)
    kind = kind_of(asked(request).get("type"))
    seen = [entry for entry in state.catalogue.all() if person.may_see(entry.section)]
    wanted = [entry for entry in seen if kind is None or entry.kind is kind]
    found = choose(wanted, pairs(request), state.catalogue, state.marks(person))
    return page(request, found, wording(request).item, dict(_LIBRARY))


@get("/library/recentlyAdded")
async def recently_added(request: Asked) -> Answer:
    """What came last."""
    state, person = plex_of(request).state, who(request)
    seen = [
        entry for entry in state.catalogue.all() if person.may_see(entry.section) and entry.kind != Kind.TRACK
    ]
    seen.sort(key=lambda entry: -entry.added_at)
    return page(request, seen, wording(request).item, dict(_LIBRARY))


@get("/library/metadata/{ids:str}")
async def metadata(request: Asked) -> Answer:
    """One item or several, with all that is known; unknown ones are left out, and none at all is an error."""
    found = _items_asked(request)
    word = wording(request)
    said = [word.item(entry, guids=True, streams=True) for entry in found]
    return reply(request, container({"allowSync": True, **_LIBRARY, **_place(request, found[0])}, said))


@get("/library/metadata/{item_id:int}/children")
async def children(request: Asked) -> Answer:
    """What is directly below an item."""
    entry = entry_of(request, number(request, "item_id"))
    below = plex_of(request).state.catalogue.children(entry.key)
    return _below(request, entry, below)


@get(["/library/metadata/{item_id:int}/allLeaves", "/library/metadata/{item_id:int}/grandchildren"])
async def leaves(request: Asked) -> Answer:
    """All below an item that has files."""
    entry = entry_of(request, number(request, "item_id"))
    return _below(request, entry, plex_of(request).state.catalogue.leaves(entry.key))


@get("/library/metadata/{ids:str}/tree")
async def tree(request: Asked) -> Answer:
    """Items with all below them and the hashes of their files."""
    word = wording(request)
    said = [word.tree(entry) for entry in _items_asked(request)]
    return reply(request, container(_LIBRARY, said))


def _items_asked(request: Asked) -> list[Entry]:
    person, catalogue = who(request), plex_of(request).state.catalogue
    keys = [int(key) for key in request.path_params["ids"].split(",") if key.isdigit()]
    found = [
        entry for entry in map(catalogue.get, keys) if entry is not None and person.may_see(entry.section)
    ]
    if not found:
        raise Refused(status_code=404)
    return found


def _section_asked(request: Asked) -> Section:
    person = who(request)
    section = plex_of(request).state.catalogue.sections.get(number(request, "section_id"))
    if section is None or not person.may_see(section.key):
        raise Refused(status_code=404)
    return section


def _listed(request: Asked, section: Section, entries: list[Entry]) -> Answer:
    state, word = plex_of(request).state, wording(request)
    found = choose(entries, pairs(request), state.catalogue, state.marks(word.person))
    guids = asked(request).get("includeGuids") == "1"
    attributes: dict[str, Value | None] = {
        "allowSync": True,
        "art": f"/:/resources/{section.kind.word}-fanart.jpg",
        **_LIBRARY,
        "librarySectionID": section.key,
        "librarySectionTitle": section.title,
        "librarySectionUUID": section.uuid,
        "thumb": f"/:/resources/{section.kind.word}.png",
        "title1": section.title,
        "title2": f"All {section.title}",
        "viewGroup": section.kind.word,
        "viewMode": 65_592,
    }
    extra = [meta(section)] if asked(request).get("includeMeta") == "1" else []
    return page(request, found, lambda entry: word.item(entry, guids=guids, placed=False), attributes, extra)


def _below(request: Asked, parent: Entry, entries: list[Entry]) -> Answer:
    word = wording(request)
    guids = asked(request).get("includeGuids") == "1"
    attributes = {"key": str(parent.key), **_LIBRARY, **_place(request, parent)}
    attributes |= {"parentTitle": parent.title, "title1": "Library", "title2": parent.title}
    return page(request, entries, lambda entry: word.item(entry, guids=guids, placed=False), attributes)


def _place(request: Asked, entry: Entry) -> dict[str, Value | None]:
    section = plex_of(request).state.catalogue.sections[entry.section]
    return {
        "librarySectionID": section.key,
        "librarySectionTitle": section.title,
        "librarySectionUUID": section.uuid,
    }


def _section(section: Section, catalogue: Catalogue) -> Element:
    newest = max((entry.updated_at for entry in catalogue.listed(section.key)), default=section.created_at)
    attributes: dict[str, Value | None] = {
        "allowSync": True,
        "art": f"/:/resources/{section.kind.word}-fanart.jpg",
        "composite": f"/library/sections/{section.key}/composite/{newest}",
        "filters": True,
        "refreshing": False,
        "thumb": f"/:/resources/{section.kind.word}.png",
        "key": str(section.key),
        "type": section.kind.word,
        "title": section.title,
        "agent": section.agent,
        "scanner": section.scanner,
        "language": "en-US" if section.agent.startswith("tv.") else "xn",
        "uuid": section.uuid,
        "updatedAt": newest,
        "createdAt": section.created_at,
        "scannedAt": newest,
        "content": True,
        "directory": True,
        "contentChangedAt": catalogue.changes(section.key),
        "hidden": 0,
    }
    location = element("Location", {"id": section.key, "path": str(section.folder)})
    return element("Directory", attributes, [location])


HANDLERS = [
    library,
    sections,
    section_all,
    section_leaves,
    section_recently_added,
    section_collections,
    section_genres,
    section_refresh,
    library_all,
    recently_added,
    metadata,
    children,
    leaves,
    tree,
]
"""All of these, for the application."""
