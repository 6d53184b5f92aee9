"""`boekbrug key …`: the key that seals credentials and users' addresses."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from boekbrug.cli._output import out
from boekbrug.settings import Settings
from boekbrug.store.credentials import load_key, next_key_file, read_key, take_next_key
from boekbrug.store.database import Database
from boekbrug.store.sealing import reseal_everything

app = typer.Typer(help="The key that seals credentials.", no_args_is_help=True)


@app.callback()
def _keys() -> None:
    """With this, a single command keeps its name."""


@app.command("change")
def change(
    to: Annotated[
        Path | None,
        typer.Option("--to", help="File with the new key, where the key comes from the environment or a secret."),
    ] = None,
) -> None:
    """Seal everything with another key, all or nothing. Stop workers and dashboard first; safe to do again.

    A key file in the home folder is replaced by a new one. Any other key is put in its place by whoever manages it.
    """
    settings = Settings()
    old = load_key(settings)
    new = read_key(to or next_key_file(settings))
    database = Database(settings.database)
    try:
        with database.write() as session:
            done = reseal_everything(session, old, new)
    finally:
        database.close()
    if to is None:
        take_next_key(settings)
    out.print(f"Sealed anew: {done.credentials} credentials, {done.addresses} messengers' addresses.", markup=False)
    if to is not None:
        out.print(f"Now put the key of {to} where the old one was, before anything starts again.", markup=False)
