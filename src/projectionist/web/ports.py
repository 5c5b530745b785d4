"""What features register with the shell: who somebody is, entries in the navigation, panels on shared pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from litestar import Request
from litestar.types import ControllerRouterHandler


class Permission(StrEnum):
    """What somebody may do. A route declares one, or that it is open."""

    VIEW = "view"
    REQUEST = "request"
    REQUEST_4K = "request_4k"
    AUTO_APPROVE = "auto_approve"
    MANAGE_REQUESTS = "manage_requests"
    MANAGE_DOWNLOADS = "manage_downloads"
    MANAGE_PREVIEWS = "manage_previews"
    MANAGE_CACHE = "manage_cache"
    MANAGE_CLEANUP = "manage_cleanup"
    MANAGE_STATUS = "manage_status"
    MANAGE_JOBS = "manage_jobs"
    MANAGE_SERVERS = "manage_servers"
    MANAGE_SETTINGS = "manage_settings"
    MANAGE_USERS = "manage_users"
    MAKE_TOKENS = "make_tokens"  # nosec B105 - a permission
    VIEW_OTHERS_HISTORY = "view_others_history"
    READ_METRICS = "read_metrics"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is signed in, on a request or an event stream."""

    id: int
    name: str
    role: str
    permissions: frozenset[Permission]
    time_zone: str = ""
    language: str = ""
    """The language they chose for pages and mails, empty for what their browser asks for."""
    by_token: bool = False
    """Whether a program acts for them by a token, and no browser that other sites' pages could use."""
    idle_s: int = field(default=0, compare=False)
    """How long they may do nothing before they are signed out, 0 where no page has to warn of it."""

    def may(self, permission: Permission) -> bool:
        """Whether they may do this."""
        return permission in self.permissions


class Identify(Protocol):
    """Tells who a request comes from; given by the feature that keeps accounts."""

    def __call__(self, request: Request[Any, Any, Any]) -> Principal | None:
        """The signed-in person, or None. Called for every request but those for static assets; must be quick."""


@dataclass(frozen=True, slots=True)
class NavEntry:
    """A place in the navigation; `icon` names a symbol of the sprite, `order` sorts."""

    label: str
    path: str
    icon: str
    order: int
    permission: Permission = Permission.VIEW


@dataclass(frozen=True, slots=True)
class Panel:
    """A part of a shared page (`home`, `item`, `servers` …) that another feature fills.

    `context` is called with the viewer and what the page is about (its id, or None) and returns what the
    template needs, or None where the panel is absent. `topics` are the live topics that make it load anew.
    """

    page: str
    name: str
    order: int
    template: str
    context: Callable[[Principal, int | None], Mapping[str, Any] | None]
    permission: Permission = Permission.VIEW
    topics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Activity:
    """What runs now, for the ring in the top bar: how many, and how far they are together (0 to 1, None unknown)."""

    running: int
    waiting: int = 0
    fraction: float | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """Something a person can and should act on; `path` leads to where."""

    text: str
    path: str
    level: str = "warn"
    """`warn` or `bad`."""


@dataclass(frozen=True, slots=True)
class ReadinessCheck:
    """Something that must be so before requests are served well: `probe` raises a ProjectionistError where not.

    `name` is shown to anybody who asks `/health/ready`; the error's words are not.
    """

    name: str
    probe: Callable[[], None]


@dataclass(frozen=True, slots=True)
class WebFeature:
    """Everything a feature brings to the web: handlers under its own paths, templates, navigation, panels."""

    name: str
    handlers: tuple[ControllerRouterHandler, ...] = ()
    templates: Path | None = None
    nav: tuple[NavEntry, ...] = ()
    panels: tuple[Panel, ...] = ()
    search: str = ""
    """The path of the page that takes `?q=`, where this feature answers the search of the top bar."""
    suggest: str = ""
    """The path that answers `?q=` with a fragment of `<a>` lines while one types."""
    activity: Callable[[Principal], Activity] | None = None
    """What of this feature runs now; the ring loads anew on the live topic `jobs`."""
    alerts: Callable[[Principal], Sequence[Alert]] | None = None
    """What of this feature needs somebody; the bell loads anew on the live topic `alerts`."""
