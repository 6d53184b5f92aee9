"""Payments as the simulated WeFact registers them on sales and purchase invoices."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sandbox._wefact_fields import Refused, Sent, read_choice, read_day, read_number
from sandbox._wefact_options import WefactOptions
from sandbox._wefact_register import Surroundings
from sandbox._wefact_settings import PAYMENT_METHODS
from sandbox._wefact_totals import cents


@dataclass(frozen=True)
class Payment:
    """Money registered on an invoice; below zero on a credit invoice."""

    amount: Decimal
    paid_on: date
    method: str


def read_payment(amount: Decimal, sent: Sent, around: Surroundings) -> Payment:
    """A payment of so much, with the day and the method that were sent. Raises Refused."""
    name = around.options.pay_date_name
    method = read_choice("PaymentMethod", sent.get("PaymentMethod", ""), ("", *PAYMENT_METHODS))
    return Payment(amount, read_day(name, sent.get(name)) or around.today(), method)


def read_part(sent: Sent, invoice: str, still_open: Decimal, is_credit: bool, options: WefactOptions) -> Decimal:
    """The amount of a part payment, below zero on a credit invoice. ``invoice`` names it. Raises Refused."""
    amount = cents(read_number("AmountPaid", sent.get("AmountPaid")))
    if is_credit and options.credit_payments == "refuse":
        raise Refused(f"{invoice} is een creditfactuur.")
    if is_credit and options.credit_payments == "positive":
        amount = -amount
    sign = -1 if is_credit else 1
    if amount * sign <= 0:
        raise Refused("Invalid value for 'AmountPaid'")
    if amount * sign > still_open * sign and options.overpayment == "refuse":
        raise Refused(f"Het bedrag is hoger dan het openstaande bedrag. ({invoice})")
    return amount


def is_settled(payments: Sequence[Payment], gross: Decimal, still_open: Decimal) -> bool:
    """Whether something was paid and nothing is open; of a credit invoice, nothing to pay out."""
    return bool(payments) and (still_open <= 0 if gross >= 0 else still_open >= 0)


def refuse_twice(invoice: str, is_paid: bool, options: WefactOptions) -> None:
    """What a second ``markaspaid`` gets. Raises Refused."""
    if is_paid and options.second_markaspaid == "refuse":
        raise Refused(f"{invoice} is al betaald.")
