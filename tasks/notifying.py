"""Telling users what happened: which of them, of what, and never twice.

A message is announced in the store, sent, and noted. Whoever dies between sending and noting may have sent it, so it is
not sent again; what certainly did not go is tried again by the next run.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from pydantic import SecretStr
from sqlmodel import Session

from boekbrug.domain.errors import SettingsInvalid
from boekbrug.domain.notices import AT_ONCE, Channel, Happening, Message, NoticeKind, message
from boekbrug.domain.records import SyncStatus
from boekbrug.store import notifications, users
from boekbrug.store.notifications import Event
from boekbrug.store.users import Membership, User
from tasks.runtime import Runtime

_log = logging.getLogger(__name__)
FIRST_LOOKS_BACK = timedelta(days=1)
"""What happened before is no news to a user who was never told of anything."""
TRIED_FOR = timedelta(days=1)
"""So long something that is told at once is tried, when it cannot be sent."""
SETTLED_AFTER = timedelta(minutes=1)
"""What happened later than that ago is left to the next message: it may not all be committed yet."""
_STATUS = {NoticeKind.ERRORS: SyncStatus.NEEDS_ATTENTION, NoticeKind.MISMATCH: SyncStatus.MISMATCH}
_PATH = {NoticeKind.ERRORS: "/errors", NoticeKind.MISMATCH: "/errors", NoticeKind.MIGRATION: "/migrations"}
_NAMED = 5


class NotSentError(Exception):
    """It certainly did not go; the sentence says why, without secrets."""


class Sender(Protocol):
    """Sends over one channel."""

    def __call__(self, to: SecretStr, sent: Message, message_id: str) -> None:
        """Sends it; the same `message_id` is the same message. Raises NotSentError when it certainly did not go;
        OSError when nobody knows."""
        ...


@dataclass(slots=True)
class NotifyResult:
    """What a run of it did. `unknown`: begun, and nobody knows whether it arrived."""

    sent: int = 0
    failed: int = 0
    unknown: int = 0

    def __str__(self) -> str:
        parts = [f"{self.sent} sent"]
        parts += [f"{self.failed} not sent, tried again"] if self.failed else []
        parts += [f"{self.unknown} perhaps not sent"] if self.unknown else []
        return ", ".join(parts)


@dataclass(slots=True)
class _News:
    """What there is to tell now, of each tenant: read once for all users."""

    runtime: Runtime
    now: datetime
    broken: Sequence[Event] = field(init=False)
    completed: Sequence[Event] = field(init=False)

    def __post_init__(self) -> None:
        with self.runtime.database.read() as session:
            self.broken = notifications.broken_connections(session)
            self.completed = notifications.migrations_completed(session, self.now - timedelta(days=7))

    @property
    def until(self) -> datetime:
        """The moment up to which is told what is gathered."""
        return self.now - SETTLED_AFTER

    def of(self, kind: NoticeKind, member: Membership, since: datetime) -> tuple[list[str], Happening] | None:
        """What happened in one administration, and what tells these things from others; None when nothing did."""
        tenant = member.tenant
        address = f"{self.runtime.settings.public_url}/t/{tenant.slug}{_PATH.get(kind, '')}"
        if kind in _STATUS:
            with self.runtime.database.read() as session:
                here = notifications.came_to(session, tenant.id, _STATUS[kind], since, self.until)
            names, count, total, subjects = here.numbers, here.count, here.total, []
        else:
            events = self.broken if kind is NoticeKind.BROKEN else self.completed
            until = self.now if kind in AT_ONCE else self.until
            mine = [event for event in events if event.tenant_id == tenant.id and since < event.at <= until]
            names, count, total = tuple(event.name for event in mine[:_NAMED]), len(mine), len(mine)
            subjects = [event.subject for event in mine]
        if not count:
            return None
        return subjects, Happening(tenant=tenant.name, address=address, count=count, names=names, total=total)


def notify_users(runtime: Runtime, senders: Mapping[Channel, Sender]) -> NotifyResult:
    """Sends every user what is due now, over the channels that there are."""
    now = runtime.clock.now()
    news, result = _News(runtime, now), NotifyResult()
    with runtime.database.read() as session:
        readers = [(user, members) for user, members in users.list_users(session) if _reads(user, members)]
    for user, members in readers:
        for channel, to in _addresses(runtime, user, senders):
            with runtime.database.read() as session:
                wanted = notifications.choices(session, user.id)
            for kind in NoticeKind:
                if wanted[kind, channel]:
                    _tell(runtime, news, user, members, kind, channel, to, senders[channel], result)
    return result


def _reads(user: User, members: Sequence[Membership]) -> bool:
    return bool(members) and user.has_password and not user.is_disabled


def _addresses(runtime: Runtime, user: User, senders: Mapping[Channel, Sender]) -> Iterator[tuple[Channel, SecretStr]]:
    if Channel.MAIL in senders:
        yield Channel.MAIL, SecretStr(user.email)
    if Channel.OTHER in senders:
        try:
            with runtime.database.read() as session:
                address = notifications.read_address(session, runtime.sealing_key, user.id)
        except SettingsInvalid as problem:
            _log.warning("%s; it has to be entered again", problem.message)  # theirs alone: others are told
            return
        if address is not None:
            yield Channel.OTHER, address


def _tell(
    runtime: Runtime,
    news: _News,
    user: User,
    members: Sequence[Membership],
    kind: NoticeKind,
    channel: Channel,
    to: SecretStr,
    send: Sender,
    result: NotifyResult,
) -> None:
    local = news.now.astimezone(ZoneInfo(members[0].tenant.time_zone))
    day = local.date().isoformat()
    with runtime.database.read() as session:
        if kind in AT_ONCE:
            since = news.now - TRIED_FOR
        elif local.hour < runtime.settings.notify_hour or notifications.was_announced(
            session, user.id, kind, channel, day
        ):
            return
        else:
            told = notifications.told_until(session, user.id, kind, channel)
            since = told or news.now - FIRST_LOOKS_BACK
    found = [one for member in members if (one := news.of(kind, member, since)) is not None]
    if not found:
        return

    def announced(session: Session, subject: str) -> int | None:
        return notifications.announce(session, user.id, kind, channel, subject, told_until=news.until, now=news.now)

    ids: list[int] = []
    happenings: list[Happening] = []
    with runtime.database.write() as session:
        if kind in AT_ONCE:
            for subjects, happening in found:
                new = [announced(session, one) for one in subjects]
                ids += [one for one in new if one is not None]
                happenings += [happening] if any(one is not None for one in new) else []
        else:
            digest = announced(session, day)
            ids += [digest] if digest is not None else []
            happenings = [happening for _, happening in found]
    if not ids:
        return
    choices = f"{runtime.settings.public_url}/notifications"
    _send(runtime, ids, lambda: send(to, message(kind, happenings, user.language, choices), _message_id(ids)), result)


def _send(runtime: Runtime, ids: Sequence[int], send: Callable[[], None], result: NotifyResult) -> None:
    """Sends what was announced under these ids, and notes how that went."""
    try:
        send()
    except NotSentError as problem:
        result.failed += 1
        with runtime.database.write() as session:
            for one in ids:
                notifications.note_not_sent(session, one, str(problem))
    except OSError:  # the line broke in the middle: it stays announced
        result.unknown += 1
    else:
        result.sent += 1
        with runtime.database.write() as session:
            for one in ids:
                notifications.note_sent(session, one, runtime.clock.now())


def _message_id(ids: Sequence[int]) -> str:
    """The same for the same message, so that a mail server can tell, too."""
    return hashlib.sha256(f"notification {min(ids)} of {len(ids)}".encode()).hexdigest()[:32]
