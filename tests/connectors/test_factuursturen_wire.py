from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from boekbrug.domain.bookings import Booking, CreditStyle, Delivery
from boekbrug.domain.documents import Address, Contact, ContactAccount, DocumentKind, ExternalRef, PostedDocument
from boekbrug.domain.errors import DocumentInvalid
from boekbrug.domain.findings import blocking
from connectors._factuursturen_wire import (
    Countries,
    bare_number,
    by_preference,
    client_to_wire,
    contact_findings,
    countries_from_wire,
    debtor_from_wire,
    has_contact,
    invoice_to_wire,
    is_same_client,
    ledger_accounts_from_wire,
    members,
    posted_from_wire,
    vat_codes_from_wire,
)
from connectors._wire import Fields, Json, Unreadable, parse_json, to_json

GOLDEN = Path(__file__).parents[1] / "golden" / "factuursturen"
BOOKINGS = sorted(path.parent.name for path in GOLDEN.glob("*/booking.json"))
ANSWERS = sorted(path.parent.name for path in GOLDEN.glob("*/answer.json"))

COUNTRIES = countries_from_wire(
    [{"id": "146", "name": "Nederland"}, {"id": "22", "name": "België"}, {"id": "57", "name": "Duitsland"},
     {"id": "56", "name": "Tsjechische Republiek"}, {"id": "999", "name": "Atlantis"}],
    {"NL": "146", "GB": "77"},
)  # fmt: skip

CONTACT = Contact(
    email="Jan@Voorbeeld.nl",
    phone="+31 (0)6-1234 5678",
    vat_number="NL 1234.56.789.B01",
    address=Address(
        name="Jan Jansen", company="", street="Dorpsstraat 1", postcode="1234 AB", city="Oss", country="NL"
    ),
)


def booking_of(case: str) -> Booking:
    return TypeAdapter(Booking).validate_json((GOLDEN / case / "booking.json").read_text())


def json_of(case: str, name: str) -> Json:
    return parse_json((GOLDEN / case / name).read_text())


@pytest.mark.parametrize("case", BOOKINGS)
def test_golden_writes(case: str) -> None:
    written = invoice_to_wire(booking_of(case), CreditStyle.NEGATIVE_QUANTITY)
    assert parse_json(to_json(written)) == json_of(case, "write.json")


@pytest.mark.parametrize("case", ANSWERS)
def test_golden_reads(case: str) -> None:
    [invoice] = members(json_of(case, "answer.json"), "invoice")
    posted = posted_from_wire(invoice, COUNTRIES, "EUR")
    assert posted == TypeAdapter(PostedDocument).validate_json((GOLDEN / case / "posted.json").read_text())


def test_amounts_are_written_with_just_their_digits() -> None:
    text = to_json(invoice_to_wire(booking_of("paid-order"), CreditStyle.NEGATIVE_QUANTITY))
    assert '"amount": 2, ' in text and '"price": 12.10, ' in text and '"tax_rate": 21, ' in text


@pytest.mark.parametrize(
    ("style", "amounts", "prices"),
    [
        (CreditStyle.NEGATIVE_QUANTITY, ["-2", "-1"], ["12.10", "-2.42"]),
        (CreditStyle.NEGATIVE_PRICE, ["2", "1"], ["-12.10", "2.42"]),
    ],
)
def test_ways_to_write_a_credit_note(style: CreditStyle, amounts: list[str], prices: list[str]) -> None:
    written = json.loads(to_json(invoice_to_wire(booking_of("credit-note"), style)), parse_float=str, parse_int=str)
    assert [line["amount"] for line in written["lines"]] == amounts
    assert [line["price"] for line in written["lines"]] == prices


def test_a_credit_note_that_goes_by_hand() -> None:
    with pytest.raises(DocumentInvalid) as caught:
        invoice_to_wire(booking_of("credit-note"), CreditStyle.REFUSE)
    assert [finding.code for finding in caught.value.findings] == ["CREDIT_NOT_SUPPORTED"]
    assert invoice_to_wire(booking_of("paid-order"), CreditStyle.REFUSE)["action"] == "send"


@pytest.mark.parametrize(
    ("delivery", "method"), [(Delivery.NONE, "mail"), (Delivery.EMAIL, "email"), (Delivery.PRINT, "printcenter")]
)
def test_who_gets_the_invoice(delivery: Delivery, method: str) -> None:
    booking = replace(booking_of("paid-order"), delivery=delivery)
    assert invoice_to_wire(booking, CreditStyle.NEGATIVE_QUANTITY)["sendmethod"] == method


def test_an_unpaid_order_says_nothing_of_payment() -> None:
    written = invoice_to_wire(replace(booking_of("paid-order"), is_paid=False), CreditStyle.NEGATIVE_QUANTITY)
    assert "alreadypaid" not in written and "alreadypaidmethod" not in written


def test_long_references_are_cut_but_never_ours() -> None:
    booking = replace(
        booking_of("paid-order"), customer_reference="x" * 300, our_reference="r" * 90, payment_name="p" * 90
    )
    written = invoice_to_wire(booking, CreditStyle.NEGATIVE_QUANTITY)
    assert written["reference"] == {"line1": "Order 1042", "line2": "x" * 50, "line3": "r" * 90}
    assert written["alreadypaidmethod"] == "p" * 32


def test_a_booking_must_agree_with_its_debtor() -> None:
    with pytest.raises(ValueError, match="property of the debtor"):
        invoice_to_wire(replace(booking_of("paid-order"), prices_include_tax=False), CreditStyle.NEGATIVE_QUANTITY)


def test_a_vat_code_that_is_no_percentage() -> None:
    booking = booking_of("paid-order")
    booking = replace(booking, lines=(replace(booking.lines[0], vat_code="hoog"),))
    with pytest.raises(DocumentInvalid) as caught:
        invoice_to_wire(booking, CreditStyle.NEGATIVE_QUANTITY)
    assert [finding.code for finding in caught.value.findings] == ["VAT_CODE_NOT_IN_BOOKS"]


# -- contacts


def test_a_contact_as_a_client() -> None:
    client = client_to_wire(CONTACT, COUNTRIES, prices_include_tax=True, reverse_charged=False)
    assert client == {
        "contact": "Jan Jansen", "company": "", "address": "Dorpsstraat 1", "zipcode": "1234 AB", "city": "Oss",
        "phone": "3106123456"+"78", "taxnumber": "NL123456789B01", "email": "Jan@Voorbeeld.nl", "country": 146,
        "showcontact": True, "tax_type": "intax", "tax_shifted": False, "sendmethod": "mail", "active": True,
    }  # fmt: skip
    assert contact_findings(CONTACT, COUNTRIES) == ()


def with_address(**changes: str) -> Contact:
    return replace(CONTACT, address=replace(CONTACT.address, **changes))


@pytest.mark.parametrize(
    ("contact", "code"),
    [
        (with_address(postcode="SW1A 1AA"), "POSTCODE_TOO_LONG"),
        (with_address(country="JP"), "COUNTRY_NOT_IN_BOOKS"),
        (Contact(), "CUSTOMER_UNKNOWN"),
        (replace(CONTACT, vat_number="NL12345678901234567890"), "VAT_NUMBER_MALFORMED"),
        (replace(CONTACT, email="j" * 250 + "@example.org"), "DOCUMENT_UNREADABLE"),
    ],
)
def test_contacts_that_cannot_become_a_client(contact: Contact, code: str) -> None:
    assert [finding.code for finding in blocking(contact_findings(contact, COUNTRIES))] == [code]


@pytest.mark.parametrize(
    ("contact", "field", "wire_name", "limit"),
    [
        (with_address(name="N" * 51), "name", "contact", 50),
        (with_address(company="C" * 60), "company", "company", 50),
        (with_address(street="S" * 99), "street", "address", 50),
        (with_address(city="P" * 51), "city", "city", 50),
        (replace(CONTACT, phone="0031-6-1234567890"), "phone", "phone", 13),
    ],
)
def test_texts_that_are_too_long_are_cut_and_reported(contact: Contact, field: str, wire_name: str, limit: int) -> None:
    [finding] = contact_findings(contact, COUNTRIES)
    assert (finding.code, finding.values["field"], finding.blocks) == ("TEXT_SHORTENED", field, False)
    client = client_to_wire(contact, COUNTRIES, prices_include_tax=True, reverse_charged=False)
    assert client[wire_name] == finding.values["text"] and len(str(client[wire_name])) == limit


def test_a_customer_with_only_an_address_for_mail() -> None:
    contact = Contact(email="x@example.org")
    assert contact_findings(contact, COUNTRIES) == ()
    client = client_to_wire(contact, COUNTRIES, prices_include_tax=False, reverse_charged=True)
    assert (client["contact"], client["tax_type"], client["tax_shifted"]) == ("x@example.org", "extax", True)
    assert "country" not in client


def test_countries_are_found_by_name() -> None:
    assert COUNTRIES.ids == {"NL": "146", "BE": "22", "DE": "57", "CZ": "56", "GB": "77"}
    assert [COUNTRIES.code(given) for given in ("146", "België", "belgie", "BE", "77", "999", "", "Atlantis")] == [
        "NL", "BE", "BE", "BE", "GB", "", "", ""
    ]  # fmt: skip


CLIENT: dict[str, Json] = {
    "clientnr": "43", "contact": "Jan Jansen", "company": "", "address": "Dorpsstraat 1", "zipcode": "1234 AB",
    "city": "Oss", "country": "146", "phone": "31612345678", "email": "jan@voorbeeld.NL", "taxnumber": "",
    "tax_type": "intax", "tax_shifted": "false", "active": "true",
}  # fmt: skip


def debtor(**changes: Json) -> ContactAccount:
    return debtor_from_wire(Fields({**CLIENT, **changes}, "client"), COUNTRIES)


def test_a_client_as_a_debtor() -> None:
    found = debtor()
    assert found.target_ref == ExternalRef("factuursturen", "client", "43")
    assert (found.prices_include_tax, found.reverse_charged, found.is_active) == (True, False, True)
    assert found.contact.address.country == "NL"
    assert debtor(tax_type="extax", tax_shifted="true", active="false", country="Nederland") == replace(
        found, prices_include_tax=False, reverse_charged=True, is_active=False
    )
    with pytest.raises(Unreadable):
        debtor(tax_type="")


def test_who_is_the_same_client() -> None:
    client = Fields(CLIENT)
    assert has_contact(client, CONTACT)
    assert not has_contact(client, replace(CONTACT, email="jan@voorbeeld.be"))
    assert not has_contact(client, replace(CONTACT, email=""))
    nameless = Fields({**CLIENT, "email": ""})
    assert has_contact(nameless, replace(CONTACT, email=""))
    assert has_contact(nameless, replace(with_address(postcode="1234ab", street="dorpsstraat  1"), email=""))
    assert not has_contact(nameless, replace(with_address(street="Dorpsstraat 2"), email=""))
    sent = client_to_wire(CONTACT, COUNTRIES, prices_include_tax=True, reverse_charged=False)
    assert is_same_client(client, sent)
    assert not is_same_client(Fields({**CLIENT, "contact": "Piet"}), sent)
    assert not is_same_client(Fields({**CLIENT, "email": "piet@x.nl"}), sent)


def test_which_debtor_is_preferred() -> None:
    company = with_address(company="Bloemen BV")
    numbers = [
        debtor.target_ref.id
        for debtor in by_preference(
            [debtor(clientnr="9"), debtor(clientnr="100", company="bloemen b.v."), debtor(clientnr="7", active="false"),
             debtor(clientnr="12", taxnumber="NL123456789B01"), debtor(clientnr="8")],
            company,
        )
    ]  # fmt: skip
    assert numbers == ["12", "100", "8", "9", "7"]


@pytest.mark.parametrize(
    ("answer", "number"),
    [("43", "43"), (" 43\n", "43"), ('"F20260012"', "F20260012"), ("2026/12", "2026/12"), ("", ""), ("<html>", ""),
     ('{"id": 1}', ""), ("[]", ""), ("OK created", ""), ("1" * 50, "")],
)  # fmt: skip
def test_the_bare_number_in_an_answer(answer: str, number: str) -> None:
    assert bare_number(answer) == number


def test_lists_bare_wrapped_and_none() -> None:
    one: Json = {"client": {"clientnr": "1"}}
    assert [client.text("clientnr") for client in members([{"clientnr": "1"}, one], "client")] == ["1", "1"]
    assert [client.text("clientnr") for client in members(one, "client")] == ["1"]
    assert members([], "client") == members({}, "client") == []
    for payload in ({"error": "maintenance"}, "x", 3, None, [1]):
        with pytest.raises(Unreadable):
            members(payload, "client")  # type: ignore[arg-type]


def test_vat_codes_and_categories() -> None:
    codes = vat_codes_from_wire(
        [{"percentage": "21.00", "type": "H", "country": "NL"}, {"percentage": 9, "type": "L", "country": ""},
         {"percentage": "0", "type": "Z", "country": "146"}, {"percentage": "0", "type": "N", "country": "146"},
         {"percentage": "21", "type": "H", "country": "België"}, {"percentage": "25.5", "type": "H", "country": "FI"}],
        COUNTRIES, "NL",
    )  # fmt: skip
    assert [(code.code, code.rate, code.country) for code in codes] == [
        ("21", 21, ""), ("9", 9, ""), ("0", 0, ""), ("21", 21, "BE"), ("25.5", Decimal("25.5"), "FI")
    ]  # fmt: skip
    accounts = ledger_accounts_from_wire(
        [{"id": 3, "name": "Omzet", "ledger": 8000}, {"id": "4", "name": "X", "ledger": False}]
    )
    assert [(account.code, account.name, account.number) for account in accounts] == [
        ("3", "Omzet", "8000"),
        ("4", "X", ""),
    ]


def invoice(**changes: Json) -> PostedDocument:
    [fields] = members(json_of("paid-order", "answer.json"), "invoice")
    payload: dict[str, Json] = {**fields._members, **changes}
    return posted_from_wire(Fields(payload, "invoice"), COUNTRIES, "EUR")


def test_shapes_of_an_invoice() -> None:
    assert invoice(taxes=[]).tax_totals == ()
    assert invoice(sent="").booked_on is None
    assert invoice(sent="2026-03-02 10:00").booked_on == date(2026, 3, 2)
    assert invoice(reference=[]).our_reference == ""
    assert invoice(open="-1.00").open_amount.amount == Decimal("-1.00")
    assert invoice(id="", invoicenr="F7").target_ref.id == "F7"
    for broken in (
        {"totalintax": "veel"},
        {"sent": "morgen"},
        {"id": "", "invoicenr": "", "invoicenr_full": ""},
        {"open": None},
    ):
        with pytest.raises(Unreadable):
            invoice(**broken)  # type: ignore[arg-type]


def test_kinds_are_known() -> None:
    assert booking_of("credit-note").kind is DocumentKind.CREDIT_NOTE
    assert isinstance(COUNTRIES, Countries)


# -- whatever comes

SCALARS = st.sampled_from(["", "x", "0", "-1.00", "1e9", "NaN", "2026-13-01", "\x00", True, False, None, 0, 10**29])
ODDITIES = SCALARS | st.decimals() | st.integers() | st.text(max_size=6)
ANYTHING = st.recursive(
    ODDITIES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["rate", "sum", "line3", "a"]), inner),
    max_leaves=6,
)
INVOICE_FIELDS = sorted(members(json_of("paid-order", "answer.json"), "invoice")[0]._members)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(INVOICE_FIELDS), ANYTHING)
def test_an_invoice_is_read_or_unreadable(name: str, value: Any) -> None:
    try:
        posted = invoice(**{name: value})
    except Unreadable:
        return
    assert posted.gross.amount.is_finite() and posted.target_ref.id


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(CLIENT)), ANYTHING)
def test_a_client_is_read_or_unreadable(name: str, value: Any) -> None:
    try:
        found = debtor(**{name: value})
    except Unreadable:
        return
    assert found.target_ref.id


@settings(max_examples=200, deadline=None)
@given(ANYTHING)
def test_lists_are_read_or_unreadable(value: Any) -> None:
    for read in (
        lambda: members(value, "invoice"),
        lambda: countries_from_wire(value, {}),
        lambda: vat_codes_from_wire(value, COUNTRIES, "NL"),
        lambda: ledger_accounts_from_wire(value),
    ):
        with contextlib.suppress(Unreadable):
            read()
