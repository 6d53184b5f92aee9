"""Debtors are the remote account's, no longer one connection's."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# Which account a connection is of, the attempts of its documents tell. Where they tell of two, its credentials were
# changed, and nobody knows of which of them a debtor is: such links are forgotten, and the books are asked again.
_KEEP = """
CREATE TABLE debtor_link_kept AS
SELECT account.name AS account, link.customer_key AS customer_key, MIN(link.target_system) AS target_system,
       MIN(link.target_kind) AS target_kind, MIN(link.target_id) AS target_id
FROM debtor_link AS link
JOIN (
    SELECT route.target_id AS connection_id, MIN(attempt.account_id) AS account_id
    FROM attempt
    JOIN sync_record ON sync_record.id = attempt.record_id
    JOIN route ON route.id = sync_record.route_id
    GROUP BY route.target_id
    HAVING MIN(attempt.account_id) = MAX(attempt.account_id)
) AS used ON used.connection_id = link.connection_id
JOIN account ON account.id = used.account_id
WHERE link.target_id <> ''
GROUP BY account.name, link.customer_key
"""
_FILL = """
INSERT INTO debtor_link (account, customer_key, target_system, target_kind, target_id)
SELECT account, customer_key, target_system, target_kind, target_id FROM debtor_link_kept
"""


def upgrade() -> None:
    """The table anew, with the links whose account is known."""
    op.execute(_KEEP)
    op.drop_table("debtor_link")
    op.create_table(
        "debtor_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("customer_key", sa.String(), nullable=False),
        *_target_columns(),
        sa.PrimaryKeyConstraint("id", name="pk_debtor_link"),
        sa.UniqueConstraint("account", "customer_key", name="uq_debtor_link_account_customer_key"),
    )
    op.execute(_FILL)
    op.drop_table("debtor_link_kept")


def downgrade() -> None:
    """The table as it was, empty: the books are asked again."""
    op.drop_table("debtor_link")
    op.create_table(
        "debtor_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("customer_key", sa.String(), nullable=False),
        *_target_columns(),
        sa.ForeignKeyConstraint(
            ["tenant_id", "connection_id"],
            ["connection.tenant_id", "connection.id"],
            name="fk_debtor_link_tenant_id_connection_id",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_debtor_link"),
        sa.UniqueConstraint("connection_id", "customer_key", name="uq_debtor_link_connection_id_customer_key"),
    )


def _target_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("target_system", sa.String(), nullable=False),
        sa.Column("target_kind", sa.String(), nullable=False),
        sa.Column("target_id", sa.String(), nullable=False),
        sa.Column("claimed_until", UTCDateTime(), nullable=True),
    ]
