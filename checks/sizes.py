"""No file and no function grows beyond what one can hold in mind."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from checks.modules import Finding, modules_below

FOLDERS = ("src", "tests", "bench", "checks")
MAX_FILE_LINES = 500
MAX_FUNCTION_LINES = 60


def long_files(root: Path) -> Iterator[Finding]:
    """Python files of more than 500 lines."""
    for module in modules_below(root, *FOLDERS):
        count = len(module.text.splitlines())
        if count > MAX_FILE_LINES:
            yield module.finding(1, f"{count} lines, more than {MAX_FILE_LINES}: split it by what it does.")


def long_functions(root: Path) -> Iterator[Finding]:
    """Functions of more than 60 lines, from `def` to the last line of the body."""
    for module in modules_below(root, *FOLDERS):
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
                count = node.end_lineno - node.lineno + 1
                if count > MAX_FUNCTION_LINES:
                    yield module.finding(
                        node.lineno,
                        f"{node.name} has {count} lines, more than {MAX_FUNCTION_LINES}: split it.",
                    )
