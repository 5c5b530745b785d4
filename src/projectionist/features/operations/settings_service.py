"""The settings as the page and the API show and save them; what the environment fixes is read only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from sqlalchemy.orm import Session

from projectionist.db.engine import Database
from projectionist.db.saved_settings import forget_settings, save_settings, saved_settings
from projectionist.errors import Conflict, InputWrong, NotFound
from projectionist.features.audit_log.service import Act, record
from projectionist.settings import SettingInfo, Settings, Source, checked, describe
from projectionist.settings.values import shown

_ON_PAGE = (Source.PAGE, Source.DEFAULT)


@dataclass(frozen=True, slots=True)
class SettingView:
    """A setting: what holds now and where that came from, and what was saved for the next start.

    A secret has no `value`; `is_set` says whether there is one. `locked_by` says in words what fixes it, empty
    where the page may change it.
    """

    info: SettingInfo
    value: str
    is_set: bool
    source: Source
    saved: str | None
    locked_by: str

    @property
    def waits(self) -> bool:
        """Whether something else was saved than holds now."""
        return (
            self.saved if self.saved is not None else self.info.default
        ) != self.value and not self.locked_by


def setting_views(database: Database, settings: Settings) -> list[SettingView]:
    """Every setting, in the order of the document."""
    saved = saved_settings(database)
    return [_view(info, settings, saved) for info in describe()]


def get_setting(database: Database, settings: Settings, name: str) -> SettingView:
    """One setting. Raises NotFound."""
    for view in setting_views(database, settings):
        if view.info.name == name:
            return view
    raise NotFound(f"There is no setting {name[:60]}.")


def save(database: Database, settings: Settings, wanted: Mapping[str, str]) -> list[str]:
    """Save these values, all or none; the names of those that changed. Raises NotFound, InputWrong, Conflict."""
    views = {view.info.name: view for view in setting_views(database, settings)}
    changed = {}
    for name, given in wanted.items():
        view = views.get(name)
        if view is None:
            raise NotFound(f"There is no setting {name[:60]}.")
        if view.locked_by:
            raise Conflict(f"{name} is fixed by {view.locked_by}; change it there.")
        value = checked(name, given)
        current = view.saved if view.saved is not None else view.value
        if value != current:
            changed[name] = value
    if changed:
        before = {name: _told(views[name]) for name in changed}
        after = {name: "another secret" if views[name].info.secret else changed[name] for name in changed}
        save_settings(database, changed, partial(_record, before=before, after=after))
    return sorted(changed)


def errors_in(wanted: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with each of these values, in words, by name."""
    errors = {}
    for name, given in wanted.items():
        try:
            checked(name, given)
        except InputWrong as error:
            errors[name] = error.message
    return errors


def reset(database: Database, settings: Settings, name: str) -> SettingView:
    """Go back to the default from the next start on. Raises NotFound, Conflict."""
    view = get_setting(database, settings, name)
    if view.locked_by:
        raise Conflict(f"{name} is fixed by {view.locked_by}; change it there.")
    told = partial(_record, before={name: _told(view)}, after={name: view.info.default})
    forget_settings(database, [name], told)
    return get_setting(database, settings, name)


def _told(view: SettingView) -> str:
    """What the audit log is told of a value: of a secret, only that there was one."""
    if view.info.secret:
        return "a secret" if view.is_set else ""
    return view.saved if view.saved is not None else view.value


def _record(session: Session, *, before: Mapping[str, str], after: Mapping[str, str]) -> None:
    about = ", ".join(sorted(before))
    record(session, Act.SETTINGS_CHANGED, about, at=datetime.now(UTC), before=before, after=after)


def _view(info: SettingInfo, settings: Settings, saved: Mapping[str, str]) -> SettingView:
    source = settings.sources.get(info.name, Source.DEFAULT)
    value = shown(getattr(settings, info.name))
    return SettingView(
        info,
        "" if info.secret else value,
        bool(value),
        source,
        None if info.secret else saved.get(info.name),
        _lock(info, source),
    )


def _lock(info: SettingInfo, source: Source) -> str:
    if source not in _ON_PAGE:
        named = f" ({info.variable})" if source in (Source.ENVIRONMENT, Source.SECRET_FILE) else ""
        return f"{source}{named}"
    if not info.editable:
        return f"what starts Projectionist: {info.variable}, or {info.name} in the configuration file"
    return ""
