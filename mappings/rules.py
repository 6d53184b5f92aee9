"""Which of a tenant's mapping rules applies: the most specific that matches, the first written of equals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Literal

from boekbrug.domain.documents import LineKind, SalesDocument
from boekbrug.domain.tax import Tax
from boekbrug.domain.tenants import MappingRule

RuleKind = Literal["vat", "payment", "mixed"]
Facts = Mapping[str, str | Decimal | bool]
"""What is known of a line or document, by the field names of `RuleMatch`."""


def line_facts(document: SalesDocument, tax: Tax, kind: LineKind, product_group: str = "") -> Facts:
    """What a `vat` rule can ask of a line."""
    return {
        "tax_category": tax.category.value,
        "rate": tax.rate,
        "country": tax.country,
        "oss": tax.oss,
        "product_group": product_group,
        "line_kind": kind.value,
        "payment_method": document.payment.method,
        "business": document.is_business,
    }


def document_facts(document: SalesDocument) -> Facts:
    """What a `payment` or `mixed` rule can ask of a document; a rule that asks for more never matches one."""
    return {
        "country": document.delivery_country,
        "payment_method": document.payment.method,
        "business": document.is_business,
    }


def matches(rule: MappingRule, facts: Facts) -> bool:
    """True when everything the rule asks for is so. Texts are compared without regard to case or outer spaces."""
    return all(name in facts and _plain(facts[name]) == _plain(value) for name, value in rule.match.asked.items())


def rule_for(rules: Iterable[MappingRule], kind: RuleKind, facts: Facts) -> MappingRule | None:
    """The most specific matching rule of that kind, the first written of equals; None when none matches."""
    fitting = [rule for rule in rules if rule.kind == kind and matches(rule, facts)]
    return max(fitting, key=lambda rule: rule.specificity, default=None)  # max keeps the first of equals


def _plain(value: str | Decimal | bool) -> str | Decimal | bool:
    return value.strip().casefold() if isinstance(value, str) else value
