"""What the frame around every page asks for: the activity ring and its drawer, the alerts."""

from __future__ import annotations

from typing import Any

from litestar import Request, get
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from projectionist.web.injection import Injected
from projectionist.web.ports import Activity, Alert, Principal


@get("/frame/activity", sync_to_thread=True, include_in_schema=False)
def activity_drawer(principal: Injected[Principal]) -> Template:
    """The drawer: what runs, from the panels of the page `activity`."""
    return Template("frame/drawer.html")


@get("/frame/ring", sync_to_thread=True, include_in_schema=False)
def activity_ring(request: Request[Any, Any, Any], principal: Injected[Principal]) -> Template:
    """The ring and the bell of the top bar."""
    features = request.app.state.shell.features
    activities = [feature.activity(principal) for feature in features if feature.activity]
    alerts: list[Alert] = [
        alert for feature in features if feature.alerts for alert in feature.alerts(principal)
    ]
    return Template("frame/ring.html", context={"activity": together(activities), "alerts": alerts})


@get("/frame/panels/{page:str}/{name:str}", sync_to_thread=True, include_in_schema=False)
def panel_alone(
    principal: Injected[Principal],
    page: FromPath[str],
    name: FromPath[str],
    about: FromQuery[int | None] = None,
) -> Template:
    """One panel, as its page loads it anew."""
    return Template("frame/panel_alone.html", context={"page": page, "name": name, "about": about})


def together(activities: list[Activity]) -> Activity:
    """Several features' activity as one; the fraction is that of those who know theirs, by how much they run."""
    running = sum(activity.running for activity in activities)
    known = [activity for activity in activities if activity.fraction is not None and activity.running]
    weight = sum(activity.running for activity in known)
    done = sum((activity.fraction or 0.0) * activity.running for activity in known)
    return Activity(
        running=running,
        waiting=sum(activity.waiting for activity in activities),
        fraction=done / weight if weight else None,
    )


HANDLERS = (activity_drawer, activity_ring, panel_alone)
