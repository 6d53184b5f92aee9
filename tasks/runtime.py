"""What every step needs: the settings, the database, the clock and the key that opens credentials."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from boekbrug.domain.clock import Clock, SystemClock
from boekbrug.settings import Settings
from boekbrug.store.credentials import SealingKey, load_key
from boekbrug.store.database import Database


@dataclass(frozen=True, slots=True)
class Runtime:
    """One installation, as a run sees it."""

    settings: Settings
    database: Database
    clock: Clock
    sealing_key: SealingKey


_chosen: ContextVar[Runtime | None] = ContextVar("runtime", default=None)


@contextmanager
def runtime() -> Iterator[Runtime]:
    """The runtime chosen with `using`, or else one made from the environment and closed afterwards."""
    chosen = _chosen.get()
    if chosen is not None:
        yield chosen
        return
    settings = Settings()
    database = Database(settings.database)
    try:
        yield Runtime(settings, database, SystemClock(), load_key(settings))
    finally:
        database.close()


@contextmanager
def using(chosen: Runtime) -> Iterator[None]:
    """Makes `runtime()` give this one: another clock or database for what runs inside."""
    token = _chosen.set(chosen)
    try:
        yield
    finally:
        _chosen.reset(token)
