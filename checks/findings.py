"""The words of the doctor: what its checks are called, and the sentences that they come to.

They are made in English and kept so, as errors are (`checks/sentences.py`); the page looks them up when it shows them.
A name that is given once in its function stands for what it was given, so that `f"{said}."` is a whole sentence here.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path

from checks.modules import modules_below
from checks.sentences import sentence_of
from projectionist.web.words import is_sentence

_DOCTOR = "src/projectionist/features/doctor/"
_STATES = ("passed", "warned", "failed", "unknown")
_DECLARED = {"Check": (2, 3, 4, 7), "_check": (1, 2, 3)}
"""Which arguments are the title, why it matters, how it is mended, and the button."""
_UNSEEN = ("closed", "unstored", "stopped")
"""Why something was not looked at, where that is handed on by name."""
_ELSEWHERE = {
    "src/projectionist/features/audit_log/service.py": ("_verified", "_trouble_with"),
    "src/projectionist/features/library/service.py": ("trouble_of",),
    "src/projectionist/features/previews/proving.py": ("prove_plex_data", "_why_not_plex", "_why_not_listed"),
}
"""Whose sentences, that are no errors, checks and other pages tell."""

Known = Mapping[str, ast.expr]


def findings_below(root: Path) -> Iterator[tuple[str, str]]:
    """The file and each text that the page of the doctor shows."""
    for module in modules_below(root, "src"):
        path = module.path.as_posix()
        if path in _ELSEWHERE:
            yield from ((path, text) for text in _told_in(module.tree, _ELSEWHERE[path]) if is_sentence(text))
        if not path.startswith(_DOCTOR):
            continue
        constants = _given_once(module.tree.body)
        for call in _calls_in(module.tree):
            for at in _DECLARED.get(_called(call), ()):
                if at < len(call.args):
                    yield from ((path, text) for text in _texts(call.args[at], constants))
        for function in ast.walk(module.tree):
            if isinstance(function, ast.FunctionDef):
                known = {**constants, **_given_once(list(ast.walk(function)))}
                yield from ((path, text) for text in _said_in(function, known) if is_sentence(text))


def _said_in(function: ast.FunctionDef, known: Known) -> Iterator[str]:
    """What it finds, why it could not look, and what it says to have mended."""
    for call in _calls_in(function):
        if _called(call) in _STATES and call.args:
            yield from _texts(call.args[0], known)
        for keyword in call.keywords:
            if keyword.arg in _UNSEEN:
                yield from _texts(keyword.value, known)
    for line in ast.walk(function):
        if isinstance(line, ast.Return) and line.value is not None:
            for value in line.value.elts if isinstance(line.value, ast.Tuple) else [line.value]:
                yield from _texts(value, known)


def _told_in(tree: ast.Module, functions: tuple[str, ...]) -> Iterator[str]:
    """Each text in these functions."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef) and function.name in functions:
            nodes = list(ast.walk(function))
            docs = [node.value for node in nodes if isinstance(node, ast.Expr)]
            parts = [part for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values]
            apart = {id(node) for node in [*docs, *parts]}
            yield from (
                sentence_of(node) for node in nodes if isinstance(node, ast.expr) and id(node) not in apart
            )


def _texts(value: ast.expr, known: Known) -> list[str]:
    """The messages that a value can be; none for what is made elsewhere."""
    return [text for one in _forms(value, known) if (text := sentence_of(one))]


def _forms(value: ast.expr, known: Known) -> list[ast.expr]:
    """The constants and f-strings that a value can be, with the texts put in that go by a name."""
    if isinstance(value, ast.IfExp):
        return [*_forms(value.body, known), *_forms(value.orelse, known)]
    if isinstance(value, ast.Name):
        return _forms(known[value.id], known) if value.id in known else []
    if isinstance(value, ast.JoinedStr):
        parts = [_parts(part, known) for part in value.values]
        return [ast.JoinedStr([one for some in chosen for one in some]) for chosen in product(*parts)]
    return [value] if isinstance(value, ast.Constant) and isinstance(value.value, str) else []


def _parts(part: ast.expr, known: Known) -> list[list[ast.expr]]:
    """What can stand at a part of an f-string."""
    forms = _forms(part.value, known) if isinstance(part, ast.FormattedValue) else []
    if not any(map(sentence_of, forms)):
        return [[part]]
    return [one.values if isinstance(one, ast.JoinedStr) else [one] for one in forms]


def _given_once(lines: list[ast.stmt] | list[ast.AST]) -> dict[str, ast.expr]:
    given: dict[str, list[ast.expr]] = {}
    for line in lines:
        if isinstance(line, ast.Assign) and isinstance(line.targets[0], ast.Name):
            given.setdefault(line.targets[0].id, []).append(line.value)
    return {name: values[0] for name, values in given.items() if len(values) == 1}


def _calls_in(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""
