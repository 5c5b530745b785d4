"""Items of the catalogue in Plex's words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from projectionist.demo.bundles import Bundles
from projectionist.demo.catalogue import LEAVES, Catalogue, Entry, Kind, Media, Part, Stream
from projectionist.demo.elements import Element, Value, element
from projectionist.demo.fields import tag_id
from projectionist.demo.people import Marks, Person
from projectionist.demo.viewing import HouseState

_TAGS = {Kind.MOVIE: "Video", Kind.EPISODE: "Video", Kind.TRACK: "Track"}
_PICTURED_BY_PARENT = frozenset({Kind.TRACK})
_CODEC_NAMES = {"h264": "H.264", "hevc": "HEVC Main 10", "mpeg2video": "MPEG-2", "mpeg4": "MPEG-4"}

Attributes = dict[str, Value | None]


@dataclass(frozen=True)
class Wording:
    """Says items for one person. Lists leave out streams and say `librarySectionID` once, in the container."""

    state: HouseState
    bundles: Bundles
    person: Person

    @property
    def catalogue(self) -> Catalogue:
        """What there is to say."""
        return self.state.catalogue

    def item(
        self,
        entry: Entry,
        *,
        guids: bool = False,
        streams: bool = False,
        placed: bool = True,
        extra: Attributes | None = None,
        more: Iterable[Element] = (),
        media: Iterable[Element] | None = None,
    ) -> Element:
        """One item. `placed` says its section with it; `extra` and `more` are added; `media` replaces the versions."""
        attributes: Attributes = {**self._named(entry), **self._related(entry), **self._described(entry)}
        if placed:
            section = self.catalogue.sections[entry.section]
            attributes["librarySectionTitle"] = section.title
            attributes["librarySectionID"] = section.key
            attributes["librarySectionKey"] = f"/library/sections/{section.key}"
        attributes |= self._watched(entry) | (extra or {})
        children = [*(self._versions(entry, streams=streams) if media is None else media), *_pictures(entry)]
        children += _tags(entry)
        if guids:
            children += [element("Guid", {"id": each}) for each in entry.external_ids]
        return element(
            _TAGS.get(entry.kind, "Directory"), attributes, [*children, *more], listed_as="Metadata"
        )

    def media(self, media: Media, *, streams: bool, extra: Attributes | None = None) -> Element:
        """One version with its files."""
        video, audio = media.stream(1), media.stream(2)
        first = media.parts[0]
        attributes: Attributes = {
            "id": media.id,
            "duration": media.duration_ms,
            "bitrate": sum(part.size for part in media.parts) * 8 // media.duration_ms,
            "width": video.width if video else None,
            "height": video.height if video else None,
            "aspectRatio": round(video.width / video.height, 2) if video else None,
            "audioChannels": audio.channels if audio else None,
            "audioCodec": audio.codec if audio else None,
            "videoCodec": video.codec if video else None,
            "videoResolution": media.resolution or None,
            "container": first.container,
            "videoFrameRate": f"{video.frame_rate:.0f}p" if video else None,
            "videoProfile": video.profile if video else None,
            **(extra or {}),
        }
        return element("Media", attributes, [self.part(part, streams=streams) for part in media.parts])

    def part(self, part: Part, *, streams: bool, extra: Attributes | None = None) -> Element:
        """One file; never with its hash, which only the tree tells."""
        video = next((stream for stream in part.streams if stream.kind == 1), None)
        attributes: Attributes = {
            "id": part.id,
            "key": f"/library/parts/{part.id}/{part.changed_at}/file{part.path.suffix}",
            "duration": part.duration_ms,
            "file": str(part.path),
            "size": part.size,
            "container": part.container,
            "indexes": "sd" if self.bundles.preview(part).is_file() else None,
            "videoProfile": video.profile if video else None,
            **(extra or {}),
        }
        return element("Part", attributes, [_stream(each) for each in part.streams] if streams else ())

    def tree(self, entry: Entry) -> Element:
        """An item with everything below it, and the hashes of its files."""
        attributes: Attributes = {
            "id": entry.key,
            "guid": entry.guid,
            "title": entry.title,
            "parentTitle": "",
            "instanceRatingKey": "",
            "index": entry.index or 1,
            "originallyAvailableAt": entry.released or None,
            "refreshedAt": entry.updated_at,
        }
        below = [self.tree(child) for child in self.catalogue.children(entry.key)]
        return element("MetadataItem", attributes, [*(_media_item(media) for media in entry.media), *below])

    def _named(self, entry: Entry) -> Attributes:
        below = "" if entry.kind in LEAVES else "/children"
        home = self.catalogue.sections[entry.section].agent == "com.plexapp.agents.none"
        return {
            "ratingKey": str(entry.key),
            "key": f"/library/metadata/{entry.key}{below}",
            "guid": f"local://{entry.key}" if home else entry.guid,
            "slug": slug(entry.title) if entry.kind in (Kind.MOVIE, Kind.SHOW) and not home else None,
            "studio": entry.studio or None,
            "type": entry.kind.word,
            "title": entry.title,
            "titleSort": entry.sort_title or None,
            "originalTitle": entry.original_title or None,
        }

    def _related(self, entry: Entry) -> Attributes:
        """What is said of the parent and the grandparent."""
        attributes: Attributes = {}
        for word, above in zip(("parent", "grandparent"), self.catalogue.ancestors(entry), strict=False):
            attributes |= {
                f"{word}RatingKey": str(above.key),
                f"{word}Key": f"/library/metadata/{above.key}",
                f"{word}Guid": above.guid,
                f"{word}Title": above.title,
                f"{word}Thumb": picture(above, "thumb"),
            }
            if word == "parent" and above.kind is Kind.SEASON:
                attributes["parentIndex"] = above.index
            if above.kind in (Kind.SHOW, Kind.ARTIST):
                attributes[f"{word}Art"] = picture(above, "art")
        return attributes

    def _described(self, entry: Entry) -> Attributes:
        pictured = entry
        if entry.kind in _PICTURED_BY_PARENT:
            pictured = self.catalogue.ancestors(entry)[0]
        children, leaves = self.catalogue.children(entry.key), self.catalogue.leaves(entry.key)
        marks = self.state.marks(self.person)
        return {
            "contentRating": entry.content_rating or None,
            "summary": entry.summary,
            "index": entry.index,
            "rating": entry.rating,
            "year": entry.year,
            "tagline": entry.tagline or None,
            "thumb": picture(pictured, "thumb"),
            "art": picture(pictured, "art"),
            "duration": entry.duration_ms or None,
            "originallyAvailableAt": entry.released or None,
            "leafCount": len(leaves) if leaves else None,
            "viewedLeafCount": sum(1 for leaf in leaves if marks.counts.get(leaf.key)) if leaves else None,
            "childCount": len(children) if children else None,
            "addedAt": entry.added_at,
            "updatedAt": entry.updated_at,
        }

    def _watched(self, entry: Entry) -> Attributes:
        marks: Marks = self.state.marks(self.person)
        return {
            "viewOffset": marks.offsets.get(entry.key),
            "viewCount": marks.counts.get(entry.key),
            "lastViewedAt": marks.viewed_at.get(entry.key),
        }

    def _versions(self, entry: Entry, *, streams: bool) -> list[Element]:
        return [self.media(media, streams=streams) for media in entry.media]


def picture(entry: Entry, kind: str) -> str:
    """The address of an item's `thumb` or `art`."""
    return f"/library/metadata/{entry.key}/{kind}/{entry.updated_at}"


def slug(title: str) -> str:
    """A title as it stands in an address."""
    return re.sub(r"[^a-z0-9]+", "-", title.casefold()).strip("-")


def _pictures(entry: Entry) -> list[Element]:
    kinds = {"coverPoster": "thumb", "background": "art"}
    return [
        element("Image", {"alt": entry.title, "type": kind, "url": picture(entry, word)})
        for kind, word in kinds.items()
    ]


def _tags(entry: Entry) -> list[Element]:
    tags = [
        element("Genre", {"tag": genre, "id": tag_id(genre), "filter": f"genre={tag_id(genre)}"})
        for genre in entry.genres
    ]
    tags += [element("Director", {"tag": director}) for director in entry.directors]
    return tags + [element("Role", {"tag": actor, "role": role}) for actor, role in entry.roles]


def _stream(stream: Stream) -> Element:
    name = _CODEC_NAMES.get(stream.codec, stream.codec.upper())
    if stream.kind == 1:
        title = f"{stream.height}p ({name})"
    else:
        title = f"Unknown ({name} Mono)"
    attributes: Attributes = {
        "id": stream.id,
        "streamType": stream.kind,
        "default": True,
        "selected": True if stream.kind == 2 else None,
        "codec": stream.codec,
        "index": stream.index,
        "bitrate": stream.bitrate,
        "bitDepth": stream.bit_depth or None,
        "width": stream.width or None,
        "height": stream.height or None,
        "frameRate": stream.frame_rate or None,
        "colorTrc": stream.transfer or None,
        "profile": stream.profile or None,
        "channels": stream.channels or None,
        "samplingRate": stream.sampling_rate or None,
        "displayTitle": title,
        "extendedDisplayTitle": title,
    }
    return element("Stream", attributes)


def _media_item(media: Media) -> Element:
    return element("MediaItem", {"id": media.id}, [_media_part(part) for part in media.parts])


def _media_part(part: Part) -> Element:
    attributes: Attributes = {
        "id": part.id,
        "file": str(part.path),
        "size": part.size,
        "hash": part.hash,
        "duration": part.duration_ms,
    }
    streams = [
        element(
            "MediaStream",
            {
                "id": stream.id,
                "index": stream.index,
                "type": stream.kind,
                "codec": stream.codec,
                "width": stream.width or None,
                "height": stream.height or None,
                "frameRate": f"{stream.frame_rate:.3f}" if stream.frame_rate else None,
                "channels": stream.channels or None,
                "samplingRate": stream.sampling_rate or None,
            },
        )
        for stream in part.streams
    ]
    return element("MediaPart", attributes, streams)
