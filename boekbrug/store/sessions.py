"""Who is signed in where. A session is a row, so that it can be ended; its token is kept in the browser only."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, update
from sqlmodel import Session, col, select

from boekbrug.store.tables import LoginAttemptRow, UserRow, UserSessionRow

LONGEST = timedelta(days=30)
# Logins are limited per person and browser's address, per person (a guesser with many addresses) and per address (one
# who tries many persons). Only failures count.
LOGIN_WINDOW = timedelta(minutes=15)
PER_PERSON_AND_ADDRESS, PER_PERSON, PER_ADDRESS = 5, 50, 30
_TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class UserSession:
    """A browser that is signed in."""

    id: int
    user_id: int
    created_at: datetime
    expires_at: datetime


def new_token() -> str:
    """A secret that nobody guesses."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def hash_token(token: str) -> str:
    """What is kept of a token. It is random, so a plain hash hides it."""
    return hashlib.sha256(token.encode()).hexdigest()


def start_session(session: Session, user_id: int, now: datetime, lasts: timedelta) -> str:
    """Signs the user in and returns the new session's token. Sessions that expired are forgotten."""
    token = new_token()
    session.exec(delete(UserSessionRow).where(col(UserSessionRow.expires_at) <= now))
    session.add(UserSessionRow(token_hash=hash_token(token), user_id=user_id, created_at=now, expires_at=now + lasts))
    session.flush()
    return token


def session_of(session: Session, token: str, now: datetime) -> UserSession | None:
    """The session of that token; None when it ended or expired, and when its user was disabled."""
    row = session.exec(
        select(UserSessionRow)
        .join(UserRow, col(UserRow.id) == col(UserSessionRow.user_id))
        .where(
            UserSessionRow.token_hash == hash_token(token),
            col(UserSessionRow.expires_at) > now,
            col(UserRow.disabled).is_(False),
        )
    ).one_or_none()
    if row is None:
        return None
    return UserSession(id=row.id, user_id=row.user_id, created_at=row.created_at, expires_at=row.expires_at)


def prolong(session: Session, present: UserSession, now: datetime, lasts: timedelta) -> None:
    """It is in use: it lasts that long from now, though never longer than `LONGEST` in all."""
    until = min(now + lasts, present.created_at + LONGEST)
    session.exec(update(UserSessionRow).where(col(UserSessionRow.id) == present.id).values(expires_at=until))


def end_session(session: Session, session_id: int) -> None:
    """Signs out."""
    session.exec(delete(UserSessionRow).where(col(UserSessionRow.id) == session_id))


def end_all_sessions(session: Session, user_id: int) -> None:
    """Signs the user out everywhere."""
    session.exec(delete(UserSessionRow).where(col(UserSessionRow.user_id) == user_id))


def count_login(session: Session, email: str, address: str, now: datetime) -> int | None:
    """Counts an attempt to sign in, before the password is looked at, so that many at once are counted too; its id.
    None when there were too many failures: then the password is not even looked at."""
    session.exec(delete(LoginAttemptRow).where(col(LoginAttemptRow.at) <= now - LOGIN_WINDOW))
    attempts = select(func.count()).select_from(LoginAttemptRow).where(col(LoginAttemptRow.at) > now - LOGIN_WINDOW)
    of_person = attempts.where(LoginAttemptRow.email == email)
    limits = (
        (of_person.where(LoginAttemptRow.address == address), PER_PERSON_AND_ADDRESS),
        (of_person, PER_PERSON),
        (attempts.where(LoginAttemptRow.address == address), PER_ADDRESS),
    )
    if any(session.exec(counted).one() >= limit for counted, limit in limits):
        return None
    row = LoginAttemptRow(at=now, email=email, address=address)
    session.add(row)
    session.flush()
    return row.id


def login_succeeded(session: Session, attempt_id: int) -> None:
    """It was no failure after all."""
    session.exec(delete(LoginAttemptRow).where(col(LoginAttemptRow.id) == attempt_id))
