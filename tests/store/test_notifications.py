"""What users want to hear of, what happened, and what was sent: announced first, and sent by one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

from pydantic import SecretStr
from sqlmodel import Session

from boekbrug.domain.notices import Channel, NoticeKind
from boekbrug.domain.records import SyncStatus
from boekbrug.store import notifications, tenants, users
from boekbrug.store.credentials import SealingKey
from boekbrug.store.database import Database
from tests.store.samples import NOW, add_record, add_tenant

KIND, CHANNEL = NoticeKind.ERRORS, Channel.MAIL


def user_id(session: Session, email: str = "jo@example.com") -> int:
    return users.add_user(session, email, language="nl", now=NOW).id


def announced(session: Session, user: int, subject: str = "today") -> int | None:
    return notifications.announce(session, user, KIND, CHANNEL, subject, told_until=NOW, now=NOW)


def test_everything_is_wanted_until_it_is_chosen(writing: Session) -> None:
    jo, kim = user_id(writing), user_id(writing, "kim@example.com")
    assert all(notifications.choices(writing, jo).values())
    for wanted in (False, True, False):
        notifications.choose(writing, jo, {(KIND, CHANNEL): wanted})
    assert [key for key, value in notifications.choices(writing, jo).items() if not value] == [(KIND, CHANNEL)]
    assert all(notifications.choices(writing, kim).values())


def test_an_address_is_sealed_replaced_and_forgotten(writing: Session) -> None:
    jo, key = user_id(writing), SealingKey(SealingKey.generate())
    for address in ("ntfys://one", "ntfys://two"):
        notifications.save_address(writing, key, jo, SecretStr(address))
    assert notifications.read_address(writing, key, jo) == SecretStr("ntfys://two")
    notifications.forget_address(writing, jo)
    assert not notifications.has_address(writing, jo)
    assert notifications.read_address(writing, key, jo) is None


def test_what_came_to_need_attention_is_counted_between_two_moments(writing: Session) -> None:
    route, other = add_tenant(writing, "mine"), add_tenant(writing, "other")
    for number in range(7):
        add_record(writing, route, str(number))
    add_record(writing, other)
    before, after = NOW - timedelta(seconds=1), NOW + timedelta(hours=1)
    found = notifications.came_to(writing, route.tenant_id, SyncStatus.PENDING, before, after)
    assert (found.total, found.count, found.numbers) == (7, 7, ("6", "5", "4", "3", "2"))
    found = notifications.came_to(writing, route.tenant_id, SyncStatus.PENDING, NOW, after)
    assert (found.total, found.count) == (7, 0)
    assert notifications.came_to(writing, route.tenant_id, SyncStatus.MISMATCH, before, after).total == 0


def test_every_pause_of_a_connection_is_an_event_of_its_own(writing: Session) -> None:
    route = add_tenant(writing)
    subjects = set()
    for hour in range(2):
        at = NOW + timedelta(hours=hour)
        tenants.pause_connection(writing, route.tenant_id, route.target.id, reason="401", now=at)
        (event,) = notifications.broken_connections(writing)
        assert (event.tenant_id, event.at, event.name) == (route.tenant_id, at, "books")
        subjects.add(event.subject)
        tenants.resume_connection(writing, route.tenant_id, route.target.id)
    assert len(subjects) == 2 and notifications.broken_connections(writing) == []


def test_what_was_announced_is_not_announced_again(writing: Session) -> None:
    jo = user_id(writing)
    first = announced(writing, jo)
    assert first is not None and announced(writing, jo) is None
    assert notifications.was_announced(writing, jo, KIND, CHANNEL, "today")
    assert notifications.told_until(writing, jo, KIND, CHANNEL) == NOW
    notifications.note_not_sent(writing, first, "no connection")
    assert not notifications.was_announced(writing, jo, KIND, CHANNEL, "today")
    assert notifications.told_until(writing, jo, KIND, CHANNEL) is None
    assert announced(writing, jo) == first
    notifications.note_sent(writing, first, NOW)
    (sent,) = notifications.recent(writing, jo)
    assert (sent.sent_at, sent.problem) == (NOW, "")


def test_of_several_who_announce_at_the_same_moment_one_does(database: Database) -> None:
    with database.write() as session:
        jo = user_id(session)
    together = Barrier(4)

    def announce(_: int) -> int | None:
        together.wait()
        with database.write() as session:
            return announced(session, jo)

    with ThreadPoolExecutor(4) as pool:
        assert sum(one is not None for one in pool.map(announce, range(4))) == 1
