"""What is wrong with a tenant's rules, said when they are saved and not when the first invoice fails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import get_args

from boekbrug.domain.bookings import ReferenceData
from boekbrug.domain.documents import LineKind, Side, SourceChoices
from boekbrug.domain.findings import Finding, finding
from boekbrug.domain.tax import Tax, TaxCategory
from boekbrug.domain.tenants import Band, MappingRule, RoutePolicy, RuleKind
from mappings.bands import band_of
from mappings.lookups import (
    control_account_problem,
    find_account,
    find_vat_code,
    line_account_problem,
    unknown_account,
    unknown_vat_code,
    vat_code_problems,
    vat_code_side_problem,
)
from mappings.rates import place, rates_on

_SIDE: Mapping[RuleKind, Side] = {"vat": Side.SALES, "cost": Side.PURCHASES}
_LINE_RULES: frozenset[RuleKind] = frozenset({"vat", "cost", "account"})
# What only lines of one side have.
_ONLY_OF = {"product_group": Side.SALES, "cost_category": Side.PURCHASES}
_BANDS: tuple[Band, ...] = get_args(Band)


def problems_of_rules(
    rules: Sequence[MappingRule],
    policy: RoutePolicy,
    reference_data: ReferenceData,
    choices: SourceChoices | None = None,
    *,
    today: date,
    sides: Sequence[Side] = (Side.SALES, Side.PURCHASES),
) -> tuple[Finding, ...]:
    """Everything wrong with rules for books that are told account and VAT code of every line.

    `choices` is what the source lets rules ask for; None: not known, and not checked. `sides`: what the route moves.
    `today` decides which VAT codes and rates are in force.
    """
    check = _Check(policy, reference_data, choices, today)
    findings: list[Finding] = []
    for side in sides:
        findings += control_account_problem(reference_data, policy, side)
    for index, rule in enumerate(rules):
        findings += check.unreachable(rule, rules[:index])
        if rule.kind in _LINE_RULES:
            findings += check.of_line_rule(rule)
    for side in sides:
        findings += check.uncovered(rules, side)
    return tuple(dict.fromkeys(findings))


class _Check:
    def __init__(
        self,
        policy: RoutePolicy,
        reference_data: ReferenceData,
        choices: SourceChoices | None,
        today: date,
    ) -> None:
        self._policy = policy
        self._books = reference_data
        self._choices = choices
        self._today = today

    def of_line_rule(self, rule: MappingRule) -> Iterator[Finding]:
        if rule.kind != "account" and rule.gives.vat_code is None:
            yield finding("RULE_INCOMPLETE", rule=rule, missing="vat_code")
        if rule.gives.ledger_account is None:
            yield finding("RULE_INCOMPLETE", rule=rule, missing="ledger_account")
        elif account := find_account(self._books, rule.gives.ledger_account):
            yield from line_account_problem(account)
        else:
            yield unknown_account(self._books, rule.gives.ledger_account)
        if rule.kind != "account" and rule.gives.vat_code is not None:
            yield from self._of_vat_code(rule, rule.gives.vat_code, _SIDE[rule.kind])

    def _of_vat_code(self, rule: MappingRule, wanted: str, side: Side) -> Iterator[Finding]:
        """Tried with every VAT that the rule can meet: a code that fits none of it is wrong, one that fits only part of
        it is right, as other rules may take the rest."""
        countries = dict.fromkeys([*((rule.match.country,) if rule.match.country else ()), ""])
        code = find_vat_code(self._books, wanted, tuple(countries))
        if code is None:
            yield unknown_vat_code(self._books, wanted, side)
            return
        if wrong_side := tuple(vat_code_side_problem(code, side)):
            yield from wrong_side
            return
        met = [
            tax
            for tax in taxes_at_home(self._policy, self._today, rule.match.rate)
            if _asks_for(rule, tax, self._today)
        ]
        # A rule for a former rate, for documents of then, may name a code of then: each document's day decides.
        day = None if rule.match.rate else self._today
        problems = [tuple(vat_code_problems(code, tax, side, day)) for tax in met]
        if met and all(problems):
            yield from problems[0]

    def unreachable(self, rule: MappingRule, before: Sequence[MappingRule]) -> Iterator[Finding]:
        """Why the rule never gets a turn, if so."""
        for earlier in before:
            if earlier.kind == rule.kind and earlier.match == rule.match:
                yield finding("RULE_SHADOWED", rule=rule, other=earlier)
                return
        if rule.kind not in _LINE_RULES:
            return
        match = rule.match
        side = _SIDE.get(rule.kind) or (Side(match.side) if match.side else None)
        if match.side and side is not None and match.side != side.value:
            yield self._never(rule, f"side {match.side}")
        for name, only in _ONLY_OF.items():
            if getattr(match, name) is not None and side is not None and side is not only:
                yield self._never(rule, name)
        if match.line_kind is not None and match.line_kind.casefold() not in {kind.value for kind in LineKind}:
            yield self._never(rule, f"line_kind {match.line_kind}")
        if match.band and not match.oss and not self._band_possible(rule):
            yield self._never(rule, f"band {match.band}")
        yield from self._unknown_choices(rule, side)

    def _band_possible(self, rule: MappingRule) -> bool:
        """Whether a line in the band can have the category and rate that the rule asks for besides."""
        match = rule.match
        if match.band == "other" and match.rate is not None:
            return True  # rates of other countries
        return any(
            _asks_for(rule, tax, self._today)
            for tax in (*taxes_at_home(self._policy, self._today, match.rate), *_OUTSIDE)
        )

    def _unknown_choices(self, rule: MappingRule, side: Side | None) -> Iterator[Finding]:
        if self._choices is None:
            return
        groups = {
            Side.SALES: self._choices.customer_groups,
            Side.PURCHASES: self._choices.supplier_groups,
            None: (*self._choices.customer_groups, *self._choices.supplier_groups),
        }
        offered = {
            "product_group": self._choices.product_groups,
            "cost_category": self._choices.cost_categories,
            "tax_code": self._choices.tax_codes,
            "contact_group": groups[side],
        }
        for name, known in offered.items():
            asked = getattr(rule.match, name)
            if asked is not None and asked.strip().casefold() not in {choice.id.strip().casefold() for choice in known}:
                listed = ", ".join(f"{choice.id} ({choice.name})" for choice in known) or "-"
                yield finding("RULE_CHOICE_UNKNOWN", rule=rule, field=name, asked=asked, known=listed)

    def uncovered(self, rules: Sequence[MappingRule], side: Side) -> Iterator[Finding]:
        """The bands of which not every line has a rule."""
        bands = uncovered_bands(rules, self._policy, side, today=self._today)
        if bands:
            yield finding("BANDS_NOT_COVERED", bands=", ".join(bands), side=side.value)

    @staticmethod
    def _never(rule: MappingRule, why: str) -> Finding:
        return finding("RULE_NEVER_MATCHES", rule=rule, why=why)


def uncovered_bands(rules: Sequence[MappingRule], policy: RoutePolicy, side: Side, *, today: date) -> dict[Band, Tax]:
    """The bands of which not every line has a rule on that side, each with VAT that has none."""
    kind: RuleKind = "vat" if side is Side.SALES else "cost"
    general = [rule for rule in rules if rule.kind == kind and _is_general(rule)]
    missing = {
        band_of(tax, today): tax
        for tax in reversed(taxes_at_home(policy, today))
        if tax.category is not TaxCategory.REVERSE_CHARGE  # rare at home: asked for when it is met
        and not any(_asks_for(rule, tax, today) for rule in general)
    }
    return {band: missing[band] for band in _BANDS if band in missing}


def taxes_at_home(policy: RoutePolicy, today: date, asked: Decimal | None = None) -> list[Tax]:
    """The VAT that lines can have at home today; `asked` is a rate instead of those of today."""
    home = policy.home_country
    rates = [asked] if asked else sorted(rates_on(place(home), today) or (), reverse=True)
    untaxed = [TaxCategory.ZERO, TaxCategory.REVERSE_CHARGE, TaxCategory.INTRA_EU, TaxCategory.EXPORT]
    if policy.small_business:
        untaxed.insert(0, TaxCategory.EXEMPT)
    charged = [] if policy.small_business else [Tax(TaxCategory.STANDARD, rate, home) for rate in rates]
    return [*charged, *(Tax(category, Decimal(0), home) for category in untaxed)]


_OUTSIDE = tuple(Tax(category, Decimal(0), "") for category in (TaxCategory.EXEMPT, TaxCategory.OUTSIDE_SCOPE))


def _asks_for(rule: MappingRule, tax: Tax, day: date) -> bool:
    """Whether the rule can match a line with this VAT, going by what it asks of VAT only."""
    match = rule.match
    return (
        (match.tax_category is None or match.tax_category.strip().upper() == tax.category.value)
        and (match.rate is None or match.rate == tax.rate)
        and (match.country is None or tax.country in ("", match.country))
        and (match.oss is None or match.oss == tax.oss)
        and (match.band is None or match.band == band_of(tax, day))
    )


def _is_general(rule: MappingRule) -> bool:
    """Whether the rule asks for nothing but the kind of VAT."""
    asked = set(rule.match.model_dump(exclude_none=True))
    return asked <= {"tax_category", "rate", "country", "band", "side"}
