"""Every string that people read, in one catalogue for translators, and what translators made of it.

`python -m checks.words` writes the catalogue anew, and brings the translations in step with it: what is new stands in
them without a translation, which the check then names, and what is gone is gone.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment

from checks.findings import findings_below
from checks.modules import Finding, modules_below
from checks.sentences import sentences_below, titles_below
from projectionist.web.catalogues import (
    CatalogueWrong,
    Entry,
    entries_in,
    head_of,
    is_translated,
    read_catalogue,
)
from projectionist.web.words import ENGLISH, LANGUAGES

CATALOGUE = Path("src/projectionist/web/translations/messages.pot")
HEAD = """msgid ""
msgstr ""
"Project-Id-Version: projectionist\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=INTEGER; plural=EXPRESSION;\\n"
"""
_PLACEHOLDER = re.compile(r"%\((\w+)\)s")
_KEPT = re.compile(r"</?\w[^>]*>|&\w+;|\b[A-Za-z]+(?:_[A-Za-z]+)+\b|https?://[^\s,;.]+|%%")
"""What a translation has to say the same way: tags, entities, names of settings and fields, addresses, percents."""

_SHOWN = {
    "_": (0,),
    "NavEntry": (0,),
    "QueueSpec": (1,),
    "Chart": (1, 2),
    "Line": (0,),
    "Rule": (1, 6, 7),
    "option": (0,),
}
"""Which arguments of a call are shown to people: those of `_`, and of what declares a thing that pages list."""
_ENUMS = ("Act",)
"""Enums whose values are shown."""

Message = tuple[str, str]
"""A text and its plural, empty where it has none."""


def outdated_words(root: Path) -> Iterator[Finding]:
    """A catalogue that is not what the templates and modules hold now."""
    path = root / CATALOGUE
    if path.is_file() and path.read_text(encoding="utf-8") != catalogue(root):
        yield Finding(CATALOGUE, 1, "is not current; run `python -m checks.words`.")


def wrong_translations(root: Path) -> Iterator[Finding]:
    """What a translation lacks, holds in vain or says in other placeholders and marks than the text has."""
    if not (root / CATALOGUE).is_file():
        return
    wanted = messages(root)
    files = {path.stem: path.relative_to(root) for path in (root / CATALOGUE).parent.glob("*.po")}
    for tag in sorted({*files, *LANGUAGES} - {ENGLISH}):
        if tag not in LANGUAGES:
            yield Finding(files[tag], 1, "is of a language that nobody can choose; name it in web/words.py.")
        elif tag not in files:
            yield Finding(CATALOGUE.parent / f"{tag}.po", 1, "is missing; run `python -m checks.words`.")
        else:
            yield from _wrong_in(root, files[tag], wanted)


def _wrong_in(root: Path, path: Path, wanted: dict[Message, set[str]]) -> Iterator[Finding]:
    text = (root / path).read_text(encoding="utf-8")
    try:
        read_catalogue(text)
        head = head_of(text)
        entries = list(entries_in(text))[1:]
    except CatalogueWrong as error:
        yield Finding(path, 1, f"cannot be read: {error}")
        return
    if head.get("Language") != path.stem:
        yield Finding(path, 1, f"says in its head that it is of another language than {path.stem}.")
    forms = int(head["Plural-Forms"].partition("nplurals=")[2].partition(";")[0])
    known = [(entry.text, entry.plural) for entry in entries]
    for entry in entries:
        for wrong in _wrong_with(entry, wanted, forms):
            yield Finding(path, entry.line, f"“{entry.text}” {wrong}.")
    for message in sorted(set(wanted) - set(known)):
        yield Finding(path, 1, f"lacks “{message[0]}”; run `python -m checks.words`.")
    if len(known) != len(set(known)):
        yield Finding(path, 1, "holds a message twice.")


def _wrong_with(entry: Entry, wanted: dict[Message, set[str]], forms: int) -> Iterator[str]:
    if (entry.text, entry.plural) not in wanted:
        yield "does not exist any more; run `python -m checks.words`"
        return
    if not is_translated(entry):
        yield "is not translated"
        return
    if sorted(entry.forms) != list(range(forms if entry.plural else 1)):
        yield "has not as many forms as the language"
    most, least = _names(entry.plural or entry.text), _names(entry.text)
    for at, form in sorted(entry.forms.items()):
        if not (least | most) - {"num"} <= _names(form) <= least | most:
            yield f"has other placeholders in its translation: {', '.join(sorted(_names(form))) or 'none'}"
        if "num" in most and "num" not in _names(form) and not (at == 0 and entry.plural):
            yield "does not say the number in its translation"
        if "%" in _PLACEHOLDER.sub("", form).replace("%%", ""):
            yield "has a bare % in its translation"
        if _marks(form) != _marks(entry.text) and _marks(form) != _marks(entry.plural):
            yield f"has other marks in its translation than {', '.join(_marks(entry.text)) or 'none'}"
        if _edges(form) != _edges(entry.text):
            yield "begins or ends with other spaces in its translation"


def _names(text: str) -> set[str]:
    return set(_PLACEHOLDER.findall(text))


def _marks(text: str) -> list[str]:
    return sorted(_KEPT.findall(_PLACEHOLDER.sub("", text)))


def _edges(text: str) -> tuple[bool, bool]:
    return text[:1].isspace(), text[-1:].isspace()


def messages(root: Path) -> dict[Message, set[str]]:
    """Every message with the files that hold it; one that is counted somewhere is not listed without its plural too."""
    found: dict[Message, set[str]] = {}
    for path, message in _all_in(root):
        found.setdefault(message, set()).add(path)
    for text, plural in [message for message in found if message[1]]:
        found[text, plural] |= found.pop((text, ""), set())
    return found


def _all_in(root: Path) -> Iterator[tuple[str, Message]]:
    yield from _of_templates(root)
    yield from _of_modules(root)
    for path, text in [*sentences_below(root), *titles_below(root), *findings_below(root)]:
        yield path, (text, "")


def catalogue(root: Path) -> str:
    """The catalogue as the sources make it: sorted, each message with the files that hold it."""
    return "\n".join([HEAD, *(_entry(message, files) for message, files in sorted(messages(root).items()))])


def translation(root: Path, text: str) -> str:
    """A translation in step with the sources: its head as it is, every message, and what was translated of them."""
    known = {(entry.text, entry.plural): entry for entry in entries_in(text)}
    head = text[: text.index("\n\n") + 1]
    parts = [_entry(message, files, known.get(message)) for message, files in sorted(messages(root).items())]
    return "\n".join([head, *parts])


def _entry(message: Message, files: set[str], known: Entry | None = None) -> str:
    text, plural = message
    marks = (["fuzzy"] if known is not None and known.is_fuzzy else []) + (
        ["python-format"] if "%(" in text else []
    )
    lines = [f"#: {name}" for name in sorted(files)]
    if marks:
        lines.append(f"#, {', '.join(marks)}")
    lines.append(f"msgid {_quoted(text)}")
    forms = known.forms if known is not None else {}
    if plural:
        lines.append(f"msgid_plural {_quoted(plural)}")
        lines += [f"msgstr[{at}] {_quoted(forms.get(at, ''))}" for at in sorted({0, 1, *forms})]
    else:
        lines.append(f"msgstr {_quoted(forms.get(0, ''))}")
    return "\n".join(lines) + "\n"


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
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                for message in _marked(node, node.func.id):
                    yield module.path.as_posix(), message
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                for text in _counted_by(node, node.func.attr):
                    yield module.path.as_posix(), (text, "")
            elif isinstance(node, ast.ClassDef) and node.name in _ENUMS:
                for line in node.body:
                    if isinstance(line, ast.Assign) and (text := _text(line.value)):
                        yield module.path.as_posix(), (text, "")


def _marked(call: ast.Call, name: str) -> Iterator[Message]:
    """The text of `_("…")`, both of `counts("…", "…")`, and what else is shown of a declaration."""
    if name == "counts" and len(call.args) == 2:
        yield _text(call.args[0]), _text(call.args[1])
    if name == "option" and not any(keyword.arg == "page" for keyword in call.keywords):
        return
    named = [keyword.value for keyword in call.keywords if name == "NavEntry" and keyword.arg == "label"]
    shown = [call.args[at] for at in _SHOWN.get(name, ()) if at < len(call.args)]
    for text in map(_text, [*shown, *named]):
        if text:
            yield text, ""


def _counted_by(call: ast.Call, name: str) -> Iterator[str]:
    """What a job counts as it goes: the unit of its progress."""
    units = [keyword.value for keyword in call.keywords if name == "progress" and keyword.arg == "unit"]
    yield from filter(None, map(_text, units))


def _text(value: ast.expr) -> str:
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else ""


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


if __name__ == "__main__":
    top = Path(__file__).resolve().parent.parent
    (top / CATALOGUE).write_text(catalogue(top), encoding="utf-8")
    for file in (top / CATALOGUE).parent.glob("*.po"):
        file.write_text(translation(top, file.read_text(encoding="utf-8")), encoding="utf-8")
    sys.exit(0)
