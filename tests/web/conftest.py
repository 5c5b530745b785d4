"""What tests of the shell have."""

from __future__ import annotations

from tests.web.visitors import ada, house

__all__ = ["ada", "house"]
