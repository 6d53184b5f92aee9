"""The row of a remote account, on which everything about its slots is decided."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from boekbrug.store.database import insert_new
from boekbrug.store.tables import AccountRow

# A slot is taken for every single request, and making the statement anew each time costs more than running it.
_ACCOUNT = (
    select(AccountRow)
    .where(col(AccountRow.name) == bindparam("account"))
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)


def locked_account(session: Session, name: str, now: datetime) -> AccountRow:
    """The account's row, locked until the transaction ends (SQLite's write transactions are alone anyway)."""
    which = {"account": name}
    found = session.exec(_ACCOUNT, params=which).one_or_none()
    if found is None:
        insert_new(session, AccountRow, [{"name": name, "latest_at": now}])
        found = session.exec(_ACCOUNT, params=which).one()
    return found
