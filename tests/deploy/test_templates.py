"""The Dockerfile, the Unraid template and the systemd unit, as far as they can be judged without what reads them."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from projectionist.settings import describe, load_settings
from tests.deploy.container import INSTALL, ROOT, image_environment
from tests.running import COMMAND

DEPLOY = ROOT / "deploy"


def instructions() -> list[tuple[str, str]]:
    text = (DEPLOY / "image/Dockerfile").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in lines]


def test_the_dockerfile_has_two_stages_and_runs_the_shared_script() -> None:
    made = instructions()
    assert [rest for word, rest in made if word == "FROM"] == ["${BASE} AS build", "${BASE}"]
    ran = " ".join(rest for word, rest in made if word == "RUN")
    assert re.findall(r"install (app|system|place)\b", ran) == ["app", "system", "place"]
    assert not re.search(r"\bpip\b|apt-get|curl|wget", ran)  # the script alone installs


def test_the_image_begins_as_nobody_special_below_an_init() -> None:
    made = dict(instructions())
    assert made["USER"] == "1000:1000"
    assert made["ENTRYPOINT"] == '["projectionist"]'
    assert '"/usr/bin/tini --"' in (DEPLOY / "image/projectionist").read_text()
    assert made["CMD"] == '["serve"]'
    assert made["HEALTHCHECK"].endswith('CMD ["healthcheck"]')
    assert made["STOPSIGNAL"] == "SIGTERM"


def test_the_settings_of_the_image_are_settings_and_let_others_in() -> None:
    settings = load_settings(image_environment())
    assert (settings.unknown, settings.host, str(settings.data)) == ((), "0.0.0.0", "/config")
    assert str(settings.port) in dict(instructions())["EXPOSE"].split()


def test_everything_that_the_image_is_made_of_is_sent_to_the_builder() -> None:
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = [rest.split()[:-1] for word, rest in instructions() if word == "COPY" and "--from" not in rest]
    assert {name for names in copied for name in names} <= sent
    assert all((ROOT / name).exists() for name in sent)


@pytest.mark.parametrize("words", [[], ["app"], ["system", "now"], ["polish", "x"]])
def test_the_install_script_refuses_what_it_does_not_know(words: list[str]) -> None:
    ran = subprocess.run([INSTALL, *words], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith("install: app FOLDER")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives folders away")
def test_what_lies_beside_the_program_is_put_in_place(tmp_path: Path) -> None:
    subprocess.run([INSTALL, "place", tmp_path], check=True)
    for name in ("projectionist", "healthcheck"):
        assert (tmp_path / "usr/local/bin" / name).stat().st_mode & 0o777 == 0o755
    assert {name: (tmp_path / name).stat().st_uid for name in ("config", "cache", "media")} == {
        "config": 1000,
        "cache": 1000,
        "media": 0,
    }


def template() -> ElementTree.Element:
    return ElementTree.parse(DEPLOY / "unraid/projectionist.xml").getroot()


def test_the_unraid_template_confines_it_as_the_compose_files_do() -> None:
    extra = template().findtext("ExtraParams") or ""
    for word in (
        "--user 99:100",
        "--read-only",
        "noexec,nosuid,nodev",
        "--cap-drop ALL",
        "no-new-privileges:true",
        "--memory 1g",
        "--cpus 1 ",
        "max-size=10m",
    ):
        assert word in extra, word
    assert template().findtext("Privileged") == "false"


def test_the_unraid_template_names_settings_and_the_folders_of_the_image() -> None:
    configs = template().findall("Config")
    variables = {one.get("Target") for one in configs if one.get("Type") == "Variable"}
    assert variables <= {info.variable for info in describe()}
    assert not variables & {info.variable for info in describe() if info.secret}
    paths = {one.get("Target"): one.get("Mode") for one in configs if one.get("Type") == "Path"}
    assert paths == {"/config": "rw", "/cache": "rw", "/media": "ro"}
    for one in configs:
        assert one.get("Default") is not None
        assert (one.get("Description") or "").endswith(".")


def unit() -> dict[str, list[tuple[str, str]]]:
    """Sections of the unit; a name may come several times."""
    found: dict[str, list[tuple[str, str]]] = {}
    section = ""
    for line in (DEPLOY / "systemd/projectionist.service").read_text().splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found.setdefault(section, []).append((name, value))
    return found


def test_the_unit_gives_it_longer_to_end_than_it_takes() -> None:
    service = dict(unit()["Service"])
    assert int(service["TimeoutStopSec"]) > 10
    assert service["KillMode"] == "mixed"
    assert (service["NoNewPrivileges"], service["ProtectSystem"]) == ("yes", "strict")


def test_the_unit_starts_the_service_with_settings_that_are_some() -> None:
    service = unit()["Service"]
    given = dict(value.split("=", 1) for name, value in service if name == "Environment")
    settings = load_settings(given)
    assert settings.unknown == ()
    assert str(settings.data) == f"/var/lib/{dict(service)['StateDirectory']}"
    assert dict(service)["ExecStart"].split()[1:] == ["serve"]


def system_calls(name: str) -> set[str]:
    """The calls of a group, with those of the groups within it."""
    shown = subprocess.run(
        ["systemd-analyze", "syscall-filter", name], capture_output=True, text=True, timeout=60, check=True
    ).stdout
    names = [line.strip() for line in shown.splitlines()[1:]]
    found = {one for one in names if one and not one.startswith(("#", "@"))}
    return found.union(*(system_calls(one) for one in names if one.startswith("@")))


def test_a_swap_may_do_under_systemd_what_it_does() -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    allowed: set[str] = set()
    for line in (DEPLOY / "systemd/projectionist.service").read_text().splitlines():
        if groups := line.removeprefix("SystemCallFilter=") if line.startswith("SystemCallFilter=") else "":
            calls = set[str]().union(*(system_calls(one) for one in groups.lstrip("~").split()))
            allowed = allowed - calls if groups.startswith("~") else allowed | calls
    used = {
        "fchown",
        "fchownat",
        "lchown",
        "fchmod",
        "fsetxattr",
        "utimensat",
        "renameat2",
        "linkat",
        "symlink",
    }
    assert used <= allowed
    assert not {"mount", "reboot", "init_module", "chroot"} & allowed


def test_systemd_itself_takes_the_unit(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    text = (DEPLOY / "systemd/projectionist.service").read_text()
    text = text.replace("/opt/projectionist/bin/projectionist", COMMAND).replace(
        "User=projectionist", "User=root"
    )
    (tmp_path / "projectionist.service").write_text(text)
    command = ["systemd-analyze", "verify", "--recursive-errors=no", str(tmp_path / "projectionist.service")]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    told = [line for line in ran.stderr.splitlines() if "projectionist.service" in line]
    assert (ran.returncode, told) == (0, []), ran.stderr


def test_the_unit_can_be_read_by_what_reads_ini_files() -> None:
    parser = configparser.ConfigParser(strict=False, interpolation=None, delimiters=("=",))
    parser.read(DEPLOY / "systemd/projectionist.service")
    assert parser.sections() == ["Unit", "Service", "Install"]
