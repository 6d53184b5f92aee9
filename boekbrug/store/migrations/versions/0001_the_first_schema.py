"""The first schema."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The first schema."""
    op.create_table(
        "account",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("latest_at", UTCDateTime(), nullable=False),
        sa.Column("blocked_until", UTCDateTime(), nullable=True),
        sa.Column("remaining", sa.Integer(), nullable=True),
        sa.Column("remaining_of", sa.String(), nullable=False),
        sa.Column("remaining_since", UTCDateTime(), nullable=True),
        sa.Column("remaining_until", UTCDateTime(), nullable=True),
        sa.Column("remaining_heard_by", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_account"),
        sa.UniqueConstraint("name", name="uq_account_name"),
    )
    op.create_table(
        "tenant",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tenant"),
        sa.UniqueConstraint("slug", name="uq_tenant_slug"),
    )
    op.create_table(
        "connection",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("system", sa.String(), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.Column("broken", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("since", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name="fk_connection_tenant_id"),
        sa.PrimaryKeyConstraint("id", name="pk_connection"),
        sa.UniqueConstraint("tenant_id", "id", name="uq_connection_tenant_id_id"),
        sa.UniqueConstraint("tenant_id", "slug", name="uq_connection_tenant_id_slug"),
    )
    op.create_table(
        "credential",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "connection_id"],
            ["connection.tenant_id", "connection.id"],
            name="fk_credential_tenant_id_connection_id",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_credential"),
        sa.UniqueConstraint("connection_id", "name", name="uq_credential_connection_id_name"),
    )
    op.create_table(
        "cursor",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("stream", sa.String(), nullable=False),
        sa.Column("reached", UTCDateTime(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "connection_id"],
            ["connection.tenant_id", "connection.id"],
            name="fk_cursor_tenant_id_connection_id",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_cursor"),
        sa.UniqueConstraint("connection_id", "stream", name="uq_cursor_connection_id_stream"),
    )
    op.create_table(
        "debtor_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("customer_key", sa.String(), nullable=False),
        sa.Column("target_system", sa.String(), nullable=False),
        sa.Column("target_kind", sa.String(), nullable=False),
        sa.Column("target_id", sa.String(), nullable=False),
        sa.Column("claimed_until", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "connection_id"],
            ["connection.tenant_id", "connection.id"],
            name="fk_debtor_link_tenant_id_connection_id",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_debtor_link"),
        sa.UniqueConstraint("connection_id", "customer_key", name="uq_debtor_link_connection_id_customer_key"),
    )
    op.create_table(
        "route",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.Column("schedule", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "source_id"], ["connection.tenant_id", "connection.id"], name="fk_route_tenant_id_source_id"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "target_id"], ["connection.tenant_id", "connection.id"], name="fk_route_tenant_id_target_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_route"),
        sa.UniqueConstraint("tenant_id", "id", name="uq_route_tenant_id_id"),
        sa.UniqueConstraint("tenant_id", "slug", name="uq_route_tenant_id_slug"),
    )
    op.create_table(
        "route_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("route_id", sa.Integer(), nullable=False),
        sa.Column("flow_run_id", sa.String(), nullable=False),
        sa.Column("started_at", UTCDateTime(), nullable=False),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "route_id"], ["route.tenant_id", "route.id"], name="fk_route_run_tenant_id_route_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_route_run"),
    )
    op.create_index("ix_route_run_route", "route_run", ["tenant_id", "route_id", "id"], unique=False)
    op.create_table(
        "route_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("route_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("mapping", sa.Text(), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.Column("changed_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "route_id"], ["route.tenant_id", "route.id"], name="fk_route_version_tenant_id_route_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_route_version"),
        sa.UniqueConstraint("route_id", "version", name="uq_route_version_route_id_version"),
    )
    op.create_table(
        "sync_record",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("route_id", sa.Integer(), nullable=False),
        sa.Column("source_system", sa.String(), nullable=False),
        sa.Column("source_kind", sa.String(), nullable=False),
        sa.Column("source_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("our_reference", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("wanted", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("source_status", sa.String(), nullable=False),
        sa.Column("customer_key", sa.String(), nullable=False),
        sa.Column("ordered_at", UTCDateTime(), nullable=True),
        sa.Column("gross_cents", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("skipped_by", sa.String(), nullable=False),
        sa.Column("finding_code", sa.String(), nullable=False),
        sa.Column("target_system", sa.String(), nullable=False),
        sa.Column("target_kind", sa.String(), nullable=False),
        sa.Column("target_id", sa.String(), nullable=False),
        sa.Column("target_number", sa.String(), nullable=False),
        sa.Column("not_before", UTCDateTime(), nullable=True),
        sa.Column("claimed_until", UTCDateTime(), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.Column("posted_at", UTCDateTime(), nullable=True),
        sa.Column("verified_at", UTCDateTime(), nullable=True),
        sa.Column("findings", sa.Text(), nullable=False),
        sa.Column("differences", sa.Text(), nullable=False),
        sa.Column("accepted", sa.Text(), nullable=False),
        sa.Column("snapshot", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "route_id"], ["route.tenant_id", "route.id"], name="fk_sync_record_tenant_id_route_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_sync_record"),
        sa.UniqueConstraint(
            "route_id",
            "source_id",
            "source_kind",
            "source_system",
            name="uq_sync_record_route_id_source_id_source_kind_source_system",
        ),
    )
    op.create_index(
        "ix_sync_record_due",
        "sync_record",
        ["tenant_id", "route_id", "status", "lane", "ordered_at", "sequence"],
        unique=False,
    )
    op.create_index("ix_sync_record_number", "sync_record", ["tenant_id", "number"], unique=False)
    op.create_index(
        "ix_sync_record_status", "sync_record", ["tenant_id", "status", "id", "finding_code", "route_id"], unique=False
    )
    op.create_table(
        "attempt",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=True),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("budget", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("started_at", UTCDateTime(), nullable=False),
        sa.Column("ends_at", UTCDateTime(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_attempt_account_id"),
        sa.ForeignKeyConstraint(["record_id"], ["sync_record.id"], name="fk_attempt_record_id"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name="fk_attempt_tenant_id"),
        sa.PrimaryKeyConstraint("id", name="pk_attempt"),
    )
    op.create_index("ix_attempt_record", "attempt", ["record_id"], unique=False)
    op.create_index("ix_attempt_window", "attempt", ["account_id", "budget", "ends_at"], unique=False)
    op.create_table(
        "record_event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("codes", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["record_id"], ["sync_record.id"], name="fk_record_event_record_id"),
        sa.PrimaryKeyConstraint("id", name="pk_record_event"),
    )
    op.create_index("ix_record_event_record_id", "record_event", ["record_id"], unique=False)


def downgrade() -> None:
    """Undo it."""
    op.drop_index("ix_record_event_record_id", table_name="record_event")
    op.drop_table("record_event")
    op.drop_index("ix_attempt_window", table_name="attempt")
    op.drop_index("ix_attempt_record", table_name="attempt")
    op.drop_table("attempt")
    op.drop_index("ix_sync_record_status", table_name="sync_record")
    op.drop_index("ix_sync_record_number", table_name="sync_record")
    op.drop_index("ix_sync_record_due", table_name="sync_record")
    op.drop_table("sync_record")
    op.drop_table("route_version")
    op.drop_index("ix_route_run_route", table_name="route_run")
    op.drop_table("route_run")
    op.drop_table("route")
    op.drop_table("debtor_link")
    op.drop_table("cursor")
    op.drop_table("credential")
    op.drop_table("connection")
    op.drop_table("tenant")
    op.drop_table("account")
