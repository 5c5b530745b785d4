"""What a container engine does to the image, done with the kernel's own means: no image can be pulled or built here.

The image's install script installs into a folder. That folder, this machine's own /usr and the Python of the tests are
put together into a root of their own, as the Dockerfile and the compose files have it: mounted read-only, with a /tmp
that runs nothing, without capabilities, with an init as PID 1 of a PID namespace of its own.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]
INSTALL = ROOT / "deploy/image/install"
APP = Path("/opt/projectionist")
"""Where the Dockerfile installs it; the same path is ours, in a namespace of mounts that nobody else sees."""

PYTHON = Path(sys.executable).resolve()
_PREFIX = Path(sys.base_prefix).resolve()

_INSTALL_APP = """
set -eu
image=$1; shift
mkdir -p "$image/opt/projectionist"
for folder in /opt/*/; do
    name=$(basename "$folder")
    if [ "$name" != projectionist ] && [ "$name" != '*' ]; then
        mkdir -p "$image/opt/$name"
        mount --bind "/opt/$name" "$image/opt/$name"
    fi
done
mount --rbind "$image/opt" /opt
exec "$@"
"""

_ENTER = """
set -eu
root=$1 image=$2 prefix=$3 config=$4 cache=$5 media=$6 switches=$7; shift 7
mount -t tmpfs -o mode=0755 root "$root"
mkdir -p "$root/usr" "$root/etc" "$root/opt/projectionist" "$root/proc" "$root/dev" "$root/tmp" "$root$prefix"
for name in bin sbin lib lib64; do [ ! -L "/$name" ] || ln -s "usr/$name" "$root/$name"; done
printf 'root:x:0:0::/config:/bin/sh\n' >"$root/etc/passwd"
[ ! -e /etc/ld.so.cache ] || cp /etc/ld.so.cache "$root/etc"
read_only() { mount --rbind "$1" "$2"; mount -o remount,bind,ro "$2"; }
read_only /usr "$root/usr"
case "$prefix" in /usr | /usr/*) : ;; *) read_only "$prefix" "$root$prefix" ;; esac
read_only "$image/opt/projectionist" "$root/opt/projectionist"
mount -t tmpfs -o mode=0755 bin "$root/usr/local/bin"
cp "$image/placed/usr/local/bin/projectionist" "$image/placed/usr/local/bin/healthcheck" "$root/usr/local/bin"
mount -o remount,bind,ro "$root/usr/local/bin"
for folder in config cache media; do mkdir -p "$root/$folder"; done
mount --bind "$config" "$root/config"
mount --bind "$cache" "$root/cache"
read_only "$media" "$root/media"
mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
mount -t tmpfs -o mode=0755,nosuid dev "$root/dev"
for name in null zero full random urandom; do
    touch "$root/dev/$name"; mount --bind "/dev/$name" "$root/dev/$name"
done
mkdir "$root/dev/shm"
mount -t tmpfs -o noexec,nosuid,nodev,mode=1777 shm "$root/dev/shm"
mount -t tmpfs -o noexec,nosuid,nodev,size=256m,mode=1777 tmp "$root/tmp"
mount -o remount,ro "$root"
exec chroot "$root" /usr/bin/setpriv --no-new-privs --inh-caps=-all $switches -- "$@"
"""


def needs() -> None:
    """Skip where this machine cannot stand in for a container engine."""
    if os.geteuid() != 0:
        pytest.skip("only root can put a root of its own together")
    for program in ("unshare", "setpriv", "chroot", "tini"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")


@dataclass(frozen=True)
class Image:
    """What the install script made: the environment, and what lies below the root beside it."""

    folder: Path

    @property
    def app(self) -> Path:
        return self.folder / "opt/projectionist"


@contextmanager
def built() -> Iterator[Image]:
    """The image's content, made by the image's own script."""
    needs()
    with tempfile.TemporaryDirectory(prefix="projectionist-image-") as made:
        folder = Path(made)
        folder.chmod(0o755)
        surroundings = {**os.environ, "PYTHON": str(PYTHON)}
        (folder / "placed").mkdir()
        for command in (
            ["unshare", "--mount", "sh", "-c", _INSTALL_APP, "sh", made, str(INSTALL), "app", str(APP)],
            [str(INSTALL), "place", str(folder / "placed")],
        ):
            subprocess.run(command, check=True, env=surroundings, timeout=900)
        yield Image(folder)


@dataclass
class Container:
    """A run of the image. `user` is who it starts as; `settings` are its environment besides that of the image."""

    image: Image
    folder: Path
    user: str = "4711:4712"
    settings: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("root", "config", "cache", "media"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        uid, gid = (int(part) for part in self.user.split(":"))
        for name in ("config", "cache"):
            os.chown(self.folder / name, uid, gid)
        self._process: subprocess.Popen[bytes] | None = None
        self._log = self.folder / "log"

    def start(self, *words: str) -> None:
        """Begin as the Dockerfile's entry point does; what is said goes into a file."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command(words),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment(),
            )

    def run(self, *words: str, timeout_s: float = 120) -> subprocess.CompletedProcess[str]:
        """A run to its end."""
        return subprocess.run(
            self._command(words),
            check=False,
            capture_output=True,
            text=True,
            env=self._environment(),
            timeout=timeout_s,
        )

    def execute(self, *words: str, timeout_s: float = 120) -> subprocess.CompletedProcess[str]:
        """Run something in the container, as `docker exec` and a health check do."""
        enter = ["nsenter", "--target", str(self.init.pid), "--mount", "--pid", "--root", "--wd=/"]
        uid, gid = self.user.split(":")
        drop = ["/usr/bin/setpriv", "--no-new-privs", "--inh-caps=-all", *_switches(uid, gid).split(), "--"]
        return subprocess.run(
            [*enter, *drop, *words],
            check=False,
            capture_output=True,
            text=True,
            env=self._environment(),
            timeout=timeout_s,
        )

    @property
    def init(self) -> psutil.Process:
        """PID 1 of the container, as this machine sees it."""
        assert self._process is not None
        [child] = psutil.Process(self._process.pid).children()
        return child

    def processes(self) -> list[psutil.Process]:
        """All that run in it, the init first."""
        return [self.init, *self.init.children(recursive=True)]

    def stop(self, within_s: float) -> int:
        """SIGTERM to PID 1, as `docker stop` does; the exit code."""
        assert self._process is not None
        self.init.send_signal(signal.SIGTERM)
        return self._process.wait(within_s)

    def close(self) -> None:
        """End it as a power cut would."""
        if self._process is not None and self._process.poll() is None:
            for child in psutil.Process(self._process.pid).children():
                child.kill()  # PID 1 takes all the others along
            self._process.wait(30)

    @property
    def said(self) -> str:
        """Everything it said."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def _command(self, words: Sequence[str]) -> list[str]:
        uid, gid = self.user.split(":")
        places = [self.image.folder, _PREFIX, *(self.folder / name for name in ("config", "cache", "media"))]
        entry = ["projectionist", *words]
        apart = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--uts", "--ipc"]
        enter = ["sh", "-c", _ENTER, "sh", self.folder / "root", *places, _switches(uid, gid), *entry]
        return [str(one) for one in (*apart, *enter)]

    def _environment(self) -> dict[str, str]:
        return {**image_environment(), **self.settings}


def _switches(uid: str, gid: str) -> str:
    """Without capabilities; who starts as root keeps the three that changing to somebody else takes."""
    if uid == "0":
        return "--bounding-set=-all,+chown,+setuid,+setgid,+setpcap"
    return f"--bounding-set=-all --reuid={uid} --regid={gid} --clear-groups"


def image_environment() -> Mapping[str, str]:
    """What the Dockerfile sets, and the path that its base has."""
    found = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
    text = (ROOT / "deploy/image/Dockerfile").read_text().replace("\\\n", " ")
    for line in text.splitlines():
        if line.startswith("ENV "):
            found |= dict(part.split("=", 1) for part in line.removeprefix("ENV ").split())
    return found
