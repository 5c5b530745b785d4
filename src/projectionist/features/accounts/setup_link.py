"""The setup link: printed where only the owner looks, good until there is an administrator."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from projectionist.db.engine import Database
from projectionist.features.accounts import queries
from projectionist.features.accounts.sessions import hash_of
from projectionist.settings import Settings

SETUP_COOKIE = "projectionist_setup"


def setup_link(database: Database, settings: Settings) -> str | None:
    """A link that opens the setup, or None where there is an administrator.

    Only hashes of it are kept, so every start makes a new one, and the one before is dead.
    """
    token = secrets.token_urlsafe(32)
    with database.durable() as session:
        queries.ensure_setup(session)
        row = queries.setup_for_update(session)
        if row is None or row.founded_at is not None:
            return None
        row.link_hash = hash_of(token)
        row.cookie_hash = hash_of(_cookie_of(token))
    return f"{origin_of(settings)}/setup?token={token}"


def exchange(database: Database, token: str) -> str | None:
    """The cookie for which a link is exchanged, so that the token leaves the address bar; None for a wrong one."""
    with database.read() as session:
        row = queries.setup(session)
    if row is None or row.link_hash is None or not hmac.compare_digest(row.link_hash, hash_of(token)):
        return None
    return _cookie_of(token)


def opens_setup(database: Database, cookie: str | None) -> bool:
    """Whether this cookie came from the link that is good now."""
    if not cookie:
        return False
    with database.read() as session:
        row = queries.setup(session)
    return (
        row is not None
        and row.cookie_hash is not None
        and hmac.compare_digest(row.cookie_hash, hash_of(cookie))
    )


def _cookie_of(token: str) -> str:
    """What stands in the cookie tells nothing of the link."""
    return hmac.new(token.encode(), b"setup cookie", hashlib.sha256).hexdigest()


def origin_of(settings: Settings) -> str:
    """Where browsers find the service, as the settings say, with the base path and no slash at its end."""
    if settings.base_url:
        return settings.base_url.rstrip("/")
    host = settings.host if settings.host not in ("0.0.0.0", "::", "") else "localhost"  # nosec B104
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{settings.port}{settings.base_path.rstrip('/')}"
