"""From invoice to entry: what goes to which ledger account under which VAT code, to the cent.

The books are told the VAT that the invoice states. Lines are grouped per account and VAT code; where a group's VAT is
not what the books would compute over its net (rounding went per line, or per total), cents of its net move to a
rounding line without VAT, so that the VAT and the total stay those of the invoice and the difference can be seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from boekbrug.domain.bookings import Entry, EntryLine, EntryTraits, LedgerAccount, ReferenceData, VatCode
from boekbrug.domain.documents import ContactAccount, Invoice, InvoiceLine, LineKind, Side, TaxTotal
from boekbrug.domain.exchange import ExchangeRate
from boekbrug.domain.findings import Finding, blocking, finding
from boekbrug.domain.money import Money
from boekbrug.domain.rounding import round_to_total, rounded, tax_on_net
from boekbrug.domain.tax import Tax, TaxCategory
from boekbrug.domain.tenants import MappingRule, RoutePolicy
from mappings.exchange import converted
from mappings.lookups import (
    control_account,
    control_account_problem,
    find_account,
    find_vat_code,
    line_account_problem,
    missing_vat_code,
    needs_attention,
    unknown_account,
    vat_code_countries,
    vat_code_problems,
)
from mappings.rules import LINE_RULE, Facts, line_facts, rule_for


def entry_for(
    document: Invoice,
    *,
    contact: ContactAccount,
    rules: Sequence[MappingRule],
    reference_data: ReferenceData,
    traits: EntryTraits,
    policy: RoutePolicy,
    our_reference: str,
    source_name: str = "",
    exchange: ExchangeRate | None = None,
) -> Entry:
    """The document with every bookkeeping choice made. `source_name` is how people call the source ("WeFact").

    Raises MappingMissing when rules are missing or wrong, DocumentInvalid when the document cannot be booked so; either
    carries all findings at once.
    """
    findings: list[Finding] = []
    booked, note = document, ""
    if document.currency != reference_data.currency:
        if policy.foreign_currency == "refuse":
            findings.append(
                finding("CURRENCY_NOT_OF_THE_BOOKS", currency=document.currency, books=reference_data.currency)
            )
        elif exchange is None or not exchange.is_between(document.currency, reference_data.currency):
            findings.append(
                finding(
                    "EXCHANGE_RATE_MISSING",
                    currency=document.currency,
                    books=reference_data.currency,
                    date=document.ordered_at.date(),
                )
            )
        else:
            booked, note = converted(document, exchange), exchange.note(document.gross)
            findings.append(
                finding(
                    "CONVERTED",
                    original=document.gross,
                    gross=booked.gross,
                    rate=exchange,
                    date=exchange.on,
                    source=exchange.source,
                )
            )
    number = policy.number_prefix + document.number
    if len(number) > traits.number_length:
        findings.append(finding("NUMBER_TOO_LONG", number=number, length=traits.number_length))
    findings.extend(control_account_problem(reference_data, policy, document.kind.side))
    choices = _Choices(booked, rules, reference_data)
    groups = choices.grouped()
    moved = _settle(groups, traits)
    if moved:
        findings.append(finding("ENTRY_ROUNDED", difference=Money.of_cents(moved, booked.currency)))
    rounding = moved + choices.rounding
    if rounding and groups and not choices.add_rounding(groups, rounding, policy):
        findings.append(finding("NO_CODE_WITHOUT_VAT", difference=Money.of_cents(rounding, booked.currency)))
    if len(groups) > traits.max_lines:
        findings.append(finding("TOO_MANY_LINES", lines=len(groups), most=traits.max_lines))
    findings = list(dict.fromkeys([*choices.findings, *findings]))
    if blocking(tuple(findings)):
        raise needs_attention(document, tuple(findings))

    lines = tuple(group.line(booked.currency) for _, group in sorted(groups.items()))
    control = find_account(reference_data, control_account(policy, document.kind.side))
    entry = Entry(
        kind=document.kind,
        source_ref=document.source_ref,
        our_reference=our_reference,
        number=number,
        issued_on=document.ordered_at.date(),
        payment_days=policy.payment_days if document.payment_days is None else document.payment_days,
        contact=contact,
        control_account=control.code if control else "",
        description=_description(document, source_name, note)[: traits.description_length].rstrip(" –"),
        currency=booked.currency,
        lines=lines,
        expected_taxes=_tax_totals(lines, booked.currency),
        credits=document.credits,
        findings=tuple(findings),
    )
    if entry.gross != booked.gross:  # cannot be, and must never be sent
        raise AssertionError(f"{document.number}: grouped to {entry.gross} instead of {booked.gross}")
    return entry


def _description(document: Invoice, source_name: str, note: str) -> str:
    """What people read with the entry: where it comes from and its number there, then what it is about. Books that hold
    less text lose the end of it."""
    name = source_name or document.source_ref.system
    credit = f"credit {document.credits}".strip() if document.credits is not None else ""
    parts = (f"{name} {document.own_number or document.number}", note, credit, document.contact.display_name)
    return " – ".join(part for part in parts if part)


def _tax_totals(lines: Iterable[EntryLine], currency: str) -> tuple[TaxTotal, ...]:
    totals: dict[Decimal, tuple[Money, Money]] = {}
    for line in lines:
        tax, net = totals.get(line.tax.rate, (Money.zero(currency), Money.zero(currency)))
        totals[line.tax.rate] = tax + line.tax_amount, net + line.net
    return tuple(TaxTotal(rate=rate, tax=tax, net=net) for rate, (tax, net) in sorted(totals.items()))


# -- what the rules choose


@dataclass(frozen=True, slots=True)
class _Choice:
    account: str
    code: VatCode
    why: tuple[str, ...]


@dataclass(slots=True)
class _Group:
    """What goes to one account under one VAT code at one rate, in cents. (Some codes take any rate.)"""

    account: str
    code: VatCode
    tax: Tax
    net: int = 0
    tax_amount: int = 0
    why: tuple[str, ...] = ()

    def line(self, currency: str) -> EntryLine:
        return EntryLine(
            ledger_account=self.account,
            vat_code=self.code.code,
            tax=self.tax,
            net=Money.of_cents(self.net, currency),
            tax_amount=Money.of_cents(self.tax_amount, currency),
            why=self.why,
        )


_Sort = tuple[Tax, LineKind, str, str, str]


def _sort_of(line: InvoiceLine) -> _Sort:
    """What decides on account and VAT code."""
    return line.tax, line.kind, line.product_group, line.cost_category, line.tax_code


_Groups = dict[tuple[str, str, Decimal], _Group]


@dataclass(slots=True)
class _Choices:
    """Chooses by the rules and gathers what is missing. Lines of one sort are decided once."""

    document: Invoice
    rules: Sequence[MappingRule]
    reference_data: ReferenceData
    findings: list[Finding] = field(default_factory=list)
    rounding: int = 0  # what the document's own rounding lines come to, in cents
    _made: dict[_Sort, _Choice | None] = field(default_factory=dict)

    def grouped(self) -> _Groups:
        """The groups by account and VAT code. A line of nothing (a text, a link to another invoice) is in none, unless
        there are no others; rounding lines without VAT go where all rounding goes."""
        document = self.document
        lines = [line for line in document.lines if not (line.net.is_zero and line.gross.is_zero)]
        others = [line for line in lines if line.kind is not LineKind.ROUNDING or line.tax.rate]
        if others:
            self.rounding = sum(line.gross.cents for line in lines) - sum(line.gross.cents for line in others)
        one_of_nothing = sorted(document.lines, key=_sort_of)[:1]
        chosen = [(line, self._chosen(line)) for line in others or lines or one_of_nothing]
        amounts = _amounts([(line, choice) for line, choice in chosen if choice])
        groups: _Groups = {}
        for (tax, account, _), (choice, net, tax_amount) in sorted(amounts.items(), key=lambda item: item[0]):
            group = groups.setdefault((account, choice.code.code, tax.rate), _Group(account, choice.code, tax))
            group.net += net
            group.tax_amount += tax_amount
            group.why = tuple(sorted({*group.why, *choice.why}))
        return groups

    def _chosen(self, line: InvoiceLine) -> _Choice | None:
        key = _sort_of(line)
        if key not in self._made:
            facts = line_facts(
                self.document, line.tax, line.kind, line.product_group, line.cost_category, line.tax_code
            )
            self._made[key] = self._choice(line, facts)
        return self._made[key]

    def _choice(self, line: InvoiceLine, facts: Facts) -> _Choice | None:
        side = self.document.kind.side
        rule = rule_for(self.rules, LINE_RULE[side], facts)
        deviating = rule_for(self.rules, "account", facts)
        if rule is None or rule.gives.vat_code is None:
            if side is Side.SALES:
                self.findings.append(finding("VAT_RULE_MISSING", tax=line.tax))
            else:
                self.findings.append(finding("COST_RULE_MISSING", tax=line.tax, category=line.cost_category or "-"))
            return None
        by = deviating if deviating and deviating.gives.ledger_account else rule
        code = self._vat_code(rule.gives.vat_code, line.tax)
        account = self._account(by.gives.ledger_account or "", rule)
        if code is None or account is None:
            return None
        return _Choice(account.code, code, (str(rule),) if by is rule else (str(rule), str(by)))

    def _vat_code(self, wanted: str, tax: Tax) -> VatCode | None:
        code = find_vat_code(self.reference_data, wanted, vat_code_countries(tax))
        if code is None:
            self.findings.append(missing_vat_code(self.reference_data, wanted, tax))
            return None
        document = self.document
        self.findings.extend(vat_code_problems(code, tax, document.kind.side, document.ordered_at.date()))
        return code

    def _account(self, wanted: str, rule: MappingRule) -> LedgerAccount | None:
        if not wanted:
            self.findings.append(finding("ACCOUNT_NOT_CHOSEN", rule=rule))
            return None
        account = find_account(self.reference_data, wanted)
        if account is None:
            self.findings.append(unknown_account(self.reference_data, wanted))
            return None
        self.findings.extend(line_account_problem(account))
        return account

    def add_rounding(self, groups: _Groups, cents: int, policy: RoutePolicy) -> bool:
        """Adds what rounding left to a line without VAT: by a rule for rounding lines, else on the books' own code
        without VAT, where most of the document is booked. False when the books have no such code."""
        tax = Tax(TaxCategory.ZERO, Decimal(0), policy.home_country)
        side = self.document.kind.side
        facts = line_facts(self.document, tax, LineKind.ROUNDING)
        rule = rule_for((one for one in self.rules if one.match.line_kind), LINE_RULE[side], facts)
        largest = min(groups.values(), key=lambda group: (-abs(group.net), group.account, group.code.code))
        if rule and rule.gives.vat_code:
            code = self._vat_code(rule.gives.vat_code, tax)
            account = find_account(self.reference_data, rule.gives.ledger_account or largest.account)
            why = str(rule)
        else:
            code = _code_without_vat(self.reference_data, tax, self.document)
            account = find_account(self.reference_data, largest.account)
            why = "rounding: the books' code without VAT"
        if code is None or account is None:
            return False
        group = groups.setdefault((account.code, code.code, tax.rate), _Group(account.code, code, tax))
        group.net += cents
        group.why = tuple(sorted({*group.why, why}))
        return True


def _code_without_vat(reference_data: ReferenceData, tax: Tax, document: Invoice) -> VatCode | None:
    """The books' own 0 % code: of both sides rather than of one, made for no VAT rather than for anything at 0 %."""
    side, day = document.kind.side, document.ordered_at.date()
    fitting = [
        code
        for code in reference_data.vat_codes
        if code.country == "" and code.rate == 0 and not any(vat_code_problems(code, tax, side, day))
    ]
    return min(fitting, key=lambda code: (code.side is not None, tax.category not in code.categories), default=None)


# -- cents


def _amounts(
    chosen: Sequence[tuple[InvoiceLine, _Choice]],
) -> dict[tuple[Tax, str, str], tuple[_Choice, int, int]]:
    """Net and VAT in cents per treatment, account and code. The VAT of each treatment is that of the document, spread
    as the books would compute it; gross amounts stay what they are."""
    sums: dict[tuple[Tax, str, str], tuple[_Choice, Decimal, Decimal]] = {}
    for line, choice in chosen:
        key = (line.tax, choice.account, choice.code.code)
        _, net, gross = sums.get(key, (choice, Decimal(0), Decimal(0)))
        sums[key] = choice, net + line.net.amount, gross + line.gross.amount
    by_tax: dict[Tax, list[tuple[Tax, str, str]]] = {}
    for key in sorted(sums):
        by_tax.setdefault(key[0], []).append(key)
    result: dict[tuple[Tax, str, str], tuple[_Choice, int, int]] = {}
    for tax, keys in by_tax.items():
        nets = [sums[key][1] for key in keys]
        grosses = [sums[key][2] for key in keys]
        vat_cents = int(rounded(sum(grosses, Decimal(0)) - sum(nets, Decimal(0))).scaleb(2))
        spread = round_to_total([net * tax.rate / 100 for net in nets], vat_cents) if tax.rate else [0] * len(keys)
        for key, gross, vat in zip(keys, grosses, spread, strict=True):
            result[key] = sums[key][0], int(gross.scaleb(2)) - vat, vat
    return result


def _settle(groups: _Groups, traits: EntryTraits) -> int:
    """Moves cents of net where the books would not accept, or not arrive at, a group's VAT; returns what was moved."""
    tolerance = int(traits.tax_tolerance.scaleb(2)) if traits.books_tax else 0
    moved = 0
    for group in groups.values():
        if group.code.rate is None or group.tax.rate == 0:  # the books take any VAT, or there is none
            continue
        fitting = _fitting_net(group.net, group.tax_amount, group.tax.rate, tolerance)
        moved += group.net - fitting
        group.net = fitting
    return moved


def _fitting_net(net: int, tax: int, rate: Decimal, tolerance: int) -> int:
    """The net nearest to `net` over which the VAT comes within the tolerance of `tax`; all in cents."""

    def fits(candidate: int) -> bool:
        return abs(_computed(candidate, rate) - tax) <= tolerance

    if fits(net):
        return net
    target = tax + tolerance if _computed(net, rate) > tax else tax - tolerance
    candidate = int(rounded(Decimal(target) * 100 / rate, 0))
    step = 1 if net > candidate else -1
    while candidate != net and fits(candidate + step):
        candidate += step
    return candidate


def _computed(net: int, rate: Decimal) -> int:
    """The VAT in cents that the books compute over a net in cents."""
    return int(tax_on_net(Decimal(net).scaleb(-2), rate).scaleb(2))
