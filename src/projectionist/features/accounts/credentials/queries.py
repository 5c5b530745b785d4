"""Rows of apps, recovery codes, passkeys and linked accounts, and of sign-ins and questions that wait for them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import CursorResult, delete, func, or_, select, update
from sqlalchemy.orm import Session

from projectionist.features.accounts.models import (
    IdentityRow,
    PasskeyChallengeRow,
    PasskeyRow,
    RecoveryCodeRow,
    SecondFactorRow,
    SignInStepRow,
    UserRow,
)
from projectionist.features.accounts.sessions import STEP_WITHIN, hash_of, new_token


def factor(session: Session, user_id: int) -> SecondFactorRow | None:
    """Somebody's app, confirmed or not."""
    return session.get(SecondFactorRow, user_id)


def those_with_one(session: Session, user_ids: Sequence[int]) -> frozenset[int]:
    """Of these users, those who have a second step."""
    return frozenset(
        session.scalars(
            select(SecondFactorRow.user_id).where(
                SecondFactorRow.user_id.in_(user_ids), SecondFactorRow.confirmed_at.is_not(None)
            )
        )
    )


def put_factor(session: Session, user_id: int, secret: str, now: datetime) -> None:
    """Keep the secret of an app that is not confirmed yet, in place of one that never was."""
    session.execute(delete(SecondFactorRow).where(SecondFactorRow.user_id == user_id))
    session.add(
        SecondFactorRow(user_id=user_id, secret=secret, made_at=now, confirmed_at=None, used_step=None)
    )


def use_period(session: Session, user_id: int, step: int) -> bool:
    """Use the code of a period up; False where it, or a later one, was used before."""
    result = session.execute(
        update(SecondFactorRow)
        .where(
            SecondFactorRow.user_id == user_id,
            or_(SecondFactorRow.used_step.is_(None), SecondFactorRow.used_step < step),
        )
        .values(used_step=step)
    )
    return isinstance(result, CursorResult) and result.rowcount == 1


def remove_factor(session: Session, user_id: int) -> bool:
    """Take somebody's second step off, with its recovery codes; False where there was none."""
    session.execute(delete(RecoveryCodeRow).where(RecoveryCodeRow.user_id == user_id))
    was_on = user_id in those_with_one(session, [user_id])
    session.execute(delete(SecondFactorRow).where(SecondFactorRow.user_id == user_id))
    return was_on


def put_codes(session: Session, user_id: int, hashes: Collection[str]) -> None:
    """Give somebody these recovery codes; those they had are dead."""
    session.execute(delete(RecoveryCodeRow).where(RecoveryCodeRow.user_id == user_id))
    session.add_all(RecoveryCodeRow(user_id=user_id, code_hash=one) for one in hashes)


def use_code(session: Session, user_id: int, code_hash: str) -> bool:
    """Use a recovery code up; of two who try, one gets it."""
    result = session.execute(
        delete(RecoveryCodeRow).where(
            RecoveryCodeRow.user_id == user_id, RecoveryCodeRow.code_hash == code_hash
        )
    )
    return isinstance(result, CursorResult) and result.rowcount == 1


def codes_left(session: Session, user_id: int) -> int:
    """How many recovery codes somebody has."""
    wanted = select(func.count()).select_from(RecoveryCodeRow).where(RecoveryCodeRow.user_id == user_id)
    return session.scalar(wanted) or 0


def begin_step(session: Session, user_id: int, remembered: bool, now: datetime) -> str:
    """Remember that somebody's password was right; what their browser shows until the second step is taken.

    Empty where they have no second step.
    """
    if not those_with_one(session, [user_id]):
        return ""
    shown = new_token()
    session.add(
        SignInStepRow(
            token_hash=hash_of(shown), user_id=user_id, remembered=remembered, expires_at=now + STEP_WITHIN
        )
    )
    return shown


def step(session: Session, token_hash: str, now: datetime) -> tuple[SignInStepRow, UserRow] | None:
    """A sign-in whose second step can still be taken, and whose it is."""
    found = session.execute(
        select(SignInStepRow, UserRow)
        .join(UserRow, UserRow.id == SignInStepRow.user_id)
        .where(SignInStepRow.token_hash == token_hash, SignInStepRow.expires_at > now)
    ).one_or_none()
    return None if found is None else (found[0], found[1])


def end_step(session: Session, token_hash: str) -> bool:
    """The second step is taken; False where it was already, or was ended meanwhile."""
    result = session.execute(delete(SignInStepRow).where(SignInStepRow.token_hash == token_hash))
    return isinstance(result, CursorResult) and result.rowcount == 1


def passkeys_of(session: Session, user_id: int) -> Sequence[PasskeyRow]:
    """Somebody's passkeys, the newest first."""
    return session.scalars(
        select(PasskeyRow)
        .where(PasskeyRow.user_id == user_id)
        .order_by(PasskeyRow.created_at.desc(), PasskeyRow.id.desc())
    ).all()


def count_passkeys(session: Session, user_ids: Sequence[int]) -> dict[int, int]:
    """How many passkeys each of them has."""
    rows = session.execute(
        select(PasskeyRow.user_id, func.count())
        .where(PasskeyRow.user_id.in_(user_ids))
        .group_by(PasskeyRow.user_id)
    )
    return {row[0]: row[1] for row in rows}


def passkey_for_update(session: Session, credential_id: str) -> tuple[PasskeyRow, UserRow] | None:
    """A passkey and whose it is, for a sign-in that nobody else makes with it in between."""
    found = session.execute(
        select(PasskeyRow, UserRow)
        .join(UserRow, UserRow.id == PasskeyRow.user_id)
        .where(PasskeyRow.credential_id == credential_id)
        .with_for_update()
    ).one_or_none()
    return None if found is None else (found[0], found[1])


def remove_passkey(session: Session, user_id: int, passkey_id: int) -> str | None:
    """Take one of somebody's passkeys out; its name, or None where it was not there."""
    return session.scalars(
        delete(PasskeyRow)
        .where(PasskeyRow.id == passkey_id, PasskeyRow.user_id == user_id)
        .returning(PasskeyRow.name)
        .execution_options(synchronize_session=False)
    ).one_or_none()


def identities_of(session: Session, user_id: int) -> Sequence[IdentityRow]:
    """What is linked to somebody, in the order in which it was."""
    return session.scalars(
        select(IdentityRow).where(IdentityRow.user_id == user_id).order_by(IdentityRow.id)
    ).all()


def remove_passkeys_of(session: Session, user_id: int) -> list[str]:
    """Take all of somebody's passkeys out; their names."""
    removed = delete(PasskeyRow).where(PasskeyRow.user_id == user_id).returning(PasskeyRow.name)
    return sorted(session.scalars(removed.execution_options(synchronize_session=False)))


def ask(
    session: Session, challenge_hash: str, user_id: int | None, now: datetime, expires_at: datetime
) -> None:
    """Remember a challenge, and forget those that nobody answered in time."""
    session.execute(delete(PasskeyChallengeRow).where(PasskeyChallengeRow.expires_at <= now))
    session.add(PasskeyChallengeRow(challenge_hash=challenge_hash, user_id=user_id, expires_at=expires_at))


def answer(session: Session, challenge_hash: str, user_id: int | None, now: datetime) -> bool:
    """Take a challenge as answered; False where it was not asked, was for another, is over, or was answered before."""
    whose = (
        PasskeyChallengeRow.user_id.is_(None) if user_id is None else PasskeyChallengeRow.user_id == user_id
    )
    taken = session.scalars(
        delete(PasskeyChallengeRow)
        .where(
            PasskeyChallengeRow.challenge_hash == challenge_hash, PasskeyChallengeRow.expires_at > now, whose
        )
        .returning(PasskeyChallengeRow.challenge_hash)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    return taken is not None
