"""What holds for every check, and for an examination as a whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from projectionist.errors import Conflict, DatabaseUnusable, NotFound
from projectionist.features.doctor import service
from projectionist.features.doctor.checks import (
    Check,
    Finding,
    Status,
    Subject,
    failed,
    passed,
    unknown,
    warned,
)
from projectionist.features.doctor.ground import Ground
from tests.features.doctor.grounds import bare


def check(
    name: str,
    look: Callable[[Ground], Finding],
    *,
    quick: bool = True,
    repair: Callable[[Ground], str] | None = None,
    subject: Subject = Subject.FILES,
) -> Check:
    return Check(name, subject, name.title(), "It matters.", "Mend it.", look, repair, "Mend", quick)


def test_every_check_has_an_id_of_its_own_and_says_what_to_do() -> None:
    ids = [one.id for one in service.CHECKS]
    assert len(set(ids)) == len(ids) >= 65
    assert [one.id for one in service.CHECKS if not (one.title and one.why.endswith(".") and one.mend)] == []
    assert [one.id for one in service.CHECKS if (one.repair is None) == bool(one.button)] == []


def test_a_check_that_cannot_look_is_unknown_and_holds_up_no_other(tmp_path: Path) -> None:
    def unreadable(ground: Ground) -> Finding:
        raise PermissionError(13, "Permission denied", "/etc/one")

    def unusable(ground: Ground) -> Finding:
        raise DatabaseUnusable("The database is locked.")

    some = [
        check("one", unreadable),
        check("two", unusable),
        check("three", lambda ground: passed("All is well.")),
    ]
    report = service.examine(bare(tmp_path), some)
    assert [one.status.value for one in report.results] == ["unknown", "unknown", "pass"]
    assert "/etc/one" in report.results[0].finding.evidence
    assert "locked" in report.results[1].finding.evidence


def test_a_fault_of_a_check_is_unknown_and_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def faulty(ground: Ground) -> Finding:
        raise KeyError("what nobody thought of")

    report = service.examine(
        bare(tmp_path), [check("one", faulty), check("two", lambda ground: passed("Well."))]
    )
    assert [one.status.value for one in report.results] == ["unknown", "pass"]
    assert "in the log" in report.results[0].finding.evidence
    assert "what nobody thought of" in caplog.text


@pytest.mark.parametrize(
    ("findings", "code"),
    [
        ([passed], 0),
        ([passed, warned], 1),
        ([passed, unknown], 1),
        ([warned, failed, unknown], 2),
        ([failed], 2),
    ],
)
def test_an_installation_is_as_ready_as_its_worst_check(
    tmp_path: Path, findings: list[Callable[[str], Finding]], code: int
) -> None:
    def look(kind: Callable[[str], Finding]) -> Callable[[Ground], Finding]:
        return lambda ground: kind("So it is.")

    some = [check(f"check-{number}", look(one)) for number, one in enumerate(findings)]
    assert service.examine(bare(tmp_path), some).exit_code == code


def test_the_worst_is_told_first(tmp_path: Path) -> None:
    some = [
        check("good", lambda ground: passed("")),
        check("bad", lambda ground: warned("")),
        check("worst", lambda ground: failed(""), subject=Subject.PROGRAM),
    ]
    report = service.examine(bare(tmp_path), some)
    assert [(subject, [one.check.id for one in found]) for subject, found in report.by_subject] == [
        (Subject.PROGRAM, ["worst"]),
        (Subject.FILES, ["bad", "good"]),
    ]


def test_a_mend_looks_before_and_after(tmp_path: Path) -> None:
    broken = tmp_path / "broken"

    def look(ground: Ground) -> Finding:
        return failed("Broken.") if broken.exists() else passed("Whole.")

    def repair(ground: Ground) -> str:
        broken.unlink()
        return "It was mended."

    some = [check("one", look, repair=repair), check("two", lambda ground: failed(""))]
    doctor = service.Doctor(lambda: bare(tmp_path), some)
    broken.touch()
    assert doctor.examine().exit_code == 2
    mended = doctor.mend("one")
    assert (mended.sentence, mended.result.status) == ("It was mended.", Status.PASS)
    assert doctor.last is not None
    assert [one.status.value for one in doctor.last.results] == ["pass", "fail"]
    with pytest.raises(Conflict, match="nothing is wrong"):
        doctor.mend("one")
    with pytest.raises(Conflict, match="person"):
        doctor.mend("two")
    with pytest.raises(NotFound):
        doctor.mend("three")


def test_what_is_unknown_is_not_mended(tmp_path: Path) -> None:
    some = [check("one", lambda ground: unknown("Too dark."), repair=lambda ground: "Never done.")]
    with pytest.raises(Conflict):
        service.Doctor(lambda: bare(tmp_path), some).mend("one")


def test_a_glance_asks_nobody_and_is_kept_for_minutes(tmp_path: Path) -> None:
    asked: list[str] = []

    def noted(name: str) -> Callable[[Ground], Finding]:
        def look(ground: Ground) -> Finding:
            asked.append(name)
            return passed("")

        return look

    some = [check("quick", noted("quick")), check("slow", noted("slow"), quick=False)]
    doctor = service.Doctor(lambda: bare(tmp_path), some)
    assert (doctor.glance().exit_code, doctor.glance().exit_code, asked) == (0, 0, ["quick"])
    assert doctor.last is None


def test_processes_that_share_a_file_tell_the_same(tmp_path: Path) -> None:
    broken, kept = tmp_path / "broken", tmp_path / "doctor.json"

    def look(ground: Ground) -> Finding:
        return failed("Broken.") if broken.exists() else passed("Whole.")

    def repair(ground: Ground) -> str:
        broken.unlink()
        return "It was mended."

    some = [check("one", look, repair=repair), check("two", lambda ground: warned("Thin."))]
    one, other = (service.Doctor(lambda: bare(tmp_path), some, kept=kept) for _ in range(2))
    broken.touch()
    assert other.glance().exit_code == 2
    report = one.examine()
    assert other.last == one.last == report
    other.mend("one")
    assert one.last is not None
    assert [result.status for result in one.last.results] == [Status.PASS, Status.WARN]
    assert one.glance().exit_code == 1
    kept.write_text("no report")
    assert one.last.at == report.at
    one.forget()
    assert service.Doctor(lambda: bare(tmp_path), some, kept=kept).last is None


def test_a_report_that_cannot_be_kept_is_told_all_the_same(tmp_path: Path) -> None:
    some = [check("one", lambda ground: passed("Whole."))]
    doctor = service.Doctor(lambda: bare(tmp_path), some, kept=Path("/proc/none/doctor.json"))
    assert doctor.examine().exit_code == 0
