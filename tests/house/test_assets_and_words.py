"""What the browser gets of others is what was locked; what people read is in the catalogue."""

from __future__ import annotations

import shutil
from pathlib import Path

from checks.assets import LOCK, STATIC, changed_assets
from checks.words import CATALOGUE, catalogue, outdated_words

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
