"""Who may watch in the demo house, and what each of them has watched."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Person:
    """A user of the server. `sections` are the libraries shared with them, all where it is None.

    `id` is what plex.tv calls them; `account` what the server does, the same but for its owner, who is 1. The
    token opens both.
    """

    account: int
    id: int
    name: str
    email: str
    token: str = field(repr=False)
    is_owner: bool = False
    is_home: bool = False
    is_managed: bool = False
    sections: frozenset[int] | None = None

    def may_see(self, section: int) -> bool:
        """Whether a library is shared with them."""
        return self.sections is None or section in self.sections

    @property
    def uuid(self) -> str:
        """What plex.tv names their avatar by."""
        return f"{self.id:016x}"


@dataclass(slots=True)
class Marks:
    """What one person has watched: counts and epoch seconds by item, and how far (ms) they are in what they began."""

    counts: dict[int, int] = field(default_factory=dict)
    offsets: dict[int, int] = field(default_factory=dict)
    viewed_at: dict[int, int] = field(default_factory=dict)
    watchlist: dict[int, int] = field(default_factory=dict)
    """Items by when they were put there."""


def people(owner_token: str, movies: int) -> tuple[Person, ...]:
    """The owner, two home users, and a friend with whom only the section `movies` is shared."""
    return (
        Person(1, 20_240_301, "Marlene", "marlene@example.org", owner_token, is_owner=True, is_home=True),
        Person(20_240_302, 20_240_302, "Otto", "otto@example.org", new_token(), is_home=True),
        Person(20_240_303, 20_240_303, "Lina", "", new_token(), is_home=True, is_managed=True),
        Person(
            20_240_304, 20_240_304, "Farouk", "farouk@example.net", new_token(), sections=frozenset({movies})
        ),
    )


def new_token() -> str:
    """A token as long and of the same letters as Plex's own."""
    return secrets.token_urlsafe(15)[:20]
