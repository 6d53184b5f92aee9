"""From invoice to booking: VAT codes, ledger accounts, payment and prices, by the tenant's rules.

What a rule does not say is never guessed: everything that is missing is told at once, with where to set it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from boekbrug.domain.bookings import Booking, BookingLine, ReferenceData, TargetTraits
from boekbrug.domain.documents import ContactAccount, DocumentKind, Invoice, InvoiceLine, LineKind
from boekbrug.domain.findings import Finding, blocking, finding
from boekbrug.domain.money import Money
from boekbrug.domain.tax import Tax, TaxCategory
from boekbrug.domain.tenants import MappingRule, RoutePolicy
from mappings.invoices import ROUNDING_TEXT
from mappings.lookups import (
    find_account,
    find_vat_code,
    missing_vat_code,
    needs_attention,
    unknown_account,
    vat_code_countries,
)
from mappings.pricing import PricedLine, Pricing, computed_totals, price_lines
from mappings.rules import document_facts, line_facts, rule_for


def debtor_number_for(document: Invoice, rules: Sequence[MappingRule]) -> str | None:
    """The debtor that the payment rule fixes (a collective debtor, say); None: look the customer up.

    Raises DocumentInvalid when there is nobody to look up: no e-mail address, no name and no company.
    """
    rule = _payment_rule(document, rules)
    if rule and rule.gives.debtor:
        return rule.gives.debtor
    if not document.contact.display_name.strip():
        raise needs_attention(document, (finding("CUSTOMER_UNKNOWN"),))
    return None


def debtor_settings_for(document: Invoice) -> tuple[bool, bool]:
    """How a debtor is created for this document: (prices include VAT, VAT is reverse-charged).

    A debtor without VAT on its invoices has prices without VAT; any other has them as the shop shows them.
    """
    return (False, True) if document.reverse_charged else (document.prices_include_tax, False)


def is_paid(document: Invoice, rules: Sequence[MappingRule]) -> bool:
    """Whether the books are told that it is paid: as the shop goes, unless its payment rule says otherwise."""
    rule = _payment_rule(document, rules)
    return document.is_paid and not (rule and rule.gives.paid is False)


def booking_for(
    document: Invoice,
    *,
    debtor: ContactAccount,
    rules: Sequence[MappingRule],
    reference_data: ReferenceData,
    traits: TargetTraits,
    policy: RoutePolicy,
    our_reference: str,
) -> Booking:
    """The document with every bookkeeping choice made.

    Raises MappingMissing when rules are missing or wrong, DocumentInvalid when the document cannot be booked so; either
    carries all findings at once.
    """
    choices = _Choices(document, rules, reference_data)
    prices_include_tax = debtor.prices_include_tax if traits.debtor_decides_prices else document.prices_include_tax
    pricing = price_lines(
        document.lines, prices_include_tax=prices_include_tax, traits=traits, currency=document.currency
    )
    lines = [choices.booked(line, priced) for line, priced in zip(document.lines, pricing.lines, strict=True)]
    payment_rule = choices.payment_rule()
    ledger_account, why = choices.document_account(payment_rule, lines) if traits.ledger_per_document else ("", ())
    findings = [*_debtor_problems(document, debtor), *_rounding_findings(pricing, policy, document)]
    if document.currency != reference_data.currency:
        findings.append(finding("CURRENCY_NOT_OF_THE_BOOKS", currency=document.currency, books=reference_data.currency))
    if not pricing.short.is_zero and not blocking(tuple(findings)):
        rounding = choices.rounding_line(pricing.short, policy, lines)
        lines.extend(rounding)
        if not rounding:
            findings.append(_unmatched(pricing, document))
    findings = [*choices.findings, *findings]
    if blocking(tuple(findings)):
        raise needs_attention(document, tuple(dict.fromkeys(findings)))

    expected_gross, expected_taxes = computed_totals(lines, prices_include_tax, traits, currency=document.currency)
    if expected_gross != document.gross:  # cannot be, and must never be sent
        raise AssertionError(f"{document.number}: priced to {expected_gross} instead of {document.gross}")
    return Booking(
        kind=document.kind,
        source_ref=document.source_ref,
        our_reference=our_reference,
        number=document.number,
        debtor=debtor,
        prices_include_tax=prices_include_tax,
        lines=tuple(_with_why(line, why) for line in lines),
        ledger_account=ledger_account,
        currency=document.currency,
        is_paid=is_paid(document, rules),
        payment_name=(payment_rule and payment_rule.gives.payment_name) or document.payment.method,
        delivery=policy.delivery,
        expected_gross=expected_gross,
        expected_taxes=expected_taxes,
        reference_text=f"{policy.reference_label} {document.number}".strip(),
        customer_reference=document.customer_reference,
        credits=document.credits,
        findings=tuple(dict.fromkeys(findings)),
    )


def _payment_rule(document: Invoice, rules: Sequence[MappingRule]) -> MappingRule | None:
    return rule_for(rules, "payment", document_facts(document))


@dataclass(frozen=True, slots=True)
class _Choice:
    """What the rules chose for lines of one sort."""

    vat_code: str = ""
    ledger_account: str = ""
    why: tuple[str, ...] = ()


@dataclass(slots=True)
class _Choices:
    """Chooses by the rules and gathers what is missing. Lines of one sort are decided once."""

    document: Invoice
    rules: Sequence[MappingRule]
    reference_data: ReferenceData
    findings: list[Finding] = field(default_factory=list)
    _made: dict[tuple[Tax, LineKind, str], _Choice] = field(default_factory=dict)

    def booked(self, line: InvoiceLine, priced: PricedLine) -> BookingLine:
        key = (line.tax, line.kind, line.product_group)
        if key not in self._made:
            self._made[key] = self._choice(*key)
        choice = self._made[key]
        return BookingLine(
            kind=line.kind,
            description=priced.description,
            quantity=priced.quantity,
            unit_price=priced.unit_price,
            tax=line.tax,
            vat_code=choice.vat_code,
            ledger_account=choice.ledger_account,
            why=choice.why,
        )

    def _choice(self, tax: Tax, kind: LineKind, product_group: str) -> _Choice:
        rule = rule_for(self.rules, "vat", line_facts(self.document, tax, kind, product_group))
        if rule is None or rule.gives.vat_code is None:
            self.findings.append(finding("VAT_RULE_MISSING", tax=tax))
            return _Choice()
        account = self._account(rule.gives.ledger_account) if rule.gives.ledger_account else ""
        return _Choice(self._vat_code(rule.gives.vat_code, tax), account, (str(rule),))

    def _vat_code(self, wanted: str, tax: Tax) -> str:
        """The books' own way to write the code. Of codes written the same, the one of the tax's own country is meant:
        books may know a 21 of home and a 21 of Belgium."""
        code = find_vat_code(self.reference_data, wanted, vat_code_countries(tax))
        if code is None:
            self.findings.append(missing_vat_code(self.reference_data, wanted, tax))
        elif code.rate is not None and code.rate != tax.rate:
            rate = f"{code.rate.normalize():f}"
            self.findings.append(finding("VAT_CODE_OTHER_RATE", tax=tax, vat_code=code.code, rate=rate))
        return code.code if code else wanted

    def _account(self, wanted: str) -> str:
        """The code of the account with that code, else that name, else that number in the ledger."""
        account = find_account(self.reference_data, wanted)
        if account is None:
            self.findings.append(unknown_account(self.reference_data, wanted))
        return account.code if account else wanted

    def payment_rule(self) -> MappingRule | None:
        """The document's payment rule; one must exist unless there is nothing to pay and no method stated."""
        document = self.document
        rule = _payment_rule(document, self.rules)
        to_pay = document.gross.amount > 0 and document.kind is not DocumentKind.CREDIT_NOTE
        if rule is None and (document.payment.method or to_pay):
            self.findings.append(finding("PAYMENT_RULE_MISSING", method=document.payment.method or "-"))
        return rule

    def document_account(
        self, payment_rule: MappingRule | None, lines: Sequence[BookingLine]
    ) -> tuple[str, tuple[str, ...]]:
        """The one account of a document and the rule that chose it: payment, else the lines' own, else `mixed`."""
        if payment_rule and payment_rule.gives.ledger_account:
            return self._account(payment_rule.gives.ledger_account), (str(payment_rule),)
        accounts = dict.fromkeys(line.ledger_account for line in lines)
        if len(accounts) <= 1:
            return next(iter(accounts), ""), ()
        mixed = rule_for(self.rules, "mixed", document_facts(self.document))
        if mixed and mixed.gives.ledger_account:
            return self._account(mixed.gives.ledger_account), (str(mixed),)
        if not any(f.code == "VAT_RULE_MISSING" for f in self.findings):  # else a line's account is not known yet
            names = {account.code: account.name for account in self.reference_data.ledger_accounts}
            listed = ", ".join(names.get(code, code) or "-" for code in accounts)
            self.findings.append(finding("LEDGER_ACCOUNTS_MIXED", accounts=listed))
        return "", ()

    def rounding_line(self, amount: Money, policy: RoutePolicy, lines: Sequence[BookingLine]) -> list[BookingLine]:
        """The line that makes the total come out: on a 0 % code by rule, else the books' own 0 % code.

        It is booked where most of the document is booked. Empty when the books have no 0 % code at all.
        """
        tax = Tax(TaxCategory.ZERO, Decimal(0), policy.home_country)
        largest = max(lines, key=lambda line: abs(line.unit_price.amount * line.quantity))
        rule = rule_for(self.rules, "vat", line_facts(self.document, tax, LineKind.ROUNDING))
        if rule and rule.gives.vat_code:
            choice = self._choice(tax, LineKind.ROUNDING, "")
        else:
            own = ("", policy.home_country)
            zero = next((c for c in self.reference_data.vat_codes if c.rate == 0 and c.country in own), None)
            if zero is None:
                return []
            choice = _Choice(zero.code, why=("rounding: the 0% code of the books",))
        return [
            BookingLine(
                kind=LineKind.ROUNDING,
                description=ROUNDING_TEXT,
                quantity=Decimal(1),
                unit_price=amount,
                tax=tax,
                vat_code=choice.vat_code,
                ledger_account=choice.ledger_account or largest.ledger_account,
                why=choice.why,
            )
        ]


def _debtor_problems(document: Invoice, debtor: ContactAccount) -> list[Finding]:
    if document.reverse_charged and not debtor.reverse_charged:
        return [finding("DEBTOR_NOT_REVERSE_CHARGED", debtor=debtor.target_ref.id)]
    if debtor.reverse_charged and not document.reverse_charged:
        return [finding("DEBTOR_REVERSE_CHARGED", debtor=debtor.target_ref.id)]
    return []


def _rounding_findings(pricing: Pricing, policy: RoutePolicy, document: Invoice) -> list[Finding]:
    if abs(pricing.short.amount) > policy.rounding_limit:
        return [_unmatched(pricing, document)]
    if not pricing.short.is_zero:
        return [finding("ROUNDING_LINE_ADDED", difference=abs(pricing.short))]
    if pricing.unreached:
        rates = ", ".join(f"{rate.normalize():f}%" for rate in pricing.unreached)
        return [finding("ROUNDED_BETWEEN_RATES", rates=rates)]
    return []


def _unmatched(pricing: Pricing, document: Invoice) -> Finding:
    computed = document.gross - pricing.short
    return finding("TOTAL_CANNOT_BE_MATCHED", computed=computed, gross=document.gross)


def _with_why(line: BookingLine, why: tuple[str, ...]) -> BookingLine:
    return replace(line, why=(*line.why, *why)) if why else line
