"""Whether previews can be written into what somebody calls Plex's data folder."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from projectionist.errors import TargetUnwritable
from projectionist.kit import files

_NAME = "Plex Media Server"
_BESIDE_MEDIA = ("Metadata", "Plug-in Support", "Cache", "Codecs", "Preferences.xml")


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of it: `sentence` says it in words, `folder` is the folder really meant."""

    works: bool
    sentence: str
    folder: Path


def prove_plex_data(path: Path) -> Proof:
    """Write a file where Plex keeps its previews, and take it away again. Touches nothing else, raises nothing.

    `path` may also be the folder that holds the one called "Plex Media Server".
    """
    folder = _meant(path)
    wrong = _why_not_plex(folder)
    if wrong:
        return Proof(False, wrong, folder)
    localhost = folder / "Media" / "localhost"
    content = uuid.uuid4().bytes
    probe = localhost / f".projectionist-{content.hex()}"
    try:
        files.publish_file(probe, _writer(content))
        try:
            read = probe.read_bytes()
        finally:
            files.remove_file(probe, within=localhost)
    except TargetUnwritable as error:
        trouble = error.message
        return Proof(False, f"Nothing can be written into {localhost}: {trouble}", folder)
    except OSError as error:
        sentence = (
            f"What was written into {localhost} could not be read back ({error.strerror}); check its disk."
        )
        return Proof(False, sentence, folder)
    if read != content:
        sentence = f"What was written into {localhost} was read back otherwise; check its disk."
        return Proof(False, sentence, folder)
    return Proof(True, f"A file was written to {localhost}, read and removed: previews can go there.", folder)


def _writer(content: bytes) -> Callable[[BinaryIO], None]:
    def write(file: BinaryIO) -> None:
        file.write(content)

    return write


def _meant(path: Path) -> Path:
    """People name the folder above, or one of those inside, as often as the folder itself."""
    for candidate in (
        path,
        path / _NAME,
        path / "Library" / "Application Support" / _NAME,
        *path.parents[:2],
    ):
        with contextlib.suppress(OSError):
            if _why_not_plex(candidate) == "":
                return candidate
    return path


def _why_not_plex(folder: Path) -> str:
    """Why this is no data folder of Plex's, in words; empty where it is one."""
    if not folder.is_absolute():
        return f"{folder} is no whole path; give one that begins with /."
    try:
        names = {entry.name for entry in folder.iterdir()}
    except OSError as error:
        return _why_not_listed(folder, error)
    if "Media" not in names or names.isdisjoint(_BESIDE_MEDIA):
        return (
            f"{folder} is no Plex data folder: one holds Media, Metadata and Preferences.xml; it is most often called "
            f"“{_NAME}”."
        )
    if not (folder / "Media" / "localhost").is_dir():
        return (
            f"{folder} holds no Media/localhost, which Plex makes when it first analyses a film; let it scan a "
            "library, then try again."
        )
    return ""


def _why_not_listed(folder: Path, error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return f"{folder} does not exist on this machine; check the spelling, or mount it."
    if isinstance(error, NotADirectoryError):
        return f"{folder} is a file, not a folder; name the folder called “{_NAME}”."
    return f"{folder} cannot be listed ({error.strerror}); let this user read and write it."
