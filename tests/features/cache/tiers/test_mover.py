from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from projectionist.features.cache.tiers.mounts import mount_of, mounts_here, read_mounts
from projectionist.features.cache.tiers.mover import (
    MARKER,
    RIVALS_MARKER,
    UnraidMover,
    excluded,
    publish_exclusions,
)

FILMS = ["/mnt/user/films/A.mkv", "/mnt/user/films/Ü \xe9.mkv"]

MOUNTINFO = r"""
22 28 0:21 / /sys rw,nosuid - sysfs sysfs rw
28 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
90 28 0:44 / /mnt/my\040films rw,relatime shared:40 - fuse.mergerfs disk1:disk2 rw,user_id=0
91 28 0:45 / /mnt/user rw - fuse.shfs shfs rw
92 28 0:46 / /mnt/nas rw - nfs4 nas.lan:/films rw,vers=4.2
93 92 0:47 / /mnt/nas/deep rw - ext4 /dev/sdb1 rw
94 28 0:48 / /mnt/nas rw - cifs //nas/films rw
broken
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/mnt/my films/A.mkv", "fuse.mergerfs"),
        ("/mnt/user/films", "fuse.shfs"),
        ("/mnt/username", "ext4"),
        ("/mnt/nas/x", "cifs"),
        ("/mnt/nas/deep/x", "ext4"),
        ("/srv", "ext4"),
    ],
)
def test_a_path_lies_on_the_mount_that_covers_it_last(path: str, kind: str) -> None:
    found = mount_of(Path(path), read_mounts(MOUNTINFO))
    assert found is not None
    assert found.kind == kind


def test_the_mounts_of_this_machine_are_read() -> None:
    assert mount_of(Path("/"), mounts_here()) is not None


@given(st.text())
def test_no_mountinfo_is_too_odd(text: str) -> None:
    read_mounts(text)


@pytest.mark.parametrize(
    "theirs",
    [
        b"",
        b"/mnt/user/mine\n",
        b"/mnt/user/mine\r\n# caf\xe9\r\n",
        b"/no/newline/at/the/end",
        b"# " + MARKER + b": do not touch what is there\n/mine\n",
        b"\n\n  \t\r\n\x00\xff",
    ],
)
def test_a_person_s_lines_stay_as_they_are(tmp_path: Path, theirs: bytes) -> None:
    file = tmp_path / "exclusions.txt"
    file.write_bytes(theirs)
    assert publish_exclusions(file, FILMS)
    assert file.read_bytes().startswith(theirs)
    assert excluded(file) == set(FILMS)
    assert not publish_exclusions(file, reversed(FILMS))
    publish_exclusions(file, [])
    assert excluded(file) == set()
    assert (
        file.read_bytes()
        == theirs + (b"" if not theirs or theirs.endswith(b"\n") else b"\n") + MARKER + b"\n"
    )


def test_what_the_rival_had_listed_below_its_marker_is_replaced(tmp_path: Path) -> None:
    file = tmp_path / "exclusions.txt"
    file.write_bytes(b"/mine\n### Plexcache exclusions below this line\n/mnt/user/old.mkv\n")
    publish_exclusions(file, FILMS[:1])
    assert file.read_bytes() == b"/mine\n" + MARKER + b"\n" + FILMS[0].encode() + b"\n"


@given(
    st.binary(max_size=60),
    st.sampled_from([MARKER, RIVALS_MARKER]),
    st.sampled_from([b"\n", b"\r\n", b" \n"]),
)
def test_whatever_stands_above_a_marker_stays(theirs: bytes, marker: bytes, end: bytes) -> None:
    assume(MARKER not in theirs)
    assume(RIVALS_MARKER not in theirs)
    above = theirs + b"\n"
    with TemporaryDirectory() as folder:
        file = Path(folder, "exclusions.txt")
        file.write_bytes(above + marker + end + b"/mnt/user/old.mkv" + end)
        publish_exclusions(file, FILMS)
        assert file.read_bytes().startswith(above + MARKER + b"\n/")
        assert excluded(file) == set(FILMS)


def test_the_mover_is_seen_by_its_pid_file_and_by_its_process(tmp_path: Path) -> None:
    proc = tmp_path / "proc"
    (proc / "77").mkdir(parents=True)
    (proc / "77" / "cmdline").write_bytes(b"/bin/bash\0/usr/local/sbin/movers\0")
    pid = tmp_path / "mover.pid"
    mover = UnraidMover((pid,), proc)
    assert not mover.is_running()
    pid.write_text("12")
    assert mover.is_running()
    pid.unlink()
    (proc / "77" / "cmdline").write_bytes(b"/bin/bash\0/usr/local/sbin/mover\0start\0")
    assert mover.is_running()
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    assert not mover.wait_until_idle(stop, every_s=0.05)
    (proc / "77" / "cmdline").unlink()
    assert mover.wait_until_idle(threading.Event(), every_s=0.05)


def test_a_pid_file_that_was_left_behind_is_not_believed_for_ever(tmp_path: Path) -> None:
    pid = tmp_path / "mover.pid"
    pid.write_text("12")
    mover = UnraidMover((pid,), tmp_path / "proc")
    assert "says; it is waited for, until" in mover.why_running()
    for far in (-13, 13):  # a clock may also have been ahead
        at = time.time() + far * 3600
        os.utime(pid, (at, at))
        assert not mover.is_running()


def test_where_the_host_s_processes_are_seen_a_pid_file_needs_its_process(tmp_path: Path) -> None:
    proc, pid = tmp_path / "proc", tmp_path / "mover.pid"
    (proc / "self" / "ns").mkdir(parents=True)
    (proc / "self" / "ns" / "pid").symlink_to("pid:[4026531836]")
    (proc / "12").mkdir()
    (proc / "12" / "cmdline").write_bytes(b"/usr/bin/php\0/usr/local/sbin/other\0")
    pid.write_text("12")
    mover = UnraidMover((pid,), proc)
    assert not mover.is_running()
    (proc / "12" / "cmdline").write_bytes(b"/bin/bash\0/usr/local/sbin/mover\0start\0")
    assert mover.is_running()
