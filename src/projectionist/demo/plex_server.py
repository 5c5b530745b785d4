"""The simulated Plex server as one application."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, cast

from litestar import Litestar, Request, get
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.response import Response

from projectionist.demo import plex_files, plex_library, plex_playback, plex_sessions, plex_socket
from projectionist.demo.asgi import Application
from projectionist.demo.asking import Answer, Asked, Plex, plex_of, reply, who
from projectionist.demo.elements import Value, container


@get("/")
async def root(request: Asked) -> Answer:
    """Who the server is, to those who may know."""
    plex, person = plex_of(request), who(request)
    attributes: dict[str, Value | None] = {
        **dict.fromkeys(("allowCameraUpload", "allowChannelAccess", "allowSharing", "allowSync"), True),
        "allowMediaDeletion": person.is_owner,
        "apiVersion": "1.2.0",
        "backgroundProcessing": True,
        "certificate": True,
        "companionProxy": True,
        "countryCode": "",
        "eventStream": True,
        "friendlyName": plex.name,
        "hubSearch": True,
        "itemClusters": True,
        "machineIdentifier": plex.identity,
        "mediaProviders": True,
        "multiuser": True,
        "myPlex": True,
        "myPlexMappingState": "mapped",
        "myPlexSigninState": "ok",
        "myPlexSubscription": True,
        "myPlexUsername": plex.state.owner.email,
        "ownerFeatures": "collections,content_filter,home,hwtranscode,lyrics,pass,trailers,webhooks",
        "platform": "Linux",
        "platformVersion": "6.17.0",
        "pluginHost": True,
        "pushNotifications": False,
        "readOnlyLibraries": False,
        "streamingBrainVersion": 2,
        "sync": True,
        "transcoderActiveVideoSessions": 0,
        "transcoderPhoto": True,
        "updatedAt": 1_760_000_000,
        "updater": True,
        "version": plex.version,
        "voiceSearch": True,
    }
    return reply(request, container(attributes))


@get("/identity")
async def identity(request: Asked) -> Answer:
    """Which server this is, to everybody."""
    plex = plex_of(request)
    attributes: dict[str, Value | None] = {
        "claimed": True,
        "machineIdentifier": plex.identity,
        "version": plex.version,
    }
    return reply(request, container(attributes))


@get(["/activities", "/clients", "/playlists", "/transcode/sessions"])
async def nothing(request: Asked) -> Answer:
    """What this server has none of."""
    who(request)
    return reply(request, container({}))


def plex_application(plex: Plex) -> Application:
    """The server over this state."""
    parts = (plex_library, plex_playback, plex_sessions, plex_files, plex_socket)
    handlers = [root, identity, nothing, *(handler for part in parts for handler in part.HANDLERS)]
    application = Litestar(
        route_handlers=handlers,
        state=State({"plex": plex}),
        exception_handlers={HTTPException: html_error},
        openapi_config=None,
        logging_config=None,
    )
    return cast("Application", application)


def html_error(_request: Request[Any, Any, Any], error: HTTPException) -> Response[str]:
    """A refusal as Plex puts it."""
    status = f"{error.status_code} {HTTPStatus(error.status_code).phrase}"
    title = status.partition(" ")[2]
    page = f"<html><head><title>{title}</title></head><body><h1>{status}</h1></body></html>"
    return Response(page, status_code=error.status_code, media_type="text/html")
