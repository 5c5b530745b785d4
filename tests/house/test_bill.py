"""The bill of materials, the licences, and the question whether a package is vulnerable."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from checks import bill, vulnerabilities
from checks.bill import ROOT, Part, locked_parts, vendored_parts
from tests.kit.loopback import Loopback, says

LOCK = """alembic==1.20.1 \\
    --hash=sha256:{0} \\
    --hash=sha256:{1}
colorama==0.4.6 ; sys_platform == 'win32' \\
    --hash=sha256:{0}
""".format("a" * 64, "b" * 64)
PARTS = [Part("pypi", "one", "1.0", ("a" * 64,)), Part("npm", "@of/two", "2.0", ("b" * 128,))]


def test_a_lock_is_read_whole(tmp_path: Path) -> None:
    lock = tmp_path / "a.lock"
    lock.write_text(LOCK)
    one, other = locked_parts(lock)
    assert (one.name, one.version, len(one.hashes), one.marker) == ("alembic", "1.20.1", 2, "")
    assert (other.name, other.marker, other.is_for_here) == ("colorama", "sys_platform == 'win32'", False)


def test_every_locked_package_and_asset_is_on_the_bill() -> None:
    lock = ROOT / "requirements.lock"
    wanted = sum(
        "==" in line and not line.startswith((" ", "#"))
        for line in lock.read_text(encoding="utf-8").splitlines()
    )
    assert len(locked_parts(lock)) == wanted > 40
    assert all(part.hashes for part in (*locked_parts(lock), *vendored_parts(ROOT)))


def test_the_bill_is_of_the_form_that_tools_read_and_the_same_each_time() -> None:
    made = bill.bill(PARTS)
    assert made == bill.bill(PARTS)
    assert made["bomFormat"] == "CycloneDX"
    assert made["specVersion"] == "1.6"
    assert made["serialNumber"].startswith("urn:uuid:")
    assert [one["purl"] for one in made["components"]] == ["pkg:pypi/one@1.0", "pkg:npm/%40of/two@2.0"]
    references = {one["bom-ref"] for one in made["components"]}
    assert set(made["dependencies"][0]["dependsOn"]) == references


def test_the_bill_and_the_licences_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert bill.main([]) == 0
    assert {"litestar", "htmx.org"} <= {
        one["name"] for one in json.loads(capsys.readouterr().out)["components"]
    }
    assert bill.main(["licences"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("litestar ") and line.endswith("MIT License") for line in lines)
    assert bill.main(["nonsense"]) == 2


@pytest.mark.parametrize(
    ("answer", "status", "told"),
    [
        (b'{"results": [{}, {}]}', 0, "0 of 2"),
        (b'{"results": [{"vulns": [{"id": "GHSA-1"}]}, {}]}', 1, "one 1.0: GHSA-1"),
        (b'{"results": [{}]}', 2, "Nothing was checked"),
        (b"nonsense", 2, "Nothing was checked"),
        (b"[]", 2, "Nothing was checked"),
    ],
)
def test_what_is_known_is_told_and_what_is_not_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: bytes, status: int, told: str
) -> None:
    monkeypatch.setattr(vulnerabilities, "everything_locked", lambda: PARTS)
    with Loopback(says(answer)) as server:
        assert vulnerabilities.main(f"http://127.0.0.1:{server.port}") == status
    printed = capsys.readouterr()
    assert told in printed.out + printed.err


def test_a_database_that_cannot_be_reached_fails_and_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(vulnerabilities, "everything_locked", lambda: PARTS)
    assert vulnerabilities.main("http://127.0.0.1:1") == 2
    assert "Nothing was checked" in capsys.readouterr().err
    assert vulnerabilities.main("ftp://example.org") == 2


def test_whoever_installs_a_development_machine_is_covered_too() -> None:
    names = {part.name for part in vulnerabilities.everything_locked()}
    assert {"litestar", "pytest", "htmx.org"} <= names
