from __future__ import annotations

import sys
import threading
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import pytest

from bench import __main__ as command
from bench import limits, load, machine, page_cache, report
from bench.commands import Projectionist, objects
from bench.contests import Contest, Ring, Way
from bench.films import RATE, Film, FilmFolder, Segment
from bench.house import free_port, running
from bench.measuring import CommandFailed, Spread, Usage, alternate, measure
from bench.rival import make_command, pack
from bench.rows import Row, Table, Verdict, at_least, at_most
from bench.service import Extent, ServiceBench
from bench.wanted import wanted_bytes
from projectionist.frames import read_bif

PROGRAM = Path(sys.executable).parent / "projectionist"
TINY = Segment("tiny", 160, 90, "libx264", 48, (("x264-params", "keyint=24:scenecut=0:log-level=-1"),))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> FilmFolder:
    return FilmFolder(tmp_path_factory.mktemp("films"))


@pytest.fixture(scope="module")
def film(folder: FilmFolder) -> Path:
    return folder.film(Film(TINY, "mkv", 240))


def python(code: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", code]


def usage(**known: Any) -> Usage:
    return replace(Usage(0, 1.0, 1.0, 1, 1, 1, ""), **known)


def test_the_meter_counts_the_cpu_of_grandchildren() -> None:
    spin = "import time\nwhile time.process_time() < 0.3: pass"
    nested = (
        f"import subprocess, sys; subprocess.run([sys.executable, '-I', '-S', '-c', {spin!r}], check=True)"
    )
    assert 0.3 <= measure(python(nested)).cpu_seconds < 1.5


def test_the_meter_counts_what_grandchildren_read(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.write_bytes(bytes(5_000_000))
    nested = (
        f"import subprocess; subprocess.run(['cat', {str(data)!r}], check=True, stdout=subprocess.DEVNULL)"
    )
    counted, start = measure(python(nested)).bytes_asked, measure(python("")).bytes_asked
    assert counted is not None
    assert start is not None
    assert 5_000_000 <= counted - start < 8_000_000


def test_the_meter_does_not_take_its_own_memory_for_the_command_s() -> None:
    ballast = bytearray(150_000_000)
    ballast[::4096] = b"x" * len(ballast[::4096])
    assert measure(python("")).peak_bytes < 40_000_000


def test_a_command_that_fails_is_no_measurement() -> None:
    with pytest.raises(CommandFailed, match="ended with 3: no luck"):
        measure(python("import sys; sys.stderr.write('no luck'); sys.exit(3)"))
    with pytest.raises(CommandFailed, match="could not be started"):
        measure(["no-such-program-anywhere"])


def test_sides_run_in_turns() -> None:
    order: list[str] = []

    def side(name: str) -> Usage:
        order.append(name)
        return usage()

    taken = alternate({"a": lambda: side("a"), "b": lambda: side("b")}, 3)
    assert order == ["a", "b"] * 3
    assert [len(runs) for runs in taken.values()] == [3, 3]


def test_a_spread_is_the_median_with_its_ends_less_the_start() -> None:
    assert Spread.of([3.0, 9.0, 4.0], less=1.0) == Spread(3.0, 2.0, 8.0, 3)


def test_verdicts_compare_unrounded_numbers() -> None:
    def verdict(result: float | None, goal: Any) -> Verdict:
        return Row("", "s", None, None, result, goal).verdict

    assert verdict(4.9999, at_least(5)) is Verdict.MISSED
    assert verdict(5.0, at_least(5)) is Verdict.MET
    assert verdict(1.2001, at_most(1.2)) is Verdict.MISSED
    assert verdict(None, at_most(1.2)) is Verdict.NOT_HERE
    assert verdict(7.0, None) is Verdict.NO_GOAL


def test_a_film_repeats_its_segment_without_a_seam(film: Path) -> None:
    with av.open(str(film)) as container:
        stream = container.streams.video[0]
        packets = [packet for packet in container.demux(stream) if packet.size]
        assert len(container.streams.audio) == 1
    times = sorted(packet.pts for packet in packets if packet.pts is not None)
    steps = {later - earlier for earlier, later in pairwise(times)}
    assert len(times) == 240
    assert steps <= {41, 42}
    assert sum(packet.is_keyframe for packet in packets) == 10


def test_films_are_made_once_and_ignored_by_git(folder: FilmFolder, film: Path) -> None:
    made = film.stat().st_mtime_ns
    assert folder.film(Film(TINY, "mkv", 240)).stat().st_mtime_ns == made
    assert (film.parent / ".gitignore").read_text() == "*\n"
    assert not list(film.parent.glob("unfinished-*"))


def test_the_wanted_bytes_are_those_of_the_nearest_keyframes(film: Path) -> None:
    with av.open(str(film)) as container:
        sizes = {
            round(packet.pts * packet.time_base * RATE): packet.size
            for packet in container.demux(container.streams.video[0])
            if packet.is_keyframe and packet.pts is not None and packet.time_base is not None
        }
    assert wanted_bytes(film, 4) == sum(sizes[frame] for frame in (0, 96, 192))


def test_the_rival_s_command_is_its_own() -> None:
    command = make_command("f.mkv", "d", 10, only_keyframes=True, hdr=False)
    assert " ".join(command) == (
        "ffmpeg -loglevel info -skip_frame:v nokey -i f.mkv -an -sn -dn -q:v 4 -vf "
        "fps=fps=0.1:round=up,scale=w=320:h=240:force_original_aspect_ratio=decrease d/img-%06d.jpg"
    )


def test_the_rival_packs_a_bif_that_reads(tmp_path: Path) -> None:
    pictures = [b"\xff\xd8first\xff\xd9", b"\xff\xd8second\xff\xd9"]
    for number, picture in enumerate(pictures, start=1):
        (tmp_path / f"img-{number:06d}.jpg").write_bytes(picture)
    assert pack(tmp_path, tmp_path / "it.bif", 5) == 2
    with read_bif(tmp_path / "it.bif") as bif:
        assert len(bif) == 2


def test_a_page_cache_can_be_filled_and_dropped(film: Path) -> None:
    page_cache.fill(film)
    assert page_cache.resident_bytes(film) >= film.stat().st_size
    if page_cache.shows_device_reads(film):
        assert page_cache.resident_bytes(film) == 0
    else:
        assert machine.describe(film)["file system of the films"] not in ("ext4", "xfs", "btrfs")


@pytest.mark.slow
def test_a_contest_is_held_and_reported(tmp_path: Path, film: Path) -> None:
    ring = Ring(Projectionist(PROGRAM, tmp_path), 1, lambda line: None)
    contest = Contest("tiny", "Tiny, 2 s", Film(TINY, "mkv", 240), 2, (Way("decides", at_least(1000)),))
    outcome = ring.hold(contest, film)
    assert objects(outcome.ours[0])[0]["thumbnails"] == 5
    table = Table("Tiny", "the rival", [*outcome.cpu, limits.peak("Peak", outcome.ours, at_most(1, "MB"))])
    assert [row.verdict for row in table.rows][1] is Verdict.MISSED
    page = report.page([table], {"processor": "one"}, 1, (0.0, 0.0))
    assert "| processor | one |" in page
    assert "| Tiny, 2 s: as it decides |" in page
    assert "$" not in page


@pytest.mark.slow
def test_a_film_that_is_not_made_is_no_measurement(tmp_path: Path) -> None:
    broken = tmp_path / "broken.mkv"
    broken.write_bytes(b"no film")
    with pytest.raises(CommandFailed):
        Projectionist(PROGRAM, tmp_path).make([broken])


@pytest.mark.slow
def test_the_service_is_held_against_its_floors(tmp_path: Path) -> None:
    extent = Extent(items=60, seconds=0.2, idle_seconds=0.2, repeats=1)
    wants = {"pages", "reads", "streams"}.__contains__
    tables = ServiceBench(PROGRAM, tmp_path, extent, wants, lambda line: None).run()
    rows = {row.name: row for table in tables for row in table.rows}
    assert set(rows) == {
        "Home",
        "Jobs, 50 rows",
        "/health/live, 200 streams",
        "median",
        "p99",
        "not answered with 200",
    }
    assert all(row.ours and row.ours.median >= 0 and row.theirs for row in rows.values())
    assert all(row.result is not None for row in rows.values())
    assert rows["not answered with 200"].result == 0


def test_a_read_that_waits_behind_a_slow_one_is_slow_too() -> None:
    served = []

    class Slow(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            served.append(self.path)
            time.sleep(0.5 if len(served) == 3 else 0)
            self.send_response(200 if len(served) % 5 else 503)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Slow) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        asked = load.Load(server.server_port, ("/one", "/two"), "", 1.0, connections=1, rate=40)
        answered = load.apply(asked)
        server.shutdown()
    assert len(answered.latencies_ms) == 40
    assert sum(one > 200 for one in answered.latencies_ms) >= 10, "those behind the slow one waited too"
    assert answered.refused == 8
    assert {"/one", "/two"} == set(served)


def test_a_service_that_does_not_start_is_no_measurement(tmp_path: Path) -> None:
    command = python("import sys; sys.exit('no luck')")
    with (
        pytest.raises(CommandFailed, match="no luck"),
        running(command, free_port(), tmp_path / "log"),
    ):
        pytest.fail("it is not ready")


def test_only_a_full_run_is_written_down(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--write", "--quick"]) == 2
    assert command.main(["--write", "--repeats", "1"]) == 2
    assert "full runs" in capsys.readouterr().err


def test_a_part_that_is_measured_again_takes_its_own_place_on_the_page() -> None:
    def table(title: str, result: float) -> Table:
        one = Spread.of([result])
        return Table(title, "", [Row("a row", "s", None, one, result, at_most(2, "s"), "s")])

    page = report.page([table("First", 1), table("Second", 3)], {"processor": "one"}, 3, (0.0, 0.0))
    assert "Goals: 2. Met: 1. Missed: 1. Not measurable on this machine: 0." in page
    again = report.renewed(page, [table("Second", 1.5), table("Third", 9)], "1 May 2026", (0.2, 1.1))
    assert "Goals: 3. Met: 2. Missed: 1. Not measurable on this machine: 0." in again
    first, second, third = (again.index(f"### {title}") for title in ("First", "Second", "Third"))
    assert first < second < third < again.index("## How it was measured")
    assert again.count("Measured again on 1 May 2026") == 2
    assert "3.00 s" not in again
    assert report.renewed(again, [table("Second", 1.5)], "2 May 2026", (0.0, 0.0)).count("### ") == 3
    with pytest.raises(ValueError, match="no tables"):
        report.renewed("another page", [table("First", 1)], "1 May 2026", (0.0, 0.0))
