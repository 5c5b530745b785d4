"""An answer of a Plex server before it is JSON or XML: one tree, two spellings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias
from xml.sax.saxutils import quoteattr

import msgspec

Value: TypeAlias = str | int | float | bool
"""An attribute: itself in JSON; in XML `1` or `0` where it is a bool, text otherwise."""

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
_CONTROLS = dict.fromkeys(code for code in range(32) if code not in (9, 10, 13))


@dataclass(frozen=True, slots=True)
class Element:
    """One element. `listed_as` names it in JSON where that differs from `name`, as `Metadata` does from `Video`.

    In JSON the children of one name are a list; `single` says that this one is an object by itself.
    """

    name: str
    attributes: Mapping[str, Value] = field(default_factory=dict)
    children: tuple[Element, ...] = ()
    listed_as: str = ""
    single: bool = False


def element(
    name: str,
    attributes: Mapping[str, Value | None] | None = None,
    children: Iterable[Element] = (),
    *,
    listed_as: str = "",
    single: bool = False,
) -> Element:
    """An element without the attributes that are None."""
    known = {key: value for key, value in (attributes or {}).items() if value is not None}
    return Element(name, known, tuple(children), listed_as, single)


def container(attributes: Mapping[str, Value | None], children: Iterable[Element] = ()) -> Element:
    """A `MediaContainer` with its size, unless `attributes` gives another."""
    inside = tuple(children)
    return element("MediaContainer", {"size": len(inside), **attributes}, inside)


def to_json(root: Element) -> bytes:
    """The tree as Plex spells it in JSON: the root under its own name."""
    return msgspec.json.encode({root.name: to_object(root)})


def to_object(node: Element) -> dict[str, object]:
    """One element as a JSON object."""
    made: dict[str, object] = dict(node.attributes)
    for child in node.children:
        name = child.listed_as or child.name
        if child.single:
            made[name] = to_object(child)
        else:
            listed = made.setdefault(name, [])
            assert isinstance(listed, list)
            listed.append(to_object(child))
    return made


def to_xml(root: Element) -> bytes:
    """The tree as XML, one element a line."""
    lines: list[str] = []
    _write(root, lines)
    return (_DECLARATION + "\n".join(lines) + "\n").encode()


def _write(node: Element, lines: list[str]) -> None:
    attributes = "".join(f" {name}={quoteattr(_text(value))}" for name, value in node.attributes.items())
    if not node.children:
        lines.append(f"<{node.name}{attributes} />")
        return
    lines.append(f"<{node.name}{attributes}>")
    for child in node.children:
        _write(child, lines)
    lines.append(f"</{node.name}>")


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value).translate(_CONTROLS)
