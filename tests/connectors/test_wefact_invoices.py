"""WeFact's records: what becomes of them, and that nothing in them is guessed."""

from __future__ import annotations

import copy
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boekbrug.domain.documents import Contact, DocumentKind, Side, SourceInvoice, UnreadableDocument
from boekbrug.domain.money import Money
from connectors._wefact_invoices import has_products, invoice_from_wire
from connectors._wefact_wire import (
    contact_from_wire,
    is_draft,
    listed_from_wire,
    party_id,
    payment_state_from_wire,
    statuses,
    words,
)
from connectors._wire import Fields, Json, Unreadable, parse_json
from tests.golden import invoices as golden

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def payload_of(case: str) -> Any:
    return parse_json((golden.ROOT / case / "payload.json").read_text("utf-8"))


def changed(case: str = "sale-plain", party: Json | None = None, **fields: Any) -> SourceInvoice | UnreadableDocument:
    given = payload_of(case)
    invoice = given["invoice"] | fields
    invoice = {name: value for name, value in invoice.items() if value is not ...}
    return invoice_from_wire(invoice, Side(given["side"]), given["party"] if party is None else party, {}, AMSTERDAM)


def read(case: str = "sale-plain", **fields: Any) -> SourceInvoice:
    document = changed(case, **fields)
    assert isinstance(document, SourceInvoice), document
    return document


def problem(case: str = "sale-plain", **fields: Any) -> tuple[str, str]:
    document = changed(case, **fields)
    assert isinstance(document, UnreadableDocument), document
    [finding] = document.findings
    assert finding.code == "DOCUMENT_UNREADABLE"
    return finding.values["field"], finding.values["problem"]


def line_of(case: str = "sale-plain", **fields: Any) -> dict[str, Any]:
    line: dict[str, Any] = payload_of(case)["invoice"]["InvoiceLines"][0] | fields
    return {name: value for name, value in line.items() if value is not ...}


@pytest.mark.parametrize("case", golden.CASES)
def test_golden_documents(case: str) -> None:
    document = golden.read(case)
    assert isinstance(document, SourceInvoice), document
    assert golden.text(document) == golden.expected(case)
    assert document.net + document.tax == document.gross


# -- statuses and kinds


def test_statuses_of_either_side_have_ids_of_their_own() -> None:
    ids = [status.id for status in statuses()]
    assert len(set(ids)) == len(ids) == 9
    assert all(status.goes_over and not status.never for status in statuses())
    names = {status.id: status.name for status in statuses()}
    assert names["sales:2"] == "Verkoop: Verzonden" and names["purchases:2"] == "Inkoop: Deels betaald"
    assert [status.id for status in statuses() if status.is_credit] == ["sales:8", "purchases:8"]


@pytest.mark.parametrize("status", ["1", "5", "6", "7", "betaald", "10"])
def test_a_status_that_does_not_exist_is_not_guessed(status: str) -> None:
    assert problem(Status=status)[0] == "Status"
    document = changed(Status=status)
    assert isinstance(document, UnreadableDocument)
    assert (document.number, document.status_id, document.source_ref.id) == ("F2026-0007", f"sales:{status}", "41")


@pytest.mark.parametrize("status", [2, "2", Decimal(2)])
def test_codes_come_as_text_or_number(status: Any) -> None:
    assert read(Status=status, Identifier=41) == read()


def test_drafts() -> None:
    for status in (0, "0"):
        assert is_draft({"Status": status}, Side.SALES) and not is_draft({"Status": status}, Side.PURCHASES)
    assert not is_draft({"Status": "2"}, Side.SALES) and not is_draft(None, Side.SALES)


def test_a_negative_invoice_is_a_credit_whatever_its_status() -> None:
    for case, kind in (
        ("sale-credit", DocumentKind.CREDIT_NOTE),
        ("purchase-credit", DocumentKind.PURCHASE_CREDIT_NOTE),
    ):
        document = read(case, Status="2")
        assert document.kind is kind and document.gross.amount > 0 and document.credits is not None


def test_a_credit_by_negative_quantities_or_by_positive_amounts() -> None:
    usual = read("sale-credit")
    by_quantity = [
        line_of("sale-credit", Number="-2", PriceExcl="60"),
        *payload_of("sale-credit")["invoice"]["InvoiceLines"][1:],
    ]
    assert read("sale-credit", InvoiceLines=by_quantity).lines == usual.lines
    positive = read(Status="8")
    assert positive.kind is DocumentKind.CREDIT_NOTE and positive.gross == Money.of("121.00")
    assert (positive.credits, usual.credits, read().credits) == ("", "F2026-0007", None)


def test_a_credit_of_nothing() -> None:
    nothing = {"AmountExcl": "0.00", "AmountTax": "0.00", "AmountIncl": "0.00", "AmountOutstanding": "0"}
    document = read("sale-credit", **nothing, InvoiceLines=[line_of(PriceExcl="0")])
    assert document.kind is DocumentKind.CREDIT_NOTE
    assert not document.gross.amount.is_signed() and not document.open_amount.amount.is_signed()


# -- amounts


def lines_add_up(document: SourceInvoice) -> bool:
    return "LINES_DIFFER_FROM_TOTAL" not in {finding.code for finding in document.findings}


def test_the_head_tells_how_the_lines_are_meant() -> None:
    monthly = {"Periods": "12", "Periodic": "m"}
    times = read(InvoiceLines=[line_of(PriceExcl="50", Number="1", Periods="2")])
    once = read(InvoiceLines=[line_of(PriceExcl="100", Number="1", **monthly)])
    discounted = read(Discount="20", InvoiceLines=[line_of(PriceExcl="62.5")])
    without = read(Discount="20", InvoiceLines=[line_of()])
    ignored = read(Discount="20", IgnoreDiscount="yes", InvoiceLines=[line_of()])
    both = read(Discount="50", InvoiceLines=[line_of(PriceExcl="100", **monthly)])
    for document in (times, once, discounted, without, ignored, both):
        assert lines_add_up(document)
        assert [line.net.amount for line in document.lines] == [Decimal("100.000000")]
    assert not lines_add_up(read(InvoiceLines=[line_of(PriceExcl="99.95", Number="1")]))
    assert lines_add_up(read(InvoiceLines=[line_of(PriceExcl="99.98", Number="1")]))


def test_a_purchase_line_is_a_total_unless_the_head_says_otherwise() -> None:
    head = {"AmountExcl": "30.00", "AmountIncl": "36.30"}
    for price in ("30", "10"):
        document = read(
            "purchase-part-paid", **head, InvoiceLines=[line_of("purchase-credit", PriceExcl=price, Number="3")]
        )
        assert lines_add_up(document) and document.lines[0].net == Money.of("30")


@pytest.mark.parametrize("name", ["InvoiceLines", "CreditInvoiceLines"])
def test_the_lines_of_a_purchase_under_either_name(name: str) -> None:
    lines = payload_of("purchase-part-paid")["invoice"]["InvoiceLines"]
    assert read("purchase-part-paid", **({"InvoiceLines": ...} | {name: lines})) == read("purchase-part-paid")


def test_what_is_open() -> None:
    assert read(AmountOutstanding=..., AmountOpen="20.00").open_amount == Money.of("20.00")
    assert read(AmountOutstanding=..., AmountPaid="20.00").open_amount == Money.of("101.00")
    assert read(AmountOutstanding=..., AmountPaid=..., PartPayment="1").open_amount == Money.of("120.00")
    assert problem(AmountOutstanding=..., AmountPaid=...)[0] == "AmountOutstanding"


def test_totals_per_rate_where_they_are_shown() -> None:
    rates = {"0.21": {"AmountExcl": "100.00", "AmountTax": "21.00"}, "0.09": {"AmountExcl": "0", "AmountTax": "0"}}
    assert [(one.rate, one.tax, one.net) for one in read(UsedTaxrates=rates).tax_totals] == [
        (Decimal(21), Money.of("21.00"), Money.of("100.00")),
        (Decimal(9), Money.of("0.00"), Money.of("0.00")),
    ]
    turned = {"0.21": {"AmountExcl": "-100.00", "AmountTax": "-21.00"}}
    assert read("sale-credit", UsedTaxrates=turned).tax_totals[0].tax == Money.of("21.00")
    assert read(UsedTaxrates=[]).tax_totals == ()


def test_reverse_charge() -> None:
    kept = read("sale-reverse-charge")
    zero = read("sale-reverse-charge", InvoiceLines=[line_of(TaxPercentage="0")])
    assert kept.reverse_charged and [line.rate for line in kept.lines] == [line.rate for line in zero.lines] == [0]
    odd = read(VatShift="yes")  # shifted, and yet there is VAT: the lines say what they say
    assert odd.reverse_charged and odd.lines[0].rate == 21


def test_a_line_of_words_needs_no_rate() -> None:
    words_only = line_of(Number="0", PriceExcl="0", TaxPercentage="", TaxCode="", Description="Met dank")
    document = read(InvoiceLines=[line_of(), words_only])
    assert lines_add_up(document) and document.lines[1].quantity == 1
    assert problem(InvoiceLines=[line_of(TaxPercentage="")])[0] == "InvoiceLines[0].TaxPercentage"


def test_private_purchases() -> None:
    [finding] = read("purchase-credit", Private="yes", PrivatePercentage="40").findings
    assert (finding.code, finding.values["percentage"]) == ("PARTLY_PRIVATE", "40")
    assert read("purchase-credit", Private="no").findings == ()


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"AmountIncl": "veel"}, "AmountIncl"),
        ({"AmountIncl": "1e9999"}, "AmountIncl"),
        ({"AmountExcl": "1.234"}, "AmountExcl"),
        ({"AmountExcl": ...}, "AmountExcl"),
        ({"Currency": "€"}, "Currency"),
        ({"Country": "Nederland"}, "Country"),
        ({"Date": "01-03-2026"}, "Date"),
        ({"Date": "2026-02-30"}, "Date"),
        ({"Date": "0000-00-00"}, "Date"),
        ({"Modified": "gisteren"}, "Modified"),
        ({"VatShift": "misschien"}, "VatShift"),
        ({"InvoiceCode": ""}, "InvoiceCode"),
        ({"Identifier": "../1"}, "Identifier"),
        ({"Term": "veertien"}, "Term"),
        ({"InvoiceLines": "geen"}, "InvoiceLines[0]"),
        ({"InvoiceLines": [line_of(PriceExcl=...)]}, "InvoiceLines[0].PriceExcl"),
        ({"InvoiceLines": [line_of(PriceExcl="999999999", Number="999999999")]}, "InvoiceLines"),
        ({"InvoiceLines": [line_of(TaxPercentage="210")]}, "InvoiceLines[0].TaxPercentage"),
        ({"InvoiceLines": [line_of(Number="1,5")]}, "InvoiceLines[0].Number"),
    ],
    ids=str,
)
def test_what_is_not_understood_is_said(fields: dict[str, Any], where: str) -> None:
    assert problem(**fields)[0] == where


def test_what_is_not_understood_of_the_customer_is_said() -> None:
    party = payload_of("sale-plain")["party"]
    assert problem(party=party | {"Country": "Holland"}) == ("debtor.Country", "'HOLLAND' is not a country code")


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals()
    | st.text(max_size=8)
    | st.sampled_from(["2", "0", "-1e5"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "Number", "x"]), inner, max_size=3)
    ),
    max_leaves=4,
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(golden.CASES), st.data())
def test_no_invoice_whatever_is_in_it_raises(case: str, data: st.DataObject) -> None:
    payload = copy.deepcopy(payload_of(case))
    invoice, party = payload["invoice"], payload["party"]
    for record in (invoice, party, invoice["InvoiceLines"][0]):
        for name in data.draw(st.lists(st.sampled_from(sorted(record)), max_size=2)):
            record[name] = data.draw(_JSON)
    side = Side(payload["side"])
    document = invoice_from_wire(invoice, side, party, {}, AMSTERDAM)
    assert isinstance(document, SourceInvoice | UnreadableDocument)
    assert isinstance(party_id(invoice, side), str) and isinstance(has_products(invoice), bool)


@pytest.mark.parametrize("payload", [None, [], {}, [1], "x", 3])
def test_no_payload_raises(payload: Json) -> None:
    assert isinstance(invoice_from_wire(payload, Side.SALES, None, {}, AMSTERDAM), UnreadableDocument)


# -- days and moments


@pytest.mark.parametrize(
    ("modified", "expected"),
    [
        ("2026-03-29 01:59:59", "2026-03-29T01:59:59+01:00"),
        ("2026-03-29 02:30:00", "2026-03-29T03:30:00+02:00"),  # a time that is skipped
        ("2026-10-25 02:30:00", "2026-10-25T02:30:00+02:00"),  # a time that is repeated
        ("2026-07-01 12:00", "2026-07-01T12:00:00+02:00"),
    ],
)
def test_moments_are_amsterdams(modified: str, expected: str) -> None:
    changed_at = read(Modified=modified).changed_at
    assert changed_at == datetime.fromisoformat(expected)
    assert isinstance(changed_at.tzinfo, timezone) and changed_at.utcoffset() in (
        timedelta(hours=1),
        timedelta(hours=2),
    )


def test_without_a_moment_of_change() -> None:
    assert read(Modified="0000-00-00 00:00:00").changed_at.isoformat() == "2026-03-01T10:10:00+01:00"
    assert read(Modified="", Created="").changed_at.isoformat() == "2026-03-01T00:00:00+01:00"


@pytest.mark.parametrize("empty", ["", "0000-00-00", "0000-00-00 00:00:00", None])
def test_a_day_that_is_not_set(empty: Any) -> None:
    assert read("sale-discounts-and-periods", PayDate=empty).paid_on is None


def test_the_day_of_a_part_payment_is_not_the_day_it_was_paid() -> None:
    assert read("purchase-part-paid").paid_on is None
    assert read("purchase-part-paid", AmountOutstanding="0.00").paid_on == date(2026, 3, 10)


@pytest.mark.parametrize(
    ("term", "due", "days"),
    [
        ("30", "2026-03-15", 30),
        ("-1", "2026-03-15", 14),
        ("", "", None),
        ("-1", "0000-00-00", None),
        ("0", "", 0),
        ("", "2026-02-01", None),
    ],
)
def test_how_long_one_has_to_pay(term: str, due: str, days: int | None) -> None:
    assert read(Term=term, PayBefore=due).payment_days == days


# -- contacts


def test_the_debtor_is_the_party_and_the_invoice_has_the_address() -> None:
    contact = read().contact
    assert (contact.address.street, contact.address.city) == ("Fabrieksweg 9", "Oss")
    assert contact.email == "administratie@voorbeeld.example"
    plain = read(
        party=payload_of("sale-plain")["party"] | {"EmailAddress": "", "TaxNumber": ""}, TaxNumber="NL9"
    ).contact
    assert (plain.email, plain.vat_number) == ("facturen@voorbeeld.example", "NL9")
    assert read(Country="").contact.address.country == "NL"
    assert read("purchase-credit").contact.address.city == "Antwerpen"


def test_a_debtor_that_is_gone() -> None:
    given = payload_of("sale-plain")
    document = invoice_from_wire(given["invoice"], Side.SALES, None, {}, AMSTERDAM)
    assert isinstance(document, SourceInvoice)
    assert document.contact.code == "DB10012" and document.contact.display_name == "Voorbeeld BV"
    assert str(document.contact.source_ref) == "wefact:debtor:12"


@pytest.mark.parametrize(
    ("groups", "ids"),
    [
        ({"3": {"id": "3", "GroupName": "A"}, "5": {}}, ("3", "5")),
        (["3", 5], ("3", "5")),
        ([{"id": "3"}, {"Identifier": 5}], ("3", "5")),
        ([], ()),
        ("", ()),
        (None, ()),
    ],
)
def test_groups_however_they_are_written(groups: Json, ids: tuple[str, ...]) -> None:
    assert contact_of(Groups=groups).groups == ids


def contact_of(**fields: Any) -> Contact:
    return contact_from_wire(payload_of("sale-plain")["party"] | fields, Side.SALES)


@pytest.mark.parametrize(
    ("given", "iban"),
    [
        ("NL91 ABNA 0417 1643 00", "NL91ABNA0417164300"),
        ("41.71.64.300", ""),
        ("", ""),
        ("nl91abna0417164300", "NL91ABNA0417164300"),
    ],
)
def test_only_an_iban_is_an_iban(given: str, iban: str) -> None:
    assert contact_of(AccountNumber=given).iban == iban


@pytest.mark.parametrize(
    "text", ["a@b.example;c@d.example", " a@b.example ; ", "a@b.example, c@d.example", "a@b.example"]
)
def test_the_first_of_several_addresses(text: str) -> None:
    assert contact_of(EmailAddress=text).email == "a@b.example"


def test_a_contact_that_is_not_understood() -> None:
    for fields in ({"Country": "Nederland"}, {"Identifier": ""}, {"TaxNumber": ["x"]}):
        with pytest.raises(Unreadable):
            contact_of(**fields)
    assert contact_of(Country="uk").address.country == "GB"


# -- the rest


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<b>Advies</b><br />2 dagdelen &amp; reistijd", "Advies 2 dagdelen & reistijd"),
        ("<p>Een</p><p>twee</p>", "Een twee"),
        ("<ul><li>Een</li><li>twee</li></ul>", "Een twee"),
        ("woord<b>deel</b>", "woorddeel"),
        ("5 < 6 en 7 > 2", "5 < 6 en 7 > 2"),
        ("A&B", "A&B"),
        ("&euro; 5&nbsp;per stuk", "€ 5 per stuk"),
        ("a<script>alert('x')</script>b<style>p{}</style>c", "abc"),
        ("plat\nop twee regels", "plat op twee regels"),
    ],
)
def test_descriptions_are_words(html: str, expected: str) -> None:
    assert words(html) == expected


def test_a_row_of_a_list() -> None:
    row = listed_from_wire(Fields({"Identifier": 7, "Date": "gisteren", "Status": 0, "Modified": "x"}), Side.SALES)
    assert (row.id, row.issued_on, row.is_draft, row.modified) == ("7", None, True, "x")
    with pytest.raises(Unreadable):
        listed_from_wire(Fields({"Identifier": ""}), Side.SALES)


@pytest.mark.parametrize(
    ("case", "payable"),
    [("sale-plain", True), ("sale-credit", False), ("sale-lapsed", False), ("sale-discounts-and-periods", False),
     ("purchase-part-paid", True), ("purchase-credit", False)],
)  # fmt: skip
def test_what_takes_a_payment(case: str, payable: bool) -> None:
    given = payload_of(case)
    state = payment_state_from_wire(Fields(given["invoice"]), Side(given["side"]))
    assert state.payable is payable
    assert state.gross.amount == Decimal(given["invoice"]["AmountIncl"])
    assert state.open_amount.amount == Decimal(given["invoice"]["AmountOutstanding"])
