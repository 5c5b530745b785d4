"""What alerts bring to the web."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from projectionist.features.alerts import announcing, api, device_api, device_pages, pages, service
from projectionist.features.alerts.rules import sentence
from projectionist.features.alerts.service import TOPIC, Standing, Workplace
from projectionist.media.messages import Level
from projectionist.web.ports import Alert, NavEntry, Panel, Permission, Principal, WebFeature


def web_feature(place: Workplace) -> WebFeature:
    """The pages and the API, what there is on the bell, and announcements on Home; handlers are given `alerts`."""

    def begun(principal: Principal) -> Sequence[Alert]:
        if not principal.may(Permission.MANAGE_SETTINGS):
            return ()
        return [_alert(one) for one in service.begun(place)]

    def announced(principal: Principal, about: int | None) -> Mapping[str, Any] | None:
        found = announcing.announcements(place)
        return {"found": found} if found else None

    return WebFeature(
        name="alerts",
        handlers=(*api.HANDLERS, *device_api.HANDLERS, *pages.HANDLERS, *device_pages.HANDLERS),
        templates=Path(__file__).parent / "templates",
        nav=(NavEntry("Alerts", "/alerts", "bell", 86, Permission.MANAGE_SETTINGS),),
        panels=(Panel("home", "announcements", 1, "alerts/panel_home.html", announced, topics=(TOPIC,)),),
        alerts=begun,
    )


def _alert(one: Standing) -> Alert:
    said = sentence(one.rule, one.state.value) if one.state.value is not None else one.rule.title
    return Alert(said, "/alerts", "bad" if one.rule.level is Level.BAD else "warn")
