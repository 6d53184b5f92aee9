"""`boekbrug health`: has this installation what every run needs?"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Annotated

import typer

from boekbrug.cli._output import Exit, print_json, print_table
from boekbrug.domain.errors import SettingsInvalid, StoreUnavailable
from boekbrug.settings import Settings
from boekbrug.store.credentials import load_key
from boekbrug.store.database import Database


def health(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Is the database reachable, its schema the right one, and the key there?

    Exit code 3: the schema or the key is not there yet (`boekbrug init`); 5: the database is not available.
    """
    settings = Settings()
    found = [_checked(check, settings) for check in (_database, _key)]
    if as_json:
        print_json({"healthy": all(code is Exit.DONE for _, code, _ in found)} | {n: said for n, _, said in found})
    else:
        rows = ((name, "ok" if code is Exit.DONE else "WRONG", said) for name, code, said in found)
        print_table("Health", ("check", "", "found"), rows)
    worst = max(code for _, code, _ in found)
    if worst is not Exit.DONE:
        raise typer.Exit(worst)


def _checked(check: Callable[[Settings], str], settings: Settings) -> tuple[str, Exit, str]:
    name = check.__name__.removeprefix("_")
    try:
        return name, Exit.DONE, check(settings)
    except SettingsInvalid as problem:
        return name, Exit.SETTINGS, problem.message
    except StoreUnavailable as problem:
        return name, Exit.LATER, str(problem)


def _database(settings: Settings) -> str:
    with closing(Database(settings.database)) as database:
        if not database.check():
            raise SettingsInvalid("its schema is not the one of this version; run `boekbrug init`")
        return f"{database.dialect}, schema current"


def _key(settings: Settings) -> str:
    return f"key {load_key(settings).id}"
