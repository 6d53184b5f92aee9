"""Telling a source of payments: once, the right amount, and never blindly again."""

from __future__ import annotations

import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from boekbrug.domain.documents import ExternalRef, PaymentState, Side
from boekbrug.domain.errors import BoekbrugError, NeedsAttention, OutcomeUnknown, RateLimited, RemoteUnavailable
from boekbrug.domain.money import Money
from connectors._capabilities import PaymentTarget
from tests.conformance.sites import InvoiceSite, failure_of
from tests.conformance.test_invoices import issued
from tests.conformance.test_refusing import WRITING
from tests.conformance.test_writing import AFTER_THE_WRITE
from tests.connectors.scripted import Meter

PAID_ON = datetime.now(UTC).date() - timedelta(days=2)
SIDES = list(Side)


def unpaid(target: PaymentTarget, side: Side = Side.SALES) -> PaymentState:
    return next(state for state in target.read_unpaid(side) if state.payable)


def half(state: PaymentState) -> Money:
    return Money((state.open_amount.amount / 2).quantize(Decimal("0.01")), state.open_amount.currency)


@pytest.mark.parametrize("side", SIDES)
def test_what_is_unpaid(payments: InvoiceSite, side: Side) -> None:
    payments.stand.everything(payments.control)
    target = payments.open()
    states = {state.source_ref: state for state in target.read_unpaid(side)}
    invoices = {invoice.source_ref: invoice for invoice in issued(target, side)}
    for ref, state in states.items():
        assert not invoices[ref].kind.is_credit or not state.payable
        assert (state.number, state.gross.amount) == (invoices[ref].number, invoices[ref].gross.amount)
        assert state.open_amount.amount == invoices[ref].open_amount.amount
    payable = {ref for ref, state in states.items() if state.payable}
    assert payable
    for ref, invoice in invoices.items():
        if ref not in states:
            state = target.read_payment_state(ref)
            assert state and not state.payable, invoice


@pytest.mark.parametrize("side", SIDES)
def test_paid_at_once(payments: InvoiceSite, side: Side) -> None:
    target = payments.open()
    state = unpaid(target, side)
    told = target.register_payment(state, amount=state.open_amount, paid_on=PAID_ON)
    assert told.open_amount.is_zero and not told.payable and told.gross == state.gross
    assert payments.paid(state.source_ref) == state.gross.cents
    assert target.read_payment_state(state.source_ref) == payments.open().read_payment_state(state.source_ref) == told
    assert state.source_ref not in {one.source_ref for one in target.read_unpaid(side)}
    [invoice] = payments.open().read_invoices([state.source_ref])
    assert invoice.paid_on == PAID_ON


@pytest.mark.parametrize("side", SIDES)
def test_paid_in_parts(payments: InvoiceSite, side: Side) -> None:
    target = payments.open()
    state = unpaid(target, side)
    others = [one for one in target.read_unpaid(side) if one.source_ref != state.source_ref]
    part = target.register_payment(state, amount=half(state), paid_on=PAID_ON)
    assert part.open_amount == state.open_amount - half(state) and part.payable
    assert payments.paid(state.source_ref) == half(state).cents
    whole = target.register_payment(part, amount=part.open_amount, paid_on=PAID_ON)
    assert whole.open_amount.is_zero
    assert payments.paid(state.source_ref) == state.gross.cents
    assert {one.source_ref: one for one in target.read_unpaid(side)} == {one.source_ref: one for one in others}


def test_what_changed_since_it_was_read_is_left_alone(payments: InvoiceSite) -> None:
    target = payments.open()
    state = unpaid(target)
    target.register_payment(state, amount=half(state), paid_on=PAID_ON)
    for amount in (half(state), state.open_amount):
        error = failure_of(lambda amount=amount: target.register_payment(state, amount=amount, paid_on=PAID_ON))
        assert isinstance(error, NeedsAttention) and error.findings
        assert (error.system, error.document) == (payments.system, state.number)
    assert payments.paid(state.source_ref) == half(state).cents


def test_what_is_gone_cannot_be_paid(payments: InvoiceSite) -> None:
    target = payments.open()
    state = unpaid(target)
    gone = ExternalRef(state.source_ref.system, state.source_ref.kind, "987654321")
    assert target.read_payment_state(gone) is None
    for strange in ("", "no-such", "1/../2"):
        assert target.read_payment_state(replace(gone, id=strange)) is None
    error = failure_of(
        lambda: target.register_payment(replace(state, source_ref=gone), amount=state.open_amount, paid_on=PAID_ON)
    )
    assert isinstance(error, NeedsAttention)


def test_no_more_than_is_open(payments: InvoiceSite) -> None:
    target = payments.open()
    state = unpaid(target)
    for amount in (
        state.open_amount + Money.of("0.01"),
        Money.of("0.00"),
        -state.open_amount,
        Money.of("1", "USD"),
        Money.of("0.005"),
    ):
        with pytest.raises(ValueError):
            target.register_payment(state, amount=amount, paid_on=PAID_ON)
    assert payments.paid(state.source_ref) == 0


@pytest.mark.parametrize(("fault", "expected"), WRITING, ids=str)
def test_a_payment_that_is_refused_before_it_is_told(
    payments: InvoiceSite, fault: dict[str, Any], expected: type[BoekbrugError]
) -> None:
    state = unpaid(payments.open())
    for amount in (state.open_amount, half(state)):
        target = payments.open(timeout=1)
        payments.control.add_fault(**fault, **payments.stand.payment_write)
        error = failure_of(
            lambda amount=amount, target=target: target.register_payment(state, amount=amount, paid_on=PAID_ON)
        )
        assert type(error) is expected
        assert (error.system, error.document) == (payments.system, state.number)
        if isinstance(error, NeedsAttention):
            assert error.findings
        payments.control.clear_faults()
    assert payments.paid(state.source_ref) == 0
    assert payments.open().read_payment_state(state.source_ref) == state


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("fault", AFTER_THE_WRITE, ids=str)
def test_a_payment_whose_answer_is_lost_is_told_once(payments: InvoiceSite, fault: dict[str, Any], whole: bool) -> None:
    target = payments.open(timeout=1)
    state = unpaid(target)
    amount = state.open_amount if whole else half(state)
    payments.control.add_fault(**fault, when="after", times=1, **payments.stand.payment_write)
    try:
        told = target.register_payment(state, amount=amount, paid_on=PAID_ON)
    except OutcomeUnknown as error:
        assert error.document == state.number
        found = target.read_payment_state(state.source_ref)
        assert found is not None
        told = found
    assert told.open_amount == state.open_amount - amount
    assert payments.paid(state.source_ref) == amount.cents
    assert failure_of(lambda: target.register_payment(state, amount=amount, paid_on=PAID_ON))
    assert payments.paid(state.source_ref) == amount.cents


def test_a_payment_that_times_out_before_it_is_told(payments: InvoiceSite) -> None:
    target = payments.open(timeout=0.3)
    state = unpaid(target)
    payments.control.add_fault("delay", seconds=1.0, times=1, **payments.stand.payment_write)
    error = failure_of(lambda: target.register_payment(state, amount=half(state), paid_on=PAID_ON))
    assert type(error) is OutcomeUnknown


def test_a_payment_that_cannot_be_read_back_may_have_been_told(payments: InvoiceSite) -> None:
    target = payments.open()
    state = unpaid(target)
    payments.control.add_fault("status", status=503, method="POST", after=2)  # read, tell, and then nothing
    error = failure_of(lambda: target.register_payment(state, amount=half(state), paid_on=PAID_ON))
    assert type(error) is OutcomeUnknown
    assert payments.paid(state.source_ref) == half(state).cents


def test_nobody_there_to_tell(payments: InvoiceSite) -> None:
    state = unpaid(payments.open())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    gone = payments.open(base_url=f"http://127.0.0.1:{port}/")
    assert type(failure_of(lambda: list(gone.read_unpaid(Side.SALES)))) is RemoteUnavailable
    pay = lambda: gone.register_payment(state, amount=state.open_amount, paid_on=PAID_ON)  # noqa: E731
    assert type(failure_of(pay)) is RemoteUnavailable


def test_a_spent_budget_tells_nothing(payments: InvoiceSite) -> None:
    class Spent(Meter):
        def call(self, counts_as: str = "", *, writes: bool = False):  # type: ignore[no-untyped-def]
            raise RateLimited("no slot left")

    state = unpaid(payments.open())
    target = payments.open(meter=Spent())
    pay = lambda: target.register_payment(state, amount=state.open_amount, paid_on=PAID_ON)  # noqa: E731
    assert type(failure_of(pay)) is RateLimited
    assert payments.paid(state.source_ref) == 0


def test_no_payment_goes_around_the_meter(payments: InvoiceSite) -> None:
    state = unpaid(payments.open())
    calls, answered = payments.meter.calls, len(payments.control.log())
    payments.open().register_payment(state, amount=half(state), paid_on=PAID_ON)
    assert payments.meter.calls - calls == len(payments.control.log()) - answered == 3


@pytest.mark.parametrize("side", SIDES)
def test_every_switch_of_the_simulator_is_survived(payments: InvoiceSite, side: Side) -> None:
    for options, settings in payments.stand.payment_switches:
        payments.stand.fill(payments.control, 8)
        payments.control.set_options(**options)
        target = payments.open(**settings)
        state = unpaid(target, side)
        already = payments.paid(state.source_ref)
        part = target.register_payment(state, amount=half(state), paid_on=PAID_ON)
        assert payments.paid(state.source_ref) - already == half(state).cents, options
        whole = target.register_payment(part, amount=part.open_amount, paid_on=PAID_ON)
        assert whole.open_amount.is_zero and not whole.payable, options
        assert payments.paid(state.source_ref) == state.gross.cents, options
        assert all(one.source_ref != state.source_ref for one in target.read_unpaid(side)), options
