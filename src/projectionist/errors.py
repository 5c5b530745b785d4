"""The one error tree: every error says what happened and what to do about it."""

from __future__ import annotations

from datetime import timedelta
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


class InputWrong(UsageWrong):
    """A value in a form or a request is not one that can be taken; `field` names it."""

    code = "invalid_input"
    status = 422

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field

    @property
    def each(self) -> tuple[InputWrong, ...]:
        """What is wrong, by one field each."""
        return (self,)


class InputsWrong(InputWrong):
    """Several values of one form are wrong; each is told with its field, the first one's field is this one's."""

    def __init__(self, first: InputWrong, *more: InputWrong) -> None:
        super().__init__(" ".join(dict.fromkeys(one.message for one in (first, *more))), first.field)
        self._each = (first, *more)

    @property
    def each(self) -> tuple[InputWrong, ...]:
        """What is wrong, by one field each."""
        return self._each


class NotFound(ProjectionistError):
    """There is no such thing, or it is not for this person to know."""

    code = "not_found"
    status = 404


class Conflict(ProjectionistError):
    """What was asked clashes with how things stand now."""

    code = "conflict"
    status = 409


class SignInNeeded(ProjectionistError):
    """Nobody is signed in."""

    code = "sign_in_needed"
    status = 401


class SecondStepNeeded(SignInNeeded):
    """Name and password belong together, and the account asks for a code besides.

    `step` is what the browser shows when it brings the code.
    """

    code = "second_step_needed"

    def __init__(self, message: str, step: str) -> None:
        super().__init__(message)
        self.step = step


class NotAllowed(ProjectionistError):
    """The signed-in person may not do this."""

    code = "not_allowed"
    status = 403


class TooManyRequests(ProjectionistError):
    """Asked too often; `retry_after_s` says when to come back, in seconds."""

    code = "too_many_requests"
    status = 429
    retryable = True

    def __init__(self, message: str, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class SettingWrong(ProjectionistError):
    """A setting is missing or cannot be taken; the message names it and where it was read."""

    code = "setting_wrong"


class DatabaseUnusable(ProjectionistError):
    """The database cannot be opened, read or written: locked, corrupt, not there, no room."""

    code = "database_unusable"
    status = 503
    retryable = True


class EntryUnreadable(DatabaseUnusable):
    """An entry of the audit log is none any more: somebody changed it outside of Projectionist."""

    code = "entry_unreadable"
    retryable = False


class DatabaseNewer(DatabaseUnusable):
    """The database was written by a newer Projectionist."""

    code = "database_newer"
    retryable = False


class DataFolderInUse(ProjectionistError):
    """Another instance works on the data folder."""

    code = "data_folder_in_use"


class DataFolderUnusable(ProjectionistError):
    """The data folder is on a network share, read-only, or not a folder."""

    code = "data_folder_unusable"


class ServiceError(ProjectionistError):
    """A service outside (a media server, plex.tv) did not do what was asked; the subclasses say why.

    `answered` is the HTTP status that it answered with, 0 where it is not known; `retry_after_s` how long it asks to
    be left alone, None where it does not say.
    """

    code = "service_failed"
    status = 502

    def __init__(self, message: str, *, answered: int = 0, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.answered = answered
        self.retry_after_s = retry_after_s


class ServerUnreachable(ServiceError):
    """It did not answer: refused, timed out, no such host, or the circuit is open after repeated failures."""

    code = "server_unreachable"
    retryable = True


class AddressRefused(ServiceError):
    """Nobody may be asked there: no address of a server, one that is kept from us on purpose, or our own."""

    code = "address_refused"
    status = 422


class TlsFailed(ServiceError):
    """Its certificate cannot be trusted, or the handshake failed."""

    code = "tls_failed"


class ServerRefused(ServiceError):
    """It answered that this token or password may not do that."""

    code = "server_refused"


class ServerWithholds(ServerRefused):
    """It gives that to nobody but the person themselves; that is how it is, and no failure."""

    code = "server_withholds"


class ServerFailed(ServiceError):
    """It answered with an error of its own (5xx)."""

    code = "server_failed"
    retryable = True


class ServerAnswerWrong(ServiceError):
    """Its answer is truncated, no JSON, or lacks or mistypes a field; the message names the field."""

    code = "server_answer_wrong"


class ServerLacks(ServiceError):
    """It has no such item, library or image (404)."""

    code = "server_lacks"
    status = 404


class SubscriptionGone(ServiceError):
    """A browser takes no push messages by this subscription any more, and never will again."""

    code = "subscription_gone"
    status = 410


class RangeRefused(ServiceError):
    """It has no such range of a file (416): as it sees that file, it is shorter or empty."""

    code = "range_refused"


class JobCancelled(ProjectionistError):
    """Somebody cancelled the job; raised in the job at its next check."""

    code = "cancelled"
    status = 409


class DecoderCrashed(FilmError):
    """The film made the decoder's process end: damaged, or a fault in the decoder."""

    code = "crashed"


class DecoderStalled(FilmError):
    """The film's disk or server gave no answer for minutes."""

    code = "stalled"
    retryable = True


class FilmTooLarge(FilmError):
    """The film asks for more memory than one film may take."""

    code = "out_of_memory"


class AlreadyAtWork(Conflict):
    """Somebody else does just this at this moment."""

    code = "already_at_work"
    retryable = True


class SecretUnreadable(ProjectionistError):
    """What is kept sealed cannot be opened: another key sealed it, or it was changed."""

    code = "secret_unreadable"


class HouseKeyUnreadable(SecretUnreadable):
    """The key by which push services know this house cannot be opened, so that no browser can be notified."""

    code = "house_key_unreadable"
    status = 409


class JobPostponed(ProjectionistError):
    """A job cannot begin yet; it goes back to its queue for `after`, and no try of it is used up."""

    code = "postponed"
    status = 409

    def __init__(self, message: str, after: timedelta) -> None:
        super().__init__(message)
        self.after = after


class TableWrong(ProjectionistError):
    """A table in a file cannot be read as what it should be; the message names the file and the line."""

    code = "table_wrong"
    status = 422


class SourceChanged(FilmError):
    """A file was written to, or replaced, while it was being moved between disks; it stays where it was."""

    code = "source_changed"
    retryable = True


class CopyWrong(ProjectionistError):
    """A copy did not read back from its disk as it was written."""

    code = "copy_wrong"
    status = 507


class SwapRefused(ProjectionistError):
    """A file cannot change places here without a moment in which it could be lost or missing."""

    code = "swap_refused"
    status = 409


class BackupUnusable(ProjectionistError):
    """A file is no backup of ours, is damaged or cut short, or another passphrase sealed it; nothing was changed."""

    code = "backup_unusable"
    status = 422


class MailNotSet(Conflict):
    """No mail server is set, so that no mail can be sent."""

    code = "mail_not_set"


class MailRefused(ServiceError):
    """A mail server will not take a mail, now or later: its address, its sender or what it says."""

    code = "mail_refused"


class TellingWrong(UsageWrong):
    """What a sender told is not what its kind sends; nothing was done with it."""

    code = "telling_wrong"
