"""`boekbrug sync`: one tenant's daily run, now; or a look at what it would do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from boekbrug.cli import deployments
from boekbrug.cli._output import Exit, out, print_json, print_table, watched
from boekbrug.domain.bookings import EntryLine
from boekbrug.store import tenants
from tasks.contacts import carry_contacts
from tasks.fetching import fetch_changed
from tasks.payments import bring_payments_back
from tasks.preview import Preview, preview_documents
from tasks.progress import Progress
from tasks.pushing import push_due, push_with_rate_limit
from tasks.route_work import RouteWork, open_route, pausing
from tasks.runtime import runtime, using
from tasks.settling import settle_and_adopt
from tasks.transforming import transform_waiting

if TYPE_CHECKING:
    from tasks.reporting import RunReport

Route = Annotated[str, typer.Option("--route", help="Slug of the route; all of the tenant's when left out.")]


def sync(
    tenant: Annotated[str, typer.Argument(help="Slug of the tenant.")],
    route: Route = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be booked and write nothing.")] = False,
    on_worker: Annotated[bool, typer.Option("--on-worker", help="Let a Prefect worker do it, and wait.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Run the tenant's daily sync now, in this process. Exit code 6: done, and something waits for a person."""
    attention = False
    with runtime() as run, using(run):
        with run.database.read() as session:
            owner = tenants.tenant_by_slug(session, tenant)
            chosen = (
                [tenants.route_by_slug(session, owner.id, route)]
                if route
                else [one for one in tenants.list_routes(session, owner.id) if one.enabled]
            )
        for one in chosen:
            if on_worker:
                deployments.run_on_worker(tenant, one)
                continue
            with open_route(tenant, one.slug) as work:
                attention |= _preview(work, as_json) if dry_run else _run(work, as_json)
    if attention:
        raise typer.Exit(Exit.ATTENTION)


def _run(work: RouteWork, as_json: bool) -> bool:
    from tasks.reporting import recorded_run  # noqa: PLC0415 - pandas takes a second, which no other command should pay

    with watched(as_json) as progress, recorded_run(work) as report:
        _steps(work, report, progress)
    if as_json:
        print_json(
            {"tenant": work.tenant.slug, "route": work.route.slug, **report.counts, "goes_on_at": report.goes_on_at}
        )
    else:
        out.print(f"{work.tenant.slug}, {work.route.slug}: {report.message(work)}", markup=False, highlight=False)
    if report.held_up is not None:
        raise typer.Exit(Exit.LATER)
    return report.needs_attention > 0 or report.verified.mismatch > 0


def _steps(work: RouteWork, report: RunReport, progress: Progress) -> None:
    from tasks.verifying import verify_posted  # noqa: PLC0415 - as above

    both = (work.route.target, work.route.source)
    with pausing(work, *both):
        report.contacts = carry_contacts(work, progress)
    with pausing(work, work.route.source):
        report.fetched = fetch_changed(work, progress)
    with pausing(work, work.route.target):
        report.transformed = transform_waiting(work, progress)
        report.pushed = push_with_rate_limit(work, settle=settle_and_adopt, push=lambda w: push_due(w, progress))
        report.verified = verify_posted(work, progress)
    with pausing(work, *both):
        report.payments = bring_payments_back(work, progress)


def _preview(work: RouteWork, as_json: bool) -> bool:
    language = work.tenant.language
    with watched(as_json) as progress:
        previews = list(preview_documents(work, progress))
    if as_json:
        print_json([preview.as_json(language) for preview in previews])
    else:
        print_table(
            f"{work.tenant.slug}, {work.route.slug}: what a run would do now",
            ("document", "would", "gross", "what and why"),
            ((one.number, one.verdict, one.gross, "\n".join(_why(one, language))) for one in previews),
        )
    return any(one.verdict == "refuse" for one in previews)


def _why(preview: Preview, language: str) -> Iterator[str]:
    for found in preview.findings:
        yield f"{found.sentence(language)} {found.suggestion(language)}"
    if preview.booking is not None:
        for line in preview.booking.lines:
            why = " ; ".join(line.why)
            if isinstance(line, EntryLine):
                yield f"{line.ledger_account} {line.vat_code}: {line.net} + {line.tax_amount} {why}"
            else:
                yield f"{line.quantity:f} × {line.description}: {line.unit_price} ({line.vat_code}%) {why}"
