"""Removing previews whose film is gone: only our own, only where that is certain, and looked at again before."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from projectionist.errors import PreviewInvalid, TargetUnwritable, UsageWrong
from projectionist.features.previews.formats import Format
from projectionist.features.previews.inspecting import BifPictures, open_any_bif, record_of
from projectionist.features.previews.orphans import Judge, Media, Preview, Verdict
from projectionist.features.previews.outputs import Output
from projectionist.features.previews.record import Record
from projectionist.frames import jpeg, numbered
from projectionist.frames.picture_folder import PICTURE_NAME
from projectionist.frames.trickplay import SHEET_NAME
from projectionist.kit import files, temporaries

_SHEETS_FOLDER = re.compile(r"[1-9]\d{0,4} - ([1-9]\d{0,2})x([1-9]\d{0,2})", re.ASCII)
_DROPPED = re.compile(r"\.DS_Store|\._.*|@eaDir|Thumbs\.db|desktop\.ini", re.IGNORECASE)
"""What computers, and nobody else, put into folders of pictures."""
_SYSTEM_FOLDERS = frozenset(["@eadir", "#recycle", "$recycle.bin", "lost+found", "system volume information"])


@dataclass(frozen=True, slots=True)
class Sweep:
    """What to clean: the media folders, and the `folder` that their previews are in, None for beside them.

    `these_are_all` says that previews in `folder` are of no other media folders.
    """

    media: tuple[Path, ...]
    folder: Path | None
    these_are_all: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """A preview of ours whose film was not found, what that means, and its size in bytes."""

    preview: Preview
    verdict: Verdict
    reason: str
    size: int = 0


@dataclass(slots=True)
class Findings:
    """What a search came to. `refused` are sentences about folders under which nothing is removed, and why."""

    judge: Judge
    orphans: list[Candidate] = field(default_factory=list)
    kept: list[Candidate] = field(default_factory=list)
    belonging: int = 0
    foreign: int = 0
    leftovers: list[Path] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Removal:
    """What came of one orphan, or of one hidden leftover."""

    path: Path
    removed: bool
    message: str = ""


def find_orphans(sweep: Sweep) -> Findings:
    """Search for previews of ours whose film is gone; removes nothing. Raises UsageWrong."""
    roots = tuple(dict.fromkeys(_absolute(path) for path in sweep.media))
    media = Media()
    unsafe = {root: reason for root in roots for reason in [_unsafe(root, media)] if reason}
    findings = Findings(Judge(roots, beside=sweep.folder is None, certain=sweep.these_are_all))
    findings.refused += unsafe.values()
    if sweep.folder is None:
        searched = [root for root in roots if root not in unsafe]
    elif media.names(sweep.folder) is None:
        raise UsageWrong(
            f"{sweep.folder} is no folder that can be read; say with --output where the previews are."
        )
    else:
        searched = [_absolute(sweep.folder)]
    for preview in _search(searched, findings):
        verdict, reason = _judged(preview, findings.judge, media)
        if verdict is Verdict.BELONGS:
            findings.belonging += 1
            continue
        if unsafe and sweep.folder is not None:
            verdict, reason = Verdict.DOUBTFUL, "not every folder named could be searched for its film"
        kept = verdict is not Verdict.ORPHAN
        candidate = Candidate(preview, verdict, reason, _size_of(preview.output.path))
        (findings.kept if kept else findings.orphans).append(candidate)
    if unsafe and sweep.folder is not None:
        findings.leftovers.clear()
    return findings


def remove_orphans(findings: Findings) -> Iterator[Removal]:
    """Remove the orphans found, each looked at again right before, and what stopped runs left behind."""
    for candidate in findings.orphans:
        path = candidate.preview.output.path
        try:
            doubt = _changed(candidate.preview, findings.judge)
            removed = not doubt and _remove(candidate.preview, beside=findings.judge.beside)
            yield Removal(path, removed, doubt)
        except TargetUnwritable as error:
            yield Removal(path, removed=False, message=error.message)
    for folder in dict.fromkeys(path.parent for path in findings.leftovers):
        try:
            yield from (Removal(path, removed=True) for path in files.remove_stale_temporaries(folder))
            if folder.suffix == ".trickplay":
                files.remove_empty_folder(folder, within=folder.parent)
        except TargetUnwritable as error:
            yield Removal(folder, removed=False, message=error.message)


def _absolute(path: Path) -> Path:
    """The path from the root, links kept, unless one may stand before a `..`."""
    return path.resolve() if ".." in path.parts else path.absolute()


def _unsafe(root: Path, media: Media) -> str:
    """Why nothing may be concluded from a media folder; empty where it is fine. Raises UsageWrong for a file."""
    if media.names(root) is None:
        with suppress(OSError):
            if root.is_file():
                raise UsageWrong(f"{root} is a file; name the folders that hold the films.")
        there = "cannot be read" if os.path.lexists(root) else "does not exist"
        return f"{root} {there}, so nothing is removed for it: mount its disk, or check the spelling."
    if not media.holds_film(root):
        return f"{root} holds no film at all, so nothing is removed for it: see that its disk is mounted."
    return ""


def _judged(preview: Preview, judge: Judge, media: Media) -> tuple[Verdict, str]:
    verdict, reason = judge.judge(preview, media)
    if verdict is Verdict.ORPHAN:
        foreign = _foreign_in(preview)
        if foreign:
            return (
                Verdict.DOUBTFUL,
                f"it also holds {foreign}, which is not part of it: move that elsewhere first",
            )
    return verdict, reason


def _changed(preview: Preview, judge: Judge) -> str:
    """What speaks against a removal by now; empty where nothing does."""
    if _record_in(preview.output) != preview.record:
        return "it has changed since it was listed, and was left alone"
    verdict, reason = _judged(preview, judge, Media())
    if verdict is Verdict.BELONGS:
        return f"{preview.record.film} is there again, and its preview was left alone"
    return "" if verdict is Verdict.ORPHAN else reason


def _remove(preview: Preview, *, beside: bool) -> bool:
    """Remove a preview and the folders that it leaves empty; beside the media those are not ours."""
    path, within = preview.output.path, preview.within
    remove = files.remove_file if preview.output.format is Format.BIF else files.remove_folder
    removed = remove(path, within=within)
    emptied = []
    if preview.output.format is Format.TRICKPLAY:
        emptied.append(path.parent)
    if not beside:
        emptied += [preview.output.home, *preview.output.home.parents]
    with suppress(TargetUnwritable):  # a folder that stays is no harm
        for folder in emptied:
            if folder == within or not files.remove_empty_folder(folder, within=within):
                break
    return removed


def _search(folders: Sequence[Path], findings: Findings) -> Iterator[Preview]:
    """The previews of ours at and below `folders`, each once; no link is followed."""
    seen: set[Path] = set()
    for within in folders:
        waiting = [within]
        while waiting:
            folder = waiting.pop()
            if folder in seen:
                continue
            seen.add(folder)
            try:
                subfolders, others = _listed(folder)
            except OSError as error:
                findings.refused.append(
                    f"{folder} cannot be searched ({error.strerror}); check its permissions and its disk."
                )
                continue
            findings.leftovers += [path for path in (*subfolders, *others) if _is_leftover(path)]
            waiting += reversed([path for path in subfolders if _is_searched(path)])
            for output in _outputs(subfolders, others):
                if not output.home.is_relative_to(within):
                    continue
                record = _record_in(output)
                if record is None:
                    findings.foreign += 1
                else:
                    yield Preview(output, record, within)


def _listed(folder: Path) -> tuple[list[Path], list[Path]]:
    """The subfolders and the files of a folder, by name, links left out. Raises OSError."""
    with os.scandir(folder) as entries:
        named = sorted(entries, key=lambda entry: entry.name)
        return (
            [Path(entry.path) for entry in named if entry.is_dir(follow_symlinks=False)],
            [Path(entry.path) for entry in named if entry.is_file(follow_symlinks=False)],
        )


def _outputs(subfolders: list[Path], others: list[Path]) -> Iterator[Output]:
    """What in a folder may be a preview, by its name."""
    yield from (Output(0, Format.BIF, path) for path in others if path.suffix == ".bif")
    for path in subfolders:
        if _is_sheets(path):
            yield Output(0, Format.TRICKPLAY, path)
        elif path.suffix == ".thumbnails":
            yield Output(0, Format.JPEG, path)


def _is_sheets(path: Path) -> bool:
    return path.parent.suffix == ".trickplay" and _SHEETS_FOLDER.fullmatch(path.name) is not None


def _is_leftover(path: Path) -> bool:
    return temporaries.NAME.fullmatch(path.name) is not None


def _is_searched(path: Path) -> bool:
    name = path.name.lower()
    skipped = name.startswith(".") or name in _SYSTEM_FOLDERS or name.endswith(".thumbnails")
    return not skipped and not _is_sheets(path)


def _record_in(output: Output) -> Record | None:
    """Our record in the first picture, be the rest as damaged as it may; None where there is none to be read."""
    with suppress(PreviewInvalid, OSError):
        if output.format is Format.BIF:
            with open_any_bif(output.path) as opened:
                return record_of(jpeg.comment_of(BifPictures(opened).picture(0))) if opened.count else None
        first = "0.jpg" if output.format is Format.TRICKPLAY else "00000.jpg"
        return record_of(jpeg.comment_of(numbered.read(output.path / first)))
    return None


def _foreign_in(preview: Preview) -> str:
    """The name of something in a folder of ours that we did not put there; empty where there is nothing."""
    output, record = preview.output, preview.record
    if output.format is Format.BIF:
        return ""
    pictures, most = PICTURE_NAME, record.thumbnails
    grid = _SHEETS_FOLDER.fullmatch(output.path.name)
    if grid is not None and output.format is Format.TRICKPLAY:
        pictures, most = SHEET_NAME, math.ceil(record.thumbnails / (int(grid[1]) * int(grid[2])))
    for path in sorted(output.path.iterdir()):
        if _DROPPED.fullmatch(path.name):
            continue
        ours = pictures.fullmatch(path.name) and path.is_file() and not path.is_symlink()
        if not ours or int(path.stem) >= most:
            return path.name
    return ""


def _size_of(path: Path) -> int:
    with suppress(OSError):
        parts = path.iterdir() if path.is_dir() else [path]
        return sum(one.stat(follow_symlinks=False).st_size for one in parts)
    return 0
