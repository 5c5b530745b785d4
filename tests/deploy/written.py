"""What documents and shipped files say that there is: settings, commands and their options, files of the repository."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import typer

from projectionist.cli.main import app
from projectionist.settings import describe, variable_of
from tests.deploy.container import ROOT

_VARIABLE = re.compile(r"\bPROJECTIONIST_[A-Z0-9_]+\b")
_COMMAND = re.compile(r"(?<![\w/.-])projectionist ((?:[a-z][a-z-]*|--[a-z-]+)(?: [^\n`|;&)#]*)?)")
_OPTION = re.compile(r"^--?[a-z][a-z-]*$")
_WORD = re.compile(r"^[a-z][a-z-]*$")
_LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")

_CODE = re.compile(r"```(?:sh|bash)?\n(.*?)```|`([^`\n]+)`", re.DOTALL)


def shipped() -> list[Path]:
    """The files that are shipped beside the program."""
    return sorted(
        path for path in (ROOT / "deploy").rglob("*") if path.is_file() and "secrets" not in path.parts
    )


def documents() -> list[Path]:
    """The documents for who runs it."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def unknown_settings(text: str) -> Iterator[str]:
    """Variables that are no setting of ours, nor the file of one."""
    known = {info.variable for info in describe()} | {variable_of("config")}
    for name in _VARIABLE.findall(text):
        if name not in known and name.removesuffix("_FILE") not in known and not name.endswith("_"):
            yield name


def commands_of(path: Path) -> Iterator[str]:
    """What a document, or a comment or line of a shipped file, has people type after `projectionist`."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        text = "\n".join(block or inline for block, inline in _CODE.findall(text))
    yield from (found.strip() for found in _COMMAND.findall(text))


def wrong_with(command: str) -> str:
    """What is wrong with a command as it is written; empty where there is such a command with such options."""
    words = command.replace("\\\n", " ").split()
    found = _program()
    known = {name for one in found.params for name in (*one.opts, *one.secondary_opts)}
    at = 0
    while at < len(words) and hasattr(found, "commands") and _WORD.match(words[at]):
        if words[at] not in found.commands:
            return f"there is no command {words[at]} in `projectionist {command}`"
        found = found.commands[words[at]]
        known = {name for one in found.params for name in (*one.opts, *one.secondary_opts)}
        at += 1
    for word in words[at:]:
        option = word.partition("=")[0].rstrip(".,:")
        if _OPTION.match(option) and option not in known | {"--help", "--"}:
            return f"there is no option {option} in `projectionist {command}`"
    return ""


@cache
def _program() -> Any:
    return typer.main.get_command(app)


def dead_links(path: Path) -> Iterator[str]:
    """Links of a document to files that are not there."""
    for target in _LINK.findall(path.read_text(encoding="utf-8")):
        if not target.startswith("/") and not (path.parent / target).exists():
            yield target
