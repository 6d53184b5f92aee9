"""Between rows and domain values: what is stored as text or parts, and back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Row, func

from boekbrug.domain.documents import DocumentKind, ExternalRef
from boekbrug.domain.findings import Finding, Level
from boekbrug.domain.money import Money
from boekbrug.domain.records import Lane, SyncRecord, SyncStatus

_GRAVITY = tuple(Level)
_LAST_DIGITS = re.compile(r"(\d{1,18})\D*$")
T = TypeVar("T")


def in_chunks(values: Iterable[T], size: int = 500) -> Iterator[list[T]]:
    """The values in lists that fit into one IN (…) of a statement."""
    rest = iter(values)
    while chunk := list(islice(rest, size)):
        yield chunk


def unindexed(column: object) -> ColumnElement[Any]:
    """A column in a condition by which the database is not to choose an index.

    SQLite does not know how many rows a tenant or a route has and takes it for ten, so that it would look at all of
    them rather than seek some dozens of ids or numbers.
    """
    return func.coalesce(column, column)


def findings_to_json(findings: Iterable[Finding]) -> str:
    """Findings as they are stored."""
    return json.dumps([{"code": f.code, "values": dict(f.values)} for f in findings], ensure_ascii=False)


def findings_from_json(text: str) -> tuple[Finding, ...]:
    """Findings as they were stored. Raises KeyError for a code that the catalogue no longer knows."""
    return tuple(Finding(item["code"], item["values"]) for item in json.loads(text))


def gravest_code(findings: Iterable[Finding]) -> str:
    """The code of the gravest finding, the first of equals; "" when there are none."""
    gravest = min(findings, key=lambda f: _GRAVITY.index(f.level), default=None)
    return gravest.code if gravest else ""


def sequence_of(number: str) -> int:
    """The place of a document's number among others: its last group of digits, so that 9999 goes before 10000."""
    found = _LAST_DIGITS.search(number)
    return int(found.group(1)) if found else 0


def record_from(row: Row[Any]) -> SyncRecord:
    """The record in a row of `RecordRow`'s columns, read past the session: it keeps no row, so none can be stale."""
    return SyncRecord(
        id=row.id,
        tenant_id=row.tenant_id,
        route_id=row.route_id,
        source_ref=ExternalRef(row.source_system, row.source_kind, row.source_id),
        kind=DocumentKind(row.kind),
        number=row.number,
        our_reference=row.our_reference,
        status=SyncStatus(row.status),
        lane=Lane(row.lane),
        fingerprint=row.fingerprint,
        source_status=row.source_status,
        snapshot=row.snapshot,
        customer_key=row.customer_key,
        ordered_at=row.ordered_at,
        gross=None if row.gross_cents is None else Money.of_cents(row.gross_cents, row.currency),
        reason=row.reason,
        findings=findings_from_json(row.findings) + findings_from_json(row.differences),
        target_ref=ExternalRef(row.target_system, row.target_kind, row.target_id) if row.target_id else None,
        target_number=row.target_number,
        not_before=row.not_before,
        claimed_until=row.claimed_until,
        created_at=row.created_at,
        updated_at=row.updated_at,
        posted_at=row.posted_at,
        verified_at=row.verified_at,
    )
