"""What accounts bring to the web."""

from __future__ import annotations

from pathlib import Path

from projectionist.features.accounts import api, pages, setup_pages
from projectionist.features.accounts.passkeys import api as passkeys_api
from projectionist.features.accounts.passkeys import pages as passkeys_pages
from projectionist.features.accounts.second_factor import api as second_factor_api
from projectionist.features.accounts.second_factor import pages as second_factor_pages
from projectionist.features.accounts.users import api as users_api
from projectionist.features.accounts.users import joining_pages, own_api, own_pages, token_pages
from projectionist.features.accounts.users import pages as users_pages
from projectionist.features.accounts.ways import api as ways_api
from projectionist.features.accounts.ways import oidc_pages
from projectionist.features.accounts.ways import pages as ways_pages
from projectionist.web.ports import NavEntry, Permission, WebFeature


def feature() -> WebFeature:
    """Signing in and out, one's own account, the setup, and the users of the house."""
    return WebFeature(
        name="accounts",
        handlers=(
            *api.HANDLERS,
            *pages.HANDLERS,
            *setup_pages.HANDLERS,
            *users_api.HANDLERS,
            *users_pages.HANDLERS,
            *joining_pages.HANDLERS,
            *token_pages.HANDLERS,
            *ways_api.HANDLERS,
            *ways_pages.HANDLERS,
            *oidc_pages.HANDLERS,
            *own_api.HANDLERS,
            *own_pages.HANDLERS,
            *second_factor_api.HANDLERS,
            *second_factor_pages.HANDLERS,
            *passkeys_api.HANDLERS,
            *passkeys_pages.HANDLERS,
        ),
        nav=(NavEntry("Users", "/users", "users", 70, Permission.MANAGE_USERS),),
        templates=Path(__file__).parent / "templates",
    )
