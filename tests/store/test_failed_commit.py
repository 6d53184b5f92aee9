"""A commit that the disk refuses leaves nothing behind on the connection."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine.default import DefaultDialect

from boekbrug.domain.errors import StoreUnavailable
from boekbrug.store.database import Database


def test_a_failed_commit_keeps_no_write_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the pool's next user would find a transaction open, and every other process wait for it."""
    address = f"sqlite:///{tmp_path}/store.db"
    database, another = Database(address), Database(address)
    with database.write() as session:
        session.connection().execute(text("CREATE TABLE told (word TEXT)"))

    def refuse(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as patched:
        patched.setattr(DefaultDialect, "do_commit", refuse)
        with pytest.raises(StoreUnavailable), database.write() as session:
            session.connection().execute(text("INSERT INTO told VALUES ('lost')"))
    for one in (another, database):
        with one.write() as session:
            session.connection().execute(text("INSERT INTO told VALUES ('kept')"))
    with database.read() as session:
        assert session.connection().execute(text("SELECT word FROM told")).scalars().all() == ["kept", "kept"]
    for one in (another, database):
        one.close()
