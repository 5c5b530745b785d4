"""`python -m checks` runs every check, `python -m checks mypy house` only those; status 1 where one fails."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from checks import assets, borders, calls, locks, sizes, tracked, words
from checks.modules import Finding

ROOT = Path(__file__).resolve().parent.parent

TOOLS: dict[str, list[str]] = {
    "ruff": ["ruff", "check", "--quiet"],
    "format": ["ruff", "format", "--check", "--quiet"],
    "mypy": ["mypy"],
    "imports": ["lint-imports", "--no-logo"],
    "deptry": ["deptry", "src"],
    "bandit": ["bandit", "--quiet", "--configfile", "pyproject.toml", "--recursive", "src"],
}

HOUSE_RULES: tuple[Callable[[Path], Iterator[Finding]], ...] = (
    sizes.long_files,
    sizes.long_functions,
    calls.moves_outside_files,
    calls.selects_outside_queries,
    borders.databases_in_frames,
    borders.features_past_services,
    tracked.registry_addresses,
    tracked.machine_paths,
    tracked.foreign_locks,
    locks.outdated_locks,
    assets.changed_assets,
    words.outdated_words,
    words.wrong_translations,
)


def main(wanted: list[str]) -> int:
    """Run the checks named in `wanted`, or all of them; 0 where none found anything."""
    names = [*TOOLS, "house"]
    if unknown := sorted(set(wanted) - set(names)):
        print(f"There is no check {', '.join(unknown)}; there are {', '.join(names)}.", file=sys.stderr)
        return 2
    failed = [name for name in wanted or names if not _passes(name)]
    print(f"Failed: {', '.join(failed)}" if failed else "All checks passed")
    return 1 if failed else 0


def _passes(name: str) -> bool:
    print(f"== {name}", flush=True)
    if name in TOOLS:
        tool, *options = TOOLS[name]
        return (
            subprocess.run(
                [str(Path(sys.executable).parent / tool), *options], cwd=ROOT, check=False
            ).returncode
            == 0
        )
    findings = [finding for rule in HOUSE_RULES for finding in rule(ROOT)]
    for finding in findings:
        print(finding)
    return not findings


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
