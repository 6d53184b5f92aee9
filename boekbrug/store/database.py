"""The database: one engine, read and write transactions, migrations."""

from __future__ import annotations

from contextlib import AbstractContextManager

from sqlmodel import Session


class Database:
    """An open database. Thread-safe; a session belongs to one thread."""

    def __init__(self, url: str) -> None: raise NotImplementedError
    def read(self) -> AbstractContextManager[Session]: raise NotImplementedError
    def write(self) -> AbstractContextManager[Session]: raise NotImplementedError
    def migrate(self) -> None: raise NotImplementedError
    def check(self) -> bool: raise NotImplementedError
    def close(self) -> None: raise NotImplementedError
