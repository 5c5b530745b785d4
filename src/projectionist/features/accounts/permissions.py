"""Which role may do what: the whole table, in code, so that no row of a database can give more."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from projectionist.web.ports import Permission


class Role(StrEnum):
    """What kind of person somebody is here."""

    ADMINISTRATOR = "administrator"
    MEMBER = "member"


PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.ADMINISTRATOR: frozenset(Permission),
    Role.MEMBER: frozenset({Permission.VIEW}),
}


def permissions_of(role: str) -> frozenset[Permission]:
    """What a role may do; a role that this version does not know may do nothing."""
    try:
        return PERMISSIONS[Role(role)]
    except ValueError:
        return frozenset()
