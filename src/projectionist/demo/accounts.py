"""People, servers and pins in plex.tv's words."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlsplit

from projectionist.demo.asking import Plex
from projectionist.demo.elements import Element, Value, element, to_object
from projectionist.demo.people import Person

SINCE = 1_760_000_000
"""When everybody joined, in epoch seconds."""


def account_element(plex: Plex, person: Person) -> Element:
    """Who somebody is, to themselves."""
    attributes: dict[str, Value | None] = {
        "id": person.id,
        "uuid": person.uuid,
        "username": person.name,
        "title": person.name,
        "email": person.email,
        "friendlyName": person.name,
        "locale": "en",
        "confirmed": True,
        "joinedAt": SINCE,
        "emailOnlyAuth": False,
        "hasPassword": not person.is_managed,
        "protected": False,
        "thumb": avatar(person),
        "authToken": person.token,
        "mailingListStatus": "unsubscribed",
        "mailingListActive": False,
        "scrobbleTypes": "",
        "country": "DE",
        "restricted": person.is_managed,
        "home": person.is_home,
        "guest": False,
        "homeSize": sum(each.is_home for each in plex.state.people),
        "homeAdmin": person.is_owner,
        "maxHomeSize": 15,
        "rememberExpiresAt": SINCE,
        "anonymous": False,
        "experimentalFeatures": False,
        "twoFactorEnabled": False,
        "backupCodesCreated": False,
    }
    subscription: dict[str, Value | None] = {
        "active": person.is_owner,
        "subscribedAt": "2026-09-21 14:13:20 UTC",
    }
    features = [element("feature", {"id": "webhooks"})] if person.is_owner else []
    profile: dict[str, Value | None] = {
        "autoSelectAudio": True,
        "defaultAudioLanguage": "en",
        "defaultSubtitleLanguage": "en",
        "autoSelectSubtitle": 0,
        "defaultSubtitleAccessibility": 0,
        "defaultSubtitleForced": 0,
        "watchedIndicator": 1,
        "mediaReviewsVisibility": 0,
    }
    return element(
        "user",
        attributes,
        [
            element("subscription", subscription, [element("features", {}, features)], single=True),
            element("profile", profile, single=True),
            element("entitlements", {}, single=True),
            element("roles", {}, single=True),
        ],
    )


def account_object(plex: Plex, person: Person) -> dict[str, object]:
    """The same as JSON, where what is a wrapper in XML is a list."""
    told = account_element(plex, person)
    features = ["webhooks"] if person.is_owner else []
    subscription = {**told.children[0].attributes, "status": "Active" if features else "Inactive"}
    inside = {"subscription": {**subscription, "features": features}, "profile": to_object(told.children[1])}
    return {**told.attributes, **inside, "entitlements": [], "roles": [], "services": []}


def avatar(person: Person) -> str:
    """Where somebody's picture is; it names them by their uuid."""
    return f"https://plex.tv/users/{person.uuid}/avatar?c={SINCE}"


def pin_element(
    number: int, code: str, client: str, made_at: datetime, expires_at: datetime, token: str
) -> Element:
    """A pin; its token is there once it was claimed."""
    attributes: dict[str, Value | None] = {
        "id": number,
        "code": code,
        "product": "Projectionist",
        "trusted": False,
        "qr": "",
        "clientIdentifier": client,
        "expiresIn": max(0, int((expires_at - datetime.now(UTC)).total_seconds())),
        "createdAt": _stamp(made_at),
        "expiresAt": _stamp(expires_at),
        "authToken": token or None,
    }
    return element("pin", attributes)


def pin_object(pin: Element) -> dict[str, object]:
    """The same as JSON, where what is absent is null."""
    return {"authToken": None, "newRegistration": None, **pin.attributes}


def resource_element(plex: Plex, address: str, person: Person) -> Element:
    """The server of the house as somebody may use it."""
    place = urlsplit(address)
    attributes: dict[str, Value | None] = {
        "name": plex.name,
        "product": "Plex Media Server",
        "productVersion": plex.version,
        "platform": "Linux",
        "platformVersion": "6.17.0",
        "device": "PC",
        "clientIdentifier": plex.identity,
        "createdAt": _stamp(datetime.fromtimestamp(SINCE, UTC)),
        "lastSeenAt": _stamp(datetime.now(UTC)),
        "provides": "server",
        "ownerId": None if person.is_owner else plex.state.owner.id,
        "sourceTitle": None if person.is_owner else plex.state.owner.name,
        "publicAddress": "192.0.2.1",
        "accessToken": person.token,
        "owned": person.is_owner,
        "home": person.is_home,
        "synced": False,
        "relay": False,
        "presence": True,
        "httpsRequired": False,
        "publicAddressMatches": True,
        "dnsRebindingProtection": False,
        "natLoopbackSupported": False,
    }
    connection: dict[str, Value | None] = {
        "protocol": "http",
        "address": place.hostname,
        "port": place.port,
        "uri": address,
        "local": True,
        "relay": False,
        "IPv6": False,
    }
    connections = element("connections", {}, [element("connection", connection)])
    return element("resource", attributes, [connections])


def resource_object(plex: Plex, address: str, person: Person) -> dict[str, object]:
    """The same as JSON: what is absent is null there, and connections are a list."""
    told = resource_element(plex, address, person)
    inside = [dict(each.attributes) for each in told.children[0].children]
    return {"ownerId": None, "sourceTitle": None, **told.attributes, "connections": inside}


def friend_element(plex: Plex, person: Person) -> Element:
    """Somebody with whom the server is shared."""
    attributes: dict[str, Value | None] = {
        "id": person.id,
        "title": person.name,
        "username": "" if person.is_managed else person.name,
        "email": person.email,
        "recommendationsPlaylistId": "",
        "thumb": avatar(person),
        "protected": 0,
        "home": int(person.is_home),
        **dict.fromkeys(
            ("allowTuners", "allowSync", "allowCameraUpload", "allowChannels", "allowSubtitleAdmin"), 0
        ),
        **dict.fromkeys(("filterAll", "filterMovies", "filterMusic", "filterPhotos", "filterTelevision"), ""),
        "restricted": int(person.is_managed),
    }
    every = len(plex.state.catalogue.sections)
    server: dict[str, Value | None] = {
        "id": person.id * 10,
        "serverId": 4_242,
        "machineIdentifier": plex.identity,
        "name": plex.name,
        "lastSeenAt": SINCE,
        "numLibraries": every if person.sections is None else len(person.sections),
        "allLibraries": int(person.sections is None),
        "owned": 0,
        "pending": 0,
    }
    return element("User", attributes, [element("Server", server)])


def shared_server_element(plex: Plex, person: Person) -> Element:
    """How somebody comes to the server: with which token."""
    attributes: dict[str, Value | None] = {
        "id": person.id * 10,
        "username": person.name,
        "email": person.email,
        "userID": person.id,
        "accessToken": person.token,
        "name": plex.name,
        "acceptedAt": SINCE,
        "invitedAt": SINCE,
        "allLibraries": person.sections is None,
    }
    return element("SharedServer", attributes)


def home_user_element(person: Person, token: str = "") -> Element:
    """Somebody who lives in the house, with their token where they were switched to."""
    attributes: dict[str, Value | None] = {
        "id": person.id,
        "uuid": person.uuid,
        "title": person.name,
        "username": "" if person.is_managed else person.name,
        "email": person.email,
        "admin": person.is_owner,
        "guest": False,
        "restricted": person.is_managed,
        "protected": False,
        "hasPassword": not person.is_managed,
        "thumb": avatar(person),
        "authenticationToken": token or None,
        "authToken": token or None,
    }
    return element("User" if not token else "user", attributes)


def work_element(item: Element) -> Element:
    """An item as a work: its key is the end of its guid, and nothing of it lies on a disk."""
    name = str(item.attributes["guid"]).rpartition("/")[2]
    kept = {key: value for key, value in item.attributes.items() if key not in ("viewOffset", "viewCount")}
    below = "/children" if str(kept["key"]).endswith("/children") else ""
    named = {**kept, "ratingKey": name, "key": f"/library/metadata/{name}{below}"}
    return Element(item.name, named, item.children, item.listed_as)


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
