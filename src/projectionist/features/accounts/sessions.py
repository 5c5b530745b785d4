"""How long a browser stays signed in, and what it shows to be known."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

IDLE = timedelta(minutes=80)
REMEMBERED = timedelta(days=30)
SEEN_EVERY = timedelta(minutes=1)
"""A sign-in is marked as seen at most this often."""

COOKIE = "projectionist_session"
KNOWN_COOKIE = "projectionist_browser"
LINK_COOKIE = "projectionist_link"
HANDSHAKE_COOKIE = "projectionist_handshake"
STEP_COOKIE = "projectionist_step"
STEP_WITHIN = timedelta(minutes=5)
"""So long after the password the second step may be taken."""
KNOWN_FOR = timedelta(days=180)
"""So long a browser in which somebody signed in is not taken for a stranger's."""


def new_token() -> str:
    """What a browser shows to be known: 256 bits nobody guesses."""
    return secrets.token_urlsafe(32)


def token_in(cookie: str | None) -> str:
    """The token of a cookie, empty where it is none of ours by its length."""
    return cookie if cookie is not None and 20 <= len(cookie) <= 100 else ""


def hash_of(token: str) -> str:
    """What is kept of a token: who reads the database cannot sign in with it."""
    return hashlib.sha256(token.encode()).hexdigest()


WARNED = 8
"""One is warned in the last part of so many: of 80 minutes in the last ten."""


def seen_every(idle: timedelta) -> timedelta:
    """How often a sign-in is marked as seen: rarely, and often enough that the one who does something stays."""
    return min(SEEN_EVERY, idle / 20)


def lifetime(remembered: bool, idle: timedelta = IDLE) -> timedelta:
    """How long a sign-in lives after it was last used."""
    return max(REMEMBERED, idle) if remembered else idle
