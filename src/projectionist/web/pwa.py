"""What makes the pages installable: manifest, service worker, offline page."""

from __future__ import annotations

import json
from typing import Any

from litestar import Request, Response, get
from litestar.response import Template

from projectionist.web.access import KEY
from projectionist.web.assets import Assets
from projectionist.web.config import ShellSettings
from projectionist.web.identifying import ANONYMOUS

OPEN_TO_ALL: dict[str, Any] = {KEY: None, ANONYMOUS: True}
KEPT_OFFLINE = ("app.css", "vendor/inter-latin.woff2", "icons.svg", "brand/mark.svg")


@get("/manifest.webmanifest", opt=OPEN_TO_ALL, include_in_schema=False)
async def manifest(request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
    """What a browser needs to install the pages as an app."""
    shell = request.app.state.shell
    settings: ShellSettings = shell.settings
    assets: Assets = shell.assets
    icons = [
        {"src": assets.url("brand/mark.svg", settings), "sizes": "any", "type": "image/svg+xml"},
        {"src": assets.url("brand/icon-192.png", settings), "sizes": "192x192", "type": "image/png"},
        {"src": assets.url("brand/icon-512.png", settings), "sizes": "512x512", "type": "image/png"},
        {
            "src": assets.url("brand/icon-maskable.png", settings),
            "sizes": "512x512",
            "type": "image/png",
            "purpose": "maskable",
        },
    ]
    body = {
        "name": "Projectionist",
        "short_name": "Projectionist",
        "id": settings.url("/"),
        "start_url": settings.url("/"),
        "scope": settings.url("/"),
        "display": "standalone",
        "background_color": "#111014",
        "theme_color": "#111014",
        "icons": icons,
    }
    return Response(body, media_type="application/manifest+json", headers={"cache-control": "no-cache"})


@get("/sw.js", opt=OPEN_TO_ALL, include_in_schema=False)
async def service_worker(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The service worker, told which static files and which page it keeps; never a page of somebody.

    It shows what is pushed to it, too, and opens the pages that messages lead to.
    """
    shell = request.app.state.shell
    assets: Assets = shell.assets
    told = {
        "version": assets.version,
        "static": shell.settings.url("/static/"),
        "offline": shell.settings.url("/offline"),
        "base": shell.settings.url(""),
        "icon": assets.url("brand/icon-192.png", shell.settings),
        "renewed": shell.settings.url("/api/v1/push-subscriptions/renew"),
        "kept": [assets.url(name, shell.settings) for name in KEPT_OFFLINE],
    }
    script = f"const told = {json.dumps(told)};\n".encode() + assets.files["service-worker.js"]
    return Response(script, media_type="text/javascript", headers={"cache-control": "no-cache"})


@get("/offline", opt=OPEN_TO_ALL, include_in_schema=False)
async def offline_page() -> Template:
    """What is shown where the server cannot be reached."""
    return Template("offline.html")


@get("/favicon.ico", opt=OPEN_TO_ALL, include_in_schema=False)
async def favicon(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The icon that browsers ask for where a page names none: a text, a download."""
    icon = request.app.state.shell.assets.files["brand/icon-192.png"]
    return Response(icon, media_type="image/png", headers={"cache-control": "public, max-age=86400"})


HANDLERS = (manifest, service_worker, offline_page, favicon)
