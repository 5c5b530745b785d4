"""What browser tests have."""

from __future__ import annotations

from tests.e2e.browser import browser, pages

__all__ = ["browser", "pages"]
