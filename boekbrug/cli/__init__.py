"""The `boekbrug` command."""

from __future__ import annotations

import logging
import sys
from typing import Annotated

import typer
from pydantic import ValidationError

from boekbrug import __version__
from boekbrug.cli import (
    budgets,
    connections,
    contacts,
    dashboard,
    deployments,
    documents,
    health,
    keys,
    migrations,
    notifications,
    setup,
    sync,
    tenants,
    users,
    worker,
)
from boekbrug.cli._output import Exit, err
from boekbrug.domain.errors import (
    BoekbrugError,
    ConnectionBroken,
    NeedsAttention,
    RetryLater,
    SettingsInvalid,
    StoreUnavailable,
)
from boekbrug.settings import Settings

app = typer.Typer(
    name="boekbrug",
    help="Brings orders and invoices into bookkeeping packages, and proves that the books agree with their source.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # a traceback with local variables would show credentials
    add_completion=False,
)
app.command("init")(setup.init)
app.command("health")(health.health)
app.add_typer(tenants.app, name="tenant")
app.add_typer(connections.app, name="connection")
app.add_typer(contacts.app, name="contacts")
app.add_typer(users.app, name="user")
app.add_typer(keys.app, name="key")
app.command("dashboard")(dashboard.dashboard)
app.command("deploy")(deployments.deploy)
app.command("worker")(worker.worker)
app.command("sync")(sync.sync)
app.command("budget")(budgets.budget)
app.add_typer(migrations.app, name="migrate")
app.command("notify")(notifications.notify)
app.command("status")(documents.status)
app.command("errors")(documents.errors)
app.command("retry")(documents.retry)
app.command("skip")(documents.skip)


@app.callback(invoke_without_command=True)
def _root(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        typer.echo(f"boekbrug {__version__}")
        raise typer.Exit


def exit_code_of(problem: BoekbrugError) -> Exit:
    """What the command ends with for an error that was expected."""
    if isinstance(problem, SettingsInvalid):
        return Exit.SETTINGS
    if isinstance(problem, ConnectionBroken):
        return Exit.CONNECTION
    if isinstance(problem, NeedsAttention):
        return Exit.ATTENTION
    return Exit.LATER if isinstance(problem, (RetryLater, StoreUnavailable)) else Exit.BUG


def main() -> None:
    """Runs the command. Expected errors end with one sentence and an exit code that means something."""
    try:
        settings = Settings()
    except ValidationError as error:
        for problem in error.errors(include_input=False, include_url=False):
            name = "_".join(str(part) for part in problem["loc"]).upper()
            err.print(f"BOEKBRUG_{name}: {problem['msg']}", style="bold red", markup=False, highlight=False)
        sys.exit(Exit.SETTINGS)
    logging.basicConfig(level=settings.log_level.upper(), stream=sys.stderr, format="%(levelname)s %(message)s")
    for name in ("alembic", "httpx"):  # how the tables are made and what Prefect is asked is nobody's concern
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        app()
    except BoekbrugError as problem:
        err.print(problem.message, style="bold red", markup=False, highlight=False)
        sys.exit(exit_code_of(problem))
