"""What pages leave out of the reasons why a source does not answer."""

from __future__ import annotations

import pytest

from projectionist.features.cache.reading.plainly import plainly

CALL = "GET /library/sections/watchlist/all"


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (
            f"plex.tv at https://plex.tv did not answer {CALL} (refused, after 0.0 s); check that it runs.",
            "plex.tv did not answer (refused); check that it runs.",
        ),
        (
            f"Plex at http://192.0.2.10:32400 did not answer {CALL} in time (given up after 20.0 s).",
            "Plex at http://192.0.2.10:32400 did not answer in time (given up after 20.0 s).",
        ),
        (
            f"TMDb at https://api.themoviedb.org failed to answer ({CALL}: 503); try again in a while.",
            "TMDb failed to answer (503); try again in a while.",
        ),
        (
            f"Plex at http://192.0.2.10 refused {CALL} (401); give it a token.",
            "Plex at http://192.0.2.10 refused what was asked (401); give it a token.",
        ),
        ("A disk is away.", "A disk is away."),
        ("", ""),
    ],
)
def test_calls_and_the_addresses_of_services_of_the_world_are_left_out(reason: str, words: str) -> None:
    assert plainly(reason) == words
