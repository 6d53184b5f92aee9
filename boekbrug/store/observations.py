"""What was seen in the source becomes records, or changes them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, bindparam, update
from sqlmodel import Session, col, select

from boekbrug.domain.documents import DocumentKind, ExternalRef
from boekbrug.domain.findings import Finding
from boekbrug.domain.money import Money
from boekbrug.domain.records import DONE, Lane, SyncRecord, SyncStatus
from boekbrug.store.database import insert_new
from boekbrug.store.moves import Step, check_move, write_history
from boekbrug.store.rows import findings_to_json, gravest_code, in_chunks, record_from, sequence_of, unindexed
from boekbrug.store.searching import search_text
from boekbrug.store.tables import RecordRow, RouteRow

_WANTED = frozenset({SyncStatus.HELD, SyncStatus.PENDING, SyncStatus.SKIPPED, SyncStatus.NEEDS_ATTENTION})


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """A document as it was just seen in the source, and where its status there says that it should be.

    `wanted` is held, pending, skipped or needs_attention (ValueError for another). `our_reference` is kept from the
    first observation on: the document may have been written under it. `gross` is for lists and sums and kept to the
    cent; the exact amount is in the snapshot. `known_by` is what people look for it by besides its numbers: the
    customer's names and e-mail address.
    """

    source_ref: ExternalRef
    number: str
    kind: DocumentKind
    wanted: SyncStatus
    source_status: str
    fingerprint: str
    snapshot: str
    customer_key: str
    our_reference: str
    ordered_at: datetime | None
    gross: Money | None
    known_by: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    reason: str = ""
    lane: Lane = Lane.DAILY

    def __post_init__(self) -> None:
        if self.wanted not in _WANTED:
            raise ValueError(f"nothing in the source makes document {self.number} {self.wanted}")


class Seen(StrEnum):
    """What became of an observation."""

    NEW = "new"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    IN_FLIGHT = "in_flight"  # being written at this moment, so left alone
    CHANGED = "changed"  # done before, and the document differs from what was posted
    WITHDRAWN = "withdrawn"  # done before, and by its status or the route's policy it should no longer go over


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What became of one observation, and the status that the record has now."""

    source_ref: ExternalRef
    record_id: int
    outcome: Seen
    status: SyncStatus


def observe(
    session: Session, tenant_id: int, route_id: int, seen: Sequence[Observation], now: datetime, *, version: int
) -> list[Observed]:
    """Keeps what was seen; one outcome per observation, in their order. The last one counts where a document was seen
    twice. `version` is the route's version that `wanted` was judged by.

    A new document gets the status that is wanted. One that is not done gets it when the document, the wanted status or
    the route's version changed since it was last judged, except that what a person skipped stays skipped. What is being
    written or done is left as it is: its fingerprint stays that of the document as it was posted.

    Raises LookupError when the tenant has no such route.
    """
    lock = select(RouteRow.id).where(RouteRow.tenant_id == tenant_id, RouteRow.id == route_id)
    if session.exec(lock.with_for_update(key_share=True)).one_or_none() is None:
        raise LookupError(f"tenant {tenant_id} has no route {route_id}")
    latest = {observation.source_ref: observation for observation in seen}
    known = _rows_by_ref(session, tenant_id, route_id, latest)
    added = [observation for ref, observation in latest.items() if ref not in known]
    if added:
        insert_new(session, RecordRow, [_new_row(tenant_id, route_id, o, version, now) for o in added])
    present = known | _rows_by_ref(session, tenant_id, route_id, (o.source_ref for o in added))

    outcomes: dict[ExternalRef, Observed] = {}
    changes: list[dict[str, object]] = []
    status_only: list[dict[str, object]] = []
    history: list[Step] = []
    for ref, observation in latest.items():
        row = present[ref]
        before = SyncStatus(row.status)
        outcome, after = (Seen.NEW, before) if ref not in known else _judge(row, observation, version)
        outcomes[ref] = Observed(source_ref=ref, record_id=row.id, outcome=outcome, status=after)
        if outcome is Seen.UPDATED:
            check_move(row.number, before, after)
            changes.append(_changed_row(row, observation, after, version, now))
        elif before in DONE and row.source_status != observation.source_status:
            status_only.append({"record": row.id, "tenant": tenant_id, "source_status": observation.source_status})
        if outcome is Seen.NEW or before is not after:
            history.append(Step(row.id, after, reason=observation.reason, findings=observation.findings))
    _update(session, changes)
    _update(session, status_only)
    write_history(session, tenant_id, now, history)
    return [outcomes[observation.source_ref] for observation in seen]


def foresee(
    session: Session, tenant_id: int, route_id: int, seen: Collection[Observation], *, version: int
) -> dict[ExternalRef, tuple[SyncStatus, SyncRecord | None]]:
    """The status that `observe` would leave each document in, and the record that it has now. Changes nothing."""
    known = _rows_by_ref(session, tenant_id, route_id, (o.source_ref for o in seen), lock=False)
    return {
        o.source_ref: (_judge(row, o, version)[1], record_from(row))
        if (row := known.get(o.source_ref)) is not None
        else (o.wanted, None)
        for o in seen
    }


def reopen_after_change(session: Session, tenant_id: int, route_id: int, now: datetime) -> int:
    """Gives what needs attention another chance under the route's present rules and policy: records judged under an
    older version go back to what their status in the source wants. How many did; those that could not be read stay."""
    version = session.exec(
        select(RouteRow.version).where(RouteRow.tenant_id == tenant_id, RouteRow.id == route_id)
    ).one()
    outdated = session.exec(
        select(RecordRow.id, RecordRow.number, RecordRow.wanted)
        .where(
            RecordRow.tenant_id == tenant_id,
            RecordRow.route_id == route_id,
            RecordRow.status == SyncStatus.NEEDS_ATTENTION.value,
            RecordRow.wanted != SyncStatus.NEEDS_ATTENTION.value,
            RecordRow.version < version,
        )
        .order_by(col(RecordRow.id))
        .with_for_update(key_share=True)
    ).all()
    changes: list[dict[str, object]] = []
    steps: list[Step] = []
    for record_id, number, wanted in outdated:
        check_move(number, SyncStatus.NEEDS_ATTENTION, SyncStatus(wanted))
        changes.append(
            {"record": record_id, "tenant": tenant_id, "status": wanted, "version": version, "updated_at": now}
        )
        steps.append(Step(record_id, SyncStatus(wanted), reason=f"version {version} of the route"))
    _update(session, changes)
    write_history(session, tenant_id, now, steps)
    return len(outdated)


def _judge(row: Row[Any], observation: Observation, version: int) -> tuple[Seen, SyncStatus]:
    """What becomes of a known record, and its status afterwards."""
    status = SyncStatus(row.status)
    differs = row.fingerprint != observation.fingerprint
    if status in DONE:
        withdrawn = observation.wanted is SyncStatus.SKIPPED
        return (Seen.WITHDRAWN if withdrawn else Seen.CHANGED if differs else Seen.UNCHANGED), status
    if status is SyncStatus.IN_FLIGHT:
        return Seen.IN_FLIGHT, status
    judged_anew = differs or row.wanted != observation.wanted.value or row.version < version
    after = observation.wanted if judged_anew and not row.skipped_by else status
    same = not judged_anew and row.source_status == observation.source_status and row.lane <= observation.lane
    return (Seen.UNCHANGED if same else Seen.UPDATED), after


def _rows_by_ref(
    session: Session, tenant_id: int, route_id: int, refs: Iterable[ExternalRef], *, lock: bool = True
) -> dict[ExternalRef, Row[Any]]:
    """The known records; with `lock`, by their ids: what is judged by them must still be so when it is written."""
    on_route = (unindexed(RecordRow.tenant_id) == tenant_id, col(RecordRow.route_id) == route_id)
    known: list[int] = []
    for source_ids in in_chunks(ref.id for ref in refs):
        known += session.exec(select(RecordRow.id).where(*on_route, col(RecordRow.source_id).in_(source_ids)))
    found: dict[ExternalRef, Row[Any]] = {}
    for ids in in_chunks(sorted(known)):
        mine = select(RecordRow).where(RecordRow.tenant_id == tenant_id, col(RecordRow.id).in_(ids))
        ordered = mine.order_by(col(RecordRow.id))
        rows = session.connection().execute(ordered.with_for_update(key_share=True) if lock else ordered)
        found |= {ExternalRef(row.source_system, row.source_kind, row.source_id): row for row in rows}
    return found


def _as_seen(observation: Observation, target_number: str = "") -> dict[str, object]:
    """The columns that always show the document as it was last seen."""
    gross = None if observation.gross is None else observation.gross.rounded()
    return {
        "kind": observation.kind.value,
        "number": observation.number,
        "sequence": sequence_of(observation.number),
        "wanted": observation.wanted.value,
        "fingerprint": observation.fingerprint,
        "source_status": observation.source_status,
        "customer_key": observation.customer_key,
        "ordered_at": observation.ordered_at,
        "gross_cents": None if gross is None else gross.cents,
        "currency": "" if gross is None else gross.currency,
        "snapshot": observation.snapshot,
        "search": search_text((observation.number, target_number, *observation.known_by)),
    }


def _judged(observation: Observation) -> dict[str, object]:
    """The columns that tell why the document is where the source's status put it."""
    return {
        "reason": observation.reason,
        "findings": findings_to_json(observation.findings),
        "finding_code": gravest_code(observation.findings),
    }


def _new_row(tenant_id: int, route_id: int, observation: Observation, version: int, now: datetime) -> dict[str, object]:
    return {
        **_as_seen(observation),
        **_judged(observation),
        "tenant_id": tenant_id,
        "route_id": route_id,
        "source_system": observation.source_ref.system,
        "source_kind": observation.source_ref.kind,
        "source_id": observation.source_ref.id,
        "our_reference": observation.our_reference,
        "status": observation.wanted.value,
        "version": version,
        "lane": int(observation.lane),
        "created_at": now,
        "updated_at": now,
    }


def _changed_row(
    row: Row[Any], observation: Observation, after: SyncStatus, version: int, now: datetime
) -> dict[str, object]:
    # What a person still has to see (or chose) stays; what is to be tried again keeps its findings until it is solved.
    explained = after is observation.wanted and (bool(observation.findings) or after is not SyncStatus.PENDING)
    kept = {"reason": row.reason, "findings": row.findings, "finding_code": row.finding_code}
    return {
        **_as_seen(observation, row.target_number),
        **(_judged(observation) if explained and not row.skipped_by else kept),
        "record": row.id,
        "tenant": row.tenant_id,
        "status": after.value,
        "version": max(row.version, version),
        "lane": min(row.lane, int(observation.lane)),
        "not_before": row.not_before if after.value == row.status else None,
        "updated_at": now,
    }


def _update(session: Session, changes: Sequence[dict[str, object]]) -> None:
    """Writes the changes, all of the same columns, each to its `record` of its `tenant`."""
    if changes:
        mine = (col(RecordRow.id) == bindparam("record"), col(RecordRow.tenant_id) == bindparam("tenant"))
        columns: dict[str, object] = {name: bindparam(name) for name in changes[0] if name not in ("record", "tenant")}
        session.connection().execute(update(RecordRow).where(*mine).values(**columns), changes)
