"""Reading invoices and contacts of both sides: every one, once, whatever the lists do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import chain

import pytest

from boekbrug.domain.documents import ExternalRef, Side, SourceInvoice
from connectors._capabilities import InvoiceSource
from tests.conformance.sites import InvoiceSite
from tests.connectors.scripted import Meter

TODAY = datetime.now(UTC).date()
FIRST, LAST = TODAY - timedelta(days=100), TODAY + timedelta(days=1)
LONG_AGO = datetime.now(UTC) - timedelta(days=100)
SIDES = list(Side)


def issued(source: InvoiceSource, side: Side, first: date = FIRST, last: date = LAST) -> list[SourceInvoice]:
    found = [document for page in source.read_invoices_issued(side, first, last) for document in page]
    assert all(isinstance(document, SourceInvoice) for document in found), found
    return [document for document in found if isinstance(document, SourceInvoice)]


def changed(source: InvoiceSource, side: Side, since: datetime = LONG_AGO) -> list[ExternalRef]:
    return [document.source_ref for page in source.read_changed_invoices(side, since) for document in page]


@pytest.mark.parametrize("beside_a_page", [None, 1, 0, +1])
@pytest.mark.parametrize("pages", [1, 3])
@pytest.mark.parametrize("side", SIDES)
def test_every_invoice_is_read_once(invoices: InvoiceSite, side: Side, pages: int, beside_a_page: int | None) -> None:
    count = 0 if beside_a_page is None else invoices.stand.page * pages + beside_a_page
    invoices.stand.fill(invoices.control, count)
    source = invoices.open()
    documents = issued(source, side)
    assert len(documents) == count == source.count_invoices_issued(side, FIRST, LAST)
    refs = [document.source_ref for document in documents]
    assert len(set(refs)) == count
    assert Counter(changed(source, side)) == Counter(refs)


@pytest.mark.parametrize("side", SIDES)
def test_a_single_invoice(invoices: InvoiceSite, side: Side) -> None:
    invoices.stand.fill(invoices.control, 1)
    [invoice] = issued(invoices.open(), side)
    assert invoice.source_ref.system == invoices.system
    assert invoice.changed_at.utcoffset() is not None
    assert invoice.kind.side is side
    assert invoice.contact.source_ref and invoice.contact.code and invoice.contact.display_name


@pytest.mark.parametrize("side", SIDES)
def test_the_days_count_from_the_first_to_the_last(invoices: InvoiceSite, side: Side) -> None:
    invoices.stand.fill(invoices.control, 2 * invoices.stand.page)
    source = invoices.open()
    documents = issued(source, side)
    day = documents[len(documents) // 2].issued_on
    expected = {document.source_ref for document in documents if document.issued_on == day}
    assert {document.source_ref for document in issued(source, side, day, day)} == expected
    assert source.count_invoices_issued(side, day, day) == len(expected)


@pytest.mark.parametrize("side", SIDES)
def test_only_what_changed_since_is_read(invoices: InvoiceSite, side: Side) -> None:
    invoices.stand.fill(invoices.control, 2 * invoices.stand.page)
    source = invoices.open()
    documents = sorted(issued(source, side), key=lambda document: document.changed_at)
    since = documents[len(documents) // 2].changed_at
    found = changed(source, side, since)
    assert {document.source_ref for document in documents if document.changed_at >= since} <= set(found)
    assert len(found) < len(documents)
    invoices.stand.moving[0](invoices.url, side)
    assert changed(source, side, datetime.now(UTC) - timedelta(minutes=5))


class Disturbing(Meter):
    """Something happens at the other side while the list is being read."""

    def __init__(self, at: int, happens: Callable[[], None]) -> None:
        super().__init__()
        self._at, self._happens = at, happens

    @contextmanager
    def call(self, counts_as: str = "", *, writes: bool = False) -> Iterator[None]:
        if self.calls == self._at:
            self._happens()
        with super().call(counts_as):
            yield


@pytest.mark.parametrize("way", [0, 1])
@pytest.mark.parametrize("at", [1, 2, 4])
@pytest.mark.parametrize("side", SIDES)
def test_no_invoice_is_lost_when_the_list_moves(invoices: InvoiceSite, side: Side, at: int, way: int) -> None:
    invoices.stand.fill(invoices.control, 4 * invoices.stand.page + 3)
    before = {document.source_ref for document in issued(invoices.open(), side)}
    move = invoices.stand.moving[way % len(invoices.stand.moving)]
    for read in (lambda source: [one.source_ref for one in issued(source, side)], lambda one: changed(one, side)):
        meter = Disturbing(at, lambda: move(invoices.url, side))
        found = read(invoices.open(meter=meter))
        assert meter.calls > at
        assert before <= set(found)
        assert len(found) == len(set(found))


@pytest.mark.parametrize("side", SIDES)
def test_the_same_question_has_the_same_answer(invoices: InvoiceSite, side: Side) -> None:
    source = invoices.open()
    assert issued(source, side) == issued(source, side) == issued(invoices.open(), side)


def test_invoices_by_ref(invoices: InvoiceSite) -> None:
    source = invoices.open()
    sales, purchases = issued(source, Side.SALES), issued(source, Side.PURCHASES)
    ref = sales[0].source_ref
    strange = [ExternalRef(ref.system, ref.kind, text) for text in ("987654321", "", "no-such", "1/../2")]
    asked = [sales[2].source_ref, *strange, purchases[0].source_ref, sales[0].source_ref]
    assert list(source.read_invoices(asked)) == [sales[2], *[None] * 4, purchases[0], sales[0]]
    assert list(source.read_invoices([])) == []


def test_one_customer_is_asked_for_once(invoices: InvoiceSite) -> None:
    invoices.stand.fill(invoices.control, 30)
    source = invoices.open()
    first = issued(source, Side.SALES)
    calls = invoices.meter.calls
    assert issued(source, Side.SALES) == first
    assert invoices.meter.calls - calls <= 30 + 30 // (invoices.stand.page // 2) + 2


def test_every_invoice_can_be_sorted_by_what_there_is_to_choose(invoices: InvoiceSite) -> None:
    invoices.stand.everything(invoices.control)
    source = invoices.open()
    documents = issued(source, Side.SALES) + issued(source, Side.PURCHASES)
    statuses = {status.id: status for status in source.read_statuses()}
    assert statuses and all(status.name for status in statuses.values())
    assert {document.status_id for document in documents} <= set(statuses)
    choices = source.read_choices()
    lines = [line for document in documents for line in document.lines]
    for used, offered in (
        ({line.product_group for line in lines}, choices.product_groups),
        ({line.cost_category for line in lines}, choices.cost_categories),
        ({line.tax_code for line in lines}, choices.tax_codes),
    ):
        assert used - {""} and used - {""} <= {choice.id for choice in offered}
        assert all(choice.name for choice in offered)


@pytest.mark.parametrize("side", SIDES)
def test_invoices_add_up(invoices: InvoiceSite, side: Side) -> None:
    invoices.stand.everything(invoices.control)
    documents = issued(invoices.open(), side)
    assert {document.kind.is_credit for document in documents} == {True, False}
    for document in documents:
        assert document.net + document.tax == document.gross
        assert document.gross.amount >= 0
        assert (document.credits is not None) is document.kind.is_credit
        lines = sum((line.net.amount for line in document.lines), Decimal(0))
        assert abs(lines - document.net.amount) <= Decimal("0.01") * max(2, len(document.lines)), document
        assert all(line.quantity > 0 for line in document.lines)


@pytest.mark.parametrize("side", SIDES)
def test_contacts(invoices: InvoiceSite, side: Side) -> None:
    invoices.stand.fill(invoices.control, 3 * invoices.stand.page + 1)
    source = invoices.open()
    contacts = list(chain.from_iterable(source.read_changed_contacts(side, LONG_AGO)))
    refs = [contact.source_ref for contact in contacts]
    assert len(set(refs)) == len(refs)
    assert all(contact.source_ref and contact.code and contact.display_name for contact in contacts)
    assert {document.contact.source_ref for document in issued(source, side)} <= set(refs)
    assert list(chain.from_iterable(source.read_changed_contacts(side, datetime.now(UTC) + timedelta(days=1)))) == []


def test_another_tenants_invoices_stay_apart(invoices: InvoiceSite) -> None:
    for side in SIDES:
        ours, theirs = issued(invoices.open(), side), issued(invoices.open(other=True), side)
        assert ours and theirs
        assert not any(document in theirs for document in ours)


def test_every_switch_of_the_simulator_is_survived(invoices: InvoiceSite) -> None:
    def seen(source: InvoiceSource) -> dict[ExternalRef, object]:
        return {
            one.source_ref: (
                one.kind,
                one.number,
                one.status_id,
                one.net,
                one.tax,
                one.gross,
                one.open_amount,
                one.lines,
                one.contact,
                one.credits,
                one.paid_on,
                one.reverse_charged,
                one.findings,
            )
            for side in SIDES
            for one in issued(source, side)
        }

    invoices.stand.everything(invoices.control)
    usual = seen(invoices.open(page_size=50))
    initial = invoices.control.options()
    for options in invoices.stand.switches:
        invoices.control.set_options(**options)
        source = invoices.open(page_size=50)
        assert seen(source) == usual, options
        refs = {ref for side in SIDES for ref in changed(source, side)}
        assert refs == set(usual), options
        assert source.read_choices(), options
        invoices.control.set_options(**{name: initial[name] for name in options})
