"""`boekbrug contacts import`: all customers and suppliers of an invoicing program to the books, once."""

from __future__ import annotations

from typing import Annotated

import typer

from boekbrug.cli._output import Exit, out, print_json, watched
from boekbrug.domain.errors import SettingsInvalid
from tasks.contacts import carry_contacts
from tasks.route_work import open_route, pausing

app = typer.Typer(help="Customers and suppliers.", no_args_is_help=True)


@app.callback()
def _contacts() -> None:
    """Customers and suppliers."""


@app.command("import")
def import_(
    tenant: Annotated[str, typer.Argument(help="Slug of the tenant.")],
    route: Annotated[str, typer.Argument(help="Slug of the route; the tenant's only one when left out.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Find or create every customer and supplier in the books. Safe to do again; exit code 6 when some need attention.

    The daily run does the same for those that were made or changed since.
    """
    with open_route(tenant, route) as work:
        if not work.keeps_contacts:
            raise SettingsInvalid(f"{work.route.source.slug!r} ({work.route.source.system}) keeps no contacts")
        with watched(as_json) as progress, pausing(work, work.route.target, work.route.source):
            done = carry_contacts(work, progress, everything=True)
    if as_json:
        print_json({"read": done.read, "linked": done.linked, "changed": done.changed, "refused": done.refused,
                    "later": done.later})  # fmt: skip
    else:
        out.print(
            f"{tenant}: {done.read} contacts read: {done.linked} found or created, {done.changed} changed, "
            f"{done.refused} need attention, {done.later} to be tried again",
            markup=False,
            highlight=False,
        )
    if done.later:
        raise typer.Exit(Exit.LATER)
    if done.refused:
        raise typer.Exit(Exit.ATTENTION)
