"""Posters and backgrounds of servers, fetched once for each width, made small, and kept on disk.

A browser never learns where a server is or how to sign in there. What a server hands out is decoded and encoded
anew: nothing but a picture of ours is passed on.
"""

from __future__ import annotations

import hashlib
import io
import threading
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from html import escape
from pathlib import Path

from PIL import Image as Pillow
from PIL import UnidentifiedImageError

from projectionist.db.engine import Database
from projectionist.errors import ServerLacks, ServiceError, TargetUnwritable
from projectionist.features.library import showing
from projectionist.features.library.neighbours import Servers
from projectionist.kit import files

WIDTHS = (160, 240, 320, 480, 720, 1280)
ASPECTS = {"poster": 3 / 2, "art": 9 / 16}
_QUALITY = 82
_PAUSE_S = 30.0
"""How long a server that did not answer is left alone: a wall asks for sixty pictures at once."""
_MOST_PIXELS = 40_000_000
_VERSION = "1"


@dataclass(frozen=True, slots=True)
class Picture:
    """An encoded picture. A substitute is drawn by us and says what is missing; it is not to be kept long."""

    content: bytes
    content_type: str
    etag: str
    is_substitute: bool = False


class Pictures:
    """The pictures of items, from a folder that may be removed at any time."""

    def __init__(
        self,
        database: Database,
        servers: Servers,
        folder: Path,
        *,
        most_bytes: int = 2_000_000_000,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._servers = servers
        self._folder = folder
        self._most_bytes = most_bytes
        self._ticks = ticks
        self._silent: dict[int, float] = {}
        self._fetching = threading.BoundedSemaphore(4)
        self._written = 0

    def picture(self, item_id: int, which: str, width: int, *, webp: bool) -> Picture:
        """The poster or art of an item, about `width` pixels wide; a substitute where there is none to be had.

        Raises NotFound for an item that is not there.
        """
        server_id, key, title = showing.picture_key(self._database, item_id, which)
        if not key:
            return _substitute(title, which, "")
        width = next((one for one in WIDTHS if one >= width), WIDTHS[-1])
        kind = "webp" if webp else "jpg"
        name = hashlib.sha256(f"{_VERSION}|{server_id}|{key}|{which}|{width}|{kind}".encode()).hexdigest()[
            :40
        ]
        path = self._folder / name[:2] / f"{name}.{kind}"
        with suppress(OSError):
            return _kept(path.read_bytes(), kind, name)
        if self._ticks() < self._silent.get(server_id, 0.0):
            return _substitute(title, which, "server")
        content, trouble = None, ""
        try:
            content = self._fetch(server_id, key, width, round(width * ASPECTS[which]), kind)
        except ServerLacks:
            content = None
        except ServiceError:
            self._silent[server_id] = self._ticks() + _PAUSE_S
            trouble = "server"
        if content is None:
            return _substitute(title, which, trouble)
        self._keep(path, content)
        return _kept(content, kind, name)

    def _fetch(self, server_id: int, key: str, width: int, height: int, kind: str) -> bytes | None:
        with self._fetching:
            server = self._servers.connect(server_id)
            try:
                found = server.image(key, width=width, height=height)
            finally:
                server.close()
            return _encoded(found.content, width, height, kind)

    def _keep(self, path: Path, content: bytes) -> None:
        """A picture that cannot be kept is fetched again the next time."""
        with suppress(TargetUnwritable, OSError):
            files.publish_file(path, lambda file: _write(file.write, content))
        self._written += len(content)
        if self._written > self._most_bytes // 20:
            self._written = 0
            self._trim()

    def _trim(self) -> None:
        """Remove the oldest until a tenth of the room is free."""
        found = []
        for path in self._folder.glob("*/*"):
            with suppress(OSError):
                stat = path.stat()
                found.append((stat.st_mtime_ns, stat.st_size, path))
        excess = sum(size for _, size, _ in found) - self._most_bytes * 9 // 10
        for _, size, path in sorted(found):
            if excess <= 0:
                return
            with suppress(OSError):
                files.remove_file(path, within=self._folder)
                excess -= size


def _write(write: Callable[[bytes], int], content: bytes) -> None:
    write(content)


def _encoded(content: bytes, width: int, height: int, kind: str) -> bytes | None:
    """The picture, no larger than asked; None where the bytes are none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Pillow.DecompressionBombWarning)
            with Pillow.open(io.BytesIO(content), formats=("JPEG", "PNG", "WEBP", "GIF")) as opened:
                if opened.width * opened.height > _MOST_PIXELS:
                    return None
                opened.draft("RGB", (width, height))
                picture = opened.convert("RGB")
    except (
        UnidentifiedImageError,
        Pillow.DecompressionBombError,
        Pillow.DecompressionBombWarning,
        OSError,
        ValueError,
        SyntaxError,
    ):
        return None
    picture.thumbnail((width, height * 2), Pillow.Resampling.LANCZOS)
    made = io.BytesIO()
    picture.save(made, "WEBP" if kind == "webp" else "JPEG", quality=_QUALITY)
    return made.getvalue()


def _kept(content: bytes, kind: str, name: str) -> Picture:
    return Picture(content, "image/webp" if kind == "webp" else "image/jpeg", f'"{name}"')


def _substitute(title: str, which: str, why: str) -> Picture:
    width, height = (240, 360) if which == "poster" else (640, 360)
    lines = _wrapped(title, 18 if which == "poster" else 36)
    first = height / 2 - 14 * (len(lines) - 1)
    texts = "".join(
        f'<text x="{width / 2:g}" y="{first + 28 * number:g}" font-size="22">{escape(line)}</text>'
        for number, line in enumerate(lines)
    )
    note = "server does not answer" if why else "no picture"
    drawn = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">'
        f'<rect width="{width}" height="{height}" fill="#232029"/>'
        f'<g fill="#ece8f1" text-anchor="middle" font-family="Inter, system-ui, sans-serif">{texts}</g>'
        f'<text x="{width / 2:g}" y="{height - 20}" font-size="14" fill="#a49db0" text-anchor="middle" '
        f'font-family="Inter, system-ui, sans-serif">{note}</text></svg>'
    ).encode()
    tag = hashlib.sha256(drawn).hexdigest()[:40]
    return Picture(drawn, "image/svg+xml", f'"{tag}"', is_substitute=True)


def _wrapped(title: str, width: int) -> list[str]:
    """At most four lines; what is cut ends in an ellipsis."""
    lines: list[str] = []
    for word in title.split() or ["?"]:
        word = word if len(word) <= width else f"{word[: width - 1]}…"
        if lines and len(lines[-1]) + len(word) < width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines if len(lines) <= 4 else [*lines[:3], f"{lines[3][: width - 1]}…"]
