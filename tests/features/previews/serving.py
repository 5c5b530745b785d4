"""The previews' part of the web, served in the test's own process to somebody who is signed in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from litestar import Litestar
from litestar.testing import TestClient

from projectionist.features.previews.showing import Showcase
from projectionist.features.previews.web import web_feature
from projectionist.web.config import ShellSettings
from projectionist.web.csrf import COOKIE, HEADER, new_token
from projectionist.web.ports import Permission, Principal, WebFeature
from projectionist.web.shell import create_shell
from tests.features.previews.household import Household


class Quiet:
    """Events that never come."""

    def listen(self, listener: Callable[[Any], None]) -> Callable[[], None]:
        return lambda: None

    def since(self, event_id: int) -> Sequence[Any]:
        return []

    def reaches_back_to(self, event_id: int) -> bool:
        return True


def program(
    house: Household,
    *,
    may: Sequence[Permission] = tuple(Permission),
    base_path: str = "",
    more: Sequence[WebFeature] = (),
) -> Litestar:
    """The web program of the previews, to which everybody is a person who may do these things."""
    person = Principal(1, "ada", "administrator", frozenset(may))
    return create_shell(
        features=[web_feature(house.place), *more],
        identify=lambda request: person,
        dependencies={"previews": house.place, "showcase": Showcase(), "jobs": house.jobs},
        settings=ShellSettings(base_path=base_path, version="1"),
        events=Quiet(),
    )


@contextmanager
def browser(
    house: Household,
    *,
    may: Sequence[Permission] = tuple(Permission),
    base_path: str = "",
    more: Sequence[WebFeature] = (),
) -> Iterator[TestClient[Any]]:
    """A browser with a person who may do these things."""
    app = program(house, may=may, base_path=base_path, more=more)
    with TestClient(app, base_url="http://127.0.0.1", root_path=base_path) as client:
        token = new_token()
        client.cookies.set(COOKIE, token, domain="127.0.0.1")
        client.headers[HEADER] = token
        yield client


def items(answer: Any) -> Sequence[Mapping[str, Any]]:
    """The items of a page of the API."""
    assert answer.status_code == 200, answer.text
    found: Sequence[Mapping[str, Any]] = answer.json()["items"]
    return found
