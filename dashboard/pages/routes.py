"""Configuratie of a route as a whole: what goes over and when, how strictly, and how it was set before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from boekbrug.domain.bookings import AccountKind
from boekbrug.domain.errors import BoekbrugError, SettingsInvalid
from boekbrug.domain.findings import Finding
from boekbrug.domain.tenants import MappingRule, RouteConfig, RoutePolicy, RuleKind, TenantConfig
from boekbrug.domain.users import Right
from boekbrug.store import audit, tenants
from boekbrug.store.route_versions import RouteVersion, route_versions
from connectors import Capability
from connectors.registry import connector_type
from dashboard import words
from dashboard.access import Place, TheForm, ThePlace
from dashboard.first_steps import SOURCES, TARGETS, able
from dashboard.foreign import problems_of, translated
from dashboard.model_forms import FormField
from dashboard.offers import account_names, choice_names
from dashboard.policy_form import policy_fields, sent_policy
from dashboard.schedules import sent_schedule
from dashboard.site import render
from mappings.eligibility import status_plan
from mappings.periods import period_start
from mappings.usual_rules import OpenBand, open_bands
from tasks.configuring import (
    Listed,
    RulesRefused,
    change_tenant,
    new_rule_problems,
    sides_of,
    taken_numbers,
    takes_lines,
    with_route,
)
from tasks.route_work import open_route
from tasks.runtime import using
from tasks.trial import Trial, try_out

router = APIRouter()
# The settings that name an account of this kind.
_CONTROL_FIELDS = {
    AccountKind.DEBTORS.value: "receivable_account",
    AccountKind.CREDITORS.value: "payable_account",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A version of a route and what it changed: settings (name, before, after), and rules that came and went."""

    version: RouteVersion
    settings: tuple[tuple[str, str, str], ...]
    added: tuple[MappingRule, ...]
    removed: tuple[MappingRule, ...]


@router.get("/t/{tenant}/routes")
def routes(request: Request, place: ThePlace) -> Response:
    """All routes, and what is needed for a new one."""
    place.require(Right.CONFIGURE)
    with place.site.runtime.database.read() as session:
        found = tenants.list_routes(session, place.tenant.id)
    return _page(request, place, "routes.html", routes=found)


@router.get("/t/{tenant}/routes/new")
def new(request: Request, place: ThePlace) -> Response:
    """The form for a new route."""
    place.require(Right.CONNECT)
    return _new(request, place, {})


@router.post("/t/{tenant}/routes")
def create(request: Request, place: ThePlace, form: TheForm) -> Response:
    """A new route, switched off: its rules come first."""
    place.require(Right.CONNECT)
    sent = {name: str(form.get(name, "")).strip() for name in ("slug", "source", "target", "start_on")}
    sent["schedule"] = sent_schedule(form)
    place.connection(sent["source"]), place.connection(sent["target"])
    problems: dict[str, str] = {}
    with place.site.runtime.database.read() as session:
        if sent["slug"] in [one.slug for one in tenants.list_routes(session, place.tenant.id)]:
            problems["slug"] = place.wording.gettext("There is one with this name already.")
    try:
        if not problems:
            values: dict[str, object] = {name: sent[name] for name in ("slug", "source", "target", "schedule")}
            policy = {"start_on": sent["start_on"] or None}
            made = RouteConfig.model_validate(values | {"enabled": False, "policy": policy})
            _change(place, None, made, action="new route")
            return RedirectResponse(f"{place.root}/routes/{made.slug}", 303)
    except ValidationError as error:
        problems = {
            name.split(".")[-1] or "schedule": text for name, text in problems_of(error, place.wording.gettext).items()
        }
    except SettingsInvalid as error:
        problems["slug"] = translated(error.message, place.wording.gettext)
    return _new(request, place, sent, problems, status_code=422)


@router.get("/t/{tenant}/routes/{route}")
def show(request: Request, place: ThePlace, route: str, done: str = "") -> Response:
    """The route: its rules by kind, its schedule, whether it is switched on."""
    place.require(Right.CONFIGURE)
    return _show(request, place, route, done)


def _show(request: Request, place: Place, route: str, done: str, warnings: Sequence[Finding] = ()) -> Response:
    found = place.route(route)
    rules = {kind: [(i, rule) for i, rule in enumerate(found.mapping) if rule.kind == kind] for kind in words.RULE_KIND}
    rules = {kind: of_kind for kind, of_kind in rules.items() if of_kind or kind in _kinds_asked(found)}
    return _page(
        request,
        place,
        "route.html",
        route=found,
        rules=rules,
        done=done,
        warnings=warnings,
        lacking=lacking_bands(place, found),
        **names_on(place, found),
    )


@router.post("/t/{tenant}/routes/{route}/switch")
def switch(request: Request, place: ThePlace, route: str, on: Annotated[bool, Form()] = False) -> Response:
    """On or off; the workflow server is told as well."""
    place.require(Right.CONFIGURE)
    found = place.route(route)
    try:
        before = config_of(found)
        wanted = before.model_copy(update={"enabled": on})
        _change(place, before, wanted, action="switch on" if on else "switch off")
    except SettingsInvalid:
        return RedirectResponse(f"{place.root}/routes/{route}?done=refused", 303)
    return _saved(request, place, route, numbers_matter=on and not found.enabled)


@router.post("/t/{tenant}/routes/{route}/run")
def run_now(place: ThePlace, route: str) -> Response:
    """Has the route run now."""
    place.require(Right.PROCESS)
    found, run = place.route(route), place.site.runtime
    started = place.site.hurry(run, place.tenant, found)
    with run.database.write() as session:
        audit.note(session, place.tenant.id, run.clock.now(), who=place.who, action="run now", subject=route)
    if not started:
        return RedirectResponse(f"{place.root}/routes/{route}?done=later", 303)
    return RedirectResponse(f"{place.root}?started={route}", 303)


@router.get("/t/{tenant}/routes/{route}/policy")
def policy(request: Request, place: ThePlace, route: str) -> Response:
    """The form for what goes over, how strictly, and when."""
    place.require(Right.CONFIGURE)
    found = place.route(route)
    return _policy(request, place, found, found.policy.model_dump(), found.schedule)


@router.post("/t/{tenant}/routes/{route}/policy")
def save_policy(request: Request, place: ThePlace, route: str, form: TheForm) -> Response:
    """A new version of the route with this policy and schedule."""
    place.require(Right.CONFIGURE)
    found = place.route(route)
    check_version(found, form)
    sent, schedule = sent_policy(found, form), sent_schedule(form)
    problems: dict[str, str] = {}
    try:
        wanted = config_of(found).model_dump() | {"policy": RoutePolicy.model_validate(sent), "schedule": schedule}
        statuses = place.site.offers.of(place.site.runtime, found.source).statuses
        made = RouteConfig.model_validate(wanted)
        if statuses:
            status_plan(made.policy, statuses)
        problems = _by_field(wrong_in(place, found, made), place.wording.language)
        if str(form.get("action", "")) == "try":
            trial = tried_out(place, found, made)
            return _policy(request, place, found, sent, schedule, problems, trial=trial)
        if problems:
            return _policy(request, place, found, sent, schedule, problems, status_code=422)
        _change(place, config_of(found), made, action="policy")
        other_numbers = made.policy.number_prefix != found.policy.number_prefix
        return _saved(request, place, route, numbers_matter=found.enabled and other_numbers)
    except ValidationError as error:
        problems = {name or "schedule": text for name, text in problems_of(error, place.wording.gettext).items()}
    except RulesRefused as error:
        language = place.wording.language
        problems["number_prefix"] = " ".join(f"{f.sentence(language)} {f.suggestion(language)}" for f in error.findings)
    except SettingsInvalid as error:
        said = translated(error.message, place.wording.gettext)
        problems["reserve" if "reserve" in error.message else "statuses"] = said
    return _policy(request, place, found, sent, schedule, problems, status_code=422)


@router.get("/t/{tenant}/routes/{route}/versions")
def versions(request: Request, place: ThePlace, route: str) -> Response:
    """Who changed what, and when."""
    place.require(Right.CONFIGURE)
    return _versions(request, place, route)


@router.post("/t/{tenant}/routes/{route}/versions/{version}")
def restore(request: Request, place: ThePlace, route: str, version: int) -> Response:
    """An older version anew, as a new one; refused when it would be wrong by now."""
    place.require(Right.CONFIGURE)
    found, site = place.route(route), place.site
    with site.runtime.database.read() as session:
        known = route_versions(session, place.tenant.id, found.id)
    wanted = next((one for one in known if one.version == version), None)
    if wanted is None:
        raise HTTPException(404)
    made = config_of(found).model_copy(update={"policy": wanted.policy, "mapping": wanted.mapping})
    problems = [f.sentence(place.wording.language) for f in wrong_in(place, found, made)]
    if not problems:
        try:
            _change(place, config_of(found), made, action=f"restore version {version}")
            return RedirectResponse(f"{place.root}/routes/{route}?done=saved", 303)
        except SettingsInvalid as error:
            problems = [error.message]
    return _versions(request, place, route, problems, status_code=422)


def config_of(route: tenants.Route) -> RouteConfig:
    """The route as it is written down."""
    return RouteConfig(
        slug=route.slug,
        source=route.source.slug,
        target=route.target.slug,
        enabled=route.enabled,
        schedule=route.schedule,
        policy=route.policy,
        mapping=route.mapping,
    )


def wrong_in(place: Place, route: tenants.Route, wanted: RouteConfig) -> list[Finding]:
    """What the change makes wrong that was right before, by what source and books list."""
    source, target = listed_by(place, route)
    lines = takes_lines(route.target)
    found = new_rule_problems(place.site.runtime, config_of(route), wanted, source, target, told_lines=lines)
    return [one for one in found if one.blocks]


def check_version(route: tenants.Route, form: TheForm) -> None:
    """Raises HTTPException 409 when somebody changed the route while the form was open."""
    if str(form.get("version", "")) != str(route.version):
        raise HTTPException(409)


def tried_out(place: Place, route: tenants.Route, wanted: RouteConfig) -> Trial | str:
    """What the latest documents would become by these rules; a sentence where that cannot be told now."""
    try:
        with using(place.site.runtime), open_route(place.tenant.slug, route.slug) as work:
            return try_out(work, wanted.policy, wanted.mapping)
    except BoekbrugError as error:
        return error.message


def save_route(
    place: Place, before: RouteConfig | None, made: RouteConfig, *, action: str, after: audit.State | None = None
) -> None:
    """Keeps the route as it is written down here; `before` is how the change found it. Raises SettingsInvalid, and
    HTTPException 409 when somebody else has changed it since."""

    def change(config: TenantConfig) -> TenantConfig:
        present = next((one for one in config.routes if one.slug == made.slug), None)
        if present != before:
            raise HTTPException(409)
        return with_route(config, made)

    change_tenant(
        place.site.runtime,
        place.tenant.id,
        change,
        who=place.who,
        action=action,
        subject=made.slug,
        after=after,
    )


def _change(place: Place, before: RouteConfig | None, made: RouteConfig, *, action: str) -> None:
    save_route(place, before, made, action=action, after={"enabled": made.enabled, "schedule": made.schedule})


def names_on(place: Place, route: tenants.Route) -> dict[str, Any]:
    """For templates: what books and source call what rules speak of, as far as they can be asked."""
    source, target = listed_by(place, route)
    return {"books": account_names(target), "names": choice_names(source)}


def listed_by(place: Place, route: tenants.Route) -> tuple[Listed, Listed]:
    """What source and books list."""
    site = place.site
    return site.offers.of(site.runtime, route.source), site.offers.of(site.runtime, route.target)


def _saved(request: Request, place: Place, slug: str, *, numbers_matter: bool) -> Response:
    """Tells the workflow server, and what is worth a look: numbers of the route that the books hold already."""
    done = _deployed(place, slug)
    warnings = taken_numbers(place.site.runtime, place.route(slug)) if numbers_matter else ()
    if warnings:
        return _show(request, place, slug, done, warnings)
    return RedirectResponse(f"{place.root}/routes/{slug}?done={done}", 303)


def _deployed(place: Place, slug: str) -> str:
    return "saved" if place.site.deploy(place.site.runtime, place.tenant, place.route(slug)) else "not_deployed"


def lacking_bands(place: Place, route: tenants.Route) -> tuple[OpenBand, ...]:
    """The kinds of VAT that no rule takes yet, as far as the books can be asked."""
    source, target = listed_by(place, route)
    if target.reference_data is None:
        return ()
    sides, today = sides_of(config_of(route), source), place.site.runtime.clock.now().date()
    return open_bands(route.mapping, route.policy, target.reference_data, sides=sides, today=today)


def _kinds_asked(route: tenants.Route) -> frozenset[RuleKind]:
    """The kinds of rules that documents of the route are held against."""
    if not takes_lines(route.target):
        return frozenset({"vat", "payment", "mixed"})
    orders = Capability.ORDER_SOURCE in connector_type(route.source.system).capabilities
    return frozenset({"vat", "cost", "account", *(("payment",) if orders else ())})


def _by_field(found: Iterable[Finding], language: str) -> dict[str, str]:
    """What is wrong with a policy, by the field that it belongs to; "" for what no field says."""
    said: dict[str, str] = {}
    for one in found:
        name = _CONTROL_FIELDS.get(one.values.get("wanted", ""), "") if one.code == "CONTROL_ACCOUNT_WRONG" else ""
        text = f"{one.sentence(language)} {one.suggestion(language)}"
        said[name] = f"{said.get(name, '')} {text}".strip()
    return said


def _policy(
    request: Request,
    place: Place,
    route: tenants.Route,
    values: dict[str, object],
    schedule: str,
    problems: dict[str, str] | None = None,
    *,
    trial: Trial | str = "",
    status_code: int = 200,
) -> Response:
    listed = place.site.offers.of(place.site.runtime, route.source)
    fields = policy_fields(route, values, listed, problems)
    away = [listed.problem, trial if isinstance(trial, str) else ""]
    context = {"route": route, "fields": fields, "schedule": schedule, "away": [note for note in away if note]}
    context |= {"wrong": (problems or {}).get("", "")}
    context |= {"trial": None if isinstance(trial, str) else trial, **names_on(place, route)}
    return _page(
        request,
        place,
        "policy.html",
        status_code=status_code,
        schedule_problem=(problems or {}).get("schedule", ""),
        **context,
    )


def _new(
    request: Request,
    place: Place,
    values: dict[str, str],
    problems: dict[str, str] | None = None,
    *,
    status_code: int = 200,
) -> Response:
    with place.site.runtime.database.read() as session:
        found = tenants.list_connections(session, place.tenant.id)
        routes = tenants.list_routes(session, place.tenant.id)
    today = place.site.runtime.clock.now().astimezone(ZoneInfo(place.tenant.time_zone)).date()
    ends = {"source": able(found, SOURCES), "target": able(found, TARGETS)}
    fields = {
        name: FormField(
            name=name,
            label=label,
            help=words.ROUTE_HELP.get(name, ""),
            values=(values.get(name, default),),
            problem=(problems or {}).get(name, ""),
            kind="choice" if name in ends else "day" if name == "start_on" else "text",
            options=tuple((row.slug, row.slug) for row in ends.get(name, ())),
            needed=name != "start_on",
        )
        for name, label, default in (
            ("source", words.ROUTE["source"], ""),
            ("target", words.ROUTE["target"], ""),
            ("slug", words.ROUTE["slug"], "" if routes else place.wording.gettext("sales")),
            # Books that date a document themselves take those of this VAT period without further ado.
            ("start_on", words.ROUTE["start_on"], str(period_start(today, RoutePolicy().vat_period))),
        )
    }
    return _page(
        request,
        place,
        "route_new.html",
        status_code=status_code,
        fields=fields,
        schedule=values.get("schedule", "0 6 * * *"),
        schedule_problem=(problems or {}).get("schedule", ""),
        complete=all(ends.values()),
    )


def _versions(
    request: Request, place: Place, slug: str, problems: list[str] | None = None, *, status_code: int = 200
) -> Response:
    route = place.route(slug)
    with place.site.runtime.database.read() as session:
        found = route_versions(session, place.tenant.id, route.id)
    changes = [_changed(one, before) for one, before in zip(found, [*found[1:], None], strict=True)]
    context = {"route": route, "changes": changes, "problems": problems or [], **names_on(place, route)}
    return _page(request, place, "versions.html", status_code=status_code, **context)


def _changed(version: RouteVersion, before: RouteVersion | None) -> Changed:
    if before is None:
        return Changed(version=version, settings=(), added=(), removed=())
    now, then = version.policy.model_dump(mode="json"), before.policy.model_dump(mode="json")
    return Changed(
        version=version,
        settings=tuple((name, _shown(then[name]), _shown(now[name])) for name in now if now[name] != then[name]),
        added=tuple(rule for rule in version.mapping if rule not in before.mapping),
        removed=tuple(rule for rule in before.mapping if rule not in version.mapping),
    )


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)


def _page(request: Request, place: Place, template: str, *, status_code: int = 200, **context: object) -> Response:
    return render(
        request, template, place.wording, status_code=status_code, place=place, visitor=place.visitor, **context
    )
