"""Which of a tenant's mapping rules applies: the most specific that matches, the first written of equals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from boekbrug.domain.documents import Invoice, LineKind, Side
from boekbrug.domain.tax import Tax
from boekbrug.domain.tenants import MappingRule, RuleKind, plain_text
from mappings.bands import band_of

Fact = str | Decimal | bool | frozenset[str]
Facts = Mapping[str, Fact]
"""What is known of a line or document, by the field names of `RuleMatch`; a set where several hold at once."""

LINE_RULE: Mapping[Side, RuleKind] = {Side.SALES: "vat", Side.PURCHASES: "cost"}
"""The kind of rule that chooses VAT code and account of a line of either side."""


def line_facts(
    document: Invoice, tax: Tax, kind: LineKind, product_group: str = "", cost_category: str = "", tax_code: str = ""
) -> Facts:
    """What a `vat`, `cost` or `account` rule can ask of a line."""
    return {
        **document_facts(document),
        "tax_category": tax.category.value,
        "rate": tax.rate,
        "country": tax.country,
        "oss": tax.oss,
        "product_group": product_group,
        "cost_category": cost_category,
        "tax_code": tax_code,
        "line_kind": kind.value,
        "band": band_of(tax, document.ordered_at.date()),
    }


def document_facts(document: Invoice) -> Facts:
    """What a `payment` or `mixed` rule can ask of a document; a rule that asks for more never matches one."""
    return {
        "country": document.delivery_country,
        "payment_method": document.payment.method,
        "business": document.is_business,
        "side": document.kind.side.value,
        "contact_group": frozenset(document.contact.groups),
    }


def rule_for(rules: Iterable[MappingRule], kind: RuleKind, facts: Facts) -> MappingRule | None:
    """The most specific matching rule of that kind, the first written of equals; None when none matches. Texts are
    compared without regard to case or outer spaces."""
    plain = {name: _plain(fact) for name, fact in facts.items()}
    fitting = [rule for rule in rules if rule.kind == kind and _matches(rule, plain)]
    return max(fitting, key=lambda rule: rule.specificity, default=None)  # max keeps the first of equals


def _matches(rule: MappingRule, plain: Facts) -> bool:
    """True when everything the rule asks for is so."""
    for name, asked in rule.match.compared.items():
        fact = plain.get(name)
        if not (asked in fact if isinstance(fact, frozenset) else asked == fact):
            return False
    return True


def _plain(fact: Fact) -> Fact:
    if isinstance(fact, frozenset):
        return frozenset(map(plain_text, fact))
    return plain_text(fact) if isinstance(fact, str) else fact
