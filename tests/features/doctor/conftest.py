"""What every test of the doctor has."""

from __future__ import annotations

from tests.features.doctor.every_state import seen

__all__ = ["seen"]
