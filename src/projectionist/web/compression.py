"""Answers made smaller on their way: Brotli where the browser takes it, else gzip; never a live stream."""

from __future__ import annotations

import gzip
from typing import Final

import brotli  # type: ignore[import-untyped]
from litestar.datastructures import MutableScopeHeaders
from litestar.types import HTTPResponseStartEvent, Message, Send

SMALLEST: Final = 500
"""Bytes below which nothing is gained."""

COMPRESSED_TYPES: Final = (
    "text/html",
    "text/css",
    "text/plain",
    "text/csv",
    "text/javascript",
    "application/javascript",
    "application/json",
    "application/problem+json",
    "application/manifest+json",
    "application/openapi+json",
    "image/svg+xml",
)


def accepted(accept_encoding: str) -> str:
    """`br`, `gzip` or nothing, as the browser asks; `q=0` refuses."""
    taken = {}
    for part in accept_encoding.lower().split(","):
        name, _, weight = part.strip().partition(";")
        taken[name.strip()] = weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return next((name for name in ("br", "gzip") if taken.get(name)), "")


def compress(body: bytes, encoding: str, *, once: bool = False) -> bytes:
    """The body in that encoding; `once` for what is kept and sent often, slower and smaller."""
    if encoding == "br":
        return bytes(brotli.compress(body, quality=9 if once else 4, mode=brotli.MODE_TEXT))
    return gzip.compress(body, 9 if once else 5, mtime=0)


def compressing(send: Send, accept_encoding: str) -> Send:
    """A `send` that compresses a whole answer; what comes in pieces (streams, files) goes on as it is."""
    encoding = accepted(accept_encoding)
    held: HTTPResponseStartEvent | None = None

    async def send_on(message: Message) -> None:
        nonlocal held
        if message["type"] == "http.response.start":
            held = message
            return
        if held is not None and message["type"] == "http.response.body":
            start, held = held, None
            headers = MutableScopeHeaders.from_message(start)
            if _is_worth_it(headers):
                headers.extend_header_value("vary", "Accept-Encoding")
                body = message["body"]
                if encoding and not message.get("more_body") and len(body) >= SMALLEST:
                    message = {**message, "body": compress(body, encoding)}
                    headers["content-encoding"] = encoding
                    headers["content-length"] = str(len(message["body"]))
            await send(start)
        await send(message)

    return send_on


def _is_worth_it(headers: MutableScopeHeaders) -> bool:
    kind = headers.get("content-type", "").partition(";")[0].strip()
    return kind in COMPRESSED_TYPES and "content-encoding" not in headers
