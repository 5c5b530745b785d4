"""The films on the fast disks, for the plan."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from projectionist.features.cache.models import CopyRow, HolderRow, OriginRow


def films(session: Session, fast_roots: Collection[str]) -> Sequence[Any]:
    """What is on these tiers for its own sake, and of which item it is, where that is known."""
    for_others = select(HolderRow.path).where(HolderRow.path == CopyRow.path)
    for_itself = for_others.where(HolderRow.film == CopyRow.path)
    return session.execute(
        select(
            CopyRow.path, CopyRow.fast_root, CopyRow.size, CopyRow.at, CopyRow.played_at, OriginRow.item_id
        )
        .outerjoin(OriginRow, OriginRow.path == CopyRow.path)
        .where(CopyRow.fast_root.in_(fast_roots), for_itself.exists() | ~for_others.exists())
        .order_by(CopyRow.id)
    ).all()
