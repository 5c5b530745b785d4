"""Static files: read once, named by their content, kept for ever by browsers."""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from projectionist.web.access import KEY
from projectionist.web.compression import COMPRESSED_TYPES, accepted, compress
from projectionist.web.config import ShellSettings

FOLDER = Path(__file__).parent / "static"
TYPES = {".js": "text/javascript", ".woff2": "font/woff2", ".svg": "image/svg+xml", ".css": "text/css"}


@dataclass(frozen=True)
class Assets:
    """The files below a folder; `version` changes when a byte of any of them does, and is part of every name."""

    folder: Path = FOLDER
    _encoded: dict[tuple[str, str], bytes] = field(default_factory=dict)

    @cached_property
    def files(self) -> Mapping[str, bytes]:
        """Their bytes by their path below the folder."""
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file()
        }

    @cached_property
    def version(self) -> str:
        """Twelve digits of a hash over all names and bytes."""
        digest = hashlib.sha256()
        for name, content in self.files.items():
            digest.update(f"{name}\0{len(content)}\0".encode())
            digest.update(content)
        return digest.hexdigest()[:12]

    def url(self, name: str, settings: ShellSettings) -> str:
        """The address of a file. Raises KeyError where there is none, so that a typing error shows in tests."""
        if name not in self.files:
            raise KeyError(f"There is no static file {name!r}")
        return settings.url(f"/static/{self.version}/{name}")

    def encoded(self, name: str, encoding: str) -> bytes:
        """A file's bytes in an encoding, made once."""
        kept = self._encoded.get((name, encoding))
        if kept is None:
            kept = self._encoded[name, encoding] = compress(self.files[name], encoding, once=True)
        return kept


def media_type(name: str) -> str:
    """The content type of a file by its name."""
    return TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"


@get("/static/{version:str}/{name:path}", opt={KEY: None, "anonymous": True}, include_in_schema=False)
async def static_file(
    request: Request[Any, Any, Any], version: FromPath[str], name: FromPath[str]
) -> Response[bytes]:
    """A static file; kept for ever under its own version, asked again under another."""
    assets: Assets = request.app.state.shell.assets
    path = name.lstrip("/")
    content = assets.files.get(path)
    if content is None:
        raise NotFoundException
    kept = version == assets.version
    headers = {"cache-control": "public, max-age=31536000, immutable" if kept else "no-cache"}
    kind = media_type(path)
    encoding = accepted(request.headers.get("accept-encoding", "")) if kind in COMPRESSED_TYPES else ""
    if encoding:
        content = assets.encoded(path, encoding)
        headers |= {"content-encoding": encoding, "vary": "Accept-Encoding"}
    return Response(content, media_type=kind, headers=headers)


HANDLERS = (static_file,)
