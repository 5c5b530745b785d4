"""Read the settings from everywhere they may stand, the strongest source first."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

from dotenv import dotenv_values

from projectionist.errors import InputWrong, SettingWrong
from projectionist.settings import values
from projectionist.settings.model import Settings
from projectionist.settings.options import Found, Option, SettingInfo, Source

PREFIX = "PROJECTIONIST_"
CONFIG = f"{PREFIX}CONFIG"
"""Names the TOML file, where the command line does not."""
BARE = {"log_format": "LOG_FORMAT", "log_level": "LOG_LEVEL"}
_NOTHING: Mapping[str, Any] = MappingProxyType({})
_LARGEST_FILE = 65536

Place: TypeAlias = Callable[[str], Found | None]
"""Looks a setting up by its name, in one source."""


def load_settings(
    environ: Mapping[str, str],
    overrides: Mapping[str, Any] = _NOTHING,
    *,
    saved: Mapping[str, str] = _NOTHING,
    config: Path | None = None,
    dotenv: Path | None = None,
) -> Settings:
    """The settings from every source; an empty variable, and None on the command line, count as not given.

    `saved` is what the settings page keeps. Raises SettingWrong with a sentence naming what is missing or wrong.
    """
    also = _dotenv(dotenv) if dotenv is not None else {}
    if config is None and environ.get(CONFIG, "").strip():
        config = Path(environ[CONFIG].strip()).expanduser()
    places: list[Place] = [
        _command_line(overrides),
        _environment(environ, Source.ENVIRONMENT),
        _environment(also, Source.DOTENV),
        _configuration(config),
        _page(saved),
    ]
    found = {name: first for name in _options() if (first := _first(name, places)) is not None}
    _require(found)
    settings = Settings(
        **{name: _read(name, where) for name, where in found.items()},
        sources=MappingProxyType(
            {name: found[name].source if name in found else Source.DEFAULT for name in _options()}
        ),
        unknown=_unknown(environ) + _unknown(also),
    )
    _require_sense(settings, found)
    return settings


def describe() -> tuple[SettingInfo, ...]:
    """Every setting, in the order of the document."""
    return tuple(_info(one) for one in fields(Settings) if "option" in one.metadata)


def checked(name: str, text: str) -> str:
    """What the settings page may save for a setting. Raises InputWrong, its field being the setting's name."""
    known = _options().get(name)
    if known is None or not known.page:
        raise InputWrong(f"{name} cannot be changed on the settings page; nothing was saved.", name)
    try:
        return values.shown(known.reader(text.strip()))
    except ValueError as error:
        raise InputWrong(f"This must be {error}; nothing was saved.", name) from None


def variable_of(name: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + name.upper()


def _options() -> Mapping[str, Option]:
    return {one.name: one.metadata["option"] for one in fields(Settings) if "option" in one.metadata}


def _first(name: str, places: list[Place]) -> Found | None:
    return next((found for place in places if (found := place(name)) is not None), None)


def _command_line(overrides: Mapping[str, Any]) -> Place:
    def look(name: str) -> Found | None:
        given = overrides.get(name)
        if given is None:
            return None
        return Found(values.shown(given), Source.COMMAND_LINE, f"--{name.replace('_', '-')}")

    return look


def _environment(environ: Mapping[str, str], source: Source) -> Place:
    spoken = {name: value.strip() for name, value in environ.items() if value.strip()}

    def look(name: str) -> Found | None:
        variable = variable_of(name)
        if variable in spoken:
            return Found(spoken[variable], source, variable)
        if f"{variable}_FILE" in spoken:
            return _secret_file(f"{variable}_FILE", Path(spoken[f"{variable}_FILE"]).expanduser())
        bare = BARE.get(name, "")
        return Found(spoken[bare], source, bare) if bare in spoken else None

    return look


def _secret_file(variable: str, path: Path) -> Found:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_FILE + 1).decode().strip()
    except OSError as error:
        raise SettingWrong(
            f"{variable} names {path}, which cannot be read ({error.strerror}); check the path and who may read it."
        ) from None
    except UnicodeDecodeError:
        content = ""
    if not content or len(content) > _LARGEST_FILE:
        raise SettingWrong(
            f"{variable} names {path}, which must hold one value as text; put the value into it."
        )
    return Found(content, Source.SECRET_FILE, variable)


def _dotenv(path: Path) -> dict[str, str]:
    try:
        with path.open(encoding="utf-8") as file:
            return {
                name: value for name, value in dotenv_values(stream=file, interpolate=False).items() if value
            }
    except OSError as error:
        raise SettingWrong(f"The file {path} cannot be read ({error.strerror}); check the path.") from None
    except UnicodeDecodeError:
        raise SettingWrong(
            f"The file {path} is no text; it must hold lines such as {PREFIX}PORT=8480."
        ) from None


def _configuration(path: Path | None) -> Place:
    if path is None:
        return lambda name: None
    try:
        written = _flat(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise SettingWrong(
            f"The configuration file {path} cannot be read ({error.strerror}); check the path."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingWrong(f"The configuration file {path} is no TOML: {error}; correct it there.") from None
    for name in written:
        if name not in _options():
            raise SettingWrong(
                f"{path} sets {name}, which is no setting{_meant(name)}; docs/settings.md has all."
            )

    def look(name: str) -> Found | None:
        if name not in written:
            return None
        return Found(_plain(written[name]), Source.CONFIG, f"{name} in {path}")

    return look


def _page(saved: Mapping[str, str]) -> Place:
    def look(name: str) -> Found | None:
        if not _options()[name].page or not saved.get(name, "").strip():
            return None
        return Found(saved[name].strip(), Source.PAGE, f"{variable_of(name)} from the settings page")

    return look


def _flat(tables: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """`[log] format = "json"` is `log_format = "json"`."""
    flat: dict[str, Any] = {}
    for name, value in tables.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}_")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(_plain(one) for one in value)
    return values.shown(value)


def _read(name: str, found: Found) -> Any:
    known = _options()[name]
    try:
        return known.reader(found.text)
    except ValueError as error:
        was = "cannot be taken" if known.secret else f"is {found.text[:100]!r}"
        raise SettingWrong(f"{found.place} {was}; it must be {error}.") from None


def _require(found: Mapping[str, Found]) -> None:
    for one in fields(Settings):
        if "option" in one.metadata and _is_required(one) and one.name not in found:
            about = one.metadata["option"].about
            raise SettingWrong(
                f"{variable_of(one.name)} is not set: {about[0].lower()}{about[1:]} Set it, or give "
                f"--{one.name.replace('_', '-')}."
            )


def _require_sense(settings: Settings, found: Mapping[str, Found]) -> None:
    """What two settings must be together."""
    if not values.is_loopback(settings.host) and not settings.listen_beyond_loopback:
        raise SettingWrong(
            f"{found['host'].place} is {settings.host!r}, which other machines can reach; set "
            f"{variable_of('listen_beyond_loopback')}=true to allow that, or leave the host at 127.0.0.1."
        )
    if settings.plex_url and not settings.plex_token:
        raise SettingWrong(
            f"{variable_of('plex_token')} is not set, but {found['plex_url'].place} is; give the token of that "
            f"server, or the path of a file that holds it in {variable_of('plex_token')}_FILE."
        )
    if settings.plex_token and not settings.plex_url:
        raise SettingWrong(
            f"{variable_of('plex_url')} is not set, but {found['plex_token'].place} is; give the server's address."
        )
    if settings.otlp_traces and not settings.otlp_url:
        raise SettingWrong(
            f"{variable_of('otlp_url')} is not set, but {found['otlp_traces'].place} is; give the address of "
            "the collector that traces are sent to."
        )
    if settings.mail_host:
        _require_mail_sense(settings, found)


def _require_mail_sense(settings: Settings, found: Mapping[str, Found]) -> None:
    """What a mail server needs besides: whom mails come from, where links lead, and no password in the open."""
    for needed, what in (
        ("mail_from", "whom mails come from"),
        ("base_url", "the address that links in mails lead to"),
    ):
        if needed not in found:
            raise SettingWrong(
                f"{variable_of(needed)} is not set, but {found['mail_host'].place} is; give {what}."
            )
    if bool(settings.mail_user) != bool(settings.mail_password):
        raise SettingWrong(
            f"{variable_of('mail_user')} and {variable_of('mail_password')} belong together, and only one of them is "
            "set; set both, or none."
        )
    is_open = settings.mail_security == "none" and not values.is_loopback(settings.mail_host)
    if is_open and settings.mail_password:
        raise SettingWrong(
            f"{found['mail_security'].place} is none, so that the password would cross the network in the open; "
            "choose starttls or tls."
        )


def _unknown(environ: Mapping[str, str]) -> tuple[str, ...]:
    known = {variable_of(name) for name in _options()} | {CONFIG}
    return tuple(
        sorted(
            name
            for name, value in environ.items()
            if name.startswith(PREFIX) and value.strip() and not {name, name.removesuffix("_FILE")} & known
        )
    )


def _meant(name: str) -> str:
    near = difflib.get_close_matches(name, _options(), 1)
    return f" ({near[0]} is one)" if near else ""


def _is_required(one: Field[Any]) -> bool:
    return one.default is MISSING and one.default_factory is MISSING


def _info(one: Field[Any]) -> SettingInfo:
    known: Option = one.metadata["option"]
    required = _is_required(one)
    default = "" if required or one.default is MISSING else values.shown(one.default)
    return SettingInfo(
        name=one.name,
        variable=variable_of(one.name),
        about=known.about,
        default=default,
        editable=known.page,
        secret=known.secret,
        required=required,
        choices=known.choices,
        example=known.example,
    )
