"""Koppelingen: connecting to a system step by step, checking it, and letting go of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import RedirectResponse, Response, StreamingResponse
from pydantic import JsonValue, SecretStr, ValidationError

from boekbrug.domain.errors import SettingsInvalid
from boekbrug.domain.tenants import SLUG, ConnectionConfig
from boekbrug.domain.users import Right
from boekbrug.store import audit, credentials, tenants
from connectors import CheckItem, ConnectorType
from connectors.registry import CONNECTORS, connector_type, read_credentials
from dashboard.access import Place, TheForm, ThePlace
from dashboard.first_steps import first_steps
from dashboard.foreign import problems_of, translated
from dashboard.model_forms import FormField, fields_of, sent_values
from dashboard.site import render, stream
from tasks.configuring import change_tenant, disconnected, last_check, tried, with_connection

router = APIRouter()
_LONGEST_SECRET = 500


@router.get("/t/{tenant}/connections")
def connections(request: Request, place: ThePlace) -> Response:
    """All of them, with how they are."""
    place.require(Right.CONNECT)
    run = place.site.runtime
    with run.database.read() as session:
        found = tenants.list_connections(session, place.tenant.id)
        routes = tenants.list_routes(session, place.tenant.id)
    rows = [(row, _kind(row.system), last_check(run, row)) for row in found]
    return _page(request, place, "connections.html", rows=rows, routes=routes)


@router.get("/t/{tenant}/connections/new")
def new(request: Request, place: ThePlace, system: str = "") -> Response:
    """The first step: which system; the second: its settings."""
    place.require(Right.CONNECT)
    if system and system not in CONNECTORS:
        raise HTTPException(404)
    if not system:
        kinds = sorted(CONNECTORS.values(), key=lambda kind: kind.title.casefold())
        return _page(request, place, "connection_choose.html", kinds=kinds)
    kind = connector_type(system)
    return _form(request, place, kind, slug=_free_slug(place, system), fields=fields_of(kind.settings, {}))


@router.post("/t/{tenant}/connections")
def create(request: Request, place: ThePlace, form: TheForm) -> Response:
    """A connection with its settings. It has no credentials yet: those are the next step."""
    place.require(Right.CONNECT)
    system, slug = str(form.get("system", "")), str(form.get("slug", "")).strip()
    if system not in CONNECTORS:
        raise HTTPException(404)
    with place.site.runtime.database.read() as session:
        taken = slug in [one.slug for one in tenants.list_connections(session, place.tenant.id)]
    return _save_settings(request, place, connector_type(system), slug, form, present={}, new=True, taken=taken)


@router.get("/t/{tenant}/connections/{connection}")
def show(request: Request, place: ThePlace, connection: str) -> Response:
    """One connection: how it is, its settings, which credentials it has, and what can be done."""
    place.require(Right.CONNECT)
    row = place.connection(connection)
    kind = _kind(row.system)
    with place.site.runtime.database.read() as session:
        names = credentials.credential_names(session, place.tenant.id, row.id)
    return _page(
        request,
        place,
        "connection.html",
        row=row,
        kind=kind,
        checked=last_check(place.site.runtime, row),
        fields=fields_of(kind.settings, dict(row.settings)) if kind else [],
        secrets=_secret_fields(kind) if kind else [],
        kept=names,
    )


@router.post("/t/{tenant}/connections/{connection}/settings")
def settings(request: Request, place: ThePlace, connection: str, form: TheForm) -> Response:
    """Other settings for a connection."""
    place.require(Right.CONNECT)
    row = place.connection(connection)
    return _save_settings(request, place, connector_type(row.system), row.slug, form, present=row.settings, new=False)


@router.get("/t/{tenant}/connections/{connection}/credentials")
def ask_credentials(request: Request, place: ThePlace, connection: str) -> Response:
    """The third step: the form for the credentials, with where to find them. It never shows one."""
    place.require(Right.CONNECT)
    row = place.connection(connection)
    kind = connector_type(row.system)
    return _page(request, place, "credentials.html", row=row, kind=kind, secrets=_secret_fields(kind), problem="")


@router.post("/t/{tenant}/connections/{connection}/credentials")
def save_credentials(request: Request, place: ThePlace, connection: str, form: TheForm) -> Response:
    """Seals and keeps them."""
    place.require(Right.CONNECT)
    row, run = place.connection(connection), place.site.runtime
    kind = connector_type(row.system)
    values = {
        name: SecretStr(str(form.get(name, "")).strip()[: _LONGEST_SECRET + 1])
        for name in kind.credentials.model_fields
        if str(form.get(name, "")).strip()
    }
    try:
        with run.database.write() as session:
            credentials.save_credentials(session, run.sealing_key, place.tenant.id, row.id, values)
            kept = credentials.read_credentials(session, run.sealing_key, place.tenant.id, row.id)
            read_credentials(row.system, kept)
            tenants.resume_connection(session, place.tenant.id, row.id)
            names = {"credentials": ", ".join(sorted(values))}
            now = run.clock.now()
            audit.note(
                session, place.tenant.id, now, who=place.who, action="credentials", subject=row.slug, after=names
            )
    except SettingsInvalid as problem:
        context = {
            "row": row,
            "kind": kind,
            "secrets": _secret_fields(kind),
            "problem": translated(problem.message, place.wording.gettext),
        }
        return _page(request, place, "credentials.html", status_code=422, **context)
    place.site.offers.forget(row)
    return RedirectResponse(f"{place.root}/connections/{row.slug}/check", 303)


@router.get("/t/{tenant}/connections/{connection}/check")
def before_check(request: Request, place: ThePlace, connection: str) -> Response:
    """The last step: the button that has it checked."""
    place.require(Right.CONNECT)
    row = place.connection(connection)
    return _page(request, place, "check.html", row=row, kind=_kind(row.system), items=None, outcome={})


@router.post("/t/{tenant}/connections/{connection}/check")
def check(request: Request, place: ThePlace, connection: str) -> Response:
    """Checks the connection; the page grows by a line as each step is known."""
    place.require(Right.CONNECT)
    row = place.connection(connection)
    outcome = {"works": True}

    def items() -> Iterator[CheckItem]:
        for item in tried(place.site.runtime, row, place.who):
            outcome["works"] = outcome["works"] and item.ok
            yield replace(item, detail=translated(item.detail, place.wording.gettext))
        place.site.offers.forget(row)

    with place.site.runtime.database.read() as session:
        next_step = next((step for step in first_steps(session, place) if not step.done), None)
    context = {"row": row, "kind": _kind(row.system), "items": items(), "outcome": outcome, "next": next_step}
    pieces = stream(request, "check.html", place.wording, place=place, visitor=place.visitor, **context)
    return StreamingResponse(pieces, media_type="text/html; charset=utf-8")


@router.post("/t/{tenant}/connections/{connection}/disconnect")
def disconnect(place: ThePlace, connection: str) -> Response:
    """Forgets the credentials; what went over stays."""
    place.require(Right.CONNECT)
    row = place.connection(connection)
    disconnected(place.site.runtime, row, place.who)
    place.site.offers.forget(row)
    return RedirectResponse(f"{place.root}/connections/{row.slug}", 303)


def _save_settings(
    request: Request,
    place: Place,
    kind: ConnectorType,
    slug: str,
    form: TheForm,
    *,
    present: Mapping[str, JsonValue],
    new: bool,
    taken: bool = False,
) -> Response:
    sent = sent_values(kind.settings, form)
    _ = place.wording.gettext
    wrong = "" if SLUG.fullmatch(slug) else _("Small letters, digits and hyphens, 48 at most.")
    problems: dict[str, str] = {"slug": _("There is one with this name already.") if taken else wrong}
    tables = {name: value for name, value in present.items() if isinstance(value, dict)}
    try:
        kept = kind.settings.model_validate(tables | sent).model_dump(mode="json", exclude_defaults=True)
        if not any(problems.values()):
            made = ConnectionConfig(slug=slug, system=kind.name, settings=kept)
            change_tenant(
                place.site.runtime,
                place.tenant.id,
                lambda config: with_connection(config, made),
                who=place.who,
                action="connect" if new else "settings",
                subject=slug,
                before=dict(present),
                after=kept,
            )
            step = "/credentials" if new else ""
            if not new:
                place.site.offers.forget(place.connection(slug))
            return RedirectResponse(f"{place.root}/connections/{slug}{step}", 303)
    except ValidationError as error:
        problems |= problems_of(error, _)
    except SettingsInvalid as error:
        problems["slug"] = translated(error.message, _)
    fields = fields_of(kind.settings, sent, problems=problems)
    return _form(request, place, kind, slug=slug, fields=fields, problem=problems["slug"], new=new, status_code=422)


def _form(
    request: Request,
    place: Place,
    kind: ConnectorType,
    *,
    slug: str,
    fields: list[FormField],
    problem: str = "",
    new: bool = True,
    status_code: int = 200,
) -> Response:
    context = {"kind": kind, "slug": slug, "fields": fields, "problem": problem, "new": new}
    return _page(request, place, "connection_settings.html", status_code=status_code, **context)


def _page(request: Request, place: Place, template: str, *, status_code: int = 200, **context: object) -> Response:
    return render(
        request, template, place.wording, status_code=status_code, place=place, visitor=place.visitor, **context
    )


def _kind(system: str) -> ConnectorType | None:
    return CONNECTORS.get(system)


def _secret_fields(kind: ConnectorType) -> list[FormField]:
    return fields_of(kind.credentials, {})


def _free_slug(place: Place, system: str) -> str:
    with place.site.runtime.database.read() as session:
        taken = {one.slug for one in tenants.list_connections(session, place.tenant.id)}
    return next(slug for slug in (system, *(f"{system}-{n}" for n in range(2, len(taken) + 3))) if slug not in taken)
