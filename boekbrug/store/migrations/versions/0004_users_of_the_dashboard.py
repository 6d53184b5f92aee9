"""Users of the dashboard, and indexes for its reports."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_BOOKED = sa.text("posted_at IS NOT NULL")


def upgrade() -> None:
    """Six tables, three indexes, and more columns in a fourth."""
    op.create_table(
        "dashboard_user",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_dashboard_user"),
        sa.UniqueConstraint("email", name="uq_dashboard_user_email"),
    )
    op.create_table(
        "membership",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name="fk_membership_tenant_id"),
        sa.ForeignKeyConstraint(["user_id"], ["dashboard_user.id"], name="fk_membership_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_membership"),
        sa.UniqueConstraint("user_id", "tenant_id", name="uq_membership_user_id_tenant_id"),
    )
    op.create_index("ix_membership_tenant", "membership", ["tenant_id"], unique=False)
    op.create_table(
        "user_session",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("expires_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["dashboard_user.id"], name="fk_user_session_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_user_session"),
        sa.UniqueConstraint("token_hash", name="uq_user_session_token_hash"),
    )
    op.create_index("ix_user_session_user_id", "user_session", ["user_id"], unique=False)
    op.create_table(
        "invitation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("invited_by", sa.String(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("expires_at", UTCDateTime(), nullable=False),
        sa.Column("accepted_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name="fk_invitation_tenant_id"),
        sa.PrimaryKeyConstraint("id", name="pk_invitation"),
        sa.UniqueConstraint("token_hash", name="uq_invitation_token_hash"),
    )
    op.create_index("ix_invitation_tenant_id", "invitation", ["tenant_id"], unique=False)
    op.create_table(
        "audit_event",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=True),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name="fk_audit_event_tenant_id"),
        sa.PrimaryKeyConstraint("id", name="pk_audit_event"),
    )
    op.create_index("ix_audit_event_tenant", "audit_event", ["tenant_id", "id"], unique=False)
    op.create_table(
        "login_attempt",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_login_attempt"),
    )
    op.create_index("ix_login_attempt_email", "login_attempt", ["email", "at"], unique=False)
    op.create_index("ix_login_attempt_address", "login_attempt", ["address", "at"], unique=False)

    op.drop_index("ix_sync_record_number", table_name="sync_record")
    op.create_index(
        "ix_sync_record_number", "sync_record", ["tenant_id", "number", "target_number", "customer_key"], unique=False
    )
    op.create_index("ix_sync_record_id", "sync_record", ["tenant_id", "id"], unique=False)
    op.create_index(
        "ix_sync_record_ordered", "sync_record", ["tenant_id", "ordered_at", "id", "kind", "route_id"], unique=False
    )
    op.create_index(
        "ix_sync_record_posted",
        "sync_record",
        ["tenant_id", "posted_at", "id", "route_id", "status", "kind"],
        unique=False,
        sqlite_where=_BOOKED,
        postgresql_where=_BOOKED,
    )


def downgrade() -> None:
    """Takes them away again."""
    op.drop_index("ix_sync_record_posted", table_name="sync_record")
    op.drop_index("ix_sync_record_ordered", table_name="sync_record")
    op.drop_index("ix_sync_record_id", table_name="sync_record")
    op.drop_index("ix_sync_record_number", table_name="sync_record")
    op.create_index("ix_sync_record_number", "sync_record", ["tenant_id", "number"], unique=False)

    op.drop_table("login_attempt")
    op.drop_table("audit_event")
    op.drop_table("invitation")
    op.drop_table("user_session")
    op.drop_table("membership")
    op.drop_table("dashboard_user")
