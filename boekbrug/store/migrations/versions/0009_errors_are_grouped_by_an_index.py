"""What waits for a person is counted by its causes, in an index that holds nothing else."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_ERRORS = sa.text("status IN ('needs_attention', 'mismatch')")


def upgrade() -> None:
    """One index more, which only the documents that wait for a person are in."""
    op.create_index(
        "ix_sync_record_error",
        "sync_record",
        ["tenant_id", "status", "finding_code", "id", "route_id"],
        sqlite_where=_ERRORS,
        postgresql_where=_ERRORS,
    )


def downgrade() -> None:
    """As it was."""
    op.drop_index("ix_sync_record_error", "sync_record")
