"""Which version is the newest: what a forge or a package index answers for a release, as JSON."""

from __future__ import annotations

from contextlib import closing
from urllib.parse import urlsplit

import msgspec

from projectionist import __version__
from projectionist.kit.http import HttpClient, Retries, TimeOuts
from projectionist.kit.outbound import shown_address
from projectionist.media.releases import Release

_IN_TIME = TimeOuts(connect=5.0, read=10.0, total=20.0)
_LONGEST = 500


class _Info(msgspec.Struct):
    version: str = ""
    release_url: str = ""


class _Answer(msgspec.Struct):
    """`tag_name` and `html_url` are a forge's words, `info` is a package index's."""

    tag_name: str = ""
    html_url: str = ""
    info: _Info = msgspec.field(default_factory=_Info)


_DECODER = msgspec.json.Decoder(_Answer)


def latest_release(address: str) -> Release:
    """The newest release that an address tells of. Raises ServiceError."""
    parts = urlsplit(address)
    headers = {"User-Agent": f"Projectionist/{__version__}", "Accept": "application/json"}
    client = HttpClient(
        shown_address(address),
        headers,
        name="The address for releases",
        time_outs=_IN_TIME,
        retries=Retries(attempts=2),
        max_body=8 * 1024 * 1024,
    )
    with closing(client):
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        answer = client.get_json(path, _DECODER)
        version = (answer.tag_name or answer.info.version).strip().removeprefix("v")
        if not version or len(version) > 50:
            raise client.wrong(f"GET {parts.path}", "without a version", "check that it tells of a release")
    page = answer.html_url or answer.info.release_url
    return Release(version, page if page.startswith("https://") and len(page) <= _LONGEST else "")
