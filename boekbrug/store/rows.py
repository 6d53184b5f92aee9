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
    if text == "[]":  # of nearly every document, so that none of them need be parsed
        return ()
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
    # A row looks each of its columns up anew whenever it is asked for one, which takes as long as all the rest here.
    kept = dict(zip(row._fields, row, strict=True))
    return SyncRecord(
        id=kept["id"],
        tenant_id=kept["tenant_id"],
        route_id=kept["route_id"],
        source_ref=ExternalRef(kept["source_system"], kept["source_kind"], kept["source_id"]),
        kind=DocumentKind(kept["kind"]),
        number=kept["number"],
        our_reference=kept["our_reference"],
        status=SyncStatus(kept["status"]),
        lane=Lane(kept["lane"]),
        fingerprint=kept["fingerprint"],
        source_status=kept["source_status"],
        snapshot=kept["snapshot"],
        customer_key=kept["customer_key"],
        ordered_at=kept["ordered_at"],
        gross=None if kept["gross_cents"] is None else Money.of_cents(kept["gross_cents"], kept["currency"]),
        reason=kept["reason"],
        findings=findings_from_json(kept["findings"]) + findings_from_json(kept["differences"]),
        target_ref=ExternalRef(kept["target_system"], kept["target_kind"], kept["target_id"])
        if kept["target_id"]
        else None,
        target_number=kept["target_number"],
        not_before=kept["not_before"],
        claimed_until=kept["claimed_until"],
        created_at=kept["created_at"],
        updated_at=kept["updated_at"],
        posted_at=kept["posted_at"],
        verified_at=kept["verified_at"],
    )
