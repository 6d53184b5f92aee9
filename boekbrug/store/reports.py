"""Lists and counts of documents for people: filtered, sorted, page by page, however many there are.

No page counts or sorts what it does not show. A page is a walk along an index from where the page before ended; only
where few documents can be meant (those with a piece of text in them, or in a status that few have) are they gathered
first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import sqlalchemy
from sqlalchemy import ColumnElement, func, literal, tuple_
from sqlalchemy.orm import Mapped
from sqlmodel import Session, col, select
from sqlmodel.sql.sqltypes import UTCDateTime

from boekbrug.domain.documents import DocumentKind
from boekbrug.domain.records import SyncRecord, SyncStatus
from boekbrug.store.database import Database
from boekbrug.store.records import by_ids
from boekbrug.store.rows import in_chunks, unindexed
from boekbrug.store.searching import matching
from boekbrug.store.tables import RecordRow

FEW = 2000
"""How many documents are gathered at most; of more, the latest."""


_BOOKED = (SyncStatus.POSTED, SyncStatus.VERIFIED, SyncStatus.MISMATCH)


class DateKind(StrEnum):
    """The day that a report goes by."""

    ORDERED = "ordered"
    POSTED = "posted"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFilter:
    """Which documents, in which order. `since` (included) and `until` (not included) bound the moment of `by`; `text`
    is words that are all in its number, its number in the books, or the customer's names or e-mail address."""

    by: DateKind = DateKind.ORDERED
    newest_first: bool = True
    since: datetime | None = None
    until: datetime | None = None
    statuses: frozenset[SyncStatus] = frozenset(SyncStatus)
    kinds: frozenset[DocumentKind] = frozenset(DocumentKind)
    route_id: int | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended: at this document. `moment` None: it has no such moment; those come last."""

    moment: datetime | None
    record_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPage:
    """A page of documents. `next` is where the next one begins, None on the last page; `is_partial` when more documents
    were meant than can be gathered, so that the oldest are not among them."""

    records: list[SyncRecord] = field(default_factory=list)
    next: Place | None = None
    is_partial: bool = False


def report_page(
    session: Session, tenant_id: int, wanted: ReportFilter, *, after: Place | None = None, limit: int = 50
) -> ReportPage:
    """The page of documents that follows `after`."""
    gathered = _gathered(session, tenant_id, wanted)
    if gathered is None:
        places, is_partial = _walk(session, tenant_id, wanted, after, limit + 1), False
    else:
        ids, is_partial = gathered
        places = _sorted(session, tenant_id, wanted, ids, after)[: limit + 1]
    shown = places[:limit]
    found = {record.id: record for record in by_ids(session, tenant_id, [place.record_id for place in shown])}
    return ReportPage(
        records=[found[place.record_id] for place in shown],
        next=shown[-1] if len(places) > limit else None,
        is_partial=is_partial,
    )


def report(database: Database, tenant_id: int, wanted: ReportFilter, *, page: int = 500) -> Iterator[SyncRecord]:
    """All documents of a report, one page in memory at a time."""
    after: Place | None = None
    while True:
        with database.read() as session:
            found = report_page(session, tenant_id, wanted, after=after, limit=page)
        yield from found.records
        if found.next is None:
            return
        after = found.next


def posted_counts(
    session: Session, tenant_id: int, since: datetime, until: datetime, *, route_id: int | None = None
) -> dict[SyncStatus, int]:
    """How many documents were booked from `since` until (not including) `until`, on all routes or one, by where they
    are now."""
    # Each counted on its own: grouped, they would be sorted first, which takes three times as long.
    counts = [func.count().filter(col(RecordRow.status) == status.value) for status in _BOOKED]
    counted = sqlalchemy.select(*counts).where(
        col(RecordRow.tenant_id) == tenant_id, col(RecordRow.posted_at) >= since, col(RecordRow.posted_at) < until
    )
    if route_id is not None:
        counted = counted.where(unindexed(RecordRow.route_id) == route_id)
    return dict(zip(_BOOKED, session.connection().execute(counted).one(), strict=True))


def _gathered(session: Session, tenant_id: int, wanted: ReportFilter) -> tuple[list[int], bool] | None:
    """The documents that can be meant, when those are few; and whether there were more than can be gathered."""
    if wanted.text:
        return _containing(session, tenant_id, wanted.text)
    if wanted.statuses == frozenset(SyncStatus):
        return None
    ids: list[int] = []
    for status in wanted.statuses:
        statement = select(RecordRow.id).where(RecordRow.tenant_id == tenant_id, RecordRow.status == status.value)
        ids += session.exec(statement.limit(FEW + 1 - len(ids))).all()
        if len(ids) > FEW:
            return None
    return ids, False


def _containing(session: Session, tenant_id: int, text: str) -> tuple[list[int], bool]:
    """The latest documents that have the text in them; whether there are more of them."""
    mine = select(RecordRow.id).where(RecordRow.tenant_id == tenant_id, *matching(text))
    ids = session.exec(mine.order_by(col(RecordRow.id).desc()).limit(FEW + 1)).all()
    return list(ids[:FEW]), len(ids) > FEW


def _walk(session: Session, tenant_id: int, wanted: ReportFilter, after: Place | None, limit: int) -> list[Place]:
    """Along the index of moments; then the documents that have no such moment, by their ids."""
    moment, record_id = _moment(wanted), col(RecordRow.id)
    statement = select(moment, record_id).where(RecordRow.tenant_id == tenant_id, *_others(wanted))
    found: list[Place] = []
    if after is None or after.moment is not None:
        dated = statement.where(moment.is_not(None), *_period(wanted))
        if after is not None:
            here = tuple_(moment, record_id)
            there = tuple_(literal(after.moment, UTCDateTime()), literal(after.record_id))
            dated = dated.where(here < there if wanted.newest_first else here > there)
        order = (moment.desc(), record_id.desc()) if wanted.newest_first else (moment, record_id)
        found += [Place(*row) for row in session.exec(dated.order_by(*order).limit(limit))]
    if len(found) < limit and _takes_undated(wanted):
        undated = statement.where(moment.is_(None))
        if after is not None and after.moment is None:
            here_id = record_id < after.record_id if wanted.newest_first else record_id > after.record_id
            undated = undated.where(here_id)
        by_id = record_id.desc() if wanted.newest_first else record_id.asc()
        found += [Place(*row) for row in session.exec(undated.order_by(by_id).limit(limit - len(found)))]
    return found


def _sorted(
    session: Session, tenant_id: int, wanted: ReportFilter, ids: Sequence[int], after: Place | None
) -> list[Place]:
    """Those of the gathered documents that are meant, from `after` on."""
    moment = _moment(wanted)
    found: list[Place] = []
    for part in in_chunks(ids):
        rows = session.exec(
            # The number, because no index of moments has it: SQLite would rather walk through all of one than seek.
            select(moment, RecordRow.id, RecordRow.number).where(
                RecordRow.tenant_id == tenant_id, col(RecordRow.id).in_(part), *_others(wanted)
            )
        )
        found += [place for at, record_id, _ in rows if _within(wanted, place := Place(at, record_id))]
    dated = sorted((p for p in found if p.moment is not None), key=_key, reverse=wanted.newest_first)
    undated = sorted((p for p in found if p.moment is None), key=lambda p: p.record_id, reverse=wanted.newest_first)
    places = [*dated, *undated]
    return places if after is None else [p for p in places if _comes_after(wanted, p, after)]


def _key(place: Place) -> tuple[datetime, int]:
    assert place.moment is not None
    return place.moment, place.record_id


def _comes_after(wanted: ReportFilter, place: Place, after: Place) -> bool:
    if (place.moment is None) != (after.moment is None):
        return place.moment is None
    here, there = ((place.record_id,), (after.record_id,)) if place.moment is None else (_key(place), _key(after))
    return here < there if wanted.newest_first else here > there


def _within(wanted: ReportFilter, place: Place) -> bool:
    if place.moment is None:
        return _takes_undated(wanted)
    return (wanted.since is None or place.moment >= wanted.since) and (
        wanted.until is None or place.moment < wanted.until
    )


def _takes_undated(wanted: ReportFilter) -> bool:
    """What is not booked is in no report by booking day; what has no order day is in every one that names no period."""
    return wanted.by is DateKind.ORDERED and wanted.since is None and wanted.until is None


def _moment(wanted: ReportFilter) -> Mapped[datetime | None]:
    return col(RecordRow.ordered_at if wanted.by is DateKind.ORDERED else RecordRow.posted_at)


def _period(wanted: ReportFilter) -> Iterator[ColumnElement[bool]]:
    moment = _moment(wanted)
    if wanted.since is not None:
        yield moment >= wanted.since
    if wanted.until is not None:
        yield moment < wanted.until


def _others(wanted: ReportFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.statuses != frozenset(SyncStatus):
        # Many documents have it, so its index must not be chosen: that would sort them all for one page.
        yield unindexed(RecordRow.status).in_(sorted(status.value for status in wanted.statuses))
    if wanted.kinds != frozenset(DocumentKind):
        yield col(RecordRow.kind).in_(sorted(kind.value for kind in wanted.kinds))
    if wanted.route_id is not None:
        yield unindexed(RecordRow.route_id) == wanted.route_id
