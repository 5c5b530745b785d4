from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from projectionist.db.engine import Database
from projectionist.db.saved_settings import forget_settings, save_settings, saved_settings
from projectionist.errors import InputWrong, SettingWrong
from projectionist.settings import (
    Settings,
    Source,
    checked,
    describe,
    load_settings,
    secret_texts,
    values,
    variable_of,
)
from tests.settings_document import DOCUMENT, document

DATA = {"PROJECTIONIST_DATA": "/var/lib/projectionist"}
TOKEN = "a-very-secret-token"


def load(overrides: dict[str, Any] | None = None, /, **variables: str) -> Settings:
    environ = DATA | {f"PROJECTIONIST_{name}": value for name, value in variables.items()}
    return load_settings(environ, overrides or {})


def test_only_the_data_folder_must_be_given() -> None:
    settings = load()
    assert settings == Settings(data=Path("/var/lib/projectionist"))
    assert settings.sources["data"] is Source.ENVIRONMENT
    assert {source for name, source in settings.sources.items() if name != "data"} == {Source.DEFAULT}


def test_a_missing_one_is_named_with_what_it_is_for() -> None:
    with pytest.raises(
        SettingWrong, match=r"PROJECTIONIST_DATA is not set: the folder for everything.* --data"
    ):
        load_settings({})


def test_each_source_is_overruled_by_the_stronger_ones(tmp_path: Path) -> None:
    config = tmp_path / "projectionist.toml"
    config.write_text("preview_width = 102")
    dotenv = tmp_path / ".env"
    dotenv.write_text("PROJECTIONIST_PREVIEW_WIDTH=103\n")
    secret = tmp_path / "width"
    secret.write_text("104\n")
    environ = dict(DATA)
    overrides: dict[str, Any] = {"preview_width": None}
    files: dict[str, Path] = {}
    saved: dict[str, str] = {}

    def now() -> tuple[int, Source]:
        settings = load_settings(environ, overrides, saved=saved, **files)
        return settings.preview_width, settings.sources["preview_width"]

    assert now() == (320, Source.DEFAULT)
    saved["preview_width"] = "101"
    assert now() == (101, Source.PAGE)
    files["config"] = config
    assert now() == (102, Source.CONFIG)
    files["dotenv"] = dotenv
    assert now() == (103, Source.DOTENV)
    environ["PROJECTIONIST_PREVIEW_WIDTH_FILE"] = str(secret)
    assert now() == (104, Source.SECRET_FILE)
    environ["PROJECTIONIST_PREVIEW_WIDTH"] = "105"
    assert now() == (105, Source.ENVIRONMENT)
    overrides["preview_width"] = 106
    assert now() == (106, Source.COMMAND_LINE)


def test_a_dotenv_file_is_read_only_when_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("PROJECTIONIST_PORT=1\n")
    assert load().port == 8480
    assert load_settings(DATA, dotenv=tmp_path / ".env").port == 1


def test_the_environment_of_the_process_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "PROJECTIONIST_PORT", "1")
    assert load().port == 8480


def test_a_configuration_file_may_be_named_in_the_environment_and_have_tables(tmp_path: Path) -> None:
    config = tmp_path / "projectionist.toml"
    config.write_text(
        'worker = false\nqueues = ["previews", "sync"]\n[log]\nformat = "json"\n[preview]\ninterval_s = 2\n'
    )
    settings = load(CONFIG=str(config))
    assert (settings.worker, settings.queues, settings.log_format) == (False, ("previews", "sync"), "json")
    assert settings.preview_interval_s == 2


def test_the_page_reaches_only_what_it_may_change() -> None:
    settings = load_settings(DATA, saved={"port": "1", "job_retention_days": "7", "gone": "x"})
    assert (settings.port, settings.job_retention_days) == (8480, 7)


def test_bare_log_variables_work_and_ours_are_stronger() -> None:
    bare = DATA | {"LOG_FORMAT": "json", "LOG_LEVEL": "DEBUG"}
    assert load_settings(bare).log_format == "json"
    assert load_settings(bare | {"PROJECTIONIST_LOG_LEVEL": "error"}).log_level == "error"


def test_an_empty_variable_counts_as_not_set() -> None:
    assert load(PORT="", LOG_LEVEL=" ", PLEX_TOKEN_FILE="") == load()


def test_names_that_are_none_of_ours_are_reported() -> None:
    settings = load(PROT="1", LOG_FILE="/tmp/log", PLEX_TOKEN_FILE="", DATABASE_URL_FIEL="x")
    assert settings.unknown == ("PROJECTIONIST_DATABASE_URL_FIEL", "PROJECTIONIST_PROT")


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("PORT", "abc", "PROJECTIONIST_PORT is 'abc'; it must be a whole number from 0 to 65535"),
        ("PORT", "70000", "whole number"),
        ("WORKER", "perhaps", "true or false"),
        ("LOG_FORMAT", "xml", "one of text, json"),
        ("BASE_URL", "films.example.org", "an address such as https://films.example.org"),
        ("BASE_URL", "https://vera:pw@films.example.org", "without a password"),
        ("BASE_URL", "https://films.example.org:port", "an address such as"),
        ("BASE_PATH", "/a/../b", "a path such as /projectionist"),
        ("TRUSTED_PROXIES", "10.0.0.2, proxy", "addresses or networks"),
        ("SESSION_IDLE", "80", "a time from 5m to 90d"),
        ("SESSION_IDLE", "1s", "a time from 5m to 90d"),
        ("SYNC_INTERVAL", "now and then", "such as every 15m"),
        ("MAX_REQUEST_BYTES", "10 TB", "a size from"),
        ("HOST", "a host", "an address or a name"),
        ("LOG_FILE", "~nosuchperson/log", "no home folder"),
    ],
)
def test_a_wrong_one_is_named_with_what_it_was_and_should_be(name: str, text: str, sentence: str) -> None:
    with pytest.raises(SettingWrong) as caught:
        load(**{name: text})
    assert f"PROJECTIONIST_{name} is {text!r}; it must be" in caught.value.message
    assert sentence in caught.value.message


def test_a_wrong_one_is_told_with_its_place(tmp_path: Path) -> None:
    config = tmp_path / "p.toml"
    config.write_text("port = true\n")
    with pytest.raises(SettingWrong, match=f"port in {config} is 'true'"):
        load(CONFIG=str(config))
    with pytest.raises(SettingWrong, match="--port is 'x'"):
        load({"port": "x"})
    with pytest.raises(SettingWrong, match="PROJECTIONIST_PREVIEW_WIDTH from the settings page is '7'"):
        load_settings(DATA, saved={"preview_width": "7"})


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "films.lan"])
def test_listening_beyond_loopback_needs_consent(host: str) -> None:
    with pytest.raises(SettingWrong, match="PROJECTIONIST_LISTEN_BEYOND_LOOPBACK=true"):
        load(HOST=host)
    assert load(HOST=host, LISTEN_BEYOND_LOOPBACK="yes").host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.9", "::1", "[::1]", "localhost"])
def test_loopback_needs_no_consent(host: str) -> None:
    assert load(HOST=host).host == host.strip("[]")


def test_a_plex_server_and_its_token_need_each_other() -> None:
    with pytest.raises(
        SettingWrong, match="PROJECTIONIST_PLEX_TOKEN is not set, but PROJECTIONIST_PLEX_URL is"
    ):
        load(PLEX_URL="http://127.0.0.1:32400")
    with pytest.raises(
        SettingWrong, match="PROJECTIONIST_PLEX_URL is not set, but PROJECTIONIST_PLEX_TOKEN is"
    ):
        load(PLEX_TOKEN=TOKEN)


def test_secrets_come_from_files_and_are_shown_nowhere(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    settings = load(
        PLEX_TOKEN_FILE=str(file),
        PLEX_URL="http://127.0.0.1:32400",
        DATABASE_URL=f"postgresql://u:{TOKEN}@host/films",
        SECRET_KEY=TOKEN,
    )
    assert settings.plex_token == TOKEN
    assert TOKEN not in repr(settings)


def test_what_a_log_may_not_hold_is_found_in_every_secret() -> None:
    settings = load(
        DATABASE_URL="postgresql+psycopg://films:p%40ss-word@db.lan/films",
        ERROR_REPORTS="https://key-of-reports@reports.example.org/1",
        OTLP_HEADERS="Authorization=Bearer token-of-metrics,X-Other=another",
        BACKUP_PASSPHRASE="a = pass phrase",
    )
    found = set(secret_texts(settings))
    assert found == {
        "p%40ss-word",
        "p@ss-word",
        "key-of-reports",
        "Bearer token-of-metrics",
        "token-of-metrics",
        "another",
        "a = pass phrase",
    }
    assert list(secret_texts(load(DATABASE_URL="postgresql+psycopg://films@db.lan/films"))) == []


@pytest.mark.parametrize(
    ("content", "sentence"), [(None, "cannot be read"), (b"", "one value"), (b"\xff\xfe", "one value")]
)
def test_a_secret_file_that_cannot_be_used_is_named(
    tmp_path: Path, content: bytes | None, sentence: str
) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingWrong, match=f"PROJECTIONIST_PLEX_TOKEN_FILE names {file}, which .*{sentence}"):
        load(PLEX_TOKEN_FILE=str(file))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "cannot be read"),
        ("port = ", "is no TOML"),
        ("prot = 1", r"sets prot, which is no setting \(port is one\)"),
        ("[log]\nfile.x = 1", "sets log_file_x, which is no setting"),
    ],
)
def test_a_configuration_file_that_cannot_be_used_is_named(
    tmp_path: Path, content: str | None, sentence: str
) -> None:
    config = tmp_path / "p.toml"
    if content is not None:
        config.write_text(content)
    with pytest.raises(SettingWrong, match=sentence) as caught:
        load_settings(DATA, config=config)
    assert str(config) in caught.value.message


def test_a_dotenv_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingWrong, match="cannot be read"):
        load_settings(DATA, dotenv=tmp_path / "absent")
    (tmp_path / "film").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(SettingWrong, match="is no text"):
        load_settings(DATA, dotenv=tmp_path / "film")


def test_times_and_sizes_are_read_with_their_units() -> None:
    assert load(SESSION_IDLE="1.5h").session_idle == timedelta(minutes=90)
    assert load(SESSION_IDLE="1 D").session_idle == timedelta(days=1)
    assert load(MAX_REQUEST_BYTES="2 MiB").max_request_bytes == 2 * 1024 * 1024
    assert load(MAX_REQUEST_BYTES="5000").max_request_bytes == 5000
    assert {load(SYNC_INTERVAL=text).sync_interval for text in ("15m", "every 15m", "Every 15 M")} == {
        "every 15m"
    }


def test_what_a_person_types_becomes_one_form() -> None:
    settings = load(
        BASE_PATH="films/", BASE_URL="https://films.example.org/", TRUSTED_PROXIES="10.0.0.2,fd00::/8"
    )
    assert (settings.base_path, settings.base_url) == ("/films", "https://films.example.org")
    assert settings.trusted_proxies == ("10.0.0.2", "fd00::/8")
    assert load(BASE_PATH="/").base_path == ""
    assert load({"data": Path("films")}).data == Path.cwd() / "films"


def test_the_page_is_told_what_is_wrong_before_anything_is_saved() -> None:
    assert checked("session_idle", " 2h ") == "2h"
    for name, text in (("session_idle", "x"), ("port", "1"), ("nothing", "1")):
        with pytest.raises(InputWrong) as caught:
            checked(name, text)
        assert caught.value.field == name


def test_the_page_keeps_what_it_saves(database: Database) -> None:
    save_settings(database, {"preview_width": "480", "job_retention_days": "7"})
    save_settings(database, {"preview_width": "640"})
    settings = load_settings(DATA, saved=saved_settings(database))
    assert (settings.preview_width, settings.job_retention_days) == (640, 7)
    forget_settings(database, ["preview_width"])
    assert saved_settings(database) == {"job_retention_days": "7"}


def test_each_setting_is_documented() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == document(), (
        "run .venv/bin/python -m tests.settings_document"
    )
    for info in describe():
        assert info.about.endswith(".")
        assert info.about[0].isupper()
        assert info.variable == variable_of(info.name)


def test_a_default_that_is_shown_can_be_given() -> None:
    for info in describe():
        if info.default:
            assert getattr(load(**{info.name.upper(): info.default}), info.name) == getattr(load(), info.name)
        if info.editable:
            assert checked(info.name, info.default) == info.default


@given(st.text(max_size=30), st.sampled_from([info.name for info in describe()]))
@example("every", "sync_interval")
@example("9" * 12 + "d", "session_idle")
@example("٣", "port")
def test_any_text_is_taken_or_told(text: str, name: str) -> None:
    environ = DATA | {variable_of(name): text}
    try:
        settings = load_settings(environ)
    except SettingWrong as error:
        named = variable_of(name) in error.message
    else:
        named = settings.sources[name] is (Source.ENVIRONMENT if text.strip() else Source.DEFAULT)
    assert named or (name == "data" and not text.strip())


@given(st.timedeltas(min_value=timedelta(seconds=1), max_value=timedelta(days=900)))
def test_a_time_that_is_shown_reads_as_itself(length: timedelta) -> None:
    whole = timedelta(seconds=int(length.total_seconds()))
    assert values.duration(timedelta(0), timedelta(days=1000))(values.short(whole)) == whole


@pytest.mark.parametrize(
    ("text", "share"), [("0", 0.0), ("1", 1.0), ("1.0", 1.0), (".25", 0.25), ("0.001", 0.001)]
)
def test_a_share_is_from_none_to_all(text: str, share: float) -> None:
    assert values.share(text) == share


@pytest.mark.parametrize("text", ["-0.1", "1.1", "50%", "nan", "1e-3", "2", "", "0,5", "٠.٥"])
def test_what_is_no_share_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match=r"a share from 0 to 1, such as 0\.1"):
        values.share(text)


def test_traces_need_a_collector(tmp_path: Path) -> None:
    with pytest.raises(SettingWrong, match=r"PROJECTIONIST_OTLP_URL is not set, but .*give the address"):
        load_settings({}, {"data": str(tmp_path), "otlp_traces": "0.5"})
