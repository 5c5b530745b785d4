"""What the shell is told about where it runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from projectionist.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class ShellSettings:
    """Where the pages live, and who may ask for them.

    `base_path` is empty or begins with a slash and ends with none. `allowed_hosts` are host names without a port,
    besides loopback, addresses in digits and the host of `base_url`; `*` allows all. `trusted_proxies` are
    addresses or networks whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed. `cors_origins` are the other
    sites whose pages may read the API.
    """

    base_path: str = ""
    base_url: str = ""
    allowed_hosts: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    https: bool = False
    max_body_bytes: int = 10_000_000
    cors_origins: tuple[str, ...] = ()
    event_streams: int = 500
    event_streams_per_person: int = 20
    version: str = ""
    sign_in: str = "/sign-in"
    sign_out: str = "/sign-out"
    account: str = "/account"
    hosts: frozenset[str] = field(init=False)

    @classmethod
    def of(cls, settings: Settings, version: str) -> ShellSettings:
        """What the settings of this installation say of it."""
        return cls(
            base_path=settings.base_path,
            base_url=settings.base_url,
            allowed_hosts=settings.allowed_hosts,
            trusted_proxies=settings.trusted_proxies,
            max_body_bytes=settings.max_request_bytes,
            cors_origins=settings.cors_origins,
            event_streams=_share(settings.event_streams, settings.workers),
            event_streams_per_person=_share(settings.event_streams_per_person, settings.workers),
            version=version,
        )

    def __post_init__(self) -> None:
        named = {host.lower() for host in self.allowed_hosts} | {"localhost"}
        if self.base_url and (host := urlsplit(self.base_url).hostname):
            named.add(host.lower())
        object.__setattr__(self, "hosts", frozenset(named))

    @property
    def is_https(self) -> bool:
        """Whether people come over HTTPS: said so, or seen in the base URL."""
        return self.https or self.base_url.startswith("https://")

    def serves_https(self, name: str) -> bool:
        """Whether browsers that ask for this host name come over HTTPS, as the base URL says."""
        parts = urlsplit(self.base_url)
        return parts.scheme == "https" and bool(name) and name == (parts.hostname or "").lower()

    def url(self, path: str) -> str:
        """A path of ours as a browser asks for it, under the base path."""
        return f"{self.base_path}{path}"


def _share(most: int, processes: int) -> int:
    """What one of several processes may take, so that together they take no more than about the whole."""
    return -(-most // processes)
