"""What the doctor brings to the web."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from projectionist.features.doctor import api, health_api, pages
from projectionist.features.doctor.checks import Status
from projectionist.features.doctor.service import Doctor
from projectionist.web.ports import NavEntry, Panel, Permission, Principal, WebFeature


def web_feature(doctor: Doctor) -> WebFeature:
    """The page and the API of the doctor, and a line on Home; the program gives handlers `doctor`."""

    def needs(principal: Principal, about: int | None) -> Mapping[str, Any] | None:
        failed = [one for one in doctor.glance().results if one.status is Status.FAIL]
        return {"failed": failed} if failed else None

    return WebFeature(
        name="doctor",
        handlers=(*api.HANDLERS, *health_api.HANDLERS, *pages.HANDLERS),
        templates=Path(__file__).parent / "templates",
        nav=(NavEntry("Doctor", "/doctor", "shield", 85, Permission.MANAGE_SETTINGS),),
        panels=(
            Panel(
                "needs",
                "doctor",
                5,
                "doctor/panel_needs.html",
                needs,
                Permission.MANAGE_SETTINGS,
                ("doctor",),
            ),
        ),
    )
