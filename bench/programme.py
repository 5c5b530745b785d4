"""What is measured: the films, the contests with their goals, and the limits; section by section."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench import jobs, limits
from bench.contests import Contest, Outcome, Ring, Way
from bench.copying import measure_copying
from bench.films import Film, FilmFolder, hd, uhd
from bench.foresight import measure_foresight
from bench.measuring import Usage
from bench.planning import measure_planning
from bench.rows import Goal, Row, Table, at_least, at_most
from bench.service import Extent, ServiceBench
from bench.sync import measure_sync

_HD = hd("1080p-gop2s", gop=48)
_HD_LONG = hd("1080p-gop250", gop=250, frames=500)
"""250 frames, 10.4 s, is what x264 takes where nobody says otherwise."""
_UHD = uhd("2160p-hdr10")


def _hd_ways(cpu: float, read: float, *more: Way) -> tuple[Way, ...]:
    return (Way("fast", at_least(cpu), at_least(read, "× fewer")), Way("fast-unprobed"), *more)


@dataclass(frozen=True, slots=True)
class Programme:
    """Everything, on films of usual length; `quick` is for work on the benchmark itself."""

    quick: bool = False

    @property
    def mkv(self) -> Film:
        """3 minutes of 1080p."""
        return Film(_HD, "mkv", 528 if self.quick else 4320)

    @property
    def uhd(self) -> Film:
        """1 minute of 2160p HDR10."""
        return Film(_UHD, "mkv", 336 if self.quick else 1440)

    @property
    def contests(self) -> tuple[Contest, ...]:
        """Against the rival."""
        mp4 = Film(_HD, "mp4", self.mkv.frames)
        transport = Film(_HD, "ts", self.mkv.frames)
        long = Film(_HD_LONG, "mkv", 500 if self.quick else 1500)
        decides = Way("decides", at_least(15))
        return (
            Contest("1080p-10", "1080p MKV, 10 s", self.mkv, 10, _hd_ways(5, 50)),
            Contest("1080p-5", "1080p MKV, 5 s", self.mkv, 5, _hd_ways(3, 30)),
            Contest("1080p-2", "1080p MKV, 2 s", self.mkv, 2, _hd_ways(1.4, 15, decides)),
            Contest("mp4-10", "1080p MP4, 10 s", mp4, 10, (Way("fast"),)),
            Contest("ts-10", "1080p MPEG-TS, 10 s", transport, 10, (Way("fast"), Way("decides"))),
            Contest("4k-10", "2160p HDR10 MKV, 10 s", self.uhd, 10, (Way("fast-unprobed", at_least(4.5)),)),
            Contest("4k-5", "2160p HDR10 MKV, 5 s", self.uhd, 5, (Way("fast-unprobed", at_least(3)),)),
            Contest("4k-2", "2160p HDR10 MKV, 2 s", self.uhd, 2, (Way("fast-unprobed", at_least(2)),)),
            Contest("long-gop", "1080p MKV, GOP 10.4 s, 2 s", long, 2, (Way("decides", at_least(2)),)),
        )


@dataclass(slots=True)
class Bench:
    """Runs the parts of a programme that `wanted` names (all where it is empty); `tables` is what came of it."""

    programme: Programme
    ring: Ring
    films: FilmFolder
    scratch: Path
    wanted: tuple[str, ...]

    def run(self) -> list[Table]:
        """Measure, section by section."""
        cpu = Table("CPU seconds against the rival", "the rival")
        read = Table("Bytes read against the rival", "the rival")
        memory: list[Row] = []
        for contest in self.programme.contests:
            if self._wants(contest.name):
                outcome = self.ring.hold(contest, self.films.film(contest.film))
                cpu.rows += outcome.cpu
                read.rows += outcome.read
                memory += _memory(contest, outcome)
        tables = [cpu, read, Table("Bytes from the disk", "the wanted keyframes", self._device())]
        whole = self._pipeline()
        tables.append(
            Table("The whole pipeline against decoding the same keyframes", "decoding alone", whole)
        )
        tables.append(
            Table(
                "What is left: the rival against decoding alone",
                "the rival",
                _floors(cpu.rows, whole),
                "decoding alone",
            )
        )
        tables.append(Table("Memory and starting", "", memory + self._starting()))
        tables.append(Table("Two workers against one", "one worker", self._throughput(), "two workers"))
        tables += self._house()
        return [table for table in tables if table.rows]

    def _wants(self, name: str) -> bool:
        return not self.wanted or any(one in name for one in self.wanted)

    def _house(self) -> list[Table]:
        """The service, its library and its jobs."""
        quick, repeats, tell = self.programme.quick, self.ring.repeats, self.ring.tell
        tables = [measure_sync(repeats, quick=quick, say=tell)] if self._wants("sync") else []
        if self._wants("jobs"):
            tables.append(Table("Jobs per second", "bare DBOS", jobs.rows(repeats, tell)))
        if self._wants("copying"):
            tables += measure_copying(self.scratch, repeats, quick=quick, say=tell)
        if self._wants("foresight"):
            tables += measure_foresight(quick=quick, say=tell)
        if self._wants("planning"):
            tables += measure_planning(self.scratch, quick=quick, say=tell)
        extent = Extent.of(quick=quick, repeats=repeats)
        service = ServiceBench(self.ring.projectionist.program, self.scratch, extent, self._wants, tell)
        return [*tables, *service.run()]

    def _device(self) -> list[Row]:
        contests = {contest.name: contest for contest in self.programme.contests}
        return [
            limits.device_bytes(self.ring, contest.title, self.films.film(contest.film), contest.interval)
            for name in ("1080p-10", "1080p-2", "mp4-10", "4k-10", "4k-2")
            if self._wants(f"device-{name}")
            for contest in [contests[name]]
        ]

    def _pipeline(self) -> list[Row]:
        pairs: tuple[tuple[str, str, Film, Goal], ...] = (
            ("pipeline-1080p", "1080p MKV, 2 s", self.programme.mkv, at_most(1.10)),
            ("pipeline-4k", "2160p HDR10 MKV, 2 s", self.programme.uhd, at_most(1.25)),
        )
        return [
            limits.pipeline(self.ring, title, self.films.film(film), 2, goal)
            for name, title, film, goal in pairs
            if self._wants(name)
        ]

    def _starting(self) -> list[Row]:
        if not self._wants("start"):
            return []
        made = self.ring.projectionist
        one = self.films.film(Film(_HD, "mkv", 24))
        second = at_most(0.5, "CPU s")
        third = at_most(0.3, "CPU s")
        whole = "from start to end: reading, decoding and publishing the one picture is in it"
        starts: tuple[tuple[str, Callable[[], Usage], Goal | None, str], ...] = (
            ("previews make, empty folder", made.make_nothing, None, ""),
            ("previews make, film of one 1080p keyframe", lambda: made.make([one]), second, whole),
            ("--help", made.help, third, ""),
            ("previews make --help", lambda: made.help("previews", "make"), third, ""),
        )
        self.ring.tell("Starting, again and again")
        return [limits.start(name, run, goal, note) for name, run, goal, note in starts]

    def _throughput(self) -> list[Row]:
        if not self._wants("throughput"):
            return []
        crowd = limits.Crowd.of(self.films.film(self.programme.mkv), self.scratch, 6)
        try:
            return [limits.throughput(self.ring, "Six films of 1080p MKV, 2 s", crowd, 2)]
        finally:
            crowd.remove()


def _floors(cpu: list[Row], pipelines: list[Row]) -> list[Row]:
    """The ratios that no program could pass that decodes the same keyframes with this decoder."""
    return [
        Row(row.name, "CPU s", row.theirs, alone, row.theirs.median / alone.median)
        for whole in pipelines
        for row in cpu
        if row.name.startswith(f"{whole.name}: fast path") and row.theirs and (alone := whole.theirs)
    ]


def _memory(contest: Contest, outcome: Outcome) -> list[Row]:
    if contest.name == "4k-2":
        return [limits.peak(f"Peak, {contest.title}", outcome.ours, at_most(250, "MB"))]
    return []
