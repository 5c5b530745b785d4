"""Each test that docs/security.md names as a proof is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def test_every_proof_that_the_document_names_is_there() -> None:
    document = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    named = NAMED.findall(document)
    assert len(named) > 40
    missing = [
        (file, name)
        for file, name in named
        if not (ROOT / file).is_file()
        or (name and f"def {name}(" not in (ROOT / file).read_text(encoding="utf-8"))
    ]
    assert missing == []


def test_every_line_of_a_table_of_requirements_names_a_proof() -> None:
    document = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    tables = document.partition("## OWASP")[2].partition("## When something")[0]
    rows = [line for line in tables.splitlines() if line.startswith("|") and not set(line) <= set("|- ")]
    unproved = [row for row in rows if not NAMED.search(row) and "shown by" not in row]
    assert len(rows) > 30
    assert unproved == []
