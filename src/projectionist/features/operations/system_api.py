"""The API of settings, and of what this installation is made of."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import delete, get, patch
from litestar.params import FromPath, JSONBody

from projectionist.db.engine import Database
from projectionist.features.operations import about, settings_service
from projectionist.settings import Settings
from projectionist.web.access import needs
from projectionist.web.injection import Injected
from projectionist.web.paging import Limit, Offset, PageOut
from projectionist.web.ports import Permission

MANAGE = needs(Permission.MANAGE_SETTINGS)


class SettingDocument(msgspec.Struct, frozen=True):
    """A setting. A secret never shows its value; `locked_by` says what fixes it, empty where it may be changed here."""

    name: str
    variable: str
    about: str
    default: str
    value: str | None
    is_set: bool
    source: str
    saved: str | None
    locked_by: str
    choices: list[str]
    example: str


class SettingsChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Values to save, by name, as text."""

    values: dict[str, Annotated[str, msgspec.Meta(max_length=2000)]]


class SettingsSaved(msgspec.Struct, frozen=True):
    """The settings that changed; they hold from the next start."""

    changed: list[str]


class VersionDocument(msgspec.Struct, frozen=True):
    """A part of what runs here, and which one."""

    part: str
    version: str


class ThirdPartyDocument(msgspec.Struct, frozen=True):
    """Somebody else's work in this installation."""

    name: str
    version: str
    licence: str
    home: str


class ChangeDocument(msgspec.Struct, frozen=True):
    """Something that a user notices."""

    kind: str
    text: str


class AboutDocument(msgspec.Struct, frozen=True):
    """What this installation is made of; `telemetry` is false, since nothing is ever sent anywhere."""

    versions: list[VersionDocument]
    changes: list[ChangeDocument]
    telemetry: bool


@get("/api/v1/settings", tags=["Settings"], operation_id="list_settings", sync_to_thread=True, **MANAGE)
def list_settings(
    database: Injected[Database], settings: Injected[Settings], offset: Offset = 0, limit: Limit = 100
) -> PageOut[SettingDocument]:
    """Every setting, documented."""
    views = settings_service.setting_views(database, settings)
    shown = [_document(view) for view in views[offset : offset + limit]]
    return PageOut(items=shown, offset=offset, total=len(views))


@patch("/api/v1/settings", tags=["Settings"], operation_id="save_settings", sync_to_thread=True, **MANAGE)
def save_settings(
    database: Injected[Database], settings: Injected[Settings], data: JSONBody[SettingsChange]
) -> SettingsSaved:
    """Save values, all or none; they hold from the next start."""
    return SettingsSaved(settings_service.save(database, settings, data.values))


@delete(
    "/api/v1/settings/{name:str}",
    tags=["Settings"],
    operation_id="reset_setting",
    sync_to_thread=True,
    **MANAGE,
)
def reset_setting(database: Injected[Database], settings: Injected[Settings], name: FromPath[str]) -> None:
    """Go back to a setting's default."""
    settings_service.reset(database, settings, name)


@get("/api/v1/about", tags=["About"], operation_id="get_about", sync_to_thread=True)
def get_about(database: Injected[Database]) -> AboutDocument:
    """Versions and what changed."""
    return AboutDocument(
        [VersionDocument(one.part, one.version) for one in about.versions(database)],
        [ChangeDocument(one.kind, one.text) for one in about.changes()],
        telemetry=False,
    )


@get("/api/v1/about/licences", tags=["About"], operation_id="list_licences", sync_to_thread=True)
def list_licences(offset: Offset = 0, limit: Limit = 100) -> PageOut[ThirdPartyDocument]:
    """Whose work is in here, and under which licence."""
    found = (*about.third_parties(), *about.vendored())
    shown = [ThirdPartyDocument(one.name, one.version, one.licence, one.home) for one in found]
    return PageOut(items=shown[offset : offset + limit], offset=offset, total=len(shown))


def _document(view: settings_service.SettingView) -> SettingDocument:
    info = view.info
    return SettingDocument(
        info.name,
        info.variable,
        info.about,
        info.default,
        None if info.secret else view.value,
        view.is_set,
        view.source.value,
        view.saved,
        view.locked_by,
        list(info.choices),
        info.example,
    )


HANDLERS = (list_settings, save_settings, reset_setting, get_about, list_licences)
