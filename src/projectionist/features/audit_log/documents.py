"""Entries of the audit log as the API, the exports and the command line show them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from projectionist.features.audit_log.service import Entry


class EntryDocument(msgspec.Struct, frozen=True):
    """An act: who did what, when and from where, to what, and what it changed; `hash` chains it to `previous`."""

    id: int
    at: datetime
    act: str
    who: str
    address: str
    about: str
    before: dict[str, Any]
    after: dict[str, Any]
    previous: str
    hash: str


class VerifiedDocument(msgspec.Struct, frozen=True):
    """Whether the whole log is as it was written; `trouble` says what is not."""

    entries: int
    is_whole: bool
    trouble: str


COLUMNS = EntryDocument.__struct_fields__


def entry_document(entry: Entry) -> EntryDocument:
    """An entry as the API gives it."""
    return msgspec.convert(entry, EntryDocument, from_attributes=True)


def entry_row(entry: Entry) -> dict[str, Any]:
    """An entry as a row of an export."""
    row: dict[str, Any] = msgspec.to_builtins(entry_document(entry))
    return row
