"""One plain request, and whatever answers it: for looking at answers, where `kit.http` is for using them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import httpx2

from projectionist.errors import ServerUnreachable, TlsFailed
from projectionist.kit.http import tls_context
from projectionist.kit.outbound import shown_address

TIME_OUT_S = 5.0
_READ_AT_MOST = 20_000
_TLS = re.compile(r"certificate|ssl|tls", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Probed:
    """The answer to a probe: its status, its headers by lower-case names, and the beginning of its body."""

    status: int
    headers: Mapping[str, str]
    body: str


def probe(url: str, headers: Mapping[str, str] | None = None) -> Probed:
    """GET an address once, following no redirect. Raises ServerUnreachable, TlsFailed."""
    try:
        with (
            httpx2.Client(verify=tls_context(True), trust_env=False, timeout=TIME_OUT_S) as client,
            client.stream("GET", url, headers=dict(headers or {})) as response,
        ):
            body = b""
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) >= _READ_AT_MOST:
                    break
            found = {name.lower(): value for name, value in response.headers.items()}
            return Probed(response.status_code, found, body[:_READ_AT_MOST].decode(errors="replace"))
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        what = str(error) or type(error).__name__
        if isinstance(error, httpx2.ConnectError) and _TLS.search(what):
            raise TlsFailed(f"The certificate at {shown_address(url)} is not trusted: {what}.") from error
        raise ServerUnreachable(
            f"{shown_address(url)} gave no answer in {TIME_OUT_S:g} s: {what}."
        ) from error
