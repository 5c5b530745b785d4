"""Asking for a backup."""

from __future__ import annotations

from projectionist.jobs.ports import Jobs, Order, Ordered, Priority

MAKE = "backups.make"


def order_backup(jobs: Jobs, asked_by: str) -> Ordered:
    """Ask for a backup now; while one is asked for, a second is the same."""
    return jobs.order(Order(MAKE, {"asked_by": asked_by}, "by hand", Priority.HIGH, asked_by=asked_by))
