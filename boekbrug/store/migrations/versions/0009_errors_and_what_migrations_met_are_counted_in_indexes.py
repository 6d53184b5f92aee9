"""What waits for a person is counted by its causes, and what a migration met by itself, in indexes alone."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_ERRORS = sa.text("status IN ('needs_attention', 'mismatch')")


def upgrade() -> None:
    """One index more in which only documents that wait for a person are, and one of the migrations' documents."""
    op.create_index(
        "ix_sync_record_error",
        "sync_record",
        ["tenant_id", "status", "finding_code", "id", "route_id"],
        sqlite_where=_ERRORS,
        postgresql_where=_ERRORS,
    )
    op.create_index(
        "ix_migration_record_met", "migration_record", ["migration_id", "record_id", "tenant_id", "was_there"]
    )


def downgrade() -> None:
    """As it was."""
    op.drop_index("ix_migration_record_met", "migration_record")
    op.drop_index("ix_sync_record_error", "sync_record")
