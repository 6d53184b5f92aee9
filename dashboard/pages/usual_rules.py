"""The usual rules of a route at once: for each VAT band a code and an account, as the books list them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from boekbrug.domain.bookings import ReferenceData
from boekbrug.domain.documents import Side
from boekbrug.domain.errors import SettingsInvalid
from boekbrug.domain.tenants import Band, MappingRule, RuleKind, RuleMatch, RuleResult
from boekbrug.domain.users import Right
from boekbrug.store import tenants
from dashboard import words
from dashboard.access import Place, TheForm, ThePlace
from dashboard.model_forms import FormField, Option
from dashboard.pages.routes import (
    check_version,
    config_of,
    lacking_bands,
    listed_by,
    names_on,
    save_route,
    tried_out,
)
from dashboard.site import render
from mappings.usual_rules import line_accounts
from tasks.configuring import new_rule_problems, takes_lines
from tasks.trial import Trial

router = APIRouter()
_KIND: dict[Side, RuleKind] = {Side.SALES: "vat", Side.PURCHASES: "cost"}
_MIXED: RuleKind = "mixed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What is asked of one band, or of invoices with several accounts (`band` None), with the fields for it."""

    kind: RuleKind
    band: Band | None
    fields: tuple[FormField, ...]

    def rule(self, form: TheForm) -> MappingRule | None:
        """The rule that was chosen; None when nothing was."""
        chosen = {one.name.rpartition(".")[2]: str(form.get(one.name, "")).strip() for one in self.fields}
        gives = RuleResult.model_validate({name: value for name, value in chosen.items() if value})
        wanted = gives.vat_code if self.band else gives.ledger_account
        return MappingRule(kind=self.kind, match=RuleMatch(band=self.band), gives=gives) if wanted else None


@router.get("/t/{tenant}/routes/{route}/usual-rules")
def usual_rules(request: Request, place: ThePlace, route: str) -> Response:
    """The form, with the likeliest VAT code of each band chosen already."""
    place.require(Right.CONFIGURE)
    return _form(request, place, place.route(route))


@router.post("/t/{tenant}/routes/{route}/usual-rules")
def save(request: Request, place: ThePlace, route: str, form: TheForm) -> Response:
    """Adds a rule for each band that something was chosen for, or tries them out."""
    place.require(Right.CONFIGURE)
    found = place.route(route)
    check_version(found, form)
    source, target = listed_by(place, found)
    before = config_of(found)
    made = [one for row in _rows(place, found, form) if (one := row.rule(form))]
    wanted = before.model_copy(update={"mapping": (*before.mapping, *made)})
    if str(form.get("action", "")) == "try":
        trial = tried_out(place, found, wanted)
        if isinstance(trial, str):
            return _form(request, place, found, form, notes=[trial])
        return _form(request, place, found, form, trial=trial)
    lines, language = takes_lines(found.target), place.wording.language
    problems = new_rule_problems(place.site.runtime, before, wanted, source, target, told_lines=lines)
    notes = [f"{one.sentence(language)} {one.suggestion(language)}" for one in problems if one.blocks]
    if not notes and made:
        try:
            save_route(place, before, wanted, action="save usual rules")
        except SettingsInvalid as error:
            notes.append(error.message)
    if notes:
        return _form(request, place, found, form, notes=notes, status_code=422)
    return RedirectResponse(f"{place.root}/routes/{route}?done=saved", 303)


def _rows(place: Place, route: tenants.Route, form: TheForm | None) -> list[Row]:
    books = listed_by(place, route)[1].reference_data
    if books is None:
        return []
    accounts = _accounts(books)
    rows = []
    for one in lacking_bands(place, route):
        kind = _KIND[one.side]
        name = f"{kind}.{one.band}"
        codes = [(code.code, f"{code.code} {code.name}".strip()) for code in one.vat_codes]
        likeliest = codes[0][0] if codes else ""
        code = _choice(f"{name}.vat_code", codes, form, likeliest)
        rows.append(Row(kind=kind, band=one.band, fields=(code, _choice(f"{name}.ledger_account", accounts, form))))
    one_account = not takes_lines(route.target) and not any(rule.kind == _MIXED for rule in route.mapping)
    if rows and one_account and accounts:
        rows.append(Row(kind=_MIXED, band=None, fields=(_choice(f"{_MIXED}.ledger_account", accounts, form),)))
    return rows


def _accounts(books: ReferenceData) -> list[Option]:
    return [(one.code, f"{one.name} ({one.number or one.code})") for one in line_accounts(books)]


def _choice(name: str, options: Sequence[Option], form: TheForm | None, likeliest: str = "") -> FormField:
    chosen = str(form.get(name, "")) if form is not None else likeliest
    label = words.GIVES[name.rpartition(".")[2]]
    return FormField(name=name, label=label, kind="choice", values=(chosen,), options=(("", ""), *options))


def _form(
    request: Request,
    place: Place,
    route: tenants.Route,
    form: TheForm | None = None,
    *,
    notes: Sequence[str] = (),
    trial: Trial | None = None,
    status_code: int = 200,
) -> Response:
    return render(
        request,
        "usual_rules.html",
        place.wording,
        status_code=status_code,
        place=place,
        visitor=place.visitor,
        route=route,
        rows=_rows(place, route, form),
        away=listed_by(place, route)[1].problem,
        notes=notes,
        trial=trial,
        **names_on(place, route),
    )
