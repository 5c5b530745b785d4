"""What the browser gets of others is what was locked; what people read is in the catalogue."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from checks.assets import LOCK, STATIC, changed_assets
from checks.words import CATALOGUE, catalogue, messages, outdated_words, translation, wrong_translations

ROOT = Path(__file__).resolve().parents[2]


def test_a_changed_a_missing_and_a_strange_asset_are_found(tmp_path: Path) -> None:
    shutil.copytree(ROOT / STATIC, tmp_path / STATIC)
    assert list(changed_assets(tmp_path)) == []
    vendor = tmp_path / STATIC / "vendor"
    (vendor / "htmx.min.js").write_bytes((vendor / "htmx.min.js").read_bytes() + b" ")
    (vendor / "uplot.min.js").unlink()
    (vendor / "strange.js").write_text("1")
    found = {(finding.path.name, finding.message.split()[0]) for finding in changed_assets(tmp_path)}
    assert found == {("htmx.min.js", "differs"), (LOCK.name, "vendor/uplot.min.js"), ("strange.js", "is")}


def test_a_string_that_the_catalogue_lacks_is_found(tmp_path: Path) -> None:
    templates = tmp_path / "src/projectionist/features/jobs/templates"
    templates.mkdir(parents=True)
    (templates / "list.html").write_text(
        '{{ _("Pause all") }}{{ ngettext("%(num)s job", "%(num)s jobs", 2) }}'
    )
    (tmp_path / "src/pages.py").write_text(
        'NAV = NavEntry("Jobs", "/jobs", "list", 3)\nWORD = _("Said “so”")\n'
    )
    path = tmp_path / CATALOGUE
    path.parent.mkdir(parents=True)
    path.write_text(catalogue(tmp_path), encoding="utf-8")
    text = path.read_text(encoding="utf-8")
    for line in ('msgid "Pause all"', 'msgid_plural "%(num)s jobs"', 'msgid "Jobs"', 'msgid "Said “so”"'):
        assert line in text
    assert list(outdated_words(tmp_path)) == []
    (templates / "list.html").write_text('{{ _("Pause everything") }}')
    assert [finding.path for finding in outdated_words(tmp_path)] == [CATALOGUE]


def house_of(tmp_path: Path, source: str, translated: str) -> Path:
    """A repository of one template and one translation, with its catalogue in step."""
    templates = tmp_path / "src/projectionist/features/jobs/templates"
    templates.mkdir(parents=True)
    (templates / "list.html").write_text(source)
    path = tmp_path / CATALOGUE
    path.parent.mkdir(parents=True)
    path.write_text(catalogue(tmp_path), encoding="utf-8")
    head = 'msgid ""\nmsgstr ""\n"Language: de\\n"\n"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n'
    (path.parent / "de.po").write_text(head + translated, encoding="utf-8")
    return tmp_path


JOBS = '{{ ngettext("%(num)s job of <b>%(who)s</b>", "%(num)s jobs of <b>%(who)s</b>", n, who=w) }}'
IN_GERMAN = """msgid "%(num)s job of <b>%(who)s</b>"
msgid_plural "%(num)s jobs of <b>%(who)s</b>"
msgstr[0] "%(num)s Auftrag von <b>%(who)s</b>"
msgstr[1] "%(num)s Aufträge von <b>%(who)s</b>"
"""


def test_a_whole_translation_is_well(tmp_path: Path) -> None:
    assert list(wrong_translations(house_of(tmp_path, JOBS, IN_GERMAN))) == []


@pytest.mark.parametrize(
    ("broken", "what"),
    [
        (IN_GERMAN.replace('%(who)s</b>"\nmsgstr[1]', '%(wer)s</b>"\nmsgstr[1]'), "other placeholders"),
        (IN_GERMAN.replace("Aufträge von <b>%(who)s</b>", "Aufträge von %(who)s"), "other marks"),
        (IN_GERMAN.replace("%(num)s Aufträge", "Aufträge"), "does not say the number"),
        (IN_GERMAN.replace("Aufträge von", "% Aufträge von"), "bare %"),
        (IN_GERMAN.replace('msgstr[0] "', 'msgstr[0] " '), "other spaces"),
        (IN_GERMAN.partition("msgstr[1]")[0], "as many forms"),
        (IN_GERMAN.replace("%(num)s Auftrag von <b>%(who)s</b>", ""), "is not translated"),
        ("#, fuzzy\n" + IN_GERMAN, "is not translated"),
        ("", "lacks “%(num)s job of"),
        (IN_GERMAN + '\nmsgid "Gone"\nmsgstr "Fort"\n', "“Gone” does not exist any more"),
        (IN_GERMAN + "\n" + IN_GERMAN, "a message twice"),
        (IN_GERMAN + "\nmsgctxt\n", "cannot be read"),
    ],
)
def test_what_is_wrong_with_a_translation_is_found(tmp_path: Path, broken: str, what: str) -> None:
    findings = list(wrong_translations(house_of(tmp_path, JOBS, broken)))
    assert any(what in finding.message for finding in findings), findings


def test_a_language_that_nobody_can_choose_and_one_without_words_are_found(tmp_path: Path) -> None:
    root = house_of(tmp_path, JOBS, IN_GERMAN)
    (root / CATALOGUE.parent / "de.po").rename(root / CATALOGUE.parent / "nl.po")
    found = {finding.path.name: finding.message for finding in wrong_translations(root)}
    assert "nobody can choose" in found["nl.po"]
    assert "is missing" in found["de.po"]


def test_a_translation_is_brought_in_step_and_keeps_what_was_translated(tmp_path: Path) -> None:
    root = house_of(tmp_path, JOBS + '{{ _("New") }}', IN_GERMAN + '\nmsgid "Gone"\nmsgstr "Fort"\n')
    path = root / CATALOGUE.parent / "de.po"
    path.write_text(translation(root, path.read_text(encoding="utf-8")), encoding="utf-8")
    text = path.read_text(encoding="utf-8")
    assert "Gone" not in text
    assert 'msgid "New"\nmsgstr ""' in text
    assert "Aufträge von <b>" in text
    assert [finding.message for finding in wrong_translations(root)] == ["“New” is not translated."]


def test_what_the_doctor_says_is_words_too(tmp_path: Path) -> None:
    folder = tmp_path / "src/projectionist/features/doctor"
    folder.mkdir(parents=True)
    (folder / "disks.py").write_text(
        '_NONE = "There is no disk."\n'
        "def judge(disk, trouble):\n"
        '    """A disk is well."""\n'
        '    said = f"{disk.name} is full" if disk.full else f"{disk.name} is away"\n'
        "    if trouble:\n"
        '        return failed(f"It did not work: {trouble}")\n'
        '    return passed(_NONE) if disk is None else warned(f"{said}.")\n'
        "def mended(disk) -> str:\n"
        '    return f"{disk.name} has room now."\n'
        "def label(disk) -> str:\n"
        '    return f"disk {disk.name}"\n'
        'CHECKS = (Check("disk", DISKS, "There is room", "Else there is none.", "Make some", judge, mended, "Mend"),)\n'
    )
    assert {text for text, _plural in messages(tmp_path)} == {
        "There is no disk.",
        "%(name)s is full.",
        "%(name)s is away.",
        "It did not work: %(trouble)s",
        "%(name)s has room now.",
        "There is room",
        "Else there is none.",
        "Make some",
        "Mend",
    }


def test_the_sentences_of_errors_are_words_too(tmp_path: Path) -> None:
    folder = tmp_path / "src/projectionist/features/jobs"
    folder.mkdir(parents=True)
    (folder / "service.py").write_text(
        "class ProjectionistError(Exception): ...\n"
        "class Gone(ProjectionistError): ...\n"
        'raise Gone("It is gone.", "field")\n'
        'raise Gone(f"{row.title} of {len(rows)} takes 5 % of {row.title}.")\n'
        'raise ValueError("Said to nobody.")\n'
    )
    assert {text for text, _plural in messages(tmp_path)} == {
        "It is gone.",
        "%(title)s of %(rows)s takes 5 %% of %(title2)s.",
    }
