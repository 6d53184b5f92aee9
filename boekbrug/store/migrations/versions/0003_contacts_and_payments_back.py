"""Contacts of invoicing programs, and payments that they are told of."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _route(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", "route_id"], ["route.tenant_id", "route.id"], name=f"fk_{table}_tenant_id_route_id"
    )


def upgrade() -> None:
    """Three tables."""
    op.create_table(
        "contact_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("route_id", sa.Integer(), nullable=False),
        sa.Column("source_system", sa.String(), nullable=False),
        sa.Column("source_kind", sa.String(), nullable=False),
        sa.Column("source_id", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("target_system", sa.String(), nullable=False),
        sa.Column("target_kind", sa.String(), nullable=False),
        sa.Column("target_id", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("finding_code", sa.String(), nullable=False),
        sa.Column("findings", sa.Text(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        _route("contact_link"),
        sa.PrimaryKeyConstraint("id", name="pk_contact_link"),
        sa.UniqueConstraint(
            "route_id",
            "source_id",
            "source_kind",
            "source_system",
            name="uq_contact_link_route_id_source_id_source_kind_source_system",
        ),
    )
    op.create_index("ix_contact_link_finding", "contact_link", ["tenant_id", "finding_code"])
    op.create_table(
        "payment",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("route_id", sa.Integer(), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("target_system", sa.String(), nullable=False),
        sa.Column("target_kind", sa.String(), nullable=False),
        sa.Column("target_id", sa.String(), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("open_before_cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("claimed_until", UTCDateTime(), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        _route("payment"),
        sa.ForeignKeyConstraint(["record_id"], ["sync_record.id"], name="fk_payment_record_id"),
        sa.PrimaryKeyConstraint("id", name="pk_payment"),
        sa.UniqueConstraint(
            "record_id",
            "target_id",
            "target_kind",
            "target_system",
            name="uq_payment_record_id_target_id_target_kind_target_system",
        ),
    )
    op.create_index("ix_payment_state", "payment", ["tenant_id", "route_id", "state"])
    op.create_table(
        "payment_note",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("route_id", sa.Integer(), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("findings", sa.Text(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        _route("payment_note"),
        sa.ForeignKeyConstraint(["record_id"], ["sync_record.id"], name="fk_payment_note_record_id"),
        sa.PrimaryKeyConstraint("id", name="pk_payment_note"),
        sa.UniqueConstraint("record_id", name="uq_payment_note_record_id"),
    )
    op.create_index("ix_payment_note_route", "payment_note", ["tenant_id", "route_id"])


def downgrade() -> None:
    """Takes them away again."""
    for table in ("payment_note", "payment", "contact_link"):
        op.drop_table(table)
