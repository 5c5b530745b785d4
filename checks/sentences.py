"""The sentences in which something is said to have gone wrong, read from where the errors are made.

Services say them in English, the log and the API keep them so; a page looks them up as a whole when it shows them
(`web/words.py`, `sentence`). What is put into an f-string becomes a placeholder, named after what is put in.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from checks.modules import Module, modules_below
from projectionist.web.words import is_sentence

SAID_ON_PAGES = ("features/", "integrations/", "jobs/", "kit/http.py", "kit/mail.py", "web/")
"""Whose errors are translated; all others are said in English."""
_ROOT = "ProjectionistError"


def sentences_below(root: Path) -> Iterator[tuple[str, str]]:
    """The file and the sentence of every error that a page can show."""
    modules = list(modules_below(root, "src"))
    errors = _errors_in(modules)
    for module in modules:
        path = module.path.as_posix().partition("src/projectionist/")[2]
        if not path.startswith(SAID_ON_PAGES):
            continue
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in errors:
                text = sentence_of(node.args[0]) if node.args else ""
                if is_sentence(text):
                    yield module.path.as_posix(), text


def titles_below(root: Path) -> Iterator[tuple[str, str]]:
    """The file and the title of every kind of job, and what a list calls the kind."""
    for module in modules_below(root, "src"):
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "JobKind":
                for value in _titles_of(node, module.tree):
                    if text := sentence_of(value):
                        yield module.path.as_posix(), text


def _titles_of(call: ast.Call, tree: ast.Module) -> Iterator[ast.expr]:
    """What a kind's title may be: of a lambda its value, of a function what it returns; and the label."""
    yield from (keyword.value for keyword in call.keywords if keyword.arg == "label")
    made = call.args[2] if len(call.args) > 2 else None
    if isinstance(made, ast.Lambda):
        yield made.body
    elif isinstance(made, ast.Name):
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef) and function.name == made.id:
                for line in ast.walk(function):
                    if isinstance(line, ast.Return) and line.value is not None:
                        yield from _branches(line.value)


def _branches(value: ast.expr) -> Iterator[ast.expr]:
    if isinstance(value, ast.IfExp):
        yield value.body
        yield value.orelse
    else:
        yield value


def _errors_in(modules: list[Module]) -> set[str]:
    """The names of the error tree, wherever its branches are."""
    bases = {
        node.name: {base.id for base in node.bases if isinstance(base, ast.Name)}
        for module in modules
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef)
    }
    found = {_ROOT}
    while more := {name for name, above in bases.items() if above & found} - found:
        found |= more
    return found


def sentence_of(value: ast.expr) -> str:
    """A constant, or an f-string with placeholders; empty for what is made elsewhere."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return value.value.replace("%", "%%")
    if not isinstance(value, ast.JoinedStr):
        return ""
    parts: list[str] = []
    names: list[str] = []
    for part in value.values:
        if isinstance(part, ast.Constant):
            parts.append(str(part.value).replace("%", "%%"))
        elif isinstance(part, ast.FormattedValue):
            name = _name_of(part.value)
            names.append(name)
            parts.append(f"%({name}{names.count(name) if names.count(name) > 1 else ''})s")
    return "".join(parts) if any(part.strip(" .") for part in parts if not part.startswith("%(")) else ""


def _name_of(value: ast.expr) -> str:
    while not isinstance(value, ast.Name | ast.Attribute):
        if isinstance(value, ast.Call):
            value = value.args[0] if value.args else value.func
        elif isinstance(value, ast.Subscript):
            value = value.value
        elif isinstance(value, ast.BinOp):
            value = value.left
        else:
            return "value"
    name = value.id if isinstance(value, ast.Name) else value.attr
    return name.strip("_").lower()
