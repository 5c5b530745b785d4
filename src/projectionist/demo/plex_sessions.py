"""The simulated server's answers about what is playing, what was watched, and by whom."""

from __future__ import annotations

from litestar import get

from projectionist.demo.asking import (
    Answer,
    Asked,
    asked,
    owner,
    page_bounds,
    pairs,
    plex_of,
    reply,
    reply_page,
    who,
    wording,
)
from projectionist.demo.catalogue import Kind
from projectionist.demo.elements import Element, Value, container, element
from projectionist.demo.items import Wording
from projectionist.demo.listing import COMPARISONS
from projectionist.demo.viewing import Playing, View

_REMEMBERED = (
    "ratingKey",
    "key",
    "parentKey",
    "grandparentKey",
    "title",
    "parentTitle",
    "grandparentTitle",
    "type",
    "thumb",
    "parentThumb",
    "grandparentThumb",
    "grandparentArt",
    "index",
    "parentIndex",
    "originallyAvailableAt",
)
"""What the history says of an item."""


@get("/status/sessions")
async def sessions(request: Asked) -> Answer:
    """What is playing now."""
    owner(request)
    word = wording(request)
    said = [_session(word, session) for session in plex_of(request).state.sessions()]
    return reply(request, container({}, said))


@get("/status/sessions/history/all")
async def history(request: Asked) -> Answer:
    """What was watched, by everybody for the owner and by themselves for others."""
    person, state = who(request), plex_of(request).state
    found = [view for view in state.history() if person.is_owner or view.account == person.account]
    for name, wanted in pairs(request):
        found = [view for view in found if _view_fits(request, view, name, wanted)]
    newest_first = "viewedAt:desc" in asked(request).get("sort", "viewedAt:desc")
    found.sort(key=lambda view: (view.viewed_at, view.id), reverse=newest_first)
    first, count = page_bounds(request)
    return reply_page(
        request, [_view(request, view) for view in found[first : first + count]], first, len(found)
    )


@get("/accounts")
async def accounts(request: Asked) -> Answer:
    """Who may watch, as the server numbers them; 0 is nobody, as with the real one."""
    owner(request)
    named = [(0, "")] + [(person.account, person.name) for person in plex_of(request).state.people]
    said = [
        element(
            "Account",
            {
                "id": account,
                "key": f"/accounts/{account}",
                "name": name,
                "defaultAudioLanguage": "en",
                "autoSelectAudio": True,
                "defaultSubtitleLanguage": "en",
                "subtitleMode": 0,
                "thumb": "",
            },
        )
        for account, name in named
    ]
    return reply(request, container({"identifier": "com.plexapp.system.accounts"}, said))


def _session(word: Wording, session: Playing) -> Element:
    media = session.entry.media[session.version]
    decision = "transcode" if session.transcoding else "directplay"
    parts = [
        word.part(part, streams=True, extra={"decision": decision, "selected": number == 0})
        for number, part in enumerate(media.parts)
    ]
    played = word.media(media, streams=False, extra={"selected": True})
    person = session.person
    avatar = f"https://plex.tv/users/{person.uuid}/avatar"
    about = [
        element("User", {"id": str(person.account), "thumb": avatar, "title": person.name}, single=True),
        _player(session),
        element(
            "Session",
            {
                "id": f"demo-session-{session.key}",
                "bandwidth": played.attributes["bitrate"],
                "location": "lan" if session.player.is_near else "wan",
            },
            single=True,
        ),
    ]
    if session.transcoding:
        about.append(_transcoding(session))
    return word.item(
        session.entry,
        extra={"sessionKey": str(session.key), "viewOffset": session.position_ms},
        media=[Element(played.name, played.attributes, tuple(parts))],
        more=about,
    )


def _player(session: Playing) -> Element:
    player = session.player
    attributes: dict[str, Value | None] = {
        "address": player.address,
        "device": player.platform,
        "machineIdentifier": player.identifier,
        "model": "",
        "platform": player.platform,
        "platformVersion": "1",
        "product": player.product,
        "profile": player.platform,
        "remotePublicAddress": player.address,
        "state": session.state,
        "title": player.title,
        "version": "1",
        "local": player.is_near,
        "relayed": False,
        "secure": True,
        "userID": session.person.account,
    }
    return element("Player", attributes, single=True)


def _transcoding(session: Playing) -> Element:
    video = session.entry.media[session.version].stream(1)
    attributes: dict[str, Value | None] = {
        "key": f"/transcode/sessions/demo-{session.key}",
        "throttled": False,
        "complete": False,
        "progress": round(100 * session.position_ms / session.entry.duration_ms, 1),
        "size": -22,
        "speed": 1.0,
        "error": False,
        "duration": session.entry.duration_ms,
        "context": "streaming",
        "sourceVideoCodec": video.codec if video else None,
        "videoDecision": "transcode",
        "audioDecision": "copy",
        "protocol": "hls",
        "container": "mpegts",
        "videoCodec": "h264",
        "transcodeHwRequested": False,
    }
    return element("TranscodeSession", attributes, single=True)


def _view(request: Asked, view: View) -> Element:
    entry, catalogue = view.entry, plex_of(request).state.catalogue
    word = wording(request)
    plain = word.item(entry, placed=False).attributes
    gone = catalogue.get(entry.key) is None
    attributes: dict[str, Value | None] = {"historyKey": f"/status/sessions/history/{view.id}"}
    for name in _REMEMBERED:
        if name in plain and not (gone and name in ("key", "ratingKey")):
            attributes[name] = plain[name]
    attributes["librarySectionID"] = str(entry.section)
    attributes |= {"viewedAt": view.viewed_at, "accountID": view.account, "deviceID": view.device}
    tag = "Track" if entry.kind is Kind.TRACK else "Video"
    return element(tag, attributes, listed_as="Metadata")


def _view_fits(request: Asked, view: View, name: str, wanted: str) -> bool:
    if name.rstrip("<>") == "viewedAt":
        return COMPARISONS[name.removeprefix("viewedAt")](view.viewed_at, int(wanted))
    if name == "metadataItemID":
        above = plex_of(request).state.catalogue.ancestors(view.entry)
        return wanted in {str(entry.key) for entry in (view.entry, *above)}
    values = {"accountID": view.account, "librarySectionID": view.entry.section}
    return name not in values or str(values[name]) == wanted


HANDLERS = [sessions, history, accounts]
"""All of these, for the application."""
