"""The one error tree: every error says what happened and what to do about it."""

from __future__ import annotations

from typing import ClassVar


class ProjectionistError(Exception):
    """An expected failure; its message is one sentence for the person who can act on it.

    `code` names the kind for programs, `status` is the HTTP status it maps to, `retryable` says whether trying
    again without changing anything can help.
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class FilmError(ProjectionistError):
    """A film cannot be shown; the subclasses say why."""

    code = "unreadable"
    status = 422


class FilmUnreadable(FilmError):
    """The file cannot be opened or read: permissions, an I/O error, a folder that is not mounted."""

    code = "unreadable"
    retryable = True


class FilmVanished(FilmError):
    """The file was there and is not any more."""

    code = "vanished"
    retryable = True


class FilmChanged(FilmError):
    """The file was written to while it was being read."""

    code = "changed"
    retryable = True


class FilmEmpty(FilmError):
    """The file holds no bytes."""

    code = "empty"


class NotAFilm(FilmError):
    """The bytes are no container that any demuxer knows."""

    code = "not_a_film"


class NoVideo(FilmError):
    """The container holds no moving picture: audio only, or a cover only."""

    code = "no_video"


class FilmEncrypted(FilmError):
    """The video is encrypted."""

    code = "encrypted"


class FilmUndecodable(FilmError):
    """Not one picture of the video could be decoded."""

    code = "undecodable"


class FilmTooShort(FilmError):
    """The film is shorter than what was asked for."""

    code = "too_short"


class IndexUnusable(FilmError):
    """A container's index is absent, broken or of a kind we do not read; the next way of reading takes over."""

    code = "index_unusable"


class TrackUnusual(IndexUnusable):
    """The index may be sound, but the video track is stored in a way that our own readers leave to libavformat."""

    code = "track_unusual"


class PreviewInvalid(ProjectionistError):
    """A preview file or folder is not what it claims to be."""

    code = "invalid_preview"
    status = 422


class TargetUnwritable(ProjectionistError):
    """A preview cannot be written where it belongs: read-only, no permission, no such folder."""

    code = "target_unwritable"
    status = 507


class TargetFull(TargetUnwritable):
    """The disk or the quota of the target is full."""

    code = "target_full"
    retryable = True


class UsageWrong(ProjectionistError):
    """What was asked cannot be done as asked: a wrong or clashing option."""

    code = "wrong_use"
    status = 400
