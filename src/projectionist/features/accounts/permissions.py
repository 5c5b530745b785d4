"""Which role may do what: the whole table, in code; a row of the database adds or takes single permissions only."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from projectionist.web.ports import Permission


class Role(StrEnum):
    """What kind of person somebody is here."""

    ADMINISTRATOR = "administrator"
    MODERATOR = "moderator"
    USER = "user"
    GUEST = "guest"


PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.ADMINISTRATOR: frozenset(Permission),
    Role.MODERATOR: frozenset(
        {
            Permission.VIEW,
            Permission.VIEW_OTHERS_HISTORY,
            Permission.REQUEST,
            Permission.REQUEST_4K,
            Permission.AUTO_APPROVE,
            Permission.MANAGE_REQUESTS,
            Permission.MANAGE_DOWNLOADS,
            Permission.MANAGE_PREVIEWS,
            Permission.MANAGE_CACHE,
            Permission.MANAGE_JOBS,
            Permission.MAKE_TOKENS,
        }
    ),
    Role.USER: frozenset({Permission.VIEW, Permission.REQUEST, Permission.MAKE_TOKENS}),
    Role.GUEST: frozenset({Permission.VIEW}),
}

AWAITED = frozenset(
    {
        Permission.REQUEST,
        Permission.REQUEST_4K,
        Permission.AUTO_APPROVE,
        Permission.MANAGE_REQUESTS,
        Permission.MANAGE_DOWNLOADS,
        Permission.MANAGE_CLEANUP,
        Permission.MANAGE_STATUS,
    }
)
"""What the roles hold already though nothing asks for it yet: nobody is offered it, and no exception is made of it."""


def permissions_of(role: str, exceptions: Mapping[str, Any] | None = None) -> frozenset[Permission]:
    """What somebody of a role may do, with the exceptions made for them: a permission's name, and whether they may.

    Administrators may everything, always; a role that this version does not know may nothing.
    """
    try:
        known = Role(role)
    except ValueError:
        return frozenset()
    if known is Role.ADMINISTRATOR:
        return PERMISSIONS[known]
    made = exceptions or {}
    return frozenset(one for one in Permission if made.get(one.value, one in PERMISSIONS[known]) is True)
