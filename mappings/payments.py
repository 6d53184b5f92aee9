"""Payments back: what the books say was paid, told to the invoicing program that made the invoice. Never twice, never
more than is open there, and never with a day that nobody knows.

How much is to be told follows from the open amounts of both; when, from the payments in the books.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from boekbrug.domain.documents import BookedPayment, ExternalRef, OpenItem, PaymentState
from boekbrug.domain.findings import Finding, finding
from boekbrug.domain.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentToRegister:
    """A payment to tell the source: amount with the sign of its open amount, and the paying entry in the books."""

    amount: Money
    paid_on: date
    target_ref: ExternalRef


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentPlan:
    """What to do about one invoice. `known` are paying entries that the source knows of already, told by a person or
    by us before a crash: they count as registered from now on."""

    payments: tuple[PaymentToRegister, ...] = ()
    known: tuple[ExternalRef, ...] = ()
    findings: tuple[Finding, ...] = ()


def payments_for(
    state: PaymentState,
    open_item: OpenItem | None,
    booked: Iterable[BookedPayment],
    *,
    in_books: bool,
    registered: Collection[ExternalRef] = (),
) -> PaymentPlan:
    """What is to be told to the source of one invoice.

    `open_item` is the invoice's in the books, None when the books list none: settled there. `in_books` says that the
    invoice is known to stand in the books; without that, being listed nowhere means nothing. `registered` are the
    paying entries already told for this invoice. A credit's amounts are negative throughout.

    Raises ValueError when the amounts are not all in one currency.
    """
    if not in_books:
        return PaymentPlan()
    direction = -1 if state.gross.amount < 0 else 1
    open_there = open_item.open_amount if open_item else Money.zero(state.gross.currency)
    to_tell = (state.open_amount - open_there) * direction
    new = [one for one in booked if one.target_ref not in registered]
    new.sort(key=lambda one: (one.paid_on, one.target_ref))
    values = {"number": state.number, "open": state.open_amount, "open_in_books": open_there}
    if to_tell.amount < 0:
        repaid = any(one.amount.amount * direction < 0 for one in new)
        return PaymentPlan(findings=(finding("REPAID_IN_BOOKS" if repaid else "PAID_ONLY_IN_SOURCE", **values),))
    if to_tell.is_zero:
        return PaymentPlan(known=tuple(one.target_ref for one in new))
    if not state.payable:
        return PaymentPlan(findings=(finding("PAYMENT_NOT_TAKEN", **values),))

    findings: list[Finding] = []
    most = state.open_amount * direction
    if most < to_tell:  # the books say that more was paid than the invoice's amount
        findings.append(finding("OVERPAID_IN_BOOKS", **values))
        to_tell = most if most.amount > 0 else Money.zero(most.currency)
    plan = _spread(new, to_tell, direction)
    told = sum((one.amount.amount for one in plan.payments), Money.zero(to_tell.currency).amount) * direction
    rest = Money(to_tell.amount - told, to_tell.currency)
    if not rest.is_zero:
        findings.append(finding("SETTLED_WITHOUT_PAYMENT", amount=rest * direction, **values))
    return PaymentPlan(payments=plan.payments, known=plan.known, findings=tuple(findings))


def _spread(new: Sequence[BookedPayment], to_tell: Money, direction: int) -> PaymentPlan:
    """The payments, the latest first until everything is told: what is then left over, the source knows already.

    Repayments are set off against the payments before them.
    """
    left = to_tell
    payments: list[PaymentToRegister] = []
    known: list[ExternalRef] = []
    for one, amount in reversed(list(_without_repayments(new, direction))):
        part = min(amount, left)
        if part.amount > 0:
            payments.append(PaymentToRegister(amount=part * direction, paid_on=one.paid_on, target_ref=one.target_ref))
            left -= part
        else:
            known.append(one.target_ref)
    return PaymentPlan(payments=tuple(reversed(payments)), known=tuple(sorted(known)))


def _without_repayments(new: Sequence[BookedPayment], direction: int) -> Iterator[tuple[BookedPayment, Money]]:
    """Payments in order with what is left of each, positive, after later repayments were taken off the latest ones."""
    stack: list[tuple[BookedPayment, Money]] = []
    nothing: list[BookedPayment] = []
    for one in new:
        amount = one.amount * direction
        while amount.amount < 0 and stack:
            last, left = stack.pop()
            amount += left
            if amount.amount > 0:
                stack.append((last, amount))
                amount = Money.zero(amount.currency)
            else:
                nothing.append(last)
        if amount.amount > 0 and one.amount.amount * direction > 0:
            stack.append((one, amount))
        else:
            nothing.append(one)
    yield from ((one, Money.zero(one.amount.currency)) for one in nothing)
    yield from stack
