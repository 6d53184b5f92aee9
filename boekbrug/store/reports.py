"""Lists and counts of documents for people: filtered, sorted, page by page, however many there are.

No page counts or sorts what it does not show. A page is a walk along an index from where the page before ended; only
where few documents can be meant (those with a piece of text in them, or in a status that few have) are they gathered
first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
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
from boekbrug.store.rows import unindexed
from boekbrug.store.searching import matching
from boekbrug.store.tables import RecordRow

FEW = 300
"""Up to so many documents in the statuses that are meant are gathered and sorted; more of them are met soon enough on
a walk through all."""
MOST_FOUND = 2000
"""How many documents with a text in them are gathered at most; of more, the latest."""
LOOKED_THROUGH = 75_000
"""In how many of the tenant's latest documents a text is looked for, unless it is to be looked for in all: as many as
can be walked through in 50 ms."""


_BOOKED = (SyncStatus.POSTED, SyncStatus.VERIFIED, SyncStatus.MISMATCH)


class DateKind(StrEnum):
    """The day that a report goes by."""

    ORDERED = "ordered"
    POSTED = "posted"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFilter:
    """Which documents, in which order. `since` (included) and `until` (not included) bound the moment of `by`; `text`
    is words that are all in its number, its number in the books, or the customer's names or e-mail address; among the
    latest documents and the one of that very number, or, with `in_all`, among all."""

    by: DateKind = DateKind.ORDERED
    newest_first: bool = True
    since: datetime | None = None
    until: datetime | None = None
    statuses: frozenset[SyncStatus] = frozenset(SyncStatus)
    kinds: frozenset[DocumentKind] = frozenset(DocumentKind)
    route_id: int | None = None
    text: str = ""
    in_all: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended: at this document. `moment` None: it has no such moment; those come last."""

    moment: datetime | None
    record_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPage:
    """A page of documents. `next` is where the next one begins, None on the last page; `is_partial` when more documents
    were meant than can be gathered, so that the oldest are not among them; `leaves_older` when the text was not looked
    for in the tenant's older documents."""

    records: list[SyncRecord] = field(default_factory=list)
    next: Place | None = None
    is_partial: bool = False
    leaves_older: bool = False


@dataclass(frozen=True, slots=True)
class _Gathered:
    ids: Sequence[int]
    is_partial: bool = False
    leaves_older: bool = False


def report_page(
    session: Session, tenant_id: int, wanted: ReportFilter, *, after: Place | None = None, limit: int = 50
) -> ReportPage:
    """The page of documents that follows `after`."""
    gathered = _gathered(session, tenant_id, wanted)
    among = None if gathered is None else col(RecordRow.id).in_(gathered.ids)
    page = _page(session, tenant_id, wanted, after, limit, among)
    if gathered is None:
        return page
    return replace(page, is_partial=gathered.is_partial, leaves_older=gathered.leaves_older)


def report(database: Database, tenant_id: int, wanted: ReportFilter, *, page: int = 500) -> Iterator[SyncRecord]:
    """All documents of a report, one page in memory at a time; a text is looked for in every document, for whoever
    takes the report along is told of none that is missing."""
    containing = select(RecordRow.id).where(RecordRow.tenant_id == tenant_id, *matching(wanted.text))
    among = col(RecordRow.id).in_(containing) if wanted.text else None
    after: Place | None = None
    while True:
        with database.read() as session:
            found = _page(session, tenant_id, wanted, after, page, among)
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


def _gathered(session: Session, tenant_id: int, wanted: ReportFilter) -> _Gathered | None:
    """The documents that can be meant, when those are few."""
    if wanted.text:
        return _containing(session, tenant_id, wanted)
    if wanted.statuses == frozenset(SyncStatus):
        return None
    ids: list[int] = []
    for status in wanted.statuses:
        statement = select(RecordRow.id).where(RecordRow.tenant_id == tenant_id, RecordRow.status == status.value)
        if session.exec(statement.offset(FEW - len(ids)).limit(1)).first() is not None:
            return None
        ids += session.exec(statement).all()
    return _Gathered(ids)


def _containing(session: Session, tenant_id: int, wanted: ReportFilter) -> _Gathered:
    """The latest documents that have the text in them."""
    mine = select(RecordRow.id).where(RecordRow.tenant_id == tenant_id)
    newest_first = mine.order_by(col(RecordRow.id).desc())
    left = None if wanted.in_all else session.exec(newest_first.offset(LOOKED_THROUGH).limit(1)).first()
    found = newest_first.where(*matching(wanted.text)).limit(MOST_FOUND + 1)
    if left is None:
        ids = session.exec(found).all()
        return _Gathered(ids[:MOST_FOUND], is_partial=len(ids) > MOST_FOUND)
    numbered = mine.where(RecordRow.number == wanted.text.strip(), unindexed(RecordRow.id) <= left).limit(MOST_FOUND)
    ids = [*session.exec(numbered), *session.exec(found.where(col(RecordRow.id) > left))]
    return _Gathered(ids[:MOST_FOUND], is_partial=len(ids) > MOST_FOUND, leaves_older=True)


def _page(
    session: Session,
    tenant_id: int,
    wanted: ReportFilter,
    after: Place | None,
    limit: int,
    among: ColumnElement[bool] | None,
) -> ReportPage:
    places = _walk(session, tenant_id, wanted, after, limit + 1, among)
    shown = places[:limit]
    found = {record.id: record for record in by_ids(session, tenant_id, [place.record_id for place in shown])}
    return ReportPage(
        records=[found[place.record_id] for place in shown], next=shown[-1] if len(places) > limit else None
    )


def _walk(
    session: Session,
    tenant_id: int,
    wanted: ReportFilter,
    after: Place | None,
    limit: int,
    among: ColumnElement[bool] | None,
) -> list[Place]:
    """Along the index of moments, or by moment among those that were gathered; then the documents that have no such
    moment, by their ids."""
    moment, record_id = _moment(wanted), col(RecordRow.id)
    statement = select(moment, record_id).where(*_others(wanted))
    if among is None:
        statement = statement.where(RecordRow.tenant_id == tenant_id)
    else:
        # Every index but that of the ids begins with the tenant.
        statement = statement.where(unindexed(RecordRow.tenant_id) == tenant_id, among)
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
