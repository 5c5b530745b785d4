from __future__ import annotations

from tests.features.cache.auditing.conftest import anywhere, linked, prepared, union, ward

__all__ = ["anywhere", "linked", "prepared", "union", "ward"]
