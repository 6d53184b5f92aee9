"""`boekbrug init`: what an installation needs before its first tenant."""

from __future__ import annotations

from boekbrug.cli._output import out
from boekbrug.settings import Settings
from boekbrug.store.credentials import create_key
from boekbrug.store.database import Database


def init() -> None:
    """Make the home folder, the key that seals credentials, and the database. Safe to do again."""
    settings = Settings()
    settings.home.mkdir(parents=True, exist_ok=True)
    create_key(settings)
    database = Database(settings.database)
    try:
        database.migrate()
    finally:
        database.close()
    out.print(f"Ready in {settings.home}. Next: boekbrug tenant import FILE", markup=False)
