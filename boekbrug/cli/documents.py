"""`boekbrug status | errors | retry | skip`: where documents stand, and what a person does about them."""

from __future__ import annotations

import getpass
from collections.abc import Iterable
from typing import Annotated, Any

import typer

from boekbrug.cli._output import Exit, out, print_json, print_table
from boekbrug.domain.errors import SettingsInvalid
from boekbrug.domain.findings import Finding
from boekbrug.domain.records import SyncRecord, SyncStatus
from boekbrug.store import contacts, moves, payments, records, runs, tenants
from tasks.runtime import runtime

TenantArg = Annotated[str, typer.Argument(help="Slug of the tenant.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]


def status(
    tenant: Annotated[str, typer.Argument(help="Slug of one tenant; all when left out.")] = "", as_json: AsJson = False
) -> None:
    """Show per route how many documents are where, and how the last run ended."""
    rows: list[dict[str, Any]] = []
    with runtime() as run, run.database.read() as session:
        owners = [tenants.tenant_by_slug(session, tenant)] if tenant else tenants.list_tenants(session)
        for owner in owners:
            for route in tenants.list_routes(session, owner.id):
                counts = records.counts(session, owner.id, route.id)
                there, missing = contacts.count_contacts(session, owner.id, route.id)
                told = payments.count_payments(session, owner.id, route.id)
                last = next(iter(runs.recent_runs(session, owner.id, route.id, limit=1)), None)
                rows.append(
                    {
                        "tenant": owner.slug,
                        "route": route.slug,
                        **{one.value: counts.get(one, 0) for one in SyncStatus},
                        "contacts": there,
                        "contacts_missing": missing,
                        "payments": told[payments.PaymentProgress.REGISTERED],
                        "broken": " ".join(c.slug for c in (route.source, route.target) if c.is_broken),
                        "last_run": last.started_at.isoformat(timespec="seconds") if last else None,
                        "last_outcome": last.outcome if last else None,
                        "last_message": last.message if last else "",
                    }
                )
    if as_json:
        print_json(rows)
        return
    print_table(
        "Documents per route",
        ("route", "booked", "waiting", "attention", "differ", "held", "skipped"),
        (
            (
                f"{row['tenant']}/{row['route']}",
                row["verified"] + row["posted"] + row["mismatch"],
                row["pending"] + row["in_flight"],
                row["needs_attention"],
                row["mismatch"],
                row["held"],
                row["skipped"],
            )
            for row in rows
        ),
    )
    for row in rows:
        out.print(f"{row['tenant']}/{row['route']}: {_last_run(row)}", markup=False, highlight=False)
        if row["contacts"] or row["contacts_missing"]:
            text = f"  {row['contacts']} contacts in the books, {row['contacts_missing']} not; "
            out.print(f"{text}{row['payments']} payments brought back", markup=False, highlight=False)
        if row["broken"]:
            text = f"  paused: {row['broken']}; see: boekbrug connection check {row['tenant']}"
            out.print(text, style="bold red", markup=False, highlight=False)


def _last_run(row: dict[str, Any]) -> str:
    if row["last_run"] is None:
        return "never run"
    return f"{row['last_run']} {row['last_outcome'] or 'begun, and not ended'}: {row['last_message'] or '-'}"


def errors(tenant: TenantArg, as_json: AsJson = False) -> None:
    """Show what did not go over or differs, why, and what to do. Exit code 6 when there is anything."""
    with runtime() as run, run.database.read() as session:
        owner = tenants.tenant_by_slug(session, tenant)
        statuses = (SyncStatus.NEEDS_ATTENTION, SyncStatus.MISMATCH)
        found = records.listing(session, owner.id, statuses=statuses, limit=100_000)
        refused = contacts.contact_errors(session, owner.id)
        unpaid = payments.notes(session, owner.id)
    language = owner.language
    besides = [
        *(("contact", f"{link.code} {link.name}".strip(), link.findings) for link in refused),
        *(("payment", note.number, note.findings) for note in unpaid),
    ]
    if as_json:
        about = [{what: name, "findings": _findings(f, language)} for what, name, f in besides]
        print_json([_error(record, language) for record in found] + about)
    elif not found and not besides:
        out.print(f"{tenant}: nothing needs attention.", markup=False)
    elif found:
        print_table(
            f"{tenant}: what needs attention",
            ("document", "status", "invoice", "what is the matter", "what to do"),
            (
                (
                    record.number,
                    record.status.value,
                    record.target_number,
                    "\n".join(f.sentence(language) for f in record.findings),
                    "\n".join(f.suggestion(language) for f in record.findings),
                )
                for record in found
            ),
        )
    if besides and not as_json:
        print_table(
            f"{tenant}: contacts and payments to look at",
            ("what", "whose", "what is the matter", "what to do"),
            (
                (
                    what,
                    name,
                    "\n".join(f.sentence(language) for f in found_there),
                    "\n".join(f.suggestion(language) for f in found_there),
                )
                for what, name, found_there in besides
            ),
        )
    if found or besides:
        raise typer.Exit(Exit.ATTENTION)


def _error(record: SyncRecord, language: str) -> dict[str, object]:
    return {
        "document": record.number,
        "status": record.status.value,
        "invoice": record.target_number or None,
        "gross": str(record.gross) if record.gross else None,
        "findings": _findings(record.findings, language),
    }


def _findings(findings: Iterable[Finding], language: str) -> list[dict[str, str]]:
    return [
        {
            "code": f.code,
            "level": f.level.value,
            "sentence": f.sentence(language),
            "suggestion": f.suggestion(language),
        }
        for f in findings
    ]


def retry(
    tenant: TenantArg,
    orders: Annotated[list[str] | None, typer.Argument(help="Numbers of orders or invoices.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Everything that needs attention.")] = False,
) -> None:
    """Put documents in front, to be read and processed again by the next run (boekbrug sync TENANT runs it now)."""
    if bool(orders) == everything:
        raise SettingsInvalid("name the documents to process again, or say --all")
    with runtime() as run, run.database.write() as session:
        owner = tenants.tenant_by_slug(session, tenant)
        if orders:
            _require(records.by_numbers(session, owner.id, orders), orders, tenant)
        count = moves.retry(
            session, owner.id, run.clock.now(), who=getpass.getuser(), numbers=None if everything else orders
        )
    out.print(f"{count} will be processed first. Now: boekbrug sync {tenant}", markup=False, highlight=False)


def skip(
    tenant: TenantArg,
    orders: Annotated[list[str], typer.Argument(help="Numbers of orders or invoices.")],
    reason: Annotated[str, typer.Option("--reason", help="Why they do not go over.")],
) -> None:
    """Leave documents out of the books, with a reason that is kept."""
    with runtime() as run, run.database.write() as session:
        owner = tenants.tenant_by_slug(session, tenant)
        found = records.by_numbers(session, owner.id, orders)
        _require(found, orders, tenant)
        for record in found:
            moves.skip(session, owner.id, record.id, run.clock.now(), who=getpass.getuser(), reason=reason)
    out.print(f"{len(found)} skipped.", markup=False, highlight=False)


def _require(found: list[SyncRecord], orders: list[str], tenant: str) -> None:
    missing = set(orders) - {record.number for record in found}
    if missing:
        raise SettingsInvalid(f"tenant {tenant!r} has no document {', '.join(sorted(missing))}")
