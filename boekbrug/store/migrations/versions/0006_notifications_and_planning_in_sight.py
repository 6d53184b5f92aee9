"""Notifications of users, and how far the planning of a migration is."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Three tables, and two columns of migrations."""
    op.create_table(
        "notification_choice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["dashboard_user.id"], name="fk_notification_choice_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_notification_choice"),
        sa.UniqueConstraint("user_id", "kind", "channel", name="uq_notification_choice_user_id_kind_channel"),
    )
    op.create_table(
        "notification_address",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["dashboard_user.id"], name="fk_notification_address_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_notification_address"),
        sa.UniqueConstraint("user_id", name="uq_notification_address_user_id"),
    )
    op.create_table(
        "notification",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("told_until", UTCDateTime(), nullable=False),
        sa.Column("claimed_at", UTCDateTime(), nullable=True),
        sa.Column("sent_at", UTCDateTime(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["dashboard_user.id"], name="fk_notification_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_notification"),
        sa.UniqueConstraint(
            "user_id", "kind", "channel", "subject", name="uq_notification_user_id_kind_channel_subject"
        ),
    )
    op.add_column("migration", sa.Column("seen_at", UTCDateTime(), nullable=True))
    op.add_column("migration", sa.Column("problem", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    """Takes them away again."""
    op.drop_column("migration", "problem")
    op.drop_column("migration", "seen_at")
    op.drop_table("notification")
    op.drop_table("notification_address")
    op.drop_table("notification_choice")
