"""Why each line of an order carries the VAT it carries.

Rates and amounts of the source lead: what a shop charged is never recomputed. The rate table only recognises (is this
a rate of the destination?) and refuses what cannot be right. Goods are assumed, as webshops sell them: a business in
another member state buys free of VAT as an intra-EU supply (K), not as a reverse-charged service (AE).

A line without VAT in an order that is otherwise taxed (a gift card, a voucher, a deposit) is 0 % at home (Z): the VAT
of a voucher is charged when it is spent, and the shop does not say what a line is beyond its rate. A tenant that books
vouchers apart does so by a mapping rule on the product group.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from boekbrug.domain.documents import LineKind, Order, OrderLine, TaxTreatment
from boekbrug.domain.findings import Finding, finding
from boekbrug.domain.tax import Tax, TaxCategory, VatNumberStatus
from boekbrug.domain.tenants import RoutePolicy
from mappings.rates import Place, place, rates_on
from mappings.vat_numbers import compact_vat_number, vat_number_problem

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class TaxDecision:
    """The VAT of every line, in the order of the lines, and what was found on the way."""

    taxes: tuple[Tax, ...]
    findings: tuple[Finding, ...] = ()


def taxes_for(order: Order, policy: RoutePolicy, vat_number_status: VatNumberStatus | None = None) -> TaxDecision:
    """Decides the VAT of every line. `vat_number_status` is what a register said, None when none was asked."""
    where = destination(order)
    if policy.small_business:
        findings = tuple(_taxed_although_zero(order))
        return TaxDecision(_same_for_all(order, TaxCategory.EXEMPT, policy), findings)
    match _treatment(order, where, policy):
        case TaxTreatment.REVERSE_CHARGE:
            return TaxDecision(
                _same_for_all(order, TaxCategory.INTRA_EU, policy),
                (
                    *_taxed_although_zero(order),
                    *_intra_eu_problems(order, where, policy, vat_number_status),
                    *_inferred(order, where),
                ),
            )
        case TaxTreatment.ZERO:
            return TaxDecision(
                _same_for_all(order, TaxCategory.EXPORT, policy),
                (*_taxed_although_zero(order), *_export_problems(order, where, policy)),
            )
        case _:
            return _charged(order, where, policy)


def destination(order: Order) -> Place:
    """Where the goods go: the delivery address, else the customer's own."""
    for address in (order.delivery_address, order.customer.address):
        if address.country:
            return place(address.country, address.postcode)
    return place("")


def vat_number_to_check(order: Order, policy: RoutePolicy) -> str:
    """The well-formed VAT number, with prefix, that a register should confirm before the order goes over free of VAT.

    "" when there is nothing to ask: the order is taxed, or its number is already known to be wrong.
    """
    where = destination(order)
    if policy.small_business or _treatment(order, where, policy) is not TaxTreatment.REVERSE_CHARGE:
        return ""
    if any(f.blocks for f in _intra_eu_problems(order, where, policy, None)):
        return ""
    return compact_vat_number(order.customer.vat_number, _number_countries(order, where, policy)[0])


def _treatment(order: Order, where: Place, policy: RoutePolicy) -> TaxTreatment:
    """What the source says, or what follows when it charged nothing at all without saying why."""
    charged = any(line.rate > 0 for line in order.lines)
    free = all(line.gross.is_zero for line in order.lines)
    if order.treatment is not TaxTreatment.DOMESTIC or charged or free or where.country == policy.home_country:
        return order.treatment
    return TaxTreatment.REVERSE_CHARGE if where.in_eu else TaxTreatment.ZERO


def _same_for_all(order: Order, category: TaxCategory, policy: RoutePolicy) -> tuple[Tax, ...]:
    return (Tax(category, _ZERO, policy.home_country),) * len(order.lines)


def _taxed_although_zero(order: Order) -> Iterator[Finding]:
    for line in order.lines:
        if line.rate > 0:
            yield finding("TAX_ON_ZERO_TREATMENT", line=line.description, rate=_percent(line.rate))


def _intra_eu_problems(
    order: Order, where: Place, policy: RoutePolicy, status: VatNumberStatus | None
) -> Iterator[Finding]:
    if not where.country:
        yield finding("COUNTRY_MISSING")
    elif where.country == policy.home_country and where.in_eu:
        yield finding("REVERSE_CHARGE_AT_HOME", country=where)
    elif not where.in_eu:
        yield finding("REVERSE_CHARGE_OUTSIDE_EU", country=where)
    else:
        number = order.customer.vat_number
        problem = vat_number_problem(number, _number_countries(order, where, policy))
        if problem:
            yield problem
        elif status is VatNumberStatus.INVALID:
            yield finding("VAT_NUMBER_NOT_REGISTERED", vat_number=number)
        elif status is VatNumberStatus.UNKNOWN:
            yield finding("VAT_NUMBER_NOT_CHECKED", vat_number=number)


def _number_countries(order: Order, where: Place, policy: RoutePolicy) -> tuple[str, ...]:
    """Whose VAT number is good enough: the state of arrival, or the buyer's own when that is another member state."""
    own = place(order.customer.address.country, order.customer.address.postcode)
    countries = [where.country]
    if own.in_eu and own.country not in (where.country, policy.home_country):
        countries.append(own.country)
    return tuple(countries)


def _inferred(order: Order, where: Place) -> Iterator[Finding]:
    if order.treatment is TaxTreatment.DOMESTIC and order.customer.vat_number:
        yield finding("TREATMENT_INFERRED", vat_number=order.customer.vat_number, country=where)


def _export_problems(order: Order, where: Place, policy: RoutePolicy) -> Iterator[Finding]:
    if not where.country:
        yield finding("COUNTRY_MISSING")
    elif where.in_eu:
        yield finding("EXPORT_WITHIN_EU", country=where)
        if where.country != policy.home_country and not order.customer.vat_number.strip():
            yield finding("VAT_NUMBER_MISSING", country=where)


def _charged(order: Order, where: Place, policy: RoutePolicy) -> TaxDecision:
    """Ordinary rates: of home, or of the consumer's country through the one-stop shop."""
    day = order.ordered_at.date()
    charged = {line.rate for line in order.lines if line.rate > 0}
    home = rates_on(place(policy.home_country), day, and_before=order.is_credit)
    abroad = where.in_eu and where.country != policy.home_country
    there = (rates_on(where, day, and_before=order.is_credit) if abroad else None) or frozenset[Decimal]()
    findings: list[Finding] = []
    if home is None:
        home = frozenset(charged - there)
        if charged:
            findings.append(finding("RATE_NOT_CHECKED", home=policy.home_country, date=day))

    for rate in sorted(charged - home - there):
        findings.append(
            finding("RATE_NOT_OF_COUNTRY", rate=_percent(rate), date=day, home=policy.home_country, country=where)
        )
    only_there, only_home = charged & there - home, charged & home - there
    is_consumer = not order.customer.vat_number.strip()
    oss = bool(only_there) or (policy.oss and abroad and is_consumer and charged <= there)
    if only_there and only_home:
        findings.append(
            finding(
                "RATES_OF_TWO_COUNTRIES",
                home=policy.home_country,
                home_rates=_percents(only_home),
                country=where,
                rates=_percents(only_there),
            )
        )
    if only_there and not is_consumer:
        findings.append(finding("DESTINATION_RATE_FOR_BUSINESS", vat_number=order.customer.vat_number, country=where))
    if charged and policy.shipping_without_vat == "refuse":
        findings.extend(_costs_without_vat(order.lines))

    at_destination = there if oss else frozenset[Decimal]()
    return TaxDecision(
        tuple(_line_tax(line.rate, at_destination, where, policy.home_country) for line in order.lines),
        tuple(findings),
    )


def _line_tax(rate: Decimal, at_destination: frozenset[Decimal], where: Place, home: str) -> Tax:
    if rate in at_destination:
        return Tax(TaxCategory.STANDARD, rate, where.country, oss=True)
    return Tax(TaxCategory.STANDARD if rate > 0 else TaxCategory.ZERO, rate, home)


def _costs_without_vat(lines: tuple[OrderLine, ...]) -> Iterator[Finding]:
    """Costs share the VAT of the goods they come with, so costs without it mean that the shop is set wrongly.

    Not meant: the untaxed part of a cost spread over goods with and without VAT.
    """
    articles = [line for line in lines if line.kind is LineKind.ARTICLE and not line.gross.is_zero]
    if not any(line.rate > 0 for line in articles):
        return
    spread_over_untaxed = any(line.rate == 0 for line in articles)
    taxed_costs = {line.source_id for line in lines if line.source_id and line.rate > 0}
    for line in lines:
        is_cost = line.kind not in (LineKind.ARTICLE, LineKind.ROUNDING) and line.gross.amount > 0
        if not is_cost or line.rate > 0 or (spread_over_untaxed and line.source_id in taxed_costs):
            continue
        yield finding("SHIPPING_WITHOUT_VAT", line=line.description or line.kind.value, amount=line.gross)


def _percent(rate: Decimal) -> str:
    return f"{rate.normalize():f}"


def _percents(rates: frozenset[Decimal] | set[Decimal]) -> str:
    return ", ".join(f"{_percent(rate)}%" for rate in sorted(rates))
