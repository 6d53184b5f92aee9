"""Moving records through their life; every move is checked against `domain.records.MOVES` and written to the history.

The order that keeps documents from going over twice: `claim` and commit, write to the books, `mark_posted` and commit.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import Update, bindparam, insert, select, update
from sqlmodel import Session, col

from boekbrug.domain.documents import ExternalRef
from boekbrug.domain.findings import Finding, Level
from boekbrug.domain.records import DONE, MOVES, Lane, SyncStatus
from boekbrug.store.columns import StorableText
from boekbrug.store.rows import findings_from_json, findings_to_json, gravest_code, in_chunks
from boekbrug.store.searching import search_text
from boekbrug.store.tables import RecordEventRow, RecordRow

# Every document is moved some five times, and making these statements anew each time costs more than running them.
_MINE = (col(RecordRow.tenant_id) == bindparam("tenant"), col(RecordRow.id) == bindparam("record"))
_CLAIMING = ("status", "claimed_until", "updated_at")
_RENEWING = ("claimed_until", "updated_at")
_SETTLED = ("status", "findings", "differences", "accepted", "finding_code", "verified_at", "updated_at")
_HISTORY = insert(RecordEventRow)


@dataclass(slots=True)
class _Kept:
    """What a record's moves are decided by; the columns are those of `RecordRow`."""

    id: int
    tenant_id: int
    number: str
    status: str
    version: int
    target_system: str
    target_kind: str
    target_id: str
    claimed_until: datetime | None
    verified_at: datetime | None
    findings: str
    differences: str
    accepted: str


_KEPT = select(*(getattr(RecordRow, field.name) for field in fields(_Kept)))
_LOCKED = _KEPT.where(*_MINE).with_for_update(key_share=True)
_ALL_LOCKED = (
    _KEPT.where(
        col(RecordRow.tenant_id) == bindparam("tenant"), col(RecordRow.id).in_(bindparam("records", expanding=True))
    )
    .order_by(col(RecordRow.id))
    .with_for_update(key_share=True)
)


# What a document is looked for by grows: the books' number is put before what is there.
_FOUND_BY_MORE = bindparam("search", type_=StorableText()).concat(col(RecordRow.search))


@cache
def _changing(columns: tuple[str, ...], status: SyncStatus | None = None) -> Update:
    """The statement that changes these columns of one record; where a status is given, only as long as it is in it."""
    while_there = () if status is None else (col(RecordRow.status) == status.value,)
    values = {name: _FOUND_BY_MORE if name == "search" else bindparam(name) for name in columns}
    return update(RecordRow).where(*_MINE, *while_there).values(values)


_CLAIM = _changing(_CLAIMING, SyncStatus.PENDING)
_CLAIM_STALE = _changing(_CLAIMING, SyncStatus.IN_FLIGHT).where(col(RecordRow.claimed_until) <= bindparam("now"))
_RENEW = _changing(_RENEWING, SyncStatus.IN_FLIGHT).where(col(RecordRow.claimed_until) == bindparam("claim"))


class IllegalMove(Exception):
    """A record was to go where it cannot go from where it is: a mistake of ours, or a worker that came far too late."""


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a document's history."""

    record_id: int
    status: SyncStatus
    who: str = ""
    reason: str = ""
    findings: tuple[Finding, ...] = ()


def check_move(number: str, before: SyncStatus, after: SyncStatus) -> None:
    """Raises IllegalMove when a document cannot go from one status to the other; staying is no move."""
    if before is not after and after not in MOVES[before]:
        raise IllegalMove(f"document {number} is {before} and cannot become {after}")


def write_history(session: Session, tenant_id: int, now: datetime, steps: Iterable[Step]) -> None:
    """Adds the steps to the documents' histories."""
    rows = [
        {
            "tenant_id": tenant_id,
            "record_id": step.record_id,
            "at": now,
            "status": step.status.value,
            "who": step.who,
            "reason": step.reason,
            "codes": " ".join(f.code for f in step.findings),
        }
        for step in steps
    ]
    if rows:
        session.connection().execute(_HISTORY, rows)


def claim(session: Session, tenant_id: int, record_id: int, now: datetime, claim_seconds: float) -> datetime | None:
    """Announces the write of a pending document: it is ours until the moment returned, which is also how the claim is
    told from others. None when somebody else was first."""
    return _claim_with(_CLAIM, session, tenant_id, record_id, now, claim_seconds)


def claim_stale(
    session: Session, tenant_id: int, record_id: int, now: datetime, claim_seconds: float
) -> datetime | None:
    """Takes over a write whose claim ran out, to look it up in the books. None when somebody else was first."""
    return _claim_with(_CLAIM_STALE, session, tenant_id, record_id, now, claim_seconds)


def renew_claim(
    session: Session, tenant_id: int, record_id: int, now: datetime, claim_seconds: float, *, claim: datetime
) -> datetime | None:
    """Makes a claim last so long from now, right before the write. None when it ran out and somebody took it over:
    then nothing may be written any more."""
    until = now + timedelta(seconds=claim_seconds)
    which = {"tenant": tenant_id, "record": record_id, "claim": claim}
    renewed = session.connection().execute(_RENEW, which | {"claimed_until": until, "updated_at": now})
    return until if renewed.rowcount == 1 else None


def holds(session: Session, tenant_id: int, record_id: int, claim: datetime) -> bool:
    """True while the document is in flight under this very claim; it stays so until the transaction ends."""
    row = _locked(session, tenant_id, record_id)
    return row.status == SyncStatus.IN_FLIGHT and row.claimed_until == claim


def status_now(session: Session, tenant_id: int, record_id: int) -> SyncStatus:
    """Where the document is at this moment, and stays until the transaction ends."""
    return SyncStatus(_locked(session, tenant_id, record_id).status)


def await_outcome(session: Session, tenant_id: int, record_id: int, now: datetime, *, until: datetime) -> None:
    """The write may have landed: the document stays in flight, to be looked up in the books from `until` on."""
    row = _locked(session, tenant_id, record_id)
    if row.status != SyncStatus.IN_FLIGHT:
        raise IllegalMove(f"document {row.number} is {row.status}, not in flight")
    _change(session, row, {"claimed_until": until, "updated_at": now})


def release(
    session: Session,
    tenant_id: int,
    record_id: int,
    now: datetime,
    *,
    not_before: datetime | None = None,
    reason: str = "",
) -> None:
    """Nothing was written: back to pending, to be tried from `not_before` on. Raises IllegalMove when not in flight."""
    row = _locked(session, tenant_id, record_id)
    if row.status != SyncStatus.IN_FLIGHT:
        raise IllegalMove(f"document {row.number} is {row.status}, not in flight")
    _move(
        session, row, SyncStatus.PENDING, now, reason=reason, values={"claimed_until": None, "not_before": not_before}
    )


def mark_posted(
    session: Session,
    tenant_id: int,
    record_id: int,
    now: datetime,
    *,
    target_ref: ExternalRef,
    target_number: str,
    posted_at: datetime,
    findings: tuple[Finding, ...] = (),
    by_its_writer: bool = False,
) -> None:
    """It is in the books. Saying so again changes nothing; raises IllegalMove when it is there as another document.

    `by_its_writer`: whoever wrote it says so, also when another run looked it up before it was there and released it.
    """
    values = {
        "status": SyncStatus.POSTED.value,
        "reason": "",
        "updated_at": now,
        "target_system": target_ref.system,
        "target_kind": target_ref.kind,
        "target_id": target_ref.id,
        "target_number": target_number,
        "search": search_text([target_number]) + "\n",
        "posted_at": posted_at,
        "claimed_until": None,
        "not_before": None,
        "findings": findings_to_json(findings),
        "finding_code": gravest_code(findings),
    }
    which = {"tenant": tenant_id, "record": record_id}
    posted = Step(record_id, SyncStatus.POSTED, findings=findings)
    posting = _changing(tuple(values), SyncStatus.IN_FLIGHT)
    if session.connection().execute(posting, which | values).rowcount == 1:  # as nearly always
        write_history(session, tenant_id, now, [posted])
        return
    row = _locked(session, tenant_id, record_id)
    if SyncStatus(row.status) in DONE:
        if (row.target_system, row.target_kind, row.target_id) == (target_ref.system, target_ref.kind, target_ref.id):
            return
        raise IllegalMove(f"document {row.number} is posted as {row.target_id} and cannot be {target_ref.id} as well")
    if not (by_its_writer and row.status == SyncStatus.PENDING):
        raise IllegalMove(f"document {row.number} is {row.status} and cannot become {SyncStatus.POSTED}")
    _change(session, row, values)
    write_history(session, tenant_id, now, [Step(record_id, SyncStatus.IN_FLIGHT), posted])


def rename_target(session: Session, tenant_id: int, record_id: int, target_ref: ExternalRef, now: datetime) -> None:
    """The books name it otherwise now, by another interface of the same package. Raises IllegalMove when it is not in
    the books."""
    row = _locked(session, tenant_id, record_id)
    if SyncStatus(row.status) not in DONE:
        raise IllegalMove(f"document {row.number} is {row.status}, not in the books")
    values = {"target_system": target_ref.system, "target_kind": target_ref.kind, "target_id": target_ref.id}
    _change(session, row, values | {"updated_at": now})


def mark_needs_attention(
    session: Session,
    tenant_id: int,
    record_id: int,
    now: datetime,
    *,
    findings: tuple[Finding, ...],
    version: int,
    reason: str = "",
) -> None:
    """A person decides. `version` is the route's that it was judged under: a later one gives it another chance."""
    values = {
        "claimed_until": None,
        "not_before": None,
        "version": version,
        "findings": findings_to_json(findings),
        "finding_code": gravest_code(findings),
    }
    row = _locked(session, tenant_id, record_id)
    _move(session, row, SyncStatus.NEEDS_ATTENTION, now, reason=reason, findings=findings, values=values)


def reopen(session: Session, tenant_id: int, record_id: int, now: datetime) -> None:
    """What kept the document back is solved: it goes over. Raises IllegalMove when it did not need attention."""
    values = {"not_before": None, "findings": findings_to_json(()), "finding_code": ""}
    row = _locked(session, tenant_id, record_id)
    if row.status != SyncStatus.NEEDS_ATTENTION:  # one in flight could become pending too, while it is being written
        raise IllegalMove(f"document {row.number} is {row.status} and did not need attention")
    _move(session, row, SyncStatus.PENDING, now, reason="solved", values=values)


def mark_gone(
    session: Session, tenant_id: int, record_id: int, now: datetime, *, reason: str, version: int = 0
) -> None:
    """The source no longer has the document and it was never booked: it is skipped, until it turns up again.

    `version` is the route's under which it was looked for; what was skipped before is only noted as looked for.
    """
    row = _locked(session, tenant_id, record_id)
    if row.status == SyncStatus.SKIPPED:
        _change(session, row, {"version": max(row.version, version)})
        return
    values = {
        "version": max(row.version, version),
        "wanted": SyncStatus.SKIPPED.value,  # so that it is judged anew when it is seen again, though nothing changed
        "not_before": None,
        "findings": findings_to_json(()),
        "finding_code": "",
    }
    _move(session, row, SyncStatus.SKIPPED, now, reason=reason, values=values)


def mark_compared(
    session: Session, tenant_id: int, found: Mapping[int, tuple[Finding, ...]], now: datetime
) -> dict[int, SyncStatus]:
    """The books were compared with the shop; what was `found`, per record, replaces the findings of the comparison
    before.

    Returns of each record VERIFIED, or MISMATCH while a difference stands that no person has dealt with. Raises
    LookupError when one of them is not the tenant's, IllegalMove when one is not in the books.
    """
    statuses: dict[int, SyncStatus] = {}
    changes: list[dict[str, object]] = []
    steps: list[Step] = []
    for ids in in_chunks(found):
        for kept in session.connection().execute(_ALL_LOCKED, {"tenant": tenant_id, "records": ids}):
            row = _Kept(*kept)
            dealt_with = findings_from_json(row.accepted)
            row.differences = findings_to_json(f for f in found[row.id] if f not in dealt_with)
            statuses[row.id], values, history = _settled(row, now, compared=True)
            changes.append({"tenant": tenant_id, "record": row.id, **values})
            steps += history
    if missing := found.keys() - statuses.keys():
        raise LookupError(f"tenant {tenant_id} has no record {min(missing)}")
    if changes:
        session.connection().execute(_changing(_SETTLED), changes)
    write_history(session, tenant_id, now, steps)
    return statuses


def add_finding(session: Session, tenant_id: int, record_id: int, now: datetime, *, finding: Finding) -> bool:
    """Something was found on a document that is done; replaces an older finding of the same code.

    False, and nothing changes, when the very same stood there already or a person has dealt with it.
    """
    row = _locked(session, tenant_id, record_id)
    present = findings_from_json(row.findings)
    if finding in present or finding in findings_from_json(row.accepted):
        return False
    row.findings = findings_to_json((*(f for f in present if f.code != finding.code), finding))
    _settle(session, row, now)
    return True


def withdraw_finding(session: Session, tenant_id: int, record_id: int, now: datetime, *, code: str) -> bool:
    """What `add_finding` added is no longer so. False when there was none of that code."""
    row = _locked(session, tenant_id, record_id)
    present = findings_from_json(row.findings)
    left = tuple(f for f in present if f.code != code)
    if left == present:
        return False
    row.findings = findings_to_json(left)
    _settle(session, row, now)
    return True


def accept_differences(
    session: Session, tenant_id: int, record_id: int, now: datetime, *, who: str, reason: str
) -> None:
    """A person has dealt with all that differs: it no longer counts, also when the next comparison finds it again."""
    row = _locked(session, tenant_id, record_id)
    findings, differences = findings_from_json(row.findings), findings_from_json(row.differences)
    standing = tuple(f for f in findings + differences if f.level is Level.MISMATCH)
    row.accepted = findings_to_json(dict.fromkeys((*findings_from_json(row.accepted), *standing)))
    row.findings = findings_to_json(f for f in findings if f not in standing)
    row.differences = findings_to_json(f for f in differences if f not in standing)
    _settle(session, row, now, who=who, reason=reason)


def retry(
    session: Session,
    tenant_id: int,
    now: datetime,
    *,
    who: str,
    route_id: int | None = None,
    numbers: Collection[str] | None = None,
    record_ids: Collection[int] | None = None,
    finding_code: str = "",
    lane: Lane = Lane.RUSH,
) -> int:
    """A person wants them tried (again), at once; how many will be.

    Without `numbers` and `record_ids`: everything that needs attention, for that finding where one is named. Else those
    documents, skipped ones too; pending ones are hurried.
    """
    statement = select(col(RecordRow.id), col(RecordRow.number), col(RecordRow.status))
    statement = statement.where(col(RecordRow.tenant_id) == tenant_id)
    statement = statement.order_by(col(RecordRow.id)).with_for_update(key_share=True)
    if route_id is not None:
        statement = statement.where(col(RecordRow.route_id) == route_id)
    if finding_code:
        statement = statement.where(col(RecordRow.finding_code) == finding_code)
    if numbers is None and record_ids is None:
        needing = statement.where(col(RecordRow.status) == SyncStatus.NEEDS_ATTENTION.value)
        rows = list(session.connection().execute(needing))
    else:
        which = [s.value for s in (SyncStatus.NEEDS_ATTENTION, SyncStatus.SKIPPED, SyncStatus.PENDING)]
        statement = statement.where(col(RecordRow.status).in_(which))
        rows = []
        for ids in in_chunks(sorted({*(record_ids or ()), *_numbered(session, tenant_id, numbers or ())})):
            rows += session.connection().execute(statement.where(col(RecordRow.id).in_(ids)))
    for _, number, status in rows:
        check_move(number, SyncStatus(status), SyncStatus.PENDING)
    values = {
        "status": SyncStatus.PENDING.value,
        "lane": int(lane),
        "not_before": None,
        "skipped_by": "",
        "updated_at": now,
    }
    for some in in_chunks(record_id for record_id, _, _ in rows):
        mine = (col(RecordRow.tenant_id) == tenant_id, col(RecordRow.id).in_(some))
        session.exec(update(RecordRow).where(*mine).values(**values))
    write_history(session, tenant_id, now, [Step(record_id, SyncStatus.PENDING, who) for record_id, _, _ in rows])
    return len(rows)


def skip(session: Session, tenant_id: int, record_id: int, now: datetime, *, who: str, reason: str) -> None:
    """A person decides that it does not go over. Raises ValueError when the person or the reason is not told."""
    if not who or not reason:
        raise ValueError("a document is skipped by somebody and for a reason")
    values = {"skipped_by": who, "not_before": None}
    _move(
        session, _locked(session, tenant_id, record_id), SyncStatus.SKIPPED, now, who=who, reason=reason, values=values
    )


def _numbered(session: Session, tenant_id: int, numbers: Iterable[str]) -> Iterator[int]:
    for part in in_chunks(numbers):
        mine = (col(RecordRow.tenant_id) == tenant_id, col(RecordRow.number).in_(part))
        yield from session.connection().execute(select(col(RecordRow.id)).where(*mine)).scalars()


def _locked(session: Session, tenant_id: int, record_id: int) -> _Kept:
    found = session.connection().execute(_LOCKED, {"tenant": tenant_id, "record": record_id}).one_or_none()
    if found is None:
        raise LookupError(f"tenant {tenant_id} has no record {record_id}")
    return _Kept(*found)


def _change(session: Session, row: _Kept, values: Mapping[str, object]) -> None:
    which = {"tenant": row.tenant_id, "record": row.id}
    session.connection().execute(_changing(tuple(values)), {**which, **values})


def _claim_with(
    statement: Update, session: Session, tenant_id: int, record_id: int, now: datetime, claim_seconds: float
) -> datetime | None:
    until = now + timedelta(seconds=claim_seconds)
    which = {"tenant": tenant_id, "record": record_id, "now": now}
    values = {"status": SyncStatus.IN_FLIGHT.value, "claimed_until": until, "updated_at": now}
    if session.connection().execute(statement, which | values).rowcount != 1:
        return None
    write_history(session, tenant_id, now, [Step(record_id, SyncStatus.IN_FLIGHT)])
    return until


def _move(
    session: Session,
    row: _Kept,
    to: SyncStatus,
    now: datetime,
    *,
    who: str = "",
    reason: str = "",
    findings: tuple[Finding, ...] = (),
    values: Mapping[str, object],
) -> None:
    before = SyncStatus(row.status)
    if to not in MOVES[before]:
        raise IllegalMove(f"document {row.number} is {before} and cannot become {to}")
    _change(session, row, {"status": to.value, "reason": reason, "updated_at": now, **values})
    write_history(session, row.tenant_id, now, [Step(row.id, to, who, reason, findings)])


def _settle(session: Session, row: _Kept, now: datetime, *, who: str = "", reason: str = "") -> None:
    """Writes the findings of a document that is done, and the status that follows from them."""
    _, values, history = _settled(row, now, who=who, reason=reason)
    _change(session, row, values)
    write_history(session, row.tenant_id, now, history)


def _settled(
    row: _Kept, now: datetime, *, compared: bool = False, who: str = "", reason: str = ""
) -> tuple[SyncStatus, dict[str, object], list[Step]]:
    """What is to be written of a document that is done: its status, the columns `_SETTLED`, and what its history tells
    of it."""
    before = SyncStatus(row.status)
    if before not in DONE:
        raise IllegalMove(f"document {row.number} is {before}; only what is posted can be compared")
    findings = findings_from_json(row.findings) + findings_from_json(row.differences)
    if before is SyncStatus.POSTED and not compared:
        after: SyncStatus = before  # it is still to be compared; that decides
    else:
        after = SyncStatus.MISMATCH if any(f.level is Level.MISMATCH for f in findings) else SyncStatus.VERIFIED
    check_move(row.number, before, after)
    values: dict[str, object] = {
        "status": after.value,
        "findings": row.findings,
        "differences": row.differences,
        "accepted": row.accepted,
        "finding_code": gravest_code(findings),
        "verified_at": now if compared else row.verified_at,
        "updated_at": now,
    }
    return after, values, [Step(row.id, after, who, reason, findings)] if after is not before or who else []
