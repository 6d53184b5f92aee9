"""What a document is looked for by stands in one column, with an index; a report's filters need no other rows."""

import json
import unicodedata
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_CHUNK = 5000
_MOST = 400
_RECORD = sa.table(
    "sync_record",
    sa.column("id", sa.BigInteger),
    sa.column("number", sa.String),
    sa.column("target_number", sa.String),
    sa.column("snapshot", sa.Text),
    sa.column("search", sa.Text),
)


def upgrade() -> None:
    """The column, filled from the documents as they were kept, and its index; and that of a tenant's latest runs."""
    op.add_column("sync_record", sa.Column("search", sa.Text(), nullable=False, server_default=""))
    _fill()
    op.drop_index("ix_sync_record_id", "sync_record")
    op.drop_index("ix_sync_record_number", "sync_record")
    op.drop_index("ix_sync_record_ordered", "sync_record")
    op.create_index("ix_sync_record_search", "sync_record", ["tenant_id", "id", "search"])
    op.create_index("ix_sync_record_number", "sync_record", ["tenant_id", "number"])
    op.create_index(
        "ix_sync_record_ordered", "sync_record", ["tenant_id", "ordered_at", "id", "kind", "route_id", "status"]
    )
    op.create_index("ix_route_run_latest", "route_run", ["tenant_id", "id"])


def downgrade() -> None:
    """As it was."""
    op.drop_index("ix_route_run_latest", "route_run")
    op.drop_index("ix_sync_record_ordered", "sync_record")
    op.drop_index("ix_sync_record_number", "sync_record")
    op.drop_index("ix_sync_record_search", "sync_record")
    op.create_index("ix_sync_record_ordered", "sync_record", ["tenant_id", "ordered_at", "id", "kind", "route_id"])
    op.create_index("ix_sync_record_number", "sync_record", ["tenant_id", "number", "target_number", "customer_key"])
    op.create_index("ix_sync_record_id", "sync_record", ["tenant_id", "id"])
    op.drop_column("sync_record", "search")


def _fill() -> None:
    connection = op.get_bind()
    rows = sa.select(_RECORD.c.id, _RECORD.c.number, _RECORD.c.target_number, _RECORD.c.snapshot)
    page = rows.where(_RECORD.c.id > sa.bindparam("after")).order_by(_RECORD.c.id).limit(_CHUNK)
    fill = sa.update(_RECORD).where(_RECORD.c.id == sa.bindparam("record")).values(search=sa.bindparam("text"))
    after = 0
    while found := connection.execute(page, {"after": after}).all():
        connection.execute(fill, [{"record": row.id, "text": _text(row)} for row in found])
        after = found[-1].id


def _text(row: Any) -> str:
    """As `boekbrug.store.searching` made it when this migration was written."""
    snapshot = json.loads(row.snapshot or "{}")
    contact = snapshot.get("customer") or snapshot.get("contact") or {}
    address = contact.get("address") or {}
    parts = (row.number, row.target_number, contact.get("email"), address.get("name"), address.get("company"))
    return "\n".join(dict.fromkeys(said for part in parts if (said := _normalised(part or ""))))[:_MOST]


def _normalised(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(sign for sign in decomposed if not unicodedata.combining(sign)).split())
