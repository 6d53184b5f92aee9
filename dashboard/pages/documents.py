"""Rapportage: which documents went over and when; and the whole life of one of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import FileResponse, Response, StreamingResponse
from pydantic import ValidationError
from sqlmodel import Session
from starlette.background import BackgroundTask

from boekbrug.domain.documents import Invoice, InvoiceLine, PostedDocument
from boekbrug.domain.errors import BoekbrugError
from boekbrug.domain.records import SyncRecord, SyncStatus
from boekbrug.domain.snapshots import document_from_json
from boekbrug.domain.tenants import MappingRule
from boekbrug.domain.users import Right
from boekbrug.store import attempts, records, reports, tenants
from boekbrug.store.route_versions import RouteVersion, version_that_judged
from connectors import BookingTarget, LedgerTarget
from dashboard.access import Place, ThePlace
from dashboard.mending import address_of
from dashboard.offers import account_names, choice_names
from dashboard.reporting import (
    COLUMNS,
    Choices,
    as_csv,
    as_xlsx,
    customer_of,
    place_from_text,
    place_to_text,
    rows,
)
from dashboard.site import render
from dashboard.systems import Pages, title_of
from mappings.rules import LINE_RULE, document_facts, line_facts, rule_for
from mappings.source_documents import transformed
from tasks.configuring import takes_lines
from tasks.route_work import open_connection

router = APIRouter()
PAGE = 50
RETRIED = frozenset({SyncStatus.NEEDS_ATTENTION, SyncStatus.SKIPPED, SyncStatus.PENDING})
SKIPPED = frozenset({SyncStatus.NEEDS_ATTENTION, SyncStatus.PENDING, SyncStatus.HELD})


@dataclass(frozen=True, slots=True)
class ChosenLine:
    """A line of a document and the rule that chose its VAT code and account; None: there is no such rule. `deviating`
    is the rule that chose another account, where one did."""

    line: InvoiceLine
    rule: MappingRule | None
    deviating: MappingRule | None

    @property
    def ledger_account(self) -> str:
        """The account that was chosen; "" for none."""
        by = self.deviating or self.rule
        return (by and by.gives.ledger_account) or ""


@dataclass(frozen=True, slots=True)
class Why:
    """How a document was judged: by which version of the rules, and what they chose. `asks_payment`: the books want to
    know how it was paid."""

    version: RouteVersion
    document: Invoice
    lines: tuple[ChosenLine, ...]
    asks_payment: bool
    payment: MappingRule | None


@router.get("/t/{tenant}/documents")
def report(request: Request, place: ThePlace) -> Response:
    """The list, as it was filtered and sorted."""
    choices = Choices.of(request.query_params)
    with place.site.runtime.database.read() as session:
        routes = tenants.list_routes(session, place.tenant.id)
        page = reports.report_page(
            session,
            place.tenant.id,
            choices.filter(routes, place.wording.zone),
            after=place_from_text(request.query_params.get("after", "")),
            limit=PAGE,
        )
    return render(
        request,
        "documents.html",
        place.wording,
        place=place,
        visitor=place.visitor,
        choices=choices,
        routes=routes,
        found=[(record, customer_of(record)) for record in page.records],
        pages=Pages(routes),
        partial=page.is_partial,
        most=reports.MOST_FOUND,
        leaves_older=page.leaves_older,
        looked_through=reports.LOOKED_THROUGH,
        next=choices.address(after=place_to_text(page.next)) if page.next else "",
        is_first="after" not in request.query_params,
    )


@router.get("/t/{tenant}/documents.{form}")
def export(request: Request, place: ThePlace, form: str) -> Response:
    """The same documents, all of them, as a CSV or XLSX file."""
    if form not in ("csv", "xlsx"):
        raise HTTPException(404)
    choices, wording, database = Choices.of(request.query_params), place.wording, place.site.runtime.database
    with database.read() as session:
        routes = tenants.list_routes(session, place.tenant.id)
    wanted = choices.filter(routes, wording.zone)
    found = rows(reports.report(database, place.tenant.id, wanted), {r.id: r.slug for r in routes}, wording)
    titles = [wording.gettext(title) for title in COLUMNS]
    name = f"{place.tenant.slug}-{place.site.runtime.clock.now().astimezone(wording.zone):%Y-%m-%d}.{form}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    if form == "csv":
        return StreamingResponse(as_csv(found, titles), media_type="text/csv; charset=utf-8", headers=headers)
    path = as_xlsx(found, titles)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return FileResponse(path, media_type=kind, headers=headers, background=BackgroundTask(path.unlink))


@router.get("/t/{tenant}/documents/{record_id}")
def document(request: Request, place: ThePlace, record_id: int) -> Response:
    """One document's whole life."""
    with place.site.runtime.database.read() as session:
        record = _record(session, place, record_id)
        history = records.history(session, place.tenant.id, record_id)
        asked = attempts.attempts_of(session, place.tenant.id, record_id)
        version = version_that_judged(session, place.tenant.id, record_id)
        route = next(r for r in tenants.list_routes(session, place.tenant.id) if r.id == record.route_id)
    return render(
        request,
        "document.html",
        place.wording,
        place=place,
        visitor=place.visitor,
        record=record,
        customer=customer_of(record),
        history=history,
        attempts=asked,
        route=route,
        why=why(record, version, route),
        source_title=title_of(route.source),
        target_title=title_of(route.target),
        pages=Pages([route]).of(record),
        books=account_names(place.site.offers.lately(route.target)),
        names=choice_names(place.site.offers.lately(route.source)),
        snapshot=json.dumps(json.loads(record.snapshot or "{}"), indent=2, ensure_ascii=False),
        mends=_mends(place, route, record),
        can_retry=record.status in RETRIED and place.may(Right.PROCESS),
        can_skip=record.status in SKIPPED and place.may(Right.PROCESS),
        can_accept=record.status is SyncStatus.MISMATCH and place.may(Right.PROCESS),
    )


@router.post("/t/{tenant}/documents/{record_id}/books")
def in_the_books(request: Request, place: ThePlace, record_id: int) -> Response:
    """The document as the books show it now: asks them, which takes one of the account's calls."""
    runtime = place.site.runtime
    with runtime.database.read() as session:
        record = _record(session, place, record_id)
        route = next(r for r in tenants.list_routes(session, place.tenant.id) if r.id == record.route_id)
    posted: PostedDocument | None = None
    problem = ""
    if record.target_ref is not None:
        since = (record.posted_at or record.updated_at).date() - timedelta(days=1)
        try:
            with open_connection(runtime, route.target) as opened:
                if isinstance(opened, BookingTarget | LedgerTarget):
                    posted = opened.read_documents([record.target_ref], since=since).get(record.target_ref)
        except BoekbrugError as error:
            problem = error.message
    return render(
        request,
        "part/books.html",
        place.wording,
        place=place,
        record=record,
        posted=posted,
        problem=problem,
    )


def _mends(place: Place, route: tenants.Route, record: SyncRecord) -> dict[int, str]:
    """Where what was found is mended, by its place among the findings."""
    if record.status is not SyncStatus.NEEDS_ATTENTION or not place.may(Right.CONFIGURE):
        return {}
    return {index: address_of(place.root, route, found) for index, found in enumerate(record.findings) if found.blocks}


def _record(session: Session, place: Place, record_id: int) -> SyncRecord:
    try:
        return records.record_by_id(session, place.tenant.id, record_id)
    except LookupError:
        raise HTTPException(404) from None


def why(record: SyncRecord, version: RouteVersion | None, route: tenants.Route) -> Why | None:
    """What the rules that judged the document chose; None when it could not be read, or never was judged."""
    if version is None or not record.snapshot:
        return None
    try:
        source = document_from_json(record.snapshot, record.source_ref.kind)
    except ValidationError:
        return None
    judged = transformed(source, version.policy, None).document
    if judged is None:
        return None
    told_lines = takes_lines(route.target)
    payment = None if told_lines else rule_for(version.mapping, "payment", document_facts(judged))
    lines = tuple(_chosen(judged, line, version.mapping, told_lines=told_lines) for line in judged.lines)
    return Why(version, judged, lines, not told_lines, payment)


def _chosen(document: Invoice, line: InvoiceLine, rules: Sequence[MappingRule], *, told_lines: bool) -> ChosenLine:
    facts = line_facts(document, line.tax, line.kind, line.product_group, line.cost_category, line.tax_code)
    deviating = rule_for(rules, "account", facts) if told_lines else None
    chooses = deviating if deviating and deviating.gives.ledger_account else None
    return ChosenLine(line, rule_for(rules, LINE_RULE[document.kind.side], facts), chooses)
