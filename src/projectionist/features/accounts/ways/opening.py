"""All further ways in, as the pages and the API find them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from projectionist.db.engine import Database
from projectionist.features.accounts.ways.oidc import OidcWay
from projectionist.features.accounts.ways.plex import Admission, PlexWay, Provider
from projectionist.features.accounts.ways.proxy import ProxyWay
from projectionist.features.accounts.ways.service import Kind
from projectionist.kit.secrets import Vault
from projectionist.media.identity import CodeProvider
from projectionist.settings import Settings
from projectionist.settings.choices import Registration


@dataclass(frozen=True, slots=True)
class Ways:
    """The ways in besides a password."""

    plex: PlexWay
    oidc: OidcWay
    proxy: ProxyWay

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of identity by which people can come in as things are set now."""
        open_now = {
            Kind.PLEX: self.plex.is_open,
            Kind.OIDC: self.oidc.is_open,
            Kind.PROXY: self.proxy.is_open,
        }
        return frozenset(kind.value for kind, is_open in open_now.items() if is_open)


def open_ways(
    settings: Settings,
    database: Database,
    vault: Vault,
    now: Callable[[], datetime],
    plex: Provider,
    oidc: Callable[[], CodeProvider],
) -> Ways:
    """The ways in as the settings have them; `plex` and `oidc` reach the services."""
    admission, may_register = Admission(settings.plex_sign_in), settings.registration != Registration.CLOSED
    provider = oidc if settings.oidc_issuer else None
    return Ways(
        PlexWay(database, vault, now, admission, may_register, plex),
        OidcWay(database, vault, now, settings.oidc_name, settings.oidc_roles, provider, may_register),
        ProxyWay(
            database,
            now,
            settings.proxy_user_header,
            settings.proxy_groups_header,
            settings.proxy_roles,
            may_register,
        ),
    )
