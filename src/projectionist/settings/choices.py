"""Choices that settings offer, and that the rest of the house decides by."""

from __future__ import annotations

from enum import StrEnum


class Registration(StrEnum):
    """Who may make themselves an account."""

    CLOSED = "closed"
    INVITATION = "invitation"
    OPEN = "open"


class Security(StrEnum):
    """How a connection to a mail server is encrypted: switched once it stands, from the first byte, or not at all."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"
