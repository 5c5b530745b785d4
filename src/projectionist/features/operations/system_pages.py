"""The pages of settings, and of what this installation is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template

from projectionist.db.engine import Database
from projectionist.errors import ProjectionistError
from projectionist.features.operations import about, settings_service
from projectionist.features.operations.updates import NOTICE
from projectionist.settings import Settings
from projectionist.web.access import needs
from projectionist.web.config import ShellSettings
from projectionist.web.forms import Form, text, texts
from projectionist.web.injection import Injected
from projectionist.web.ports import Permission

MANAGE = needs(Permission.MANAGE_SETTINGS)


@get("/settings", sync_to_thread=True, include_in_schema=False, **MANAGE)
def settings_page(
    database: Injected[Database], settings: Injected[Settings], saved: FromQuery[bool] = False
) -> Template:
    """Every setting: its value, where that came from, and what it is for."""
    return _page(database, settings, {}, {}, was_saved=saved)


@post("/settings", sync_to_thread=True, include_in_schema=False, **MANAGE)
def save_settings(
    request: Request[Any, Any, Any], database: Injected[Database], settings: Injected[Settings], data: Form
) -> Template | Redirect:
    """Save what was changed; the page comes again with what is wrong beside each field."""
    views = settings_service.setting_views(database, settings)
    wanted = {view.info.name: _given(data, view) for view in views if not view.locked_by}
    errors = settings_service.errors_in(wanted)
    if not errors:
        try:
            settings_service.save(database, settings, wanted)
        except ProjectionistError as error:
            errors = {"": error.message}
    if errors:
        return _page(database, settings, wanted, errors)
    shell: ShellSettings = request.app.state.shell.settings
    return Redirect(shell.url("/settings?saved=true"), status_code=303)


@post("/settings/{name:str}/reset", sync_to_thread=True, include_in_schema=False, **MANAGE)
def reset_setting(
    request: Request[Any, Any, Any],
    database: Injected[Database],
    settings: Injected[Settings],
    name: FromPath[str],
) -> Redirect:
    """Go back to a setting's default."""
    settings_service.reset(database, settings, name)
    shell: ShellSettings = request.app.state.shell.settings
    return Redirect(shell.url("/settings?saved=true"), status_code=303)


@get("/about", sync_to_thread=True, include_in_schema=False)
def about_page(database: Injected[Database], settings: Injected[Settings]) -> Template:
    """Versions, what changed, and whose work is in here."""
    return Template(
        "operations/about.html",
        context={
            "versions": about.versions(database),
            "newer": NOTICE.newer(),
            "asks": bool(settings.update_address),
            "changes": about.changes(),
            "third_parties": about.third_parties(),
            "vendored": about.vendored(),
        },
    )


@get("/about/licence", sync_to_thread=True, include_in_schema=False)
def licence_page(of: FromQuery[str] = "") -> Template:
    """The licence of somebody else's work, in full."""
    return Template("operations/licence.html", context={"name": of, "text": about.licence_text(of)})


def _page(
    database: Database,
    settings: Settings,
    given: Mapping[str, str],
    errors: Mapping[str, str],
    *,
    was_saved: FromQuery[bool] = False,
) -> Template:
    views = settings_service.setting_views(database, settings)
    context = {
        "views": views,
        "choices": {view.info.name: [(one, one) for one in view.info.choices] for view in views},
        "given": given,
        "errors": errors,
        "was_saved": was_saved,
    }
    return Template("operations/settings.html", context=context, status_code=422 if errors else 200)


def _given(form: Mapping[str, Any], view: settings_service.SettingView) -> str:
    """A field as it was sent; a tick box that is off, or several of which none is on, is not sent at all."""
    if view.info.default in ("true", "false"):
        return "true" if text(form, view.info.name) else "false"
    return ",".join(texts(form, view.info.name))


HANDLERS = (settings_page, save_settings, reset_setting, about_page, licence_page)
