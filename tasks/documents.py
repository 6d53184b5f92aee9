"""The source's document of a record, as it was last seen."""

from __future__ import annotations

from pydantic import ValidationError

from boekbrug.domain.errors import NeedsAttention
from boekbrug.domain.findings import finding
from boekbrug.domain.records import SyncRecord
from boekbrug.domain.snapshots import Document, document_from_json


def document_of(record: SyncRecord) -> Document:
    """The document as it was last seen. Raises NeedsAttention when it could not be read."""
    if not record.snapshot:
        raise NeedsAttention("the document could not be read", findings=record.findings, document=record.number)
    try:
        return document_from_json(record.snapshot, record.source_ref.kind)
    except ValidationError as error:
        # A snapshot of another version of Boekbrug: reading the document anew replaces it.
        field_name = ".".join(str(part) for part in error.errors()[0]["loc"])
        found = finding("DOCUMENT_UNREADABLE", field=field_name, problem="kept by another version")
        raise NeedsAttention("the kept document could not be read", findings=(found,), document=record.number) from None
