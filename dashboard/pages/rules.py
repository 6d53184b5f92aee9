"""One mapping rule: setting it, trying it out, and having processed at once what waited for it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from boekbrug.domain.documents import Choice, LineKind
from boekbrug.domain.errors import SettingsInvalid
from boekbrug.domain.findings import Finding
from boekbrug.domain.tax import TaxCategory
from boekbrug.domain.tenants import MappingRule, RouteConfig, RuleMatch, RuleResult
from boekbrug.domain.users import Right
from boekbrug.store import tenants
from dashboard import words
from dashboard.access import Place, TheForm, ThePlace
from dashboard.foreign import Gettext, problems_of, translated
from dashboard.mending import prefilled, waiting_for
from dashboard.model_forms import FormField, Option, fields_of, sent_values
from dashboard.offers import account_options, vat_code_options
from dashboard.pages.errors import sent_on_its_way
from dashboard.pages.routes import check_version, config_of, listed_by, names_on, save_route, tried_out, wrong_in
from dashboard.site import render
from tasks.configuring import Listed
from tasks.trial import Trial

router = APIRouter()
# What a rule of each kind asks for most often, and what it gives.
_ASKED = {
    "vat": ("tax_category", "rate", "country", "oss"),
    "cost": ("tax_category", "rate", "band", "cost_category"),
    "account": ("product_group", "cost_category", "contact_group"),
    "payment": ("payment_method",),
    "mixed": (),
}
_GIVEN = {
    "vat": ("vat_code", "ledger_account"),
    "cost": ("vat_code", "ledger_account"),
    "account": ("ledger_account",),
    "payment": ("payment_name", "debtor", "ledger_account", "paid"),
    "mixed": ("ledger_account",),
}
# Which field a finding about a rule belongs to.
_FIELD = {"VAT_CODE": "vat_code", "LEDGER_ACCOUNT": "ledger_account"}


@dataclass(slots=True, kw_only=True)
class Draft:
    """A rule as a form has it. `index` is its place among the route's rules; "" for a new one. `code` and `value`: the
    finding that it is to mend, if any."""

    kind: str
    index: str = ""
    match: dict[str, object] = field(default_factory=dict)
    gives: dict[str, object] = field(default_factory=dict)
    code: str = ""
    value: str = ""
    problems: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def made(self, gettext: Gettext) -> MappingRule | None:
        """The rule; None when it is none, with `problems` telling why."""
        try:
            return MappingRule.model_validate({"kind": self.kind, "match": self.match, "gives": self.gives})
        except ValidationError as error:
            self.problems |= {name.rpartition(".")[2]: text for name, text in problems_of(error, gettext).items()}
            return None


@router.get("/t/{tenant}/routes/{route}/rules/{index}")
def rule(
    request: Request, place: ThePlace, route: str, index: str, kind: str = "vat", code: str = "", value: str = ""
) -> Response:
    """The form for a rule; with `code` and `value` of a finding: for what is missing, filled in as far as known."""
    place.require(Right.CONFIGURE)
    found = place.route(route)
    if index == "new":
        wanted, asked = prefilled(code, value)
        draft = Draft(kind=wanted or kind, match=dict(asked), code=code, value=value)
    else:
        present = _rule_at(found, index)
        draft = Draft(
            kind=present.kind,
            index=index,
            match=present.match.model_dump(exclude_none=True, mode="json"),
            gives=present.gives.model_dump(exclude_none=True, mode="json"),
            code=code,
            value=value,
        )
    if draft.kind not in words.RULE_KIND:
        raise HTTPException(404)
    return _form(request, place, found, draft)


@router.post("/t/{tenant}/routes/{route}/rules")
def save(request: Request, place: ThePlace, route: str, form: TheForm) -> Response:
    """Saves the rule as a new version of the route, tries it out, or takes it away; and with `process` what waited for
    it goes at once."""
    place.require(Right.CONFIGURE)
    found, action = place.route(route), str(form.get("action", "save"))
    if str(form.get("kind", "")) not in words.RULE_KIND:
        raise HTTPException(404)
    check_version(found, form)
    draft = Draft(
        kind=str(form["kind"]),
        index=str(form.get("index", "")),
        match=sent_values(RuleMatch, form, "match."),
        gives=sent_values(RuleResult, form, "gives."),
        code=str(form.get("code", "")),
        value=str(form.get("value", "")),
    )
    rules = list(found.mapping)
    if draft.index:
        _rule_at(found, draft.index)
    if action == "remove" and draft.index:
        del rules[int(draft.index)]
    else:
        made = draft.made(place.wording.gettext)
        if made is None:
            return _form(request, place, found, draft, status_code=422)
        if draft.index:
            rules[int(draft.index)] = made
        else:
            rules.append(made)
    wanted = config_of(found).model_copy(update={"mapping": tuple(rules)})
    if action == "try":
        return _tried(request, place, found, draft, wanted)
    if not _is_right(place, found, draft, wanted):
        return _form(request, place, found, draft, status_code=422)
    try:
        save_route(place, config_of(found), wanted, action=f"{'remove' if action == 'remove' else 'save'} rule")
    except SettingsInvalid as error:
        draft.notes.append(translated(error.message, place.wording.gettext))
        return _form(request, place, found, draft, status_code=422)
    if action == "process" and place.may(Right.PROCESS):
        with place.site.runtime.database.read() as session:
            waiting = waiting_for(session, place.tenant.id, found.id, draft.code, draft.value)
        if waiting:
            return sent_on_its_way(place, waiting, subject=draft.code)
    return RedirectResponse(f"{place.root}/routes/{route}?done=saved", 303)


def _rule_at(route: tenants.Route, index: str) -> MappingRule:
    if not index.isdecimal() or int(index) >= len(route.mapping):
        raise HTTPException(404)
    return route.mapping[int(index)]


def _is_right(place: Place, route: tenants.Route, draft: Draft, wanted: RouteConfig) -> bool:
    """Whether the change makes nothing wrong; what it does is told at its field. What blocks nothing is no obstacle."""
    language = place.wording.language
    for problem in wrong_in(place, route, wanted):
        said = f"{problem.sentence(language)} {problem.suggestion(language)}"
        where = _field_of(problem)
        if where:
            draft.problems[where] = f"{draft.problems.get(where, '')} {said}".strip()
        else:
            draft.notes.append(said)
    return not draft.problems and not draft.notes


def _field_of(problem: Finding) -> str:
    named = problem.values.get("missing") or problem.values.get("field")
    return named or next((name for start, name in _FIELD.items() if problem.code.startswith(start)), "")


def _tried(request: Request, place: Place, route: tenants.Route, draft: Draft, wanted: RouteConfig) -> Response:
    trial = tried_out(place, route, wanted)
    if isinstance(trial, str):
        draft.notes.append(trial)
    _is_right(place, route, draft, wanted)
    return _form(request, place, route, draft, trial=None if isinstance(trial, str) else trial)


def _form(
    request: Request,
    place: Place,
    route: tenants.Route,
    draft: Draft,
    *,
    trial: Trial | None = None,
    status_code: int = 200,
) -> Response:
    source, target = listed_by(place, route)
    options = _options(place, draft, source, target)
    labels = {name: _sentence_case(place.wording.gettext(text)) for name, text in words.MATCH.items()}
    asked = [
        one.offering(options.get(one.name, ())) for one in fields_of(RuleMatch, draft.match, labels, draft.problems)
    ]
    given = [
        one.offering(options.get(one.name, ()))
        for one in fields_of(RuleResult, draft.gives, words.GIVES, draft.problems)
        if one.name in _GIVEN[draft.kind]
    ]
    first = _ASKED[draft.kind]
    with place.site.runtime.database.read() as session:
        waiting = waiting_for(session, place.tenant.id, route.id, draft.code, draft.value)
    return render(
        request,
        "rule.html",
        place.wording,
        status_code=status_code,
        place=place,
        visitor=place.visitor,
        route=route,
        draft=draft,
        asked=[_named(one, "match.") for one in asked if one.name in first],
        more=[_named(one, "match.") for one in asked if one.name not in first],
        given=[_named(one, "gives.") for one in given],
        waiting=len(waiting) if place.may(Right.PROCESS) else 0,
        away=[one.problem for one in (source, target) if one.problem],
        trial=trial,
        **names_on(place, route),
    )


def _named(one: FormField, prefix: str) -> FormField:
    return replace(one, name=prefix + one.name)


def _sentence_case(text: str) -> str:
    return text[:1].upper() + text[1:]


def _options(place: Place, draft: Draft, source: Listed, target: Listed) -> dict[str, tuple[Option, ...]]:
    """What can be chosen, by field, as the systems list it; a field that is not here is typed."""
    empty = (("", ""),)
    offered: dict[str, tuple[Option, ...]] = {
        "tax_category": (*empty, *((one.value, one.value) for one in TaxCategory)),
        "line_kind": (*empty, *((one.value, one.value) for one in LineKind)),
    }
    if books := target.reference_data:
        accounts = dict(account_options(books.ledger_accounts))
        # A rule may name an account by its name: that stays as it was written.
        named = {one.name: accounts[one.code] for one in books.ledger_accounts}
        present = draft.gives.get("ledger_account")
        if isinstance(present, str) and present in named and present not in accounts:
            accounts = {(present if shown == named[present] else code): shown for code, shown in accounts.items()}
        offered["vat_code"] = (*empty, *vat_code_options(books.vat_codes))
        offered["ledger_account"] = (*empty, *accounts.items())
    if choices := source.choices:

        def of(several: tuple[Choice, ...]) -> tuple[Option, ...]:
            return (*empty, *((one.id, f"{one.name} ({one.id})") for one in several)) if several else ()

        offered["product_group"] = of(choices.product_groups)
        offered["cost_category"] = of(choices.cost_categories)
        offered["tax_code"] = of(choices.tax_codes)
        groups = {"vat": choices.customer_groups, "cost": choices.supplier_groups}
        offered["contact_group"] = of(groups.get(draft.kind, (*choices.customer_groups, *choices.supplier_groups)))
    return offered
