"""What somebody becomes here who is in some group elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from projectionist.features.accounts.permissions import Role

EVERYBODY = "*"
_BEST_FIRST = tuple(Role)


def role_of(mapping: Sequence[str], groups: Collection[str]) -> tuple[Role | None, bool]:
    """The best role that `group=role` pairs give to members of these groups, and whether a group says so by name.

    None where nothing lets them in. `*` is everybody.
    """
    pairs = [(group, Role(role)) for group, _, role in (one.rpartition("=") for one in mapping)]
    named = {role for group, role in pairs if group in groups and group != EVERYBODY}
    given = named or {role for group, role in pairs if group == EVERYBODY}
    return next((role for role in _BEST_FIRST if role in given), None), bool(named)


def is_taken(mapping: Sequence[str], held: str, left: Role) -> bool:
    """Whether somebody whose groups give them no role by name loses the one they hold, and has a lesser one left.

    A role is for the groups to take where a group is named for it; what everybody gets raises nobody.
    """
    pairs = [one.rpartition("=") for one in mapping]
    is_named = any(role == held and group != EVERYBODY for group, _, role in pairs)
    return is_named and _BEST_FIRST.index(left) > _BEST_FIRST.index(Role(held))
