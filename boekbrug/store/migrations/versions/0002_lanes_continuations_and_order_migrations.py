"""Who waits for slots, the one continuation of a route, and migrations of historic orders."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Five tables."""
    op.create_table(
        "slot_waiter",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("budget", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("route", sa.String(), nullable=False),
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("since", UTCDateTime(), nullable=False),
        sa.Column("lease_until", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_slot_waiter_account_id"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name="fk_slot_waiter_tenant_id"),
        sa.PrimaryKeyConstraint("id", name="pk_slot_waiter"),
        sa.UniqueConstraint("account_id", "budget", "holder", name="uq_slot_waiter_account_id_budget_holder"),
    )
    op.create_table(
        "continuation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("route_id", sa.Integer(), nullable=False),
        sa.Column("flow", sa.String(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("scheduled_at", UTCDateTime(), nullable=False),
        sa.Column("flow_run_id", sa.String(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "route_id"], ["route.tenant_id", "route.id"], name="fk_continuation_tenant_id_route_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_continuation"),
        sa.UniqueConstraint("route_id", "flow", name="uq_continuation_route_id_flow"),
    )
    op.create_table(
        "migration",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("route_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("window_from", sa.String(), nullable=False),
        sa.Column("window_to", sa.String(), nullable=False),
        sa.Column("per_window", sa.Integer(), nullable=True),
        sa.Column("accepts_earlier_periods", sa.Boolean(), nullable=False),
        sa.Column("reached_on", sa.Date(), nullable=False),
        sa.Column("planned_at", UTCDateTime(), nullable=False),
        sa.Column("planned_by", sa.String(), nullable=False),
        sa.Column("started_at", UTCDateTime(), nullable=True),
        sa.Column("started_by", sa.String(), nullable=False),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=False),
        sa.Column("finishes_at", UTCDateTime(), nullable=True),
        sa.Column("shop_count", sa.Integer(), nullable=False),
        sa.Column("artifact_id", sa.String(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "route_id"], ["route.tenant_id", "route.id"], name="fk_migration_tenant_id_route_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_migration"),
        sa.UniqueConstraint("tenant_id", "id", name="uq_migration_tenant_id_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_migration_route", "migration", ["tenant_id", "route_id", "state"], unique=False)
    op.create_table(
        "migration_booked",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("migration_id", sa.Integer(), nullable=False),
        sa.Column("our_reference", sa.String(), nullable=False),
        sa.Column("target_system", sa.String(), nullable=False),
        sa.Column("target_kind", sa.String(), nullable=False),
        sa.Column("target_id", sa.String(), nullable=False),
        sa.Column("target_number", sa.String(), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "migration_id"],
            ["migration.tenant_id", "migration.id"],
            name="fk_migration_booked_tenant_id_migration_id",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_migration_booked"),
    )
    op.create_index("ix_migration_booked", "migration_booked", ["migration_id", "our_reference"], unique=False)
    op.create_table(
        "migration_record",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("migration_id", sa.Integer(), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("was_there", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["record_id"], ["sync_record.id"], name="fk_migration_record_record_id"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "migration_id"],
            ["migration.tenant_id", "migration.id"],
            name="fk_migration_record_tenant_id_migration_id",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_migration_record"),
        sa.UniqueConstraint("migration_id", "record_id", name="uq_migration_record_migration_id_record_id"),
    )
    op.create_index("ix_migration_record_record", "migration_record", ["record_id"], unique=False)


def downgrade() -> None:
    """Takes them away again."""

    op.drop_index("ix_migration_record_record", table_name="migration_record")
    op.drop_table("migration_record")
    op.drop_index("ix_migration_booked", table_name="migration_booked")
    op.drop_table("migration_booked")
    op.drop_index("ix_migration_route", table_name="migration")
    op.drop_table("migration")
    op.drop_table("continuation")
    op.drop_table("slot_waiter")
