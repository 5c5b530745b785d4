from __future__ import annotations

import json
import logging
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projectionist.kit import logs
from projectionist.kit.kept_log import SEGMENTS, KeptLog, lines_backwards, segments


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "logs"


def write(log: KeptLog, *messages: str) -> None:
    for message in messages:
        log.emit(logging.LogRecord("a", logging.INFO, "", 0, message, None, None))


def told(folder: Path) -> list[str]:
    return [line.decode() for _, line in lines_backwards(folder)][::-1]


def test_lines_stand_in_the_order_in_which_they_came_and_the_oldest_go(folder: Path) -> None:
    with closing(KeptLog(folder, 5000)) as log:
        write(log, *(f"line {number:05}" for number in range(2000)))
    found = told(folder)
    assert found == [f"line {number:05}" for number in range(2000 - len(found), 2000)]
    assert 4000 / 11 < len(found) <= 5000 / 11
    assert len(segments(folder)) == SEGMENTS
    assert sum(path.stat().st_size for _, path in segments(folder)) <= 5000


def test_only_who_the_service_runs_as_may_read_it(folder: Path) -> None:
    with closing(KeptLog(folder, 5000)) as log:
        write(log, "x")
    (_, path), *_ = segments(folder)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_message_of_several_lines_is_one(folder: Path) -> None:
    with closing(KeptLog(folder, 5000)) as log:
        write(log, "one\ntwo", "three \ud800")
    assert told(folder) == ["one\\ntwo", "three \\ud800"]


def test_a_segment_that_somebody_removed_is_begun_anew(folder: Path) -> None:
    with closing(KeptLog(folder, 5000)) as log:
        write(log, "gone")
        for _, path in segments(folder):
            path.unlink()
        write(log, "here")
    assert told(folder) == ["here"]


def test_a_folder_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("in the way")
    with closing(KeptLog(tmp_path / "logs", 5000)) as log:
        write(log, "x")
    assert told(tmp_path / "logs") == []


WRITER = """
import logging, sys
from pathlib import Path
from projectionist.kit.kept_log import KeptLog
log = KeptLog(Path(sys.argv[1]), 400_000)
for number in range(2000):
    log.emit(logging.LogRecord("a", 20, "", 0, f"{sys.argv[2]} {number:06} " + "x" * 30, None, None))
"""


def test_processes_that_write_at_once_lose_and_tear_no_line_and_none_overtakes_itself(folder: Path) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(folder), name], env=dict(os.environ))
        for name in ("a", "b", "c")
    ]
    assert [writer.wait(timeout=240) for writer in writers] == [0, 0, 0]
    found = [line.split() for line in told(folder)]
    assert {(len(one), one[2]) for one in found} == {(3, "x" * 30)}
    assert len(segments(folder)) <= SEGMENTS
    for name in ("a", "b", "c"):
        mine = [int(one[1]) for one in found if one[0] == name]
        assert mine == list(range(2000 - len(mine), 2000)), name


@given(
    st.lists(
        st.text(st.characters(exclude_characters="\n", codec="utf-8"), min_size=1, max_size=200), max_size=40
    )
)
@settings(max_examples=50)
def test_from_any_line_the_ones_before_it_are_found(
    tmp_path_factory: pytest.TempPathFactory, said: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("logs")
    for number in (0, 1):
        half = said[number * (len(said) // 2) : (number + 1) * (len(said) // 2)]
        (folder / f"log-{number + 1:08}.jsonl").write_bytes(b"".join(one.encode() + b"\n" for one in half))
    found = list(lines_backwards(folder))
    assert [line.decode() for _, line in found] == said[: len(said) // 2 * 2][::-1]
    for place, (where, _) in enumerate(found):
        assert list(lines_backwards(folder, where)) == found[place + 1 :]


@pytest.fixture
def restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers = []
    yield
    for handler in root.handlers:
        handler.close()
    root.handlers = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
    logs._secrets.clear()


@pytest.mark.usefixtures("restored")
def test_what_is_kept_is_json_without_secrets_whatever_people_see(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.mask("canary-of-the-log-51")
    logs.configure("text", "info", kept=KeptLog(folder, 100_000))
    marker = logs.correlation.set("thread-1")
    logging.getLogger("projectionist.test").warning("It says %s", "canary-of-the-log-51")
    logs.correlation.reset(marker)
    (line,) = (json.loads(one) for one in told(folder))
    assert (line["level"], line["message"], line["correlation_id"]) == (
        "warning",
        f"It says {logs.MASKED}",
        "thread-1",
    )
    assert "warning" in capsys.readouterr().err


@pytest.mark.usefixtures("restored")
def test_a_call_that_cannot_be_written_down_fails_nobody_and_the_next_is_kept(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging, "raiseExceptions", False)
    logs.configure("text", "info", kept=KeptLog(folder, 100_000))
    logging.getLogger("projectionist.test").warning("%d films", "many")
    logging.getLogger("projectionist.test").warning("seven films")
    assert [json.loads(one)["message"] for one in told(folder)] == ["seven films"]
