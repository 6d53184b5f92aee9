"""`boekbrug migrate …`: historic orders, planned before they start, and watched while they go over."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from boekbrug.cli import deployments
from boekbrug.cli._output import Exit, out, print_json, print_table, watched
from boekbrug.domain.errors import SettingsInvalid
from boekbrug.domain.findings import CATALOGUE
from boekbrug.domain.forecast import Forecast
from boekbrug.domain.migrations import LIVE, Migration, MigrationState
from boekbrug.domain.windows import DailyWindow
from boekbrug.store import migration_records, order_migrations, tenants
from tasks import standing as standings
from tasks.planning import foresee, plan_migration
from tasks.route_work import MIGRATION_LANES, RouteWork, open_route
from tasks.runtime import Runtime, runtime, using
from tasks.standing import Standing

app = typer.Typer(help="Historic orders: plan, start, pause, resume, cancel, watch.", no_args_is_help=True)

TenantArg = Annotated[str, typer.Argument(help="Slug of the tenant.")]
RouteOption = Annotated[str, typer.Option("--route", help="Slug of the route, where the tenant has several.")]
IdOption = Annotated[int, typer.Option("--migration", help="Its id; left out: the latest that this applies to.")]
Here = Annotated[bool, typer.Option("--here", help="In this process, as far as it goes now, instead of on a worker.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]
_SHOWN = 20


@app.command("plan")
def plan(
    tenant: TenantArg,
    first_on: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day of the orders.")],
    last_on: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day of the orders.")],
    route: RouteOption = "",
    window: Annotated[str, typer.Option(help="Hours in which it may run, such as 00:00-06:00.")] = "00:00-24:00",
    per_window: Annotated[int | None, typer.Option(min=1, help="Documents per window at most.")] = None,
    as_json: AsJson = False,
) -> None:
    """Read what the shop has and tell what would become of it and when it would be done. Writes nothing remotely."""
    try:
        hours = DailyWindow.parse(window)
    except ValueError as error:
        raise SettingsInvalid(f"--window: {error}") from None
    with open_route(tenant, route, lanes=MIGRATION_LANES) as work, watched(as_json) as progress:
        migration, foreseen = plan_migration(
            work,
            first_on.date(),
            last_on.date(),
            window=hours,
            per_window=per_window,
            who=getpass.getuser(),
            progress=progress,
        )
        with_yes = foresee(work, migration, migration.plan.posting(earlier_periods=True))
        reserve = work.reserve
    if as_json:
        print_json(_plan_json(work, migration, foreseen, with_yes))
    else:
        _print_plan(work, migration, foreseen, with_yes, reserve)


@app.command("start")
def start(
    tenant: TenantArg,
    route: RouteOption = "",
    migration: IdOption = 0,
    accept_earlier_periods: Annotated[
        bool, typer.Option("--accept-earlier-periods", help="The shopkeeper's yes to orders of earlier VAT periods.")
    ] = False,
    here: Here = False,
) -> None:
    """Start what was planned. A worker goes on with it until it is done, through restarts of anything."""
    if not here:
        deployments.require_server()
    with open_route(tenant, route, lanes=MIGRATION_LANES) as work:
        chosen = _chosen(work, migration, {MigrationState.PLANNED})
        standings.start(
            work.runtime,
            work.tenant.id,
            chosen.id,
            accepts_earlier_periods=accept_earlier_periods,
            who=getpass.getuser(),
        )
        _go_on(work, chosen.id, here)


@app.command("pause")
def pause(tenant: TenantArg, route: RouteOption = "", migration: IdOption = 0) -> None:
    """Stop before the next document; what is being written is let go over."""
    with runtime() as run:
        owner, chosen_id = _of(run, tenant, route, migration, frozenset({MigrationState.RUNNING}))
        standings.pause(run, owner.id, chosen_id)
    out.print(f"Migration {chosen_id} is {MigrationState.PAUSED}.", markup=False, highlight=False)


@app.command("resume")
def resume(tenant: TenantArg, route: RouteOption = "", migration: IdOption = 0, here: Here = False) -> None:
    """Go on where it was. Also for one that runs and that nobody seems to go on with."""
    if not here:
        deployments.require_server()
    with open_route(tenant, route, lanes=MIGRATION_LANES) as work:
        chosen = _chosen(work, migration, LIVE)
        standings.resume(work.runtime, work.tenant.id, chosen.id)
        _go_on(work, chosen.id, here)


@app.command("cancel")
def cancel(tenant: TenantArg, route: RouteOption = "", migration: IdOption = 0) -> None:
    """End it: what is not written yet is skipped. What went over stays in the books."""
    with runtime() as run:
        owner, chosen_id = _of(run, tenant, route, migration, LIVE | {MigrationState.PLANNED})
        count = standings.cancel(run, owner.id, chosen_id, who=getpass.getuser())
    out.print(f"Migration {chosen_id} is cancelled; {count} orders were skipped.", markup=False, highlight=False)


@app.command("status")
def status(
    tenant: Annotated[str, typer.Argument(help="Slug of one tenant; all when left out.")] = "", as_json: AsJson = False
) -> None:
    """Show how far migrations are, when they will be done, and where their orders are."""
    with runtime() as run, run.database.read() as session:
        owners = [tenants.tenant_by_slug(session, tenant)] if tenant else tenants.list_tenants(session)
        found = [
            (owner, route, Standing(one, migration_records.counts(session, owner.id, one.id)))
            for owner in owners
            for route in tenants.list_routes(session, owner.id)
            for one in order_migrations.list_migrations(session, owner.id, route.id)
        ]
    if as_json:
        print_json([_standing_json(owner, route, standing) for owner, route, standing in found])
        return
    print_table(
        "Migrations",
        ("id", "route", "orders of", "state", "progress", "in the books", "waiting", "skipped", "attention", "done at"),
        (
            (
                standing.migration.id,
                f"{owner.slug}/{route.slug}",
                f"{standing.migration.first_on} to {standing.migration.last_on}",
                standing.migration.state,
                f"{standing.progress:g}%",
                f"{standing.completeness.booked} of {standing.migration.shop_count}",
                standing.counts.waiting,
                standing.completeness.excluded,
                standing.completeness.failed,
                _local(standing.migration.ended_at or standing.migration.finishes_at, owner.time_zone),
            )
            for owner, route, standing in found
        ),
    )
    if tenant:
        for owner, _, standing in found[:1]:
            out.print(standings.statement(standing, owner.language), markup=False, highlight=False)


# -- which one, and going on with it


def _chosen(work: RouteWork, migration_id: int, states: frozenset[MigrationState] | set[MigrationState]) -> Migration:
    with work.runtime.database.read() as session:
        if migration_id:
            return order_migrations.migration_by_id(session, work.tenant.id, migration_id)
        found = order_migrations.list_migrations(session, work.tenant.id, work.route.id)
    for one in found:
        if one.state in states:
            return one
    raise SettingsInvalid(
        f"{work.tenant.slug}: no migration is {' or '.join(sorted(states))}; see: boekbrug migrate status"
    )


def _of(
    run: Runtime, tenant: str, route: str, migration_id: int, states: frozenset[MigrationState]
) -> tuple[tenants.Tenant, int]:
    """Without opening a connection: what stops a migration works while its remote systems do not."""
    with run.database.read() as session:
        owner = tenants.tenant_by_slug(session, tenant)
        if migration_id:
            return owner, order_migrations.migration_by_id(session, owner.id, migration_id).id
        route_id = tenants.route_by_slug(session, owner.id, route).id if route else None
        found = [one for one in order_migrations.list_migrations(session, owner.id, route_id) if one.state in states]
    if len(found) != 1:
        which = ", ".join(str(one.id) for one in found) or "none"
        raise SettingsInvalid(f"{tenant}: name the migration; those that are {' or '.join(sorted(states))}: {which}")
    return owner, found[0].id


def _go_on(work: RouteWork, migration_id: int, here: bool) -> None:
    if not here:
        moment = deployments.schedule_migration(work)
        out.print(
            f"Migration {migration_id} runs on a worker from {_local(moment, work.tenant.time_zone)}. "
            f"See: boekbrug migrate status {work.tenant.slug}",
            markup=False,
            highlight=False,
        )
        return
    from tasks.migrating import PlainSteps, bring_over, take_note  # noqa: PLC0415 - these compare, and so import pandas
    from tasks.reporting import recorded_run  # noqa: PLC0415 - as above

    with using(work.runtime), watched(False) as progress, recorded_run(work) as report:
        bring_over(work, migration_id, PlainSteps(progress), report)
    standing = take_note(work, migration_id)
    out.print(standing.migration.statement, markup=False, highlight=False)
    if report.goes_on_at is not None:
        out.print(
            f"Goes on from {_local(report.goes_on_at, work.tenant.time_zone)}: "
            f"boekbrug migrate resume {work.tenant.slug} --here",
            markup=False,
            highlight=False,
        )
    elif standing.completeness.failed or standing.counts.mismatch:
        raise typer.Exit(Exit.ATTENTION)


# -- what is shown


def _print_plan(work: RouteWork, migration: Migration, foreseen: Forecast, with_yes: Forecast, reserve: int) -> None:
    found, zone, language = migration.plan, work.tenant.time_zone, work.tenant.language
    limit = work.document_budget.limit
    rows: list[tuple[object, ...]] = [
        ("the shop counts", found.shop_count, "" if found.read == found.shop_count else f"{found.read} could be read"),
        ("would be posted", found.posting(earlier_periods=False), ""),
        ("in the books already", found.was_there, ""),
        ("waiting in the daily run", found.with_daily, ""),
        *(("would be skipped", count, _sentence(code, language)) for code, count in found.skipped.items()),
        *(("would be refused", count, _sentence(code, language)) for code, count in found.refused.items()),
    ]
    if found.earlier_periods:
        rows.append(
            (
                "of an earlier VAT period",
                found.earlier_periods,
                "the books would date them today: skipped, unless start --accept-earlier-periods",
            )
        )
    title = f"{work.tenant.slug}, {work.route.slug}: orders of {migration.first_on} to {migration.last_on}"
    print_table(title, ("", "orders", ""), rows)
    print_table(
        f"Windows {migration.window} ({zone}), {limit} per period of which {reserve} are kept for the daily run"
        if limit
        else f"Windows {migration.window} ({zone})",
        ("window", "orders", "first", "last"),
        _windows(foreseen, zone),
    )
    out.print(f"Done at {_local(foreseen.finishes_at, zone) or 'once: nothing is to be posted'}.", highlight=False)
    if found.earlier_periods:
        out.print(f"With earlier VAT periods: done at {_local(with_yes.finishes_at, zone)}.", highlight=False)
    out.print(
        f"Start it with: boekbrug migrate start {work.tenant.slug} --migration {migration.id}",
        markup=False,
        highlight=False,
    )


def _windows(foreseen: Forecast, zone: str) -> Iterator[tuple[object, ...]]:
    for one in foreseen.windows[:_SHOWN]:
        yield _local(one.opens_at, zone), one.documents, _local(one.first_at, zone), _local(one.last_at, zone)
    rest = foreseen.windows[_SHOWN:]
    if rest:
        yield f"{len(rest)} more", sum(one.documents for one in rest), "", _local(rest[-1].last_at, zone)


def _plan_json(work: RouteWork, migration: Migration, foreseen: Forecast, with_yes: Forecast) -> dict[str, object]:
    found = migration.plan
    return {
        "migration": migration.id,
        "tenant": work.tenant.slug,
        "route": work.route.slug,
        "from": migration.first_on,
        "to": migration.last_on,
        "shop_count": found.shop_count,
        "read": found.read,
        "to_post": found.posting(earlier_periods=False),
        "there_already": found.was_there,
        "waiting_in_daily_run": found.with_daily,
        "skipped": found.skipped,
        "refused": found.refused,
        "earlier_periods": found.earlier_periods,
        "earlier_periods_refused": found.earlier_refused,
        "window": str(migration.window),
        "per_window": migration.per_window,
        "limit": work.document_budget.limit,
        "reserve": work.reserve,
        "windows": [
            {"opens_at": one.opens_at, "documents": one.documents, "first_at": one.first_at, "last_at": one.last_at}
            for one in foreseen.windows
        ],
        "finishes_at": foreseen.finishes_at,
        "finishes_at_with_earlier_periods": with_yes.finishes_at,
    }


def _standing_json(owner: tenants.Tenant, route: tenants.Route, standing: Standing) -> dict[str, object]:
    migration, counts, complete = standing.migration, standing.counts, standing.completeness
    return {
        "migration": migration.id,
        "tenant": owner.slug,
        "route": route.slug,
        "from": migration.first_on,
        "to": migration.last_on,
        "state": migration.state,
        "accepts_earlier_periods": migration.accepts_earlier_periods,
        "progress": standing.progress,
        "shop_count": complete.shop,
        "posted": counts.posted,
        "there_already": counts.was_there,
        "mismatch": counts.mismatch,
        "waiting": counts.waiting,
        "skipped": counts.skipped,
        "needs_attention": counts.needs_attention,
        "missing": complete.missing,
        "complete": complete.is_complete and not counts.waiting,
        "finishes_at": migration.finishes_at,
        "ended_at": migration.ended_at,
    }


def _sentence(code: str, language: str) -> str:
    kind = CATALOGUE.get(code)
    if kind is None:
        return code
    return f"{code}: {(kind.nl if language == 'nl' else kind.en).suggestion}"


def _local(moment: datetime | None, zone: str) -> str:
    return f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}" if moment else ""
