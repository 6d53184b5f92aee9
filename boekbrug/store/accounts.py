"""The row of a remote account, on which everything about its slots is decided."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlmodel import Session, col

from boekbrug.store.database import insert_new
from boekbrug.store.tables import AccountRow


@dataclass(frozen=True, slots=True)
class Account:
    """A remote account as it stands; the columns are those of `AccountRow`."""

    id: int
    name: str
    latest_at: datetime
    blocked_until: datetime | None
    remaining: int | None
    remaining_of: str
    remaining_since: datetime | None
    remaining_until: datetime | None
    remaining_heard_by: int | None


# A slot is taken for every single request, and making the statements anew each time costs more than running them.
_ACCOUNT = select(*(getattr(AccountRow, field.name) for field in fields(Account))).where(
    col(AccountRow.name) == bindparam("account")
)
_LOCKED = _ACCOUNT.with_for_update(key_share=True)


def locked_account(session: Session, name: str, now: datetime) -> Account:
    """The account, locked until the transaction ends (SQLite's write transactions are alone anyway)."""
    which = {"account": name}
    found = session.connection().execute(_LOCKED, which).one_or_none()
    if found is None:
        insert_new(session, AccountRow, [{"name": name, "latest_at": now}])
        found = session.connection().execute(_LOCKED, which).one()
    return Account(*found)


def known_account(session: Session, name: str) -> Account | None:
    """The account, if it was ever used."""
    found = session.connection().execute(_ACCOUNT, {"account": name}).one_or_none()
    return None if found is None else Account(*found)
