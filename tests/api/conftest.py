"""One house for all that only looks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.api.house import Open, opened


@pytest.fixture(scope="package")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    """The whole house; who changes it much opens their own."""
    with opened(tmp_path_factory.mktemp("house")) as open_one:
        yield open_one
