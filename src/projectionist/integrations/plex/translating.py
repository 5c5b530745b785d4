"""From Plex's words to ours."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime

from projectionist.integrations.plex import wire
from projectionist.media.vocabulary import (
    Account,
    ExternalId,
    ItemKind,
    LibraryEvent,
    LibraryKind,
    ListedItem,
    ListedLibrary,
    OnDeck,
    Part,
    PlaybackEvent,
    PlaybackSession,
    PlaybackState,
    ServerInfo,
    ServerPath,
    Version,
    Watched,
)

WATCHED = ("movie", "show")
"""The types of the sections that have something on deck."""
TYPE_NUMBERS: Mapping[ItemKind, int] = {
    ItemKind.MOVIE: 1,
    ItemKind.SHOW: 2,
    ItemKind.SEASON: 3,
    ItemKind.EPISODE: 4,
    ItemKind.ARTIST: 8,
    ItemKind.ALBUM: 9,
    ItemKind.TRACK: 10,
    ItemKind.VIDEO: 1,
}
"""What `type=` is in a query."""

OWNER = 1
"""The number of the owner's account on every Plex server; 0 is nobody."""

_KINDS = {kind.value: kind for kind in ItemKind} | {"clip": ItemKind.VIDEO}
_LIBRARIES = {
    "movie": LibraryKind.MOVIES,
    "show": LibraryKind.SHOWS,
    "artist": LibraryKind.MUSIC,
    "photo": LibraryKind.PHOTOS,
}
_LONGEST_GUID = 300
_HOME_VIDEOS = "com.plexapp.agents.none"
_OPTIMIZED = 42
_PROCESSED, _DELETED = 5, 9
"""The states of a timeline entry after which an item is there, or gone."""

_STATES = {state.value: state for state in PlaybackState}

Wrong = Callable[[str], Exception]
"""Makes the error that says which field of the answer is wrong."""


def server_info(root: wire.Root) -> ServerInfo:
    """Which server it is."""
    return ServerInfo(root.machineIdentifier, root.friendlyName, root.version, root.platform)


def library(section: wire.Section) -> ListedLibrary | None:
    """A library; None for a kind of section that we have no word for."""
    kind = _LIBRARIES.get(section.type)
    if kind is None:
        return None
    if kind is LibraryKind.MOVIES and section.agent == _HOME_VIDEOS:
        kind = LibraryKind.VIDEOS
    return ListedLibrary(
        key=section.key,
        kind=kind,
        title=section.title,
        locations=tuple(ServerPath(location.path) for location in section.Location),
        updated_at=moment(section.updatedAt),
        scanned_at=moment(section.scannedAt),
    )


def item(told: wire.Metadata, library_key: str, kind: ItemKind | None, wrong: Wrong) -> ListedItem:
    """An item of a library. `kind` is the one that was asked for. Raises what `wrong` makes."""
    found = _KINDS.get(told.type)
    if kind is ItemKind.VIDEO and found is ItemKind.MOVIE:
        found = kind
    if found is None or (kind is not None and found is not kind):
        raise wrong(f"`type` of item {told.ratingKey} is `{told.type[:20]}`")
    return ListedItem(
        key=told.ratingKey,
        kind=found,
        library_key=library_key,
        title=told.title,
        sort_title=told.titleSort,
        original_title=told.originalTitle,
        year=told.year,
        summary=told.summary,
        parent_key=told.parentRatingKey,
        grandparent_key=told.grandparentRatingKey,
        number=told.index,
        duration_ms=told.duration,
        added_at=moment(told.addedAt),
        updated_at=moment(told.updatedAt),
        released_on=_day(told, wrong) if told.originallyAvailableAt else None,
        rating=told.rating,
        content_rating=told.contentRating,
        studio=told.studio,
        genres=tuple([tag.tag for tag in told.Genre]),
        poster=told.thumb,
        art=told.art,
        versions=tuple([_version(media) for media in told.Media]),
        external_ids=external_ids(told.guid, told.Guid),
        watched_count=told.viewCount,
        position_ms=told.viewOffset,
        watched_at=moment(told.lastViewedAt),
    )


def work(told: wire.Work, wrong: Wrong) -> ListedItem:
    """What plex.tv knows and no library holds."""
    kind = _KINDS.get(told.type)
    if kind is None:
        raise wrong(f"`type` of item {told.ratingKey} is `{told.type[:20]}`")
    ids = external_ids(told.guid, told.Guid)
    return ListedItem(
        told.ratingKey, kind, "", told.title, year=told.year, summary=told.summary, external_ids=ids
    )


def external_ids(guid: str, others: Iterable[wire.Guid]) -> tuple[ExternalId, ...]:
    """`imdb://tt0133093` and the like; of Plex's own, `plex://movie/5d77…`, what follows the scheme."""
    found = []
    for text in (guid, *[other.id for other in others]):
        source, separator, value = text.partition("://")
        if (
            separator
            and value
            and source not in ("local", "none")
            and "." not in source
            and len(text) <= _LONGEST_GUID
        ):
            found.append(ExternalId(source, value.partition("?")[0]))
    return tuple(found)


def moment(seconds: int | None) -> datetime | None:
    """A time of day from Plex's seconds since 1970; 0 and before mean that there is none."""
    return datetime.fromtimestamp(seconds, UTC) if seconds is not None and seconds > 0 else None


def hashes(tree: wire.TreeItem) -> Iterable[tuple[str, str]]:
    """The parts below an item, each with its hash."""
    for media in tree.MediaItem:
        for part in media.MediaPart:
            if part.hash:
                yield str(part.id), part.hash
    for below in tree.MetadataItem:
        yield from hashes(below)


def watched(view: wire.View, wrong: Wrong) -> Watched:
    """A line of the history; its item key is empty where the item is gone."""
    at = moment(view.viewedAt)
    if at is None:
        raise wrong(f"`viewedAt` is {view.viewedAt}")
    return Watched(view.ratingKey, str(view.accountID), at)


def account(told: wire.AccountOf) -> Account:
    """Somebody who may watch."""
    return Account(str(told.id), told.name, is_owner=told.id == OWNER)


def on_deck(told: wire.Metadata) -> OnDeck:
    """What somebody watches next."""
    return OnDeck(told.ratingKey, told.viewOffset, moment(told.lastViewedAt))


def session(told: wire.SessionOf, wrong: Wrong) -> PlaybackSession:
    """What somebody is watching. Raises what `wrong` makes."""
    return PlaybackSession(
        key=told.sessionKey,
        item_key=told.ratingKey,
        account_key=told.User.id,
        account_name=told.User.title,
        player=told.Player.title or told.Player.product,
        state=_state(told.Player.state, wrong),
        position_ms=told.viewOffset,
        duration_ms=told.duration,
        title=told.title,
        part_key=_played_part(told.Media),
        transcoding=told.TranscodeSession is not None,
    )


def events(told: wire.Notification, wrong: Wrong) -> Iterable[PlaybackEvent | LibraryEvent]:
    """What a message of the notification socket says, of what we have words for."""
    for playing in told.PlaySessionStateNotification:
        state = _state(playing.state, wrong)
        yield PlaybackEvent(playing.sessionKey, playing.ratingKey, state, playing.viewOffset)
    for entry in told.TimelineEntry:
        if entry.state in (_PROCESSED, _DELETED):
            yield LibraryEvent(_key(entry.sectionID), _key(entry.itemID))


def _version(media: wire.MediaOf) -> Version:
    return Version(
        key=str(media.id),
        parts=tuple(
            [
                Part(
                    str(part.id),
                    ServerPath(part.file),
                    part.size,
                    part.duration,
                    part.container,
                    bool(part.indexes),
                )
                for part in media.Part
            ]
        ),
        width=media.width,
        height=media.height,
        video_codec=media.videoCodec,
        audio_codec=media.audioCodec,
        bitrate_kbps=media.bitrate,
        duration_ms=media.duration,
        optimized=media.proxyType == _OPTIMIZED,
    )


def _day(told: wire.Metadata, wrong: Wrong) -> date:
    try:
        return date.fromisoformat(told.originallyAvailableAt[:10])
    except ValueError:
        raise wrong(f"`originallyAvailableAt` of item {told.ratingKey} is no date") from None


def _state(word: str, wrong: Wrong) -> PlaybackState:
    try:
        return _STATES[word]
    except KeyError:
        raise wrong(f"`state` of a player is `{word[:20]}`") from None


def _played_part(versions: Iterable[wire.SessionMedia]) -> str | None:
    """The file that is really played; where one is marked as such, that one."""
    parts = [
        (media.selected and part.selected, part)
        for media in versions
        for part in media.Part
        if part.id is not None
    ]
    marked = [part for is_played, part in parts if is_played]
    if marked:
        return str(marked[0].id)
    return str(parts[0][1].id) if len(parts) == 1 else None


def _key(number: int | None) -> str | None:
    return None if number is None or number < 0 else str(number)
