"""Which calls of the Plex client Plex's contract describes, and which a recorded answer."""

from __future__ import annotations

from dataclasses import dataclass

import pytest


@dataclass(frozen=True)
class Call:
    """A call as it goes over the wire: what its path fits, and where contract and recording of it are."""

    pattern: str
    contract: str = ""
    recording: str = ""


CALLS = (
    Call("/", "/", "root.json"),
    Call("/library/sections", "/library/sections/all", "library-sections.xml"),
    Call("/library/sections/watchlist/all"),
    Call("/library/sections/*/all", "/library/sections/{sectionId}/all", "library-sections-1-all.xml"),
    Call("/library/metadata/*/tree", "/library/metadata/{ids}/tree", "library-metadata-1-tree.xml"),
    Call("/library/metadata/*", "/library/metadata/{ids}"),
    Call("/library/sections/*/refresh", "/library/sections/{sectionId}/refresh"),
    Call("/library/parts/*/*/file", "/library/parts/{partId}/{changestamp}/{filename}"),
    Call("/library/all", "/library/all"),
    Call("/photo/:/transcode", "/photo/:/transcode"),
    Call("/status/sessions/history/all", "/status/sessions/history/all"),
    Call("/status/sessions", "/status/sessions"),
    Call("/:/websockets/notifications"),
    Call("/library/onDeck"),
    Call("/library/sections/*/onDeck"),
    Call("/accounts"),
    Call("/api/servers/*/shared_servers"),
)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which calls nothing outside vouches for, where the contract suite was run."""
    ran = any(
        getattr(report, "nodeid", "").startswith("tests/contract/")
        for report in terminalreporter.stats.get("passed", [])
    )
    if ran:
        neither = ", ".join(call.pattern for call in CALLS if not (call.contract or call.recording))
        terminalreporter.write_line(f"Plex calls that neither contract nor recording describes: {neither}")
