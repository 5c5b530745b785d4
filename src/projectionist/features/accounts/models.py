"""The tables of accounts: users, how they sign in here and elsewhere, browsers, tokens, links, failures, the setup."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from projectionist.db.model import Base, BigKey

SETUP_ID = 1


class UserRow(Base):
    """A person with a password. `founder` is 1 for the one whom the setup made, null for all others.

    `email` is an address that is proven to be theirs, null where none is. `exceptions` are what they may besides
    their role, or may not in spite of it, by the permission's name.
    """

    __tablename__ = "user_account"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    folded_name: Mapped[str] = mapped_column(String(60), unique=True)
    email: Mapped[str | None] = mapped_column(String(254), default=None)
    folded_email: Mapped[str | None] = mapped_column(String(254), unique=True, default=None)
    role: Mapped[str] = mapped_column(String(20))
    exceptions: Mapped[dict[str, Any]] = mapped_column(default=dict)
    password_hash: Mapped[str] = mapped_column(String(255))
    time_zone: Mapped[str] = mapped_column(String(64), default="")
    language: Mapped[str] = mapped_column(String(20), default="")
    founder: Mapped[int | None] = mapped_column(unique=True, default=None)
    created_at: Mapped[datetime]
    password_changed_at: Mapped[datetime]


class SignInRow(Base):
    """A browser that is signed in; only a hash of what it shows is kept."""

    __tablename__ = "sign_in"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    remembered: Mapped[bool]
    address: Mapped[str] = mapped_column(String(64), default="")
    browser: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class FailureRow(Base):
    """How often in a row a password was wrong, by a hash of the account that was named and where from."""

    __tablename__ = "sign_in_failure"

    who: Mapped[str] = mapped_column(String(64), primary_key=True)
    count: Mapped[int]
    last_at: Mapped[datetime] = mapped_column(index=True)
    locked_until: Mapped[datetime | None]


class KnownBrowserRow(Base):
    """A browser in which somebody has signed in before; it is no way in, only counted apart from strangers."""

    __tablename__ = "known_browser"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(
        ForeignKey("user_account.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    seen_at: Mapped[datetime]


class LinkRow(Base):
    """A link that works once: it invites into a role, lets choose a new password, or proves an e-mail address.

    `address` is where it is mailed to, which proves whose that is; empty for one that was shown to whoever made it.
    Letters know it by its number, which is never used again: a dead link's letter must not wake another. `maker_id`
    is None where no account made it: the command line did, or who has the address asked for it.
    """

    __tablename__ = "account_link"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    purpose: Mapped[str] = mapped_column(String(12))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), index=True)
    role: Mapped[str] = mapped_column(String(20), default="")
    note: Mapped[str] = mapped_column(String(100), default="")
    address: Mapped[str] = mapped_column(String(254), default="")
    made_by: Mapped[str] = mapped_column(String(30), default="")
    maker_id: Mapped[int | None] = mapped_column(
        ForeignKey("user_account.id", ondelete="CASCADE"), index=True
    )
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class TokenRow(Base):
    """What a program shows to act for somebody; only a hash of it is kept."""

    __tablename__ = "api_token"
    __table_args__ = (UniqueConstraint("user_id", "name"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(60))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[Any]] = mapped_column(default=list)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


class SecondFactorRow(Base):
    """Somebody's authenticator app: its secret, sealed; none until a code of it confirmed that it holds it too.

    `used_step` numbers the period of the last code that was used, so that none is used twice.
    """

    __tablename__ = "second_factor"

    user_id: Mapped[int] = mapped_column(
        BigKey, ForeignKey("user_account.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    secret: Mapped[str] = mapped_column(String(255))
    made_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    used_step: Mapped[int | None] = mapped_column(BigInteger)


class RecoveryCodeRow(Base):
    """A code that lets somebody take the second step without their app, once; only a hash of it is kept."""

    __tablename__ = "recovery_code"

    user_id: Mapped[int] = mapped_column(
        BigKey, ForeignKey("user_account.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)


class SignInStepRow(Base):
    """A sign-in between its two steps: the password was right, by a hash of what the browser shows meanwhile."""

    __tablename__ = "sign_in_step"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), index=True)
    remembered: Mapped[bool]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class PasskeyRow(Base):
    """A passkey: the key in base64url as SubjectPublicKeyInfo, and how often the authenticator says it was used."""

    __tablename__ = "passkey"
    __table_args__ = (UniqueConstraint("user_id", "name"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(60))
    credential_id: Mapped[str] = mapped_column(String(1400), unique=True)
    public_key: Mapped[str] = mapped_column(String(2000))
    algorithm: Mapped[int]
    count: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class PasskeyChallengeRow(Base):
    """What a passkey is asked to sign, by its hash: for somebody's new one, or for nobody known yet to sign in."""

    __tablename__ = "passkey_challenge"

    challenge_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), index=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class SetupRow(Base):
    """The setup: hashes of its link and of the cookie it was exchanged for, and what was chosen so far."""

    __tablename__ = "setup"
    __table_args__ = (CheckConstraint(f"id = {SETUP_ID}", name="single"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    link_hash: Mapped[str | None] = mapped_column(String(64))
    cookie_hash: Mapped[str | None] = mapped_column(String(64))
    founded_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    choices: Mapped[dict[str, Any]] = mapped_column(default=dict)


class IdentityRow(Base):
    """Who somebody of this house is to another service: `subject` names them there, for ever; `name` may change.

    `issuer` is the service, so that the same number elsewhere is somebody else.
    """

    __tablename__ = "identity"
    __table_args__ = (UniqueConstraint("kind", "issuer", "subject"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    issuer: Mapped[str] = mapped_column(String(255))
    subject: Mapped[str] = mapped_column(String(255))
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(100), default="")
    linked_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class HandshakeRow(Base):
    """Something that a browser began at another service; `user_id` is who wants to link what comes of it, if anybody.

    Only a hash of what the browser shows is kept, and `sealed` is what the service was told, which no browser sees.
    """

    __tablename__ = "handshake"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), index=True)
    sealed: Mapped[str] = mapped_column(Text)
    remember: Mapped[bool]
    wanted: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    looked_at: Mapped[datetime | None]
