"""The pictures of a preview, one at a time, for players and pages; and which previews anybody may look into."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from projectionist.errors import InputWrong, NotFound, PreviewInvalid, UsageWrong
from projectionist.features.previews import inspecting, upkeep
from projectionist.features.previews.formats import Format
from projectionist.features.previews.inspecting import BifPictures, Inspection, open_any_bif
from projectionist.features.previews.loose_pictures import LoosePictures
from projectionist.features.previews.models import Preview
from projectionist.features.previews.record import Record
from projectionist.features.previews.surveying import WITH_FILMS
from projectionist.features.previews.workplace import Workplace
from projectionist.frames import jpeg
from projectionist.frames.trickplay import Trickplay, read_trickplay
from projectionist.kit.confining import is_plain, is_system, real_path, within

_SHEETS_KEPT = 12
_PREVIEWS_KEPT = 256


@dataclass(frozen=True, slots=True)
class Strip:
    """The pictures of one preview: `count` of them, `interval_ms` apart (0: not known), in pixels.

    `version` changes with the file, so that an address that holds it always means the same picture.
    """

    path: Path
    format: Format
    count: int
    interval_ms: int
    width: int
    height: int
    version: str


class Showcase:
    """Opens previews and keeps what is asked for again and again; safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._strips: OrderedDict[tuple[Path, str], Strip] = OrderedDict()
        self._sheets: OrderedDict[tuple[Path, str, int], tuple[bytes, ...]] = OrderedDict()

    def strip(self, path: Path, kind: Format) -> Strip:
        """What a preview holds. Raises PreviewInvalid."""
        version = _version(path)
        with self._lock:
            known = self._strips.get((path, version))
            if known is not None:
                self._strips.move_to_end((path, version))
                return known
        strip = _read(path, kind, version)
        with self._lock:
            self._strips[path, version] = strip
            while len(self._strips) > _PREVIEWS_KEPT:
                self._strips.popitem(last=False)
        return strip

    def picture(self, strip: Strip, number: int) -> bytes:
        """Picture `number`, from 0, as a JPEG. Raises NotFound beyond the last, PreviewInvalid."""
        if not 0 <= number < strip.count:
            raise NotFound(f"This preview has no picture {number}: its pictures are 0 to {strip.count - 1}.")
        if strip.format is Format.TRICKPLAY:
            return self._tile(strip, number)
        if strip.format is Format.JPEG:
            return LoosePictures(strip.path).picture(number)
        with open_any_bif(strip.path) as opened:
            return BifPictures(opened).picture(number)

    def _tile(self, strip: Strip, number: int) -> bytes:
        """Tiles are cut out a sheet at a time: it is decoded once for all of them."""
        opened = read_trickplay(strip.path)
        per_sheet = opened.columns * opened.rows
        sheet, tile = divmod(number, per_sheet)
        key = (strip.path, strip.version, sheet)
        with self._lock:
            tiles = self._sheets.get(key)
        if tiles is None:
            tiles = tuple(_cut(opened, sheet * per_sheet, min(strip.count, (sheet + 1) * per_sheet)))
        with self._lock:
            self._sheets[key] = tiles
            self._sheets.move_to_end(key)
            while len(self._sheets) > _SHEETS_KEPT:
                self._sheets.popitem(last=False)
        return tiles[tile]


def strip_of_part(place: Workplace, showcase: Showcase, row: Preview) -> Strip:
    """The pictures of a part's preview, from the first of its places that can be read here. Raises NotFound."""
    for target in row.targets:
        with suppress(PreviewInvalid):
            return showcase.strip(Path(target["path"]), Format(target["format"]))
    raise NotFound("There is no preview of this file that this machine can read; make it, or mount its disk.")


def strip_of_item(place: Workplace, showcase: Showcase, item_id: int) -> Strip:
    """The pictures of an item's first file that has some. Raises NotFound."""
    for row in upkeep.previews_of_item(place, item_id):
        with suppress(NotFound):
            return strip_of_part(place, showcase, row)
    raise NotFound("There is no preview of this item that this machine can read.")


def roots(place: Workplace) -> list[Path]:
    """The folders below which any preview may be looked at: libraries', Plex's data, and the previews' own."""
    found = [place.folder]
    servers = set()
    with place.database.read() as session:
        for library in place.catalogue.libraries():
            if library.kind not in WITH_FILMS:
                continue
            servers.add(library.server_id)
            found.append(place.folder_of(place.choices_of(session, library.id)))
            for location in place.catalogue.locations(library.id):
                local = place.servers.local_path(library.server_id, location)
                if local is not None:
                    found.append(Path(local))
    for server_id in servers:
        data = place.servers.plex_data(server_id)
        if data is not None:
            found.append(data / "Media" / "localhost")
    return [one for one in dict.fromkeys(found) if not is_system(one)]


def confined(place: Workplace, path: str) -> Path:
    """The file or folder that `path` leads to, if it lies below one of the roots. Raises InputWrong, NotFound.

    Links are followed first, so that none leads out.
    """
    if not path or not is_plain(path) or not Path(path).is_absolute():
        raise InputWrong("Name the preview by its whole path, beginning with /.", "path")
    real = real_path(path)
    if real is None or not within(real, roots(place)):
        raise NotFound(
            "Only previews below a library's folders, a Plex data folder or the folder of previews can be looked at "
            "here; this path is below none of them."
        )
    if not real.exists():
        raise NotFound(f"There is nothing at {path} any more.")
    return real


def inspect(place: Workplace, path: str) -> Inspection:
    """Everything about a preview below one of the roots. Raises InputWrong, NotFound."""
    real = confined(place, path)
    try:
        return inspecting.inspect(real)
    except UsageWrong as error:
        raise NotFound(error.message) from None


def strip_of_path(place: Workplace, showcase: Showcase, path: str) -> Strip:
    """The pictures of any preview below one of the roots. Raises InputWrong, NotFound, PreviewInvalid."""
    real = confined(place, path)
    return showcase.strip(real, inspecting.kind_of(real))


def _read(path: Path, kind: Format, version: str) -> Strip:
    if kind is Format.TRICKPLAY:
        return _read_trickplay(path, version)
    if kind is Format.JPEG:
        return _read_folder(path, version)
    with open_any_bif(path) as opened:
        pictures = BifPictures(opened)
        width, height = jpeg.dimensions(pictures.picture(0)) if opened.count else (0, 0)
        interval_ms = opened.interval_ms if opened.count else 0
        return Strip(path, Format.BIF, opened.count, interval_ms, width, height, version)


def _read_trickplay(path: Path, version: str) -> Strip:
    opened = read_trickplay(path)
    record = Record.from_comment(opened.comment)
    return Strip(
        path,
        Format.TRICKPLAY,
        opened.count,
        record.interval_ms if record else 0,
        opened.tile_width,
        opened.tile_height,
        version,
    )


def _read_folder(path: Path, version: str) -> Strip:
    pictures = LoosePictures(path)
    first = pictures.picture(0)
    record = Record.from_comment(jpeg.comment_of(first))
    width, height = jpeg.dimensions(first)
    interval_ms = record.interval_ms if record else 0
    return Strip(path, Format.JPEG, pictures.count, interval_ms, width, height, version)


def _cut(opened: Trickplay, start: int, end: int) -> Iterator[bytes]:
    return (opened.picture(number) for number in range(start, end))


def _version(path: Path) -> str:
    try:
        seen = path.stat()
    except OSError as error:
        raise PreviewInvalid(
            f"{path} cannot be read ({error.strerror}); make it again, or mount its disk."
        ) from None
    return f"{seen.st_mtime_ns:x}-{seen.st_size:x}"
