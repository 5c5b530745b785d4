from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from projectionist.errors import DataFolderInUse, DataFolderUnusable
from projectionist.kit.data_folder import LOCK, DataFolder, file_system_of

HOLD = """
import sys
from pathlib import Path
from projectionist.kit.data_folder import DataFolder
folder = DataFolder.open(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""
FULL = """
import resource, signal, sys
from pathlib import Path
from projectionist.errors import DataFolderUnusable
from projectionist.kit.data_folder import DataFolder
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
try:
    DataFolder.open(Path(sys.argv[1]), exclusive=sys.argv[2] == "exclusive")
except DataFolderUnusable as error:
    print(error)
"""


def test_a_new_folder_is_its_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with DataFolder.open(tmp_path / "house" / "data") as folder:
            assert folder.path == tmp_path / "house" / "data"
            assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
            assert stat.S_IMODE((folder.path / LOCK).stat().st_mode) == 0o600
    finally:
        os.umask(before)


def test_a_second_instance_is_refused_and_told_who_is_there(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(DataFolderInUse, match=rf"\(process {holder.pid} on .*\); nothing was changed"):
        DataFolder.open(tmp_path)
    DataFolder.open(tmp_path, exclusive=False).close()  # a worker beside the service
    holder.kill()
    holder.wait(60)
    holder.stdin.close()
    holder.stdout.close()
    with DataFolder.open(tmp_path):  # what was killed holds nothing
        assert f"process {os.getpid()} on" in (tmp_path / LOCK).read_text()


def test_a_closed_folder_is_free_again(tmp_path: Path) -> None:
    folder = DataFolder.open(tmp_path)
    folder.close()
    folder.close()
    DataFolder.open(tmp_path).close()
    with DataFolder.open(tmp_path, exclusive=False), DataFolder.open(tmp_path):
        assert (tmp_path / LOCK).is_file()


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "fuse.rclone"])
def test_a_network_share_is_refused_before_anything_is_written(tmp_path: Path, kind: str) -> None:
    asked: list[Path] = []

    def probe(path: Path) -> str:
        asked.append(path)
        return kind

    with pytest.raises(DataFolderUnusable, match=rf"on a network share \({kind}\).* nothing was written"):
        DataFolder.open(tmp_path / "not" / "yet", file_system=probe)
    assert asked == [tmp_path.resolve()]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "zfs", "overlay", "tmpfs", "fuse.shfs", ""])
def test_a_disk_of_this_machine_is_taken(tmp_path: Path, kind: str) -> None:
    with DataFolder.open(tmp_path, file_system=lambda path: kind) as folder:
        assert folder.path == tmp_path


def test_a_link_to_a_share_is_looked_through(tmp_path: Path) -> None:
    (tmp_path / "share").mkdir()
    (tmp_path / "data").symlink_to(tmp_path / "share")
    share = (tmp_path / "share").resolve()
    with pytest.raises(DataFolderUnusable, match="network share"):
        DataFolder.open(tmp_path / "data", file_system=lambda path: "nfs" if path == share else "ext4")


def test_the_file_systems_of_this_machine_are_told_apart() -> None:
    if not Path("/proc/self/mountinfo").exists():
        assert file_system_of(Path("/")) == ""
        return
    assert file_system_of(Path("/proc/self")) == "proc"
    assert file_system_of(Path("/")) not in ("", "proc")


@pytest.mark.parametrize("place", ["film.mkv", "film.mkv/data"])
def test_what_is_no_folder_is_refused_and_stays(tmp_path: Path, place: str) -> None:
    (tmp_path / "film.mkv").write_bytes(b"a film")
    with pytest.raises(DataFolderUnusable, match="is no folder; it is left as it is"):
        DataFolder.open(tmp_path / place)
    assert (tmp_path / "film.mkv").read_bytes() == b"a film"


def test_a_folder_that_cannot_be_written_says_so() -> None:
    with pytest.raises(DataFolderUnusable, match=r"cannot be written|mounted read-only"):
        DataFolder.open(Path("/proc/self/data"))


@pytest.mark.parametrize("how", ["exclusive", "beside"])
def test_a_full_disk_says_so(tmp_path: Path, how: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path), how],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert f"The disk of the data folder {tmp_path} is full; nothing was changed" in done.stdout
