"""Whether a locked package has a vulnerability that is known: asked of the Open Source Vulnerabilities database.

`python -m checks.vulnerabilities` ends with 0 where none is known, 1 where some are, and 2 where the database could
not be asked: not having asked is no good news.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any

from checks.bill import ROOT, Part, locked_parts, vendored_parts

DATABASE = "https://api.osv.dev"
VARIABLE = "OSV_ADDRESS"
"""Names another database of the same kind, such as a mirror."""
TIME_OUT_S = 30.0
_AT_ONCE = 500
_LARGEST = 50_000_000
_ECOSYSTEMS = {"pypi": "PyPI", "npm": "npm"}
_LOCKS = ("requirements.lock", "requirements-dev.lock")


class Unasked(Exception):
    """The database could not be asked, or its answer is none."""


def known(parts: Sequence[Part], address: str) -> Mapping[str, Sequence[str]]:
    """The ids of known vulnerabilities, by name and version of each part that has some. Raises Unasked."""
    found: dict[str, Sequence[str]] = {}
    for start in range(0, len(parts), _AT_ONCE):
        some = parts[start : start + _AT_ONCE]
        for part, result in zip(some, _results(some, address), strict=True):
            if ids := [str(one["id"]) for one in result.get("vulns", ())]:
                found[f"{part.name} {part.version}"] = ids
    return found


def _results(parts: Sequence[Part], address: str) -> list[dict[str, Any]]:
    questions = [
        {"package": {"name": part.name, "ecosystem": _ECOSYSTEMS[part.kind]}, "version": part.version}
        for part in parts
    ]
    if not address.startswith(("https://", "http://127.0.0.1:")):
        raise Unasked(f"{address} is no address of https")
    request = urllib.request.Request(
        f"{address.rstrip('/')}/v1/querybatch",
        data=json.dumps({"queries": questions}).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=TIME_OUT_S) as answer:
            results = json.loads(answer.read(_LARGEST))["results"]
    except (OSError, urllib.error.URLError, ValueError, KeyError, TypeError) as error:
        raise Unasked(f"{address} gave no answer that could be read ({error})") from error
    if not isinstance(results, list) or len(results) != len(parts):
        raise Unasked(f"{address} answered for another number of packages than it was asked for")
    return [result if isinstance(result, dict) else {} for result in results]


def everything_locked() -> list[Part]:
    """Every package of the locks, and what the pages bring to browsers."""
    found = [part for lock in _LOCKS for part in locked_parts(ROOT / lock)]
    return list({part.address: part for part in (*found, *vendored_parts(ROOT))}.values())


def main(address: str = "") -> int:
    """Ask, and say what came of it."""
    parts = everything_locked()
    try:
        found = known(parts, address or os.environ.get(VARIABLE, "") or DATABASE)
    except Unasked as error:
        print(f"Nobody knows whether the packages are safe: {error}. Nothing was checked.", file=sys.stderr)
        return 2
    for package, ids in sorted(found.items()):
        print(f"{package}: {', '.join(ids)}")
    print(f"{len(found)} of {len(parts)} packages have known vulnerabilities.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
