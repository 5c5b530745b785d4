"""Making one film's previews for a job: in a process of its own, so that a crash or a cancel ends that alone."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

from projectionist.errors import (
    DecoderCrashed,
    DecoderStalled,
    FilmChanged,
    FilmEmpty,
    FilmEncrypted,
    FilmTooLarge,
    FilmUndecodable,
    FilmUnreadable,
    FilmVanished,
    NotAFilm,
    NoVideo,
    PreviewInvalid,
    ProjectionistError,
    TargetFull,
    TargetUnwritable,
)
from projectionist.features.previews.batch import Batch, Ended, Make, Progress
from projectionist.features.previews.making import Recipe, Result, Task, make_previews

_ERRORS: dict[str, type[ProjectionistError]] = {
    error.code: error
    for error in (
        *(DecoderCrashed, DecoderStalled, FilmChanged, FilmEmpty, FilmEncrypted, FilmTooLarge),
        *(FilmUndecodable, FilmUnreadable, FilmVanished, NotAFilm, NoVideo),
        *(PreviewInvalid, TargetFull, TargetUnwritable),
    )
}


def make_apart(
    task: Task, recipe: Recipe, tell: Callable[[float], None], *, nice: int = 10, make: Make = make_previews
) -> Result:
    """Make the previews of one film; `tell` is called with the share done ten times a second.

    What `tell` raises ends the process within a second and passes on.
    """
    share = 0.0
    with closing(Batch(recipe, workers=1, nice=nice, make=make, threaded=True).run([task])) as events:
        for event in events:
            if isinstance(event, Ended):
                return event.result
            if isinstance(event, Progress):
                share = event.share
            tell(share)
    raise ProjectionistError(f"The work on {task.film} ended without a word; nothing was changed: try again.")


def error_of(result: Result) -> ProjectionistError:
    """The error that a failed result tells of."""
    return _ERRORS.get(result.outcome, ProjectionistError)(result.message)
