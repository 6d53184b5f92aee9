"""Entries read back: every account and VAT code to the cent, the number, and whom it stands on."""

from dataclasses import replace

import pytest

from boekbrug.domain.documents import Address, Contact, DocumentKind, ExternalRef, PostedDocument, PostedLine, TaxTotal
from boekbrug.domain.money import Money
from boekbrug.domain.tenants import RoutePolicy
from mappings.verification import compare, expected_for_entry, summary
from tests.mappings.builders import codes
from tests.mappings.invoicing import entry, item, source

POLICY = RoutePolicy()


def posted(made, **more) -> PostedDocument:
    """The entry as the books show it: what they say of the contact is theirs."""
    sign = -1 if made.kind.is_credit else 1
    base = PostedDocument(
        target_ref=ExternalRef("eboekhouden", "mutation", "175"),
        number=made.number,
        our_reference=made.our_reference,
        booked_on=made.issued_on,
        gross=made.gross * sign,
        tax_totals=tuple(TaxTotal(rate=one.rate, tax=one.tax * sign) for one in made.expected_taxes),
        contact=Contact(address=Address(company="Bakkerij De Bakker")),
        contact_ref=made.contact.target_ref,
        open_amount=Money.zero(),
        lines=tuple(
            PostedLine(
                ledger_account=line.ledger_account,
                vat_code=line.vat_code,
                net=line.net * sign,
                tax=line.tax_amount * sign,
            )
            for line in made.lines
        ),
    )
    return replace(base, **more)


SALE = entry(source(item(100), item(50, "9"), item(30, product_group="7")))
CREDIT = entry(replace(source(item(100)), kind=DocumentKind.CREDIT_NOTE, credits="F0000"))


def compared(made, there):
    return compare([expected_for_entry(made)], {made.our_reference: there} if there else {}, POLICY)


@pytest.mark.parametrize("made", [SALE, CREDIT])
def test_what_was_booked_agrees(made):
    comparison = compared(made, posted(made))
    assert comparison.agrees("BB-TEST") and comparison.findings["BB-TEST"] == ()
    assert len(comparison.lines) == len(made.lines)


def test_lines_may_come_back_in_another_order_and_in_parts():
    there = posted(SALE)
    first = there.lines[0]
    parts = (
        replace(first, net=Money.of(40), tax=Money.of("8.40")),
        replace(first, net=Money.of(60), tax=Money.of("12.60")),
    )
    assert compared(SALE, replace(there, lines=(*reversed(there.lines[1:]), *parts))).findings["BB-TEST"] == ()


def test_a_cent_on_another_account_is_a_mismatch():
    there = posted(SALE)
    off = replace(there.lines[0], net=Money.of("99.99"))
    moved = replace(there.lines[0], ledger_account="8020", net=Money.of("0.01"), tax=Money.zero())
    comparison = compared(SALE, replace(there, lines=(off, moved, *there.lines[1:])))
    assert codes(comparison.findings["BB-TEST"]) == ["LEDGER_LINE_DIFFERS"] * 2
    assert not comparison.agrees("BB-TEST")
    texts = [f.sentence() for f in comparison.findings["BB-TEST"]]
    assert "Account 8000, VAT code HOOG_VERK: invoice EUR 100.00 and EUR 21.00 VAT, books EUR 99.99" in texts[0]
    assert "Account 8020" in texts[1]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"number": "F0002"}, "NUMBER_DIFFERS"),
        ({"contact_ref": ExternalRef("eboekhouden", "relation", "K9")}, "CONTACT_DIFFERS"),
        ({"lines": ()}, "LEDGER_LINE_DIFFERS"),
        ({"gross": Money.of("999")}, "TOTAL_DIFFERS"),
    ],
)
def test_other_differences(more, code):
    comparison = compared(SALE, posted(SALE, **more))
    assert code in codes(comparison.findings["BB-TEST"]) and not comparison.agrees("BB-TEST")


def test_an_entry_that_is_gone():
    comparison = compared(SALE, None)
    assert codes(comparison.findings["BB-TEST"]) == ["GONE_FROM_BOOKS"]


def test_the_summary_adds_up_per_account():
    second = replace(CREDIT, our_reference="BB-2")
    there = {SALE.our_reference: posted(SALE), "BB-2": posted(second)}
    comparison = compare([expected_for_entry(SALE), expected_for_entry(second)], there, POLICY)
    totals = {(one.ledger_account, one.vat_code): one for one in summary(comparison).accounts}
    assert set(totals) == {("8000", "HOOG_VERK"), ("8010", "LAAG_VERK"), ("8100", "HOOG_VERK")}
    high = totals["8000", "HOOG_VERK"]
    assert high.net_shop == high.net_books == Money.zero()  # 100 sold, 100 credited
    assert totals["8010", "LAAG_VERK"].tax_books == Money.of("4.50")


def test_nothing_to_compare():
    assert summary(compare([], {}, POLICY)).accounts == ()
