"""Every string that people read, in one catalogue for translators: `python -m checks.words` writes it anew."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment

from checks.modules import Finding, modules_below

CATALOGUE = Path("src/projectionist/web/translations/messages.pot")
HEAD = """msgid ""
msgstr ""
"Project-Id-Version: projectionist\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=INTEGER; plural=EXPRESSION;\\n"
"""

Message = tuple[str, str]
"""A text and its plural, empty where it has none."""


def outdated_words(root: Path) -> Iterator[Finding]:
    """A catalogue that is not what the templates and modules hold now."""
    path = root / CATALOGUE
    if path.is_file() and path.read_text(encoding="utf-8") != catalogue(root):
        yield Finding(CATALOGUE, 1, "is not current; run `python -m checks.words`.")


def catalogue(root: Path) -> str:
    """The catalogue as the sources make it: sorted, each message with the files that hold it."""
    found: dict[Message, set[str]] = {}
    for path, message in [*_of_templates(root), *_of_modules(root)]:
        found.setdefault(message, set()).add(path)
    parts = [HEAD]
    for (text, plural), files in sorted(found.items()):
        lines = [f"#: {name}" for name in sorted(files)]
        if "%(" in text:
            lines.append("#, python-format")
        lines.append(f"msgid {_quoted(text)}")
        lines += (
            [f"msgid_plural {_quoted(plural)}", 'msgstr[0] ""', 'msgstr[1] ""'] if plural else ['msgstr ""']
        )
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _of_templates(root: Path) -> Iterator[tuple[str, Message]]:
    environment = Environment(
        autoescape=True, extensions=["jinja2.ext.i18n", "jinja2.ext.do", "jinja2.ext.loopcontrols"]
    )
    for path in sorted((root / "src").rglob("templates/**/*.html")):
        name = path.relative_to(root).as_posix()
        for _line, _function, words in environment.extract_translations(path.read_text(encoding="utf-8")):  # type: ignore[attr-defined]
            texts = (
                [words] if isinstance(words, str) else [word for word in words or () if isinstance(word, str)]
            )
            if texts:
                yield name, (texts[0], texts[1] if len(texts) > 1 else "")


def _of_modules(root: Path) -> Iterator[tuple[str, Message]]:
    for module in modules_below(root, "src"):
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and (text := _marked(node)):
                yield module.path.as_posix(), (text, "")


def _marked(call: ast.Call) -> str:
    """The text of `_("…")`, or the label of a `NavEntry`."""
    if not isinstance(call.func, ast.Name) or call.func.id not in ("_", "NavEntry"):
        return ""
    named = [keyword.value for keyword in call.keywords if keyword.arg == "label"]
    for value in (*call.args[:1], *named):
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            return value.value
    return ""


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


if __name__ == "__main__":
    top = Path(__file__).resolve().parent.parent
    (top / CATALOGUE).write_text(catalogue(top), encoding="utf-8")
    sys.exit(0)
