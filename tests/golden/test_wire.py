"""The golden documents through the connectors: the shop's payload in, the books' request out."""

import json
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from boekbrug.domain.documents import Order
from connectors._factuursturen_wire import invoice_to_wire
from connectors._mijnwebwinkel_wire import Shop, order_from_wire
from tests.golden.cases import CASES, Case, booking_text, document_text


@pytest.fixture(params=CASES)
def case(request) -> Case:
    return Case.load(request.param)


def read(case: Case) -> Order:
    order = order_from_wire(case.payload, Shop(), ZoneInfo("Europe/Amsterdam"))
    assert isinstance(order, Order), order
    return order


def test_the_order_as_the_connector_reads_it_becomes_the_document(case):
    assert document_text(case.transformed(read(case))) == case.expected("document.yaml")


def test_it_is_booked_and_sent_as_expected(case):
    document = case.transformed(read(case)).document
    booked = case.booked(document) if document else None
    assert (booking_text(booked) if booked else None) == case.expected("booking.yaml")
    if booked is None or booked.booking is None:
        assert case.expected("request.json") is None
        return
    sent = json.loads(case.expected("request.json"), parse_float=Decimal)
    assert invoice_to_wire(booked.booking, case.traits.credit_style) == sent
