from __future__ import annotations

import json
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from projectionist.kit import logs

TOKEN = "zQ9-secret-token"


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers = []
    marker = logs.correlation.set("")
    yield
    logs.correlation.reset(marker)
    for handler in root.handlers:
        handler.close()
    root.handlers = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()
    logs._secrets.clear()


def lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_json_lines_hold_what_programs_look_for(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json")
    correlation = logs.new_correlation()
    logs.correlation.set(correlation)
    logging.getLogger("projectionist.jobs").warning("%s of %d", "three", 7, extra={"queue": "previews"})
    structlog.get_logger("projectionist.web").info("asked", path="/libraries", ms=3)
    first, second = lines(capsys.readouterr().err)
    assert list(first) == [
        "timestamp", "level", "message", "logger", "function", "line", "correlation_id", "queue",
    ]  # fmt: skip
    assert str(first.pop("timestamp")).endswith("Z")
    assert isinstance(first.pop("line"), int)
    assert first == {
        "level": "warning",
        "message": "three of 7",
        "logger": "projectionist.jobs",
        "function": "test_json_lines_hold_what_programs_look_for",
        "correlation_id": correlation,
        "queue": "previews",
    }
    assert (second["message"], second["logger"], second["path"], second["ms"]) == (
        "asked",
        "projectionist.web",
        "/libraries",
        3,
    )
    assert second["function"] == "test_json_lines_hold_what_programs_look_for"


def test_an_exception_is_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json")
    logs.mask(TOKEN)
    try:
        raise ValueError(f"no answer for {TOKEN}")
    except ValueError:
        logging.getLogger("x").exception("It failed")
    (line,) = lines(capsys.readouterr().err)
    assert (line["level"], line["message"]) == ("error", "It failed")
    assert str(line["exception"]).startswith("Traceback")
    assert str(line["exception"]).endswith("ValueError: no answer for ••••")


def test_text_lines_are_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    logs.correlation.set("0123456789abcdef")
    logging.getLogger("projectionist.jobs").info("It began", extra={"queue": "previews"})
    try:
        raise ZeroDivisionError
    except ZeroDivisionError:
        logging.getLogger("projectionist.jobs").exception("It failed")
    began, failed, *trace = capsys.readouterr().err.splitlines()
    assert " info     It began queue=previews [01234567] (projectionist.jobs.test_text" in began
    assert " error    It failed [01234567] " in failed
    assert (trace[0][:9], trace[-1]) == ("Traceback", "ZeroDivisionError")


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_no_secret_reaches_a_line(log_format: str, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(log_format)
    logs.mask(TOKEN)
    logs.mask('quo"ted\\secret')
    logger = logging.getLogger("x")
    logger.info("token %s", TOKEN, extra={"headers": {"a": [f"Bearer {TOKEN}"], "b": 'quo"ted\\secret'}})
    logger.info("GET http://h/library?X-Plex-Token=%s&x=1", "unregistered1")
    logger.info("headers %s", {"X-Plex-Token": "unregistered2", "Authorization": "Bearer unregistered3"})
    logger.info("postgresql://vera:unregistered4@db.lan/films and api_key=unregistered5")
    structlog.get_logger("y").warning(
        "asked", token=TOKEN, error=OSError(TOKEN), password="password=unregistered6"
    )
    shown = capsys.readouterr().err
    for secret in (TOKEN, "quo", "unregistered"):
        assert secret not in shown
    assert "x=1" in shown
    assert "postgresql://vera:••••@db.lan/films" in shown


def test_a_secret_of_few_letters_makes_no_holes(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    logs.mask("a")
    logs.mask("")
    logging.getLogger("x").info("a film")
    assert "a film" in capsys.readouterr().err


def test_the_level_holds_for_every_logger(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("text", "warning")
    for log in (logging.getLogger("x").info, structlog.get_logger("x").info):
        log("unheard")
    structlog.get_logger("x").error("heard")
    assert "unheard" not in (shown := capsys.readouterr().err)
    assert "heard" in shown


def test_a_log_file_gets_the_same_lines_and_may_be_moved_away(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "projectionist.log"
    logs.configure("json", "info", file)
    logging.getLogger("x").info("one")
    file.rename(tmp_path / "old.log")
    logging.getLogger("x").info("two")
    assert [line["message"] for line in lines((tmp_path / "old.log").read_text())] == ["one"]
    assert [line["message"] for line in lines(file.read_text())] == ["two"]
    assert [line["message"] for line in lines(capsys.readouterr().err)] == ["one", "two"]


def test_a_log_file_tells_of_a_file_whose_name_is_no_text(tmp_path: Path) -> None:
    file = tmp_path / "projectionist.log"
    logging.getLogger().handlers = []  # those of the tests cannot take it
    logs.configure("text", "info", file)
    logging.getLogger("x").info("%s cannot be read", os.fsdecode(b"Am\xe9lie.mkv"))
    assert r"Am\udce9lie.mkv cannot be read" in file.read_text()


def test_a_log_file_that_cannot_be_opened_is_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure("json", "error", tmp_path)
    logs.configure("json", "info", tmp_path / "absent" / "x.log")
    logging.getLogger("x").info("on it goes")
    warned, went_on = lines(capsys.readouterr().err)
    assert warned["level"] == "warning"
    assert "cannot be opened (No such file or directory)" in str(warned["message"])
    assert went_on["message"] == "on it goes"


def test_configuring_again_replaces_and_leaves_others_handlers(capsys: pytest.CaptureFixture[str]) -> None:
    others = logging.NullHandler()
    logging.getLogger().addHandler(others)
    for _ in range(3):
        logs.configure()
    logging.getLogger("x").info("once")
    assert capsys.readouterr().err.count("once") == 1
    assert others in logging.getLogger().handlers


def test_warnings_of_libraries_are_logged(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        warnings.warn("an old call", DeprecationWarning, stacklevel=1)
    assert "an old call" in capsys.readouterr().err


def test_each_correlation_is_a_new_one() -> None:
    one, two = logs.new_correlation(), logs.new_correlation()
    assert one != two
    assert sys.getsizeof(two) < 200
