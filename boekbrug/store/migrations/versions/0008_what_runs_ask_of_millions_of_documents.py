"""Runs find what is due, put off, skipped, changed or ours without a look at the documents that they leave out."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_PUT_OFF = sa.text("not_before IS NOT NULL")
_DUE = ["tenant_id", "route_id", "status", "lane", "ordered_at", "sequence"]
_STATUS = ["tenant_id", "status", "id", "finding_code", "route_id"]


def upgrade() -> None:
    """Two indexes hold more, and two are new."""
    op.drop_index("ix_sync_record_due", "sync_record")
    op.drop_index("ix_sync_record_status", "sync_record")
    op.create_index("ix_sync_record_due", "sync_record", [*_DUE, "id", "not_before", "claimed_until"])
    op.create_index("ix_sync_record_status", "sync_record", [*_STATUS, "lane", "version", "updated_at"])
    op.create_index("ix_sync_record_reference", "sync_record", ["tenant_id", "route_id", "our_reference"])
    op.create_index(
        "ix_sync_record_put_off",
        "sync_record",
        ["tenant_id", "route_id", "status", "lane", "not_before"],
        sqlite_where=_PUT_OFF,
        postgresql_where=_PUT_OFF,
    )


def downgrade() -> None:
    """As it was."""
    op.drop_index("ix_sync_record_put_off", "sync_record")
    op.drop_index("ix_sync_record_reference", "sync_record")
    op.drop_index("ix_sync_record_status", "sync_record")
    op.drop_index("ix_sync_record_due", "sync_record")
    op.create_index("ix_sync_record_status", "sync_record", _STATUS)
    op.create_index("ix_sync_record_due", "sync_record", _DUE)
