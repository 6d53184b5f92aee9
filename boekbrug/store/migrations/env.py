"""Run by Alembic. Boekbrug hands the connection in; on a developer's command line it comes from the settings."""

from alembic import context
from sqlalchemy import Connection, create_engine

from boekbrug.settings import Settings
from boekbrug.store.tables import Table


def _run(connection: Connection) -> None:
    # SQLite alters a table by copying it, which Alembic calls batch mode.
    context.configure(connection=connection, target_metadata=Table.metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


handed_in: Connection | None = context.config.attributes.get("connection")
if handed_in is not None:
    _run(handed_in)
else:
    with create_engine(Settings().database).begin() as own:
        _run(own)
