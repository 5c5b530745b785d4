"""How a path is made to lead to its fast copy, and back: one adapter for each layout."""

from __future__ import annotations

from collections.abc import Mapping

from projectionist.features.cache.layouts.adapter import Adapter
from projectionist.features.cache.layouts.symlink import SymlinkAdapter
from projectionist.features.cache.layouts.union import UnionAdapter
from projectionist.features.cache.models import Layout

ADAPTERS: Mapping[Layout, Adapter] = {Layout.SYMLINK: SymlinkAdapter(), Layout.UNION: UnionAdapter()}

__all__ = ["ADAPTERS", "Adapter"]
