"""What the previews show on pages of others: what needs somebody, coverage, and the filmstrip of an item."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from projectionist.features.previews import upkeep
from projectionist.features.previews.models import PreviewState
from projectionist.features.previews.workplace import TOPIC, Workplace
from projectionist.web.ports import Panel, Permission, Principal

_REASONS = 3


def panels(previews: Workplace) -> tuple[Panel, ...]:
    """The panels, for the shell."""

    def needs(principal: Principal, about: int | None) -> Mapping[str, Any] | None:
        reasons = upkeep.reasons(previews, PreviewState.FAILED, 100)
        if not reasons:
            return None
        return {"reasons": reasons[:_REASONS], "failed": sum(one.count for one in reasons)}

    def coverage(principal: Principal, about: int | None) -> Mapping[str, Any] | None:
        found = [one for one in upkeep.coverage(previews) if one.parts]
        return {"coverage": found} if found else None

    def strip(principal: Principal, about: int | None) -> Mapping[str, Any] | None:
        rows = upkeep.previews_of_item(previews, about) if about is not None else ()
        showable = [row for row in rows if row.targets]
        return (
            {"rows": rows, "showable": showable, "shown": showable[0] if showable else None} if rows else None
        )

    return (
        Panel(
            "needs",
            "previews-failed",
            20,
            "previews/panel_needs.html",
            needs,
            Permission.MANAGE_PREVIEWS,
            (TOPIC,),
        ),
        Panel("home", "previews-coverage", 40, "previews/panel_coverage.html", coverage, topics=(TOPIC,)),
        Panel("item", "previews-strip", 10, "previews/panel_strip.html", strip, topics=(TOPIC,)),
    )
