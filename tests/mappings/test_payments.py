"""Payments back: how much follows from both open amounts, when from the payments in the books."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boekbrug.domain.documents import BookedPayment, ExternalRef, OpenItem, PaymentState, Side
from boekbrug.domain.money import Money
from mappings.payments import payments_for
from tests.mappings.builders import codes

DAY = date(2026, 3, 10)


def state(gross="121.00", open_amount=None, *, payable=True) -> PaymentState:
    return PaymentState(
        source_ref=ExternalRef("wefact", "invoice", "41"),
        number="F0001",
        gross=Money.of(gross),
        open_amount=Money.of(gross if open_amount is None else open_amount),
        payable=payable,
    )


def still_open(amount, gross="121.00") -> OpenItem:
    return OpenItem(
        side=Side.SALES,
        number="F0001",
        contact_code="K1001",
        booked_on=DAY,
        gross=Money.of(gross),
        open_amount=Money.of(amount),
    )


def paid(amount, ref="1", day=0) -> BookedPayment:
    return BookedPayment(
        target_ref=ExternalRef("eboekhouden", "mutation", ref),
        side=Side.SALES,
        number="F0001",
        contact_code="K1001",
        paid_on=DAY + timedelta(days=day),
        amount=Money.of(amount),
    )


def told(plan) -> list[tuple[str, int]]:
    return [(f"{one.amount.amount}", (one.paid_on - DAY).days) for one in plan.payments]


@pytest.mark.parametrize(
    ("source", "item", "booked", "expected"),
    [
        (state(), None, [paid("121.00")], [("121.00", 0)]),
        (state(), still_open("71.00"), [paid("50.00")], [("50.00", 0)]),
        (state(), None, [paid("71.00", "2", 9), paid("50.00")], [("50.00", 0), ("71.00", 9)]),
        (state("-121.00"), None, [paid("-121.00")], [("-121.00", 0)]),
        (state("-121.00"), still_open("-100.00", "-121.00"), [paid("-21.00")], [("-21.00", 0)]),
        # paid 100, 20 paid back, the rest paid later
        (state(), None, [paid("100"), paid("-20", "2", 1), paid("41", "3", 2)], [("80", 0), ("41", 2)]),
        # paid, paid back in full, paid again
        (state(), None, [paid("121"), paid("-121", "2", 1), paid("121", "3", 2)], [("121", 2)]),
    ],
)
def test_what_was_paid_is_told(source, item, booked, expected):
    plan = payments_for(source, item, booked, in_books=True)
    assert told(plan) == expected and plan.findings == ()


def test_what_was_told_before_is_not_told_again():
    first, second = paid("50.00"), paid("71.00", "2", 3)
    plan = payments_for(state(open_amount="71.00"), None, [first, second], in_books=True, registered={first.target_ref})
    assert told(plan) == [("71.00", 3)]
    # the same when only the source knows of the first: we died after telling it, or a person told it
    plan = payments_for(state(open_amount="71.00"), None, [first, second], in_books=True)
    assert told(plan) == [("71.00", 3)] and plan.known == (first.target_ref,)
    plan = payments_for(state(open_amount="0"), None, [first, second], in_books=True)
    assert told(plan) == [] and plan.known == (first.target_ref, second.target_ref)


def test_an_invoice_that_is_not_known_to_be_in_the_books_is_not_paid():
    assert payments_for(state(), None, [], in_books=False) == payments_for(state(), None, [paid(1)], in_books=False)
    assert payments_for(state(), None, [], in_books=False).findings == ()


@pytest.mark.parametrize(
    ("source", "item", "booked", "expected", "code"),
    [
        (state(), None, [], [], "SETTLED_WITHOUT_PAYMENT"),
        (state(), None, [paid("100")], [("100.00", 0)], "SETTLED_WITHOUT_PAYMENT"),
        (state(open_amount="0"), still_open("121"), [], [], "PAID_ONLY_IN_SOURCE"),
        (state(open_amount="0"), still_open("20"), [paid("-20")], [], "REPAID_IN_BOOKS"),
        (state(), still_open("-9"), [paid("130")], [("121.00", 0)], "OVERPAID_IN_BOOKS"),
        (state(payable=False), None, [paid("121")], [], "PAYMENT_NOT_TAKEN"),
    ],
)
def test_what_is_not_a_plain_payment_is_said(source, item, booked, expected, code):
    plan = payments_for(source, item, booked, in_books=True)
    assert [(Decimal(amount), day) for amount, day in told(plan)] == [(Decimal(a), d) for a, d in expected]
    assert codes(plan.findings) == [code]
    assert "F0001" in plan.findings[0].sentence("nl") and plan.findings[0].suggestion("en")


amounts = st.lists(st.integers(-20_000, 20_000).filter(bool), max_size=6)


@given(st.integers(1, 50_000), amounts, st.integers(0, 6), st.booleans())
@settings(deadline=None)
def test_never_more_than_is_open_and_never_twice(gross, booked, told_before, is_credit):
    """However payments and repayments come: told in steps, the source is settled as far as the books are."""
    sign = -1 if is_credit else 1
    payments = [paid(Decimal(amount * sign).scaleb(-2), str(index), index) for index, amount in enumerate(booked)]
    total = Money.of_cents(gross * sign)
    open_source, registered = total, set()
    for upto in sorted({min(told_before, len(payments)), len(payments)}):
        seen = payments[:upto]
        open_books = total
        for one in seen:
            open_books -= one.amount
        item = None if open_books.is_zero else still_open(open_books.amount, total.amount)
        now = PaymentState(
            source_ref=ExternalRef("wefact", "invoice", "41"),
            number="F0001",
            gross=total,
            open_amount=open_source,
            payable=True,
        )
        plan = payments_for(now, item, seen, in_books=True, registered=registered)
        for one in plan.payments:
            assert one.amount.amount * sign > 0
            assert one.target_ref not in registered
            open_source -= one.amount
            registered.add(one.target_ref)
        registered.update(plan.known)
        assert open_source.amount * sign >= 0
        if not plan.findings:
            assert open_source == open_books
        again = payments_for(
            PaymentState(source_ref=now.source_ref, number="F0001", gross=total, open_amount=open_source, payable=True),
            item,
            seen,
            in_books=True,
            registered=registered,
        )
        assert again.payments == ()
