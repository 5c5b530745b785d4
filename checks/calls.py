"""Calls that may stand in one kind of module only."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from checks.modules import Finding, Module, modules_below

FILE_MOVERS = (Path("src/projectionist/kit/files.py"), Path("src/projectionist/kit/swaps.py"))
QUERIES = "queries.py"

MOVING_FUNCTIONS = frozenset(
    {
        f"{module}.{name}"
        for module, names in {
            "os": "remove unlink rename renames replace link symlink rmdir removedirs",
            "shutil": "move rmtree",
        }.items()
        for name in names.split()
    }
)
"""Functions that remove, rename, link or move, by their full names."""

MOVING_METHODS = frozenset({"unlink", "rmdir", "rename", "symlink_to", "hardlink_to"})
"""Methods of `pathlib.Path` that do so under a name that nothing else has."""


def moves_outside_files(root: Path) -> Iterator[Finding]:
    """Whatever removes, renames, links or moves a file anywhere but in kit/files.py and kit/swaps.py."""
    for module in modules_below(root, "src"):
        if module.path not in FILE_MOVERS:
            yield from _moves(module)


def selects_outside_queries(root: Path) -> Iterator[Finding]:
    """`select(` anywhere but in a queries.py."""
    for module in modules_below(root, "src"):
        if module.path.name == QUERIES:
            continue
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and _selects_rows(module, node.func):
                yield module.finding(
                    node.lineno, f"select( stands in a {QUERIES} only: move the query there."
                )


def _moves(module: Module) -> Iterator[Finding]:
    movers = " and ".join(path.name for path in FILE_MOVERS)
    advice = f"only {movers} of kit/ remove, rename, link or move: call their functions."
    for line, name in module.imports():
        if name in MOVING_FUNCTIONS:
            yield module.finding(line, f"{name} is imported; {advice}")
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute):
            name = module.dotted(node) or ""
            if name in MOVING_FUNCTIONS or (
                node.attr in MOVING_METHODS and not name.startswith("projectionist.")
            ):
                yield module.finding(node.lineno, f"{name or '.' + node.attr} is used; {advice}")
        elif isinstance(node, ast.Call) and _replaces_a_file(module, node):
            yield module.finding(node.lineno, f".replace with one target renames a file; {advice}")


def _replaces_a_file(module: Module, call: ast.Call) -> bool:
    """Whether this is `Path.replace(target)`.

    The `replace` of str and bytes takes two arguments at least, that of dates and named tuples keywords only;
    `os.replace` is found by its name, and `dataclasses.replace` and `copy.replace` by theirs.
    """
    if not (isinstance(call.func, ast.Attribute) and call.func.attr == "replace"):
        return False
    name = module.dotted(call.func)
    if name == "pathlib.Path.replace":
        return True
    if name is not None:
        return False
    keywords = {keyword.arg for keyword in call.keywords}
    return (len(call.args) == 1 and not keywords) or (not call.args and keywords == {"target"})


def _selects_rows(module: Module, function: ast.expr) -> bool:
    name = module.dotted(function)
    if isinstance(function, ast.Name):
        return function.id == "select" and name != "select.select"
    return name is not None and name.startswith("sqlalchemy.") and name.endswith(".select")
