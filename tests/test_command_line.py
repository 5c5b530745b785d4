"""The command line as a person or a script meets it: exit codes, what goes where, one sentence for every refusal."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from time import monotonic

import pytest

from projectionist import __version__
from projectionist.cli import main
from projectionist.cli.display import shown
from tests.films import Film
from tests.running import FIELDS, Ran, arguments, make, run, temporaries_below

MakeFilm = Callable[..., Film]


@pytest.fixture
def films(film: MakeFilm, tmp_path: Path) -> Path:
    """A folder with two films."""
    folder = tmp_path / "films"
    folder.mkdir()
    for name in ("a.mkv", "b.mkv"):
        shutil.copy(film("film.mkv", gop=24).path, folder / name)
    return folder


@contextmanager
def running(*words: object, stderr: int = subprocess.PIPE) -> Iterator[subprocess.Popen[bytes]]:
    """A run in a process group of its own, which does not outlive the block."""
    started = subprocess.Popen(
        arguments(*words), stdout=subprocess.PIPE, stderr=stderr, start_new_session=True
    )
    try:
        yield started
    finally:
        if started.poll() is None:
            os.killpg(started.pid, signal.SIGKILL)
        started.communicate()


def until(condition: Callable[[], bool], seconds: float = 20) -> bool:
    deadline = monotonic() + seconds
    while not condition():
        if monotonic() > deadline:
            return False
        Event().wait(0.01)
    return True


def children_of(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def assert_refused(ran: Ran) -> None:
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("projectionist: ")
    assert ran.err.endswith(".\n")
    assert ran.err.count("\n") == 1


def test_the_version_is_told() -> None:
    assert run("--version") == Ran(0, f"projectionist {__version__}\n", "")


@pytest.mark.parametrize("words", [(), ("previews",), ("jobs",), ("schedules",), ("servers",)])
def test_without_a_command_the_help_is_shown(words: tuple[str, ...]) -> None:
    ran = run(*words)
    assert ran.code == 2
    assert "Usage: projectionist" in ran.out + ran.err
    assert "projectionist: " not in ran.err


@pytest.mark.parametrize(
    "words",
    [
        ["bogus"],
        ["previews", "bogus"],
        ["previews", "make"],
        ["previews", "make", "--bogus", "."],
        ["previews", "make", "--bo\ngus", "."],
        ["previews", "make", ".", "--workers", "0"],
        ["previews", "make", ".", "--workers", "two"],
        ["previews", "make", ".", "--nice", "20"],
        ["previews", "make", ".", "--format", "gif"],
        ["previews", "make", ".", "--mode", "fast"],
        ["previews", "make", ".", "--width"],
        ["previews", "make", ".", "--width", "15"],
        ["previews", "make", ".", "--width", "321"],
        ["previews", "make", ".", "--width", "4000"],
        ["previews", "make", ".", "--max-height", "4"],
        ["previews", "make", ".", "--quality", "0"],
        ["previews", "make", ".", "--interval", "soon"],
        ["previews", "make", ".", "--interval", "0"],
        ["previews", "make", ".", "--interval", "nan"],
        ["previews", "make", ".", "--interval", "-2"],
        ["previews", "make", ".", "--interval", "0.0001"],
        ["previews", "make", ".", "--interval", "4000"],
        ["previews", "make", ".", "--rate", "5"],
        ["previews", "make", ".", "--rate", "fast"],
        ["previews", "make", ".", "--rate", "5XB"],
        ["previews", "make", ".", "--rate", "inf"],
        ["previews", "make", ".", "--min-duration", "-1"],
        ["previews", "make", ".", "--beside", "--output", "x"],
        ["previews", "make", ".", "--interval", "0.5", "--format", "emby"],
        ["previews", "make", ".", "--max-height", "90", "--format", "trickplay"],
    ],
    ids=" ".join,
)
def test_wrong_use_is_refused_in_one_sentence(
    tmp_path: Path, words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["projectionist", *words])
    code = main._exit_code()
    assert_refused(Ran(code, *capsys.readouterr()))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [["--bogus"], ["--quality", "0"]])
def test_a_refused_command_ends_with_two(tmp_path: Path, words: list[str]) -> None:
    assert_refused(run("previews", "make", tmp_path, *words))


def test_everything_done_is_success_and_is_told_in_a_sentence(films: Path, tmp_path: Path) -> None:
    first = run("previews", "make", films, "--output", tmp_path / "out")
    assert first.code == 0
    assert first.out.startswith("2 films with new previews (")
    assert first.out.endswith(f"They are in {tmp_path / 'out'}.\n")
    assert first.err.count("\n") == 2
    second = run("previews", "make", films, "--output", tmp_path / "out")
    assert (second.code, second.out[:26]) == (0, "2 had theirs already (0 th")


def test_previews_go_into_a_folder_of_their_own_where_none_is_named(films: Path, tmp_path: Path) -> None:
    ran = make("films", cwd=tmp_path)
    assert ran.code == 0
    assert sorted(path.name for path in (tmp_path / "previews").iterdir()) == ["a.bif", "b.bif"]
    assert ran.films["a.mkv"]["outputs"] == [str(tmp_path / "previews" / "a.bif")]


def test_a_script_gets_one_object_per_film_and_a_last_summary(films: Path, tmp_path: Path) -> None:
    (films / "c.mkv").write_text("no film")
    ran = make(films, tmp_path / "nowhere", "--output", tmp_path / "out")
    assert (ran.code, ran.err) == (1, "")
    objects = [json.loads(line) for line in ran.out.splitlines()]
    assert all(list(one) == FIELDS for one in objects[:-1])
    assert objects[-1]["summary"] is True
    assert objects[-1]["outcomes"] == {"missing": 1, "made": 2, "not_a_film": 1}
    assert (objects[-1]["films"], objects[-1]["failed"], objects[-1]["interrupted"]) == (4, 2, False)
    assert objects[-1]["thumbnails"] == sum(one["thumbnails"] for one in objects[:-1])
    assert objects[-1]["bytes_read"] == sum(one["bytes_read"] for one in objects[:-1])


def test_failures_are_told_on_one_line_each(films: Path, tmp_path: Path) -> None:
    name = "[red]new\nline[bold] 🎬 \x1b[31m"
    (films / f"{name}.mkv").write_text("no film")
    (films / os.fsdecode(b"caf\xe9.mkv")).touch()
    ran = run("previews", "make", films, "--output", tmp_path / "out")
    failed = [line for line in ran.err.splitlines() if line.split()[0] == "failed"]
    assert len(ran.err.splitlines()) == 4
    assert len(failed) == 2
    assert any("[red]new\\x0aline[bold] 🎬 \\x1b[31m.mkv" in line for line in failed)
    assert any("caf\\udce9.mkv" in line for line in failed)
    assert "\x1b" not in ran.err
    assert "2 failed" in ran.out


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_names_are_shown_on_terminals_of_any_encoding(films: Path, tmp_path: Path, encoding: str) -> None:
    renamed = films.rename(tmp_path / "🎬")
    ran = run("previews", "make", renamed, "--output", tmp_path / "out 🎬", PYTHONIOENCODING=encoding)
    assert ran.code == 0
    assert "Traceback" not in ran.err


def test_the_display_on_a_terminal_ends_in_the_sentence(films: Path, tmp_path: Path) -> None:
    (films / ("[bold]🎬" + "x" * 100 + ".mkv")).write_text("no film")
    ours, theirs = pty.openpty()
    shown_text = b""
    with running("previews", "make", films, "--output", tmp_path / "out", stderr=theirs) as started:
        os.close(theirs)
        try:
            while part := os.read(ours, 1 << 16):
                shown_text += part
        except OSError:  # the other end is closed
            pass
        out, _ = started.communicate(timeout=20)
    os.close(ours)
    assert started.returncode == 1
    assert out.decode().startswith("2 films with new previews, 1 failed (")
    assert b"Traceback" not in shown_text
    assert re.search(rb"failed.*\[bold\]\xf0\x9f\x8e\xac", shown_text)


def test_paths_that_are_no_films_are_named_and_never_waited_for(films: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").mkdir()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        paths = [tmp_path / name for name in ("pipe", "socket", "empty", "nowhere")]
        ran = make(*paths, "/dev/zero", "/dev/null", films / "a.mkv", "--output", tmp_path / "out")
    assert (ran.code, ran.err) == (1, "")
    assert {name: told["outcome"] for name, told in ran.films.items()} == {
        "pipe": "unreadable",
        "socket": "unreadable",
        "zero": "unreadable",
        "null": "unreadable",
        "empty": "no_films",
        "nowhere": "missing",
        "a.mkv": "made",
    }
    assert all(told["message"].endswith(".") for told in ran.films.values() if told["outcome"] != "made")


def test_a_reader_that_goes_away_ends_the_run_quietly(films: Path, tmp_path: Path) -> None:
    words = (
        "previews",
        "make",
        "--json",
        films,
        "--output",
        tmp_path / "out",
        "--rate",
        "300KB",
        "--workers",
        1,
    )
    with running(*words) as started:
        assert started.stdout is not None
        assert started.stderr is not None
        assert json.loads(started.stdout.readline())["outcome"] == "made"
        started.stdout.close()
        assert started.wait(timeout=20) == 1
        assert started.stderr.read() == b""
        started.stdout = None
    assert temporaries_below(tmp_path) == []


@pytest.mark.slow
def test_a_rate_limits_reading_over_all_workers(films: Path, tmp_path: Path) -> None:
    rate = 300 << 10
    slow = make(films, "--output", tmp_path / "slow", "--rate", rate, "--workers", 2)
    fast = make(films, "--output", tmp_path / "fast", "--workers", 2)
    assert fast.summary["bytes_read"] / 2 < slow.summary["bytes_read"] <= fast.summary["bytes_read"]
    pace = slow.summary["bytes_read"] / slow.summary["seconds"]
    assert pace < 1.5 * rate
    assert pace > 0.2 * rate
    assert fast.summary["seconds"] < slow.summary["seconds"]


def test_workers_are_as_many_and_as_nice_as_asked(films: Path, tmp_path: Path) -> None:
    words = ("--rate", "20KB", "--nice", 7, "--workers", 1)
    own = os.getpriority(os.PRIO_PROCESS, 0)
    with running("previews", "make", films, "--output", tmp_path, *words) as started:

        def priorities() -> list[int]:
            return [os.getpriority(os.PRIO_PROCESS, child) for child in children_of(started.pid)]

        assert until(lambda: priorities() == [min(own + 7, 19)])
        assert os.getpriority(os.PRIO_PROCESS, started.pid) == own


HANGING = """
import multiprocessing, os, signal, sys
from projectionist.cli import main

def hang(pipe):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.alarm(60)
    pipe.send(os.getpid())
    while True:
        signal.pause()

context = multiprocessing.get_context("fork")
ours, theirs = context.Pipe()
context.Process(target=hang, args=(theirs,), daemon=True).start()
print(ours.recv())
main.leave(3)
"""


def test_a_worker_that_cannot_be_ended_is_not_waited_for() -> None:
    with subprocess.Popen([sys.executable, "-c", HANGING], stdout=subprocess.PIPE) as started:
        assert started.stdout is not None
        worker = int(started.stdout.readline())
        try:
            assert started.wait(timeout=20) == 3
        finally:
            os.kill(worker, signal.SIGKILL)


def test_text_is_shown_on_one_line_whatever_it_holds() -> None:
    assert shown("a\nb\x1b[0m\udcff") == "a\\x0ab\\x1b[0m\\udcff"
    assert shown("[red]Ünïcode 🎬[/red]") == "[red]Ünïcode 🎬[/red]"
