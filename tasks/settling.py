"""Settling: what became of writes whose outcome is not known. The books are asked for our reference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from boekbrug.domain.documents import ExternalRef, PostedDocument
from boekbrug.domain.findings import finding
from boekbrug.domain.records import SyncRecord
from boekbrug.store import moves, records
from tasks.route_work import RouteWork, due_batch

# Documents booked so recently are compared with what is waiting before the first write of a run: a store that was
# restored from a backup does not know them any more.
RECENT = timedelta(days=7)
PAGE = 100


@dataclass(slots=True)
class SettleResult:
    """How many were found in the books, and how many were not there and are pending again."""

    adopted: int = 0
    released: int = 0
    doubtful: int = 0


class Found(Protocol):
    """A document of the books that carries our reference, as far as adopting it goes."""

    @property
    def target_ref(self) -> ExternalRef:
        """What it is in the books."""
        ...

    @property
    def number(self) -> str:
        """Its number, for people."""
        ...


def settle_and_adopt(work: RouteWork) -> SettleResult:
    """Clears up unknown outcomes, and recognises documents that are waiting here but stand in the books already."""
    result = SettleResult()
    _settle(work, result)
    _adopt_recent(work, result)
    return result


def _settle(work: RouteWork, result: SettleResult) -> None:
    """Looks up every record in flight whose claim has run out: adopts what is there, releases what is not."""
    for record in _stale(work, work.now()):
        with work.runtime.database.write() as session:
            claim = moves.claim_stale(session, work.tenant.id, record.id, work.now(), work.lease_seconds)
            begun_at = records.in_flight_since(session, work.tenant.id, record.id) or record.updated_at
        if claim is not None:
            # A day before: the books' calendar may be in another time zone.
            found = work.writer.look_up(record, begun_at.date() - timedelta(days=1))
            adopt_or_release(work, record, claim, found, result)


def _stale(work: RouteWork, now: datetime) -> Iterator[SyncRecord]:
    """Page by page. Whoever takes one over claims it anew, to a later moment than `now`: it is on no later page, also
    when it takes long and its outcome stays unknown."""
    while True:
        with work.runtime.database.read() as session:
            page = records.stale_in_flight(session, work.tenant.id, work.route.id, now, PAGE)
        if not page:
            return
        yield from page


def _adopt_recent(work: RouteWork, result: SettleResult) -> None:
    if not due_batch(work):
        return
    since = work.now().astimezone(work.zone).date() - RECENT
    booked: dict[str, list[PostedDocument]] = {}
    for document in work.writer.recently_booked(since):
        if document.our_reference:
            booked.setdefault(document.our_reference, []).append(document)
    with work.runtime.database.read() as session:
        waiting = records.pending_with_references(session, work.tenant.id, work.route.id, booked)
    for record in waiting:
        with work.runtime.database.write() as session:
            claim = moves.claim(session, work.tenant.id, record.id, work.now(), work.lease_seconds)
        if claim is not None:
            adopt_or_release(work, record, claim, booked[record.our_reference], result)


def adopt_or_release(
    work: RouteWork,
    record: SyncRecord,
    claim: datetime,
    found: Sequence[Found],
    result: SettleResult,
    *,
    posted_at: datetime | None = None,
) -> None:
    """Moves a record that `claim` makes ours by what the books hold under its reference: one, none, several."""
    now = work.now()
    with work.runtime.database.write() as session:
        if not moves.holds(session, work.tenant.id, record.id, claim):
            return  # asking took longer than the claim, and another run decides now
        if not found:
            moves.release(session, work.tenant.id, record.id, now, reason="not in the books after an unknown outcome")
            result.released += 1
        elif len(found) == 1:
            moves.mark_posted(
                session,
                work.tenant.id,
                record.id,
                now,
                target_ref=found[0].target_ref,
                target_number=found[0].number,
                posted_at=posted_at or now,
                findings=record.findings,
            )
            result.adopted += 1
        else:
            numbers = ", ".join(document.number for document in found)
            doubtful = finding("REFERENCE_TAKEN", count=len(found), reference=record.our_reference, numbers=numbers)
            moves.mark_needs_attention(
                session, work.tenant.id, record.id, now, findings=(doubtful,), version=work.route.version
            )
            result.doubtful += 1
