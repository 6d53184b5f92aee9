"""Notifications: what users want to hear of, what happened, and what was sent.

A notification is announced before it is sent and noted afterwards, and what was announced is not sent again: whoever
dies in between may have sent it, and a message twice is worse than one that the dashboard shows anyway.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import InvalidTag
from pydantic import SecretStr
from sqlalchemy import ColumnElement, delete, func, update
from sqlmodel import Session, col, select

from boekbrug.domain.errors import SettingsInvalid
from boekbrug.domain.migrations import MigrationState
from boekbrug.domain.notices import Channel, NoticeKind
from boekbrug.domain.records import SyncStatus
from boekbrug.store.credentials import SealingKey
from boekbrug.store.database import ACROSS_TENANTS, insert_new
from boekbrug.store.tables import (
    ConnectionRow,
    MigrationRow,
    NotificationAddressRow,
    NotificationChoiceRow,
    NotificationRow,
    RecordRow,
)

_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One that was begun. Neither sent nor a problem: it is not known whether it arrived."""

    kind: NoticeKind
    channel: Channel
    subject: str
    claimed_at: datetime | None
    sent_at: datetime | None
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Documents of a tenant in one status: all of them, those that came to it since a moment, and a few numbers of the
    latter."""

    total: int
    count: int
    numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened once: whose, when, what tells it from others, and what it is called."""

    tenant_id: int
    at: datetime
    subject: str
    name: str


# -- what a user wants


def choices(session: Session, user_id: int) -> dict[tuple[NoticeKind, Channel], bool]:
    """What the user wants to hear of, and how; everything, for who did not choose."""
    found = {(kind, channel): True for kind in NoticeKind for channel in Channel}
    for row in session.exec(select(NotificationChoiceRow).where(NotificationChoiceRow.user_id == user_id)):
        found[NoticeKind(row.kind), Channel(row.channel)] = row.wanted
    return found


def choose(session: Session, user_id: int, wanted: Mapping[tuple[NoticeKind, Channel], bool]) -> None:
    """From now on this is what the user wants."""
    for (kind, channel), value in wanted.items():
        own = {"user_id": user_id, "kind": kind.value, "channel": channel.value}
        insert_new(session, NotificationChoiceRow, [own | {"wanted": value}])
        session.exec(
            update(NotificationChoiceRow)
            .where(
                col(NotificationChoiceRow.user_id) == user_id,
                col(NotificationChoiceRow.kind) == kind.value,
                col(NotificationChoiceRow.channel) == channel.value,
            )
            .values(wanted=value)
        )


def has_address(session: Session, user_id: int) -> bool:
    """Whether the user has a messenger's address."""
    found = session.exec(select(NotificationAddressRow.id).where(NotificationAddressRow.user_id == user_id))
    return found.one_or_none() is not None


def save_address(session: Session, key: SealingKey, user_id: int, address: SecretStr) -> None:
    """Seals and keeps the address of the user's messenger, in place of one that there was."""
    sealed: dict[str, object] = {"key_id": key.id, "sealed": key.seal(address, _bound_to(user_id))}
    insert_new(session, NotificationAddressRow, [{"user_id": user_id, **sealed}])
    session.exec(update(NotificationAddressRow).where(col(NotificationAddressRow.user_id) == user_id).values(**sealed))


def forget_address(session: Session, user_id: int) -> None:
    """The user has no messenger's address any more."""
    session.exec(delete(NotificationAddressRow).where(col(NotificationAddressRow.user_id) == user_id))


def read_address(session: Session, key: SealingKey, user_id: int) -> SecretStr | None:
    """The address of the user's messenger. Raises SettingsInvalid when it does not open with this key."""
    row = session.exec(
        select(NotificationAddressRow)
        .where(NotificationAddressRow.user_id == user_id)
        .execution_options(populate_existing=True)
    ).one_or_none()
    return None if row is None else _opened(row, key)


def reseal(session: Session, old: SealingKey, new: SealingKey) -> int:
    """Seals every user's address anew; how many. Those that the new key sealed already are left alone.

    Raises SettingsInvalid, so that nothing is changed, when one opens with neither key.
    """
    rows = session.exec(
        select(NotificationAddressRow)
        .where(NotificationAddressRow.key_id != new.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    for row in rows:
        session.exec(
            update(NotificationAddressRow)
            .where(col(NotificationAddressRow.id) == row.id)
            .values(key_id=new.id, sealed=new.seal(_opened(row, old), _bound_to(row.user_id)))
        )
    return len(rows)


def _opened(row: NotificationAddressRow, key: SealingKey) -> SecretStr:
    try:
        return key.open(row.sealed, _bound_to(row.user_id))
    except InvalidTag:
        raise SettingsInvalid(f"the messenger's address of user {row.user_id} does not open with this key") from None


# -- what happened


def came_to(session: Session, tenant_id: int, status: SyncStatus, since: datetime, until: datetime) -> Standing:
    """Documents of the tenant in that status, and which of them came to it, or changed in it, after
    `since` and not after `until`."""
    here = (RecordRow.tenant_id == tenant_id, RecordRow.status == status.value)
    total = session.exec(select(func.count()).select_from(RecordRow).where(*here)).one()
    if not total:
        return Standing(total=0, count=0, numbers=())
    new = (*here, col(RecordRow.updated_at) > since, col(RecordRow.updated_at) <= until)
    numbers = session.exec(select(RecordRow.number).where(*new).order_by(col(RecordRow.id).desc()).limit(_NAMED)).all()
    count = session.exec(select(func.count()).select_from(RecordRow).where(*new)).one() if numbers else 0
    return Standing(total=total, count=count, numbers=tuple(numbers))


def broken_connections(session: Session) -> list[Event]:
    """Every tenant's connections that are paused; each pause has a name of its own."""
    rows = session.exec(
        select(ConnectionRow.tenant_id, ConnectionRow.since, ConnectionRow.id, ConnectionRow.slug)
        .where(
            col(ConnectionRow.removed).is_(False),
            col(ConnectionRow.broken).is_(True),
            col(ConnectionRow.since).is_not(None),
        )
        .execution_options(**ACROSS_TENANTS)
    )
    return [Event(tenant, at, f"connection {id_} {at.isoformat()}", slug) for tenant, at, id_, slug in rows if at]


def migrations_completed(session: Session, since: datetime) -> list[Event]:
    """Every tenant's migrations that were completed after `since`."""
    rows = session.exec(
        select(MigrationRow)
        .where(MigrationRow.state == MigrationState.COMPLETED.value, col(MigrationRow.ended_at) > since)
        .order_by(col(MigrationRow.id))
        .execution_options(populate_existing=True, **ACROSS_TENANTS)
    )
    return [
        Event(row.tenant_id, row.ended_at, f"migration {row.id}", f"{row.first_on} – {row.last_on}")
        for row in rows
        if row.ended_at
    ]


# -- what was sent


def told_until(session: Session, user_id: int, kind: NoticeKind, channel: Channel) -> datetime | None:
    """The moment up to which the user was told of that kind, over that channel; None: never yet."""
    return session.exec(
        select(func.max(NotificationRow.told_until)).where(
            *_of(user_id, kind, channel), col(NotificationRow.claimed_at).is_not(None)
        )
    ).one()


def was_announced(session: Session, user_id: int, kind: NoticeKind, channel: Channel, subject: str) -> bool:
    """True when it was sent, or may have been."""
    found = session.exec(
        select(NotificationRow.id).where(
            *_of(user_id, kind, channel),
            NotificationRow.subject == subject,
            col(NotificationRow.claimed_at).is_not(None),
        )
    )
    return found.one_or_none() is not None


def announce(
    session: Session,
    user_id: int,
    kind: NoticeKind,
    channel: Channel,
    subject: str,
    *,
    told_until: datetime,
    now: datetime,
) -> int | None:
    """Announces that it is about to be sent and returns its id; None when somebody else did. Commit before sending."""
    own = {"user_id": user_id, "kind": kind.value, "channel": channel.value, "subject": subject}
    insert_new(session, NotificationRow, [own | {"told_until": told_until, "problem": ""}])
    which = (*_of(user_id, kind, channel), col(NotificationRow.subject) == subject)
    claimed = session.exec(
        update(NotificationRow)
        .where(*which, col(NotificationRow.claimed_at).is_(None))
        .values(claimed_at=now, told_until=told_until, problem="")
    )
    if claimed.rowcount != 1:
        return None
    return session.exec(select(NotificationRow.id).where(*which)).one()


def note_sent(session: Session, notification_id: int, now: datetime) -> None:
    """It went."""
    session.exec(update(NotificationRow).where(col(NotificationRow.id) == notification_id).values(sent_at=now))


def note_not_sent(session: Session, notification_id: int, problem: str) -> None:
    """It certainly did not go; the next time it is tried again."""
    session.exec(
        update(NotificationRow)
        .where(col(NotificationRow.id) == notification_id)
        .values(claimed_at=None, problem=problem)
    )


def recent(session: Session, user_id: int, limit: int = 20) -> list[Notification]:
    """The user's latest notifications, the newest first."""
    rows: Iterable[NotificationRow] = session.exec(
        select(NotificationRow)
        .where(NotificationRow.user_id == user_id)
        .order_by(col(NotificationRow.id).desc())
        .limit(limit)
        .execution_options(populate_existing=True)
    )
    return [
        Notification(
            kind=NoticeKind(row.kind),
            channel=Channel(row.channel),
            subject=row.subject,
            claimed_at=row.claimed_at,
            sent_at=row.sent_at,
            problem=row.problem,
        )
        for row in rows
    ]


def _of(user_id: int, kind: NoticeKind, channel: Channel) -> tuple[ColumnElement[bool], ...]:
    return (
        col(NotificationRow.user_id) == user_id,
        col(NotificationRow.kind) == kind.value,
        col(NotificationRow.channel) == channel.value,
    )


def _bound_to(user_id: int) -> bytes:
    return f"user/{user_id}/messenger".encode()
