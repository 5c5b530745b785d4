"""The demo house, for its own tests."""

from __future__ import annotations

from tests.demo.houses import house, house_media

__all__ = ["house", "house_media"]
