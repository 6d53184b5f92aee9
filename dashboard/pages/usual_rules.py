"""The usual rules of a route at once: a code and an account for each VAT band, and what each way of paying becomes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from boekbrug.domain.documents import Side
from boekbrug.domain.errors import SettingsInvalid
from boekbrug.domain.records import SyncRecord
from boekbrug.domain.tenants import MappingRule, RuleKind, RuleMatch, RuleResult
from boekbrug.domain.users import Right
from boekbrug.store import tenants
from dashboard import words
from dashboard.access import Place, TheForm, ThePlace
from dashboard.mending import NO_PAYMENT_RULE, prefilled, waiting_by_value
from dashboard.model_forms import FormField, Option
from dashboard.offers import account_options, vat_code_options
from dashboard.pages.errors import sent_on_its_way
from dashboard.pages.routes import (
    check_version,
    config_of,
    lacking_bands,
    listed_by,
    names_on,
    save_route,
    tried_out,
    wrong_in,
)
from dashboard.site import render
from mappings.usual_rules import OpenBand, line_accounts
from tasks.configuring import takes_lines
from tasks.trial import Trial

router = APIRouter()
_KIND: dict[Side, RuleKind] = {Side.SALES: "vat", Side.PURCHASES: "cost"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A rule to be chosen: what it asks for, called `title` and `of`, and the fields for what it gives. Without the
    first of them there is no rule."""

    kind: RuleKind
    match: RuleMatch
    title: str
    fields: tuple[FormField, ...]
    of: str = ""

    def rule(self, form: TheForm) -> MappingRule | None:
        """The rule that was chosen; None when nothing was."""
        chosen = {one.name.rpartition(".")[2]: str(form.get(one.name, "")).strip() for one in self.fields}
        gives = RuleResult.model_validate({name: value for name, value in chosen.items() if value})
        wanted = str(form.get(self.fields[0].name, "")).strip()
        return MappingRule(kind=self.kind, match=self.match, gives=gives) if wanted else None


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
    before = config_of(found)
    waiting = _waiting(place, found)
    made = [one for row in _rows(place, found, waiting, form) if (one := row.rule(form))]
    wanted = before.model_copy(update={"mapping": (*before.mapping, *made)})
    if str(form.get("action", "")) == "try":
        trial = tried_out(place, found, wanted)
        if isinstance(trial, str):
            return _form(request, place, found, form, notes=[trial])
        return _form(request, place, found, form, trial=trial)
    language = place.wording.language
    notes = [f"{one.sentence(language)} {one.suggestion(language)}" for one in wrong_in(place, found, wanted)]
    if not notes and made:
        try:
            save_route(place, before, wanted, action="save usual rules")
        except SettingsInvalid as error:
            notes.append(error.message)
    if notes:
        return _form(request, place, found, form, notes=notes, status_code=422)
    if made and str(form.get("action", "")) == "process" and place.may(Right.PROCESS):
        chosen = {rule.match.payment_method for rule in made}
        mended = [record for method, records in waiting.items() if method in chosen for record in records]
        if mended:
            return sent_on_its_way(place, mended, subject=NO_PAYMENT_RULE)
    return RedirectResponse(f"{place.root}/routes/{route}?done=saved", 303)


def _rows(place: Place, route: tenants.Route, methods: Iterable[str], form: TheForm | None) -> list[Row]:
    books = listed_by(place, route)[1].reference_data
    if books is None:
        return []
    accounts = account_options(line_accounts(books))
    rows = [_of_band(place, one, accounts, form) for one in lacking_bands(place, route)]
    one_account = not takes_lines(route.target) and not any(rule.kind == "mixed" for rule in route.mapping)
    if rows and one_account and accounts:
        fields = (_choice("mixed.ledger_account", accounts, form),)
        rows.append(Row(kind="mixed", match=RuleMatch(), title=words.RULE_KIND["mixed"], fields=fields))
    return [*rows, *(_of_method(place, method, accounts, form) for method in sorted(methods))]


def _of_band(place: Place, wanted: OpenBand, accounts: Sequence[Option], form: TheForm | None) -> Row:
    kind, band = _KIND[wanted.side], wanted.band
    codes = vat_code_options(wanted.vat_codes)
    name, likeliest = f"{kind}.{band}", codes[0][0] if codes else ""
    code = _choice(f"{name}.vat_code", codes, form, likeliest)
    return Row(
        kind=kind,
        # Rates of other countries (one-stop shop) have codes of their own: they are no matter for this rule.
        match=RuleMatch(band=band, rate=Decimal(0) if band == "other" else None),
        title=words.RULE_KIND[kind],
        of=place.wording.gettext(words.BAND[band]),
        fields=(code, _choice(f"{name}.ledger_account", accounts, form)),
    )


def _of_method(place: Place, method: str, accounts: Sequence[Option], form: TheForm | None) -> Row:
    name = f"payment.{method}"
    proposed = method.replace("_", " ").strip().capitalize()
    shown = FormField(
        name=f"{name}.payment_name",
        label=words.GIVES["payment_name"],
        values=(proposed if form is None else str(form.get(f"{name}.payment_name", "")),),
    )
    # Whoever pays on account has not paid yet: that is asked, not taken for granted.
    paid = replace(_choice(f"{name}.paid", (), form, "true"), options=(("true", "true"), ("false", "false")))
    return Row(
        kind="payment",
        match=RuleMatch(payment_method=method),
        title=words.RULE_KIND["payment"],
        of=method,
        fields=(shown, _choice(f"{name}.ledger_account", accounts, form), paid),
    )


def _waiting(place: Place, route: tenants.Route) -> dict[str, list[SyncRecord]]:
    """What waits for a way of paying to be set, by that way. A document without any is no matter for a rule of all."""
    with place.site.runtime.database.read() as session:
        found = waiting_by_value(session, place.tenant.id, route.id, NO_PAYMENT_RULE)
    return {
        method: waiting
        for method, waiting in found.items()
        if "payment_method" in prefilled(NO_PAYMENT_RULE, method)[1]
    }


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
    waiting = _waiting(place, route)
    return render(
        request,
        "usual_rules.html",
        place.wording,
        status_code=status_code,
        place=place,
        visitor=place.visitor,
        route=route,
        rows=_rows(place, route, waiting, form),
        waiting=sum(map(len, waiting.values())) if place.may(Right.PROCESS) else 0,
        away=listed_by(place, route)[1].problem,
        notes=notes,
        trial=trial,
        **names_on(place, route),
    )
