"""Whether the books say what the source says: documents read back, compared in whole cents.

One frame row per document; the VAT per rate in a second frame of one row per document and rate; of books that are told
every line, net and VAT per ledger account and VAT code in a third.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import pandas as pd

from boekbrug.domain.bookings import Entry
from boekbrug.domain.documents import Contact, DocumentKind, ExternalRef, Invoice, PostedDocument
from boekbrug.domain.findings import Finding, Level, finding
from boekbrug.domain.money import Money
from boekbrug.domain.rounding import rounded
from boekbrug.domain.tenants import MappingRule, RoutePolicy
from mappings.bookings import is_paid
from mappings.rules import document_facts, rule_for

# Texts this long may have been cut off by the books; that was told when it happened (TEXT_SHORTENED).
_SHORTENED = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What the books should say of one document, signs as in the books (a credit note is negative)."""

    reference: str
    number: str  # of the document in the books, for people
    gross: Money
    taxes: Mapping[Decimal, Money]
    contact: Contact
    is_paid: bool
    on_fixed_debtor: bool  # booked on a debtor that a rule fixes: its name is not the customer's
    contact_ref: ExternalRef | None = None  # of an entry: whom it is booked on, instead of the contact's details
    lines: Mapping[tuple[str, str], tuple[Money, Money]] = field(default_factory=dict)
    """Of an entry: net and VAT per (ledger account, VAT code)."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What comparing gave: a row per document, one per document and VAT rate, one per document, ledger account and VAT
    code (entries only), and the findings per reference.

    Amounts are whole cents; where the document is gone (`found` is False) those of the books are 0.
    """

    documents: pd.DataFrame
    taxes: pd.DataFrame
    lines: pd.DataFrame
    findings: Mapping[str, tuple[Finding, ...]]

    def agrees(self, reference: str) -> bool:
        """True when nothing differs; a warning alone is no difference."""
        return not any(f.level in (Level.MISMATCH, Level.ERROR) for f in self.findings[reference])


@dataclass(frozen=True, slots=True, kw_only=True)
class RateTotal:
    """The VAT of all compared documents at one rate."""

    rate: Decimal
    shop: Money
    books: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountTotal:
    """What all compared entries put on one ledger account under one VAT code."""

    ledger_account: str
    vat_code: str
    net_shop: Money
    net_books: Money
    tax_shop: Money
    tax_books: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The verification in figures. A document gone from the books counts as zero there, and as a mismatch."""

    verified: int
    mismatched: int
    gross_shop: Money
    gross_books: Money
    rates: tuple[RateTotal, ...]
    accounts: tuple[AccountTotal, ...] = ()


def expected_for(document: Invoice, *, reference: str, number: str, rules: Sequence[MappingRule]) -> Expected:
    """What the books should say of a document that was posted with that reference and got that number."""
    sign = -1 if document.kind is DocumentKind.CREDIT_NOTE else 1
    taxes: dict[Decimal, Decimal] = {}
    for line in document.lines:
        tax = line.gross.amount - line.net.amount
        taxes[line.tax.rate] = taxes.get(line.tax.rate, Decimal(0)) + tax
    rule = rule_for(rules, "payment", document_facts(document))
    return Expected(
        reference=reference,
        number=number,
        gross=document.gross * sign,
        taxes={rate: Money(rounded(tax) * sign, document.currency) for rate, tax in taxes.items()},
        contact=document.contact,
        is_paid=is_paid(document, rules),
        on_fixed_debtor=bool(rule and rule.gives.debtor),
    )


def expected_for_entry(entry: Entry) -> Expected:
    """What the books should say of an entry: every line, on the contact it was booked on, under its own number."""
    sign = -1 if entry.kind.is_credit else 1
    lines: dict[tuple[str, str], tuple[Money, Money]] = {}
    for line in entry.lines:
        key = line.ledger_account, line.vat_code
        net, tax = lines.get(key, (Money.zero(entry.currency), Money.zero(entry.currency)))
        lines[key] = net + line.net * sign, tax + line.tax_amount * sign
    return Expected(
        reference=entry.our_reference,
        number=entry.number,
        gross=entry.gross * sign,
        taxes={one.rate: one.tax * sign for one in entry.expected_taxes},
        contact=entry.contact.contact,
        is_paid=False,  # the books know better than the source
        on_fixed_debtor=False,
        contact_ref=entry.contact.target_ref,
        lines=lines,
    )


def compare(expected: Iterable[Expected], posted: Mapping[str, PostedDocument], policy: RoutePolicy) -> Comparison:
    """Compares each document with the one the books show under its reference; without one it is gone from the books."""
    wanted = {one.reference: one for one in expected}
    documents, taxes = _documents_frame(wanted.values(), posted), _taxes_frame(wanted.values(), posted)
    lines = _lines_frame(wanted.values(), posted)
    findings: dict[str, list[Finding]] = {reference: [] for reference in wanted}

    def add(rows: pd.DataFrame, code: str, shop: str = "", books: str = "", **columns: str) -> None:
        for row in rows.to_dict("records"):
            values = {name: row[column] for name, column in columns.items()}
            if shop:
                values["source"] = Money.of_cents(row[shop], row["currency"])
                values["target"] = Money.of_cents(row[books], row["currency_books"])
            findings[row["reference"]].append(finding(code, number=row["number"], **values))

    here, limit = documents["found"], _cents(policy.tolerance)
    add(documents[~here], "GONE_FROM_BOOKS")
    total_off = here & (
        ((documents["gross_shop"] - documents["gross_books"]).abs() > limit)
        | (documents["currency"] != documents["currency_books"])
    )
    add(documents[total_off], "TOTAL_DIFFERS", "gross_shop", "gross_books")
    total_near = here & ~total_off & (documents["gross_shop"] != documents["gross_books"])
    add(documents[total_near], "TOTAL_NEARLY_SAME", "gross_shop", "gross_books")
    net_off = here & ~total_off & ((documents["net_shop"] - documents["net_books"]).abs() > limit)
    add(documents[net_off], "NET_DIFFERS", "net_shop", "net_books")
    tax_off = (taxes["tax_shop"] - taxes["tax_books"]).abs() > _cents(policy.tax_per_rate_tolerance)
    add(taxes[taxes["found"] & tax_off], "TAX_DIFFERS", "tax_shop", "tax_books", rate="rate")
    tax_near = taxes["found"] & ~tax_off & (taxes["tax_shop"] != taxes["tax_books"])
    add(taxes[tax_near], "TAX_NEARLY_SAME", "tax_shop", "tax_books", rate="rate")
    unpaid = documents[here & documents["paid"] & (documents["open_books"] > limit)]
    add(unpaid.assign(open=_written(unpaid["open_books"], unpaid["currency_books"])), "NOT_MARKED_PAID", open="open")

    lines_off = lines["found"] & ((lines["net_shop"] != lines["net_books"]) | (lines["tax_shop"] != lines["tax_books"]))
    off = lines[lines_off]
    off = off.assign(
        net=_written(off["net_shop"], off["currency"]),
        tax=_written(off["tax_shop"], off["currency"]),
        net_in_books=_written(off["net_books"], off["currency_books"]),
        tax_in_books=_written(off["tax_books"], off["currency_books"]),
    )
    texts = ("ledger_account", "vat_code", "net", "tax", "net_in_books", "tax_in_books")
    add(off, "LEDGER_LINE_DIFFERS", **{name: name for name in texts})

    for reference, found in (
        *_customer_findings(wanted.values(), posted),
        *_entry_findings(wanted.values(), posted),
    ):
        findings[reference].append(found)
    return Comparison(documents, taxes, lines, {reference: tuple(found) for reference, found in findings.items()})


def summary(comparison: Comparison, currency: str = "EUR") -> Summary:
    """Totals of the comparison, for the verification a person reads."""
    documents, taxes = comparison.documents, comparison.taxes
    agreeing = sum(comparison.agrees(reference) for reference in comparison.findings)
    per_rate = taxes.groupby("rate", sort=False)[["tax_shop", "tax_books"]].sum()
    rates = [
        RateTotal(
            rate=Decimal(str(rate)),
            shop=Money.of_cents(int(sums["tax_shop"]), currency),
            books=Money.of_cents(int(sums["tax_books"]), currency),
        )
        for rate, sums in per_rate.iterrows()
    ]
    amounts = ["net_shop", "net_books", "tax_shop", "tax_books"]
    per_account = comparison.lines.groupby(["ledger_account", "vat_code"])[amounts].sum()
    accounts = [
        AccountTotal(
            ledger_account=str(row["ledger_account"]),
            vat_code=str(row["vat_code"]),
            **{name: Money.of_cents(int(row[name]), currency) for name in amounts},
        )
        for row in per_account.reset_index().to_dict("records")
    ]
    return Summary(
        verified=agreeing,
        mismatched=len(documents) - agreeing,
        gross_shop=Money.of_cents(int(documents["gross_shop"].sum()), currency),
        gross_books=Money.of_cents(int(documents["gross_books"].sum()), currency),
        rates=tuple(sorted(rates, key=lambda one: one.rate)),
        accounts=tuple(accounts),
    )


def _documents_frame(wanted: Iterable[Expected], posted: Mapping[str, PostedDocument]) -> pd.DataFrame:
    rows = []
    for one in wanted:
        there = posted.get(one.reference)
        gross, books = _cents(one.gross.amount), _cents(there.gross.amount) if there else 0
        rows.append(
            {
                "reference": one.reference,
                "number": one.number,
                "currency": one.gross.currency,
                "currency_books": there.gross.currency if there else one.gross.currency,
                "found": there is not None,
                "gross_shop": gross,
                "gross_books": books,
                "net_shop": gross - sum(_cents(tax.amount) for tax in one.taxes.values()),
                "net_books": books - sum(_cents(one.tax.amount) for one in (there.tax_totals if there else ())),
                "open_books": _cents(there.open_amount.amount) if there else 0,
                "paid": one.is_paid,
            }
        )
    columns = ["gross_shop", "gross_books", "net_shop", "net_books", "open_books"]
    frame = pd.DataFrame(rows, columns=list(rows[0]) if rows else [*_TEXTS, *columns, "found", "paid"])
    return frame.astype(dict.fromkeys(columns, "int64") | {"found": "bool", "paid": "bool"})


def _taxes_frame(wanted: Iterable[Expected], posted: Mapping[str, PostedDocument]) -> pd.DataFrame:
    """One row per document and rate that either side has; a rate that one side does not have is 0 there."""
    rows = []
    for one in wanted:
        there = posted.get(one.reference)
        books: dict[Decimal, int] = {}
        for total in there.tax_totals if there else ():
            books[total.rate] = books.get(total.rate, 0) + _cents(total.tax.amount)
        for rate in one.taxes.keys() | books.keys():
            shop = _cents(one.taxes[rate].amount) if rate in one.taxes else 0
            books_currency = there.gross.currency if there else one.gross.currency
            texts = (one.reference, one.number, one.gross.currency, books_currency)
            rows.append((*texts, f"{rate.normalize():f}", shop, books.get(rate, 0), there is not None))
    frame = pd.DataFrame(rows, columns=[*_TEXTS, "rate", "tax_shop", "tax_books", "found"])
    return frame.astype({"tax_shop": "int64", "tax_books": "int64", "found": "bool"})


def _lines_frame(wanted: Iterable[Expected], posted: Mapping[str, PostedDocument]) -> pd.DataFrame:
    """One row per entry, ledger account and VAT code that either side has; what one side does not have is 0 there."""
    rows = []
    for one in wanted:
        if one.contact_ref is None:
            continue
        there = posted.get(one.reference)
        books: dict[tuple[str, str], tuple[int, int]] = {}
        for line in there.lines if there else ():
            net, tax = books.get((line.ledger_account, line.vat_code), (0, 0))
            books[line.ledger_account, line.vat_code] = net + _cents(line.net.amount), tax + _cents(line.tax.amount)
        shop = {key: (_cents(net.amount), _cents(tax.amount)) for key, (net, tax) in one.lines.items()}
        books_currency = there.gross.currency if there else one.gross.currency
        texts = (one.reference, one.number, one.gross.currency, books_currency)
        for key in sorted(shop.keys() | books.keys()):
            rows.append((*texts, *key, *shop.get(key, (0, 0)), *books.get(key, (0, 0)), there is not None))
    amounts = ["net_shop", "tax_shop", "net_books", "tax_books"]
    frame = pd.DataFrame(rows, columns=[*_TEXTS, "ledger_account", "vat_code", *amounts, "found"])
    return frame.astype(dict.fromkeys(amounts, "int64") | {"found": "bool"})


def _entry_findings(wanted: Iterable[Expected], posted: Mapping[str, PostedDocument]) -> Iterator[tuple[str, Finding]]:
    """An entry under another number, or on another contact, than it was booked with."""
    for one in wanted:
        there = posted.get(one.reference)
        if there is None or one.contact_ref is None:
            continue
        if there.number.strip() != one.number.strip():
            yield one.reference, finding("NUMBER_DIFFERS", number=one.number, number_in_books=there.number or "-")
        if there.contact_ref != one.contact_ref:
            values = {"contact": one.contact_ref.id, "contact_in_books": there.contact_ref.id}
            yield one.reference, finding("CONTACT_DIFFERS", number=one.number, **values)


def _customer_findings(
    wanted: Iterable[Expected], posted: Mapping[str, PostedDocument]
) -> Iterator[tuple[str, Finding]]:
    """Other customer, or other details of the same one; not for documents on a debtor that a rule fixes.

    The e-mail address tells customers apart; where the shop has none, name (of the company, if any) and postcode do.
    """
    pairs = [
        (one.reference, one.number, one.contact, posted[one.reference].contact)
        for one in wanted
        if one.reference in posted and not one.on_fixed_debtor and one.contact_ref is None
    ]
    shop = pd.DataFrame([_details(ours) for _, _, ours, _ in pairs], columns=list(_COMPARABLE))
    books = pd.DataFrame([_details(theirs) for _, _, _, theirs in pairs], columns=list(_COMPARABLE))
    plain_shop, plain_books = (
        pd.DataFrame({name: [plain(text) for text in side[name]] for name, plain in _COMPARABLE.items()})
        for side in (shop, books)
    )
    differs = (plain_shop != plain_books) & (plain_shop != "")
    for i in differs.index[differs.any(axis=1)]:
        reference, number, ours, _ = pairs[i]
        identity = {"email"} if ours.email else {"postcode", "company" if ours.address.company else "name"}
        for name in differs.columns[differs.loc[i]]:
            if _is_shortened(str(plain_shop.at[i, name]), str(plain_books.at[i, name])):
                continue
            code = "CUSTOMER_DIFFERS" if name in identity else "CUSTOMER_DETAIL_DIFFERS"
            values = {"field": name, "in_shop": shop.at[i, name], "in_books": books.at[i, name], "number": number}
            yield reference, finding(code, **values)


def _details(contact: Contact) -> tuple[str, ...]:
    address = contact.address
    return (
        contact.email,
        address.name,
        address.company,
        address.street,
        address.postcode,
        address.city,
        address.country,
        contact.vat_number,
    )


def _text(value: str) -> str:
    return " ".join(value.split()).casefold()


def _letters(value: str) -> str:
    return re.sub(r"[\W_]", "", value).casefold()


_TEXTS = ["reference", "number", "currency", "currency_books"]
# What is compared of a customer, in the order of `_details`, and how it is read.
_COMPARABLE: dict[str, Callable[[str], str]] = {
    "email": _text,
    "name": _text,
    "company": _text,
    "street": _text,
    "postcode": _letters,
    "city": _text,
    "country": _letters,
    "vat_number": _letters,
}


def _is_shortened(shop: str, books: str) -> bool:
    return len(books) >= _SHORTENED and shop.startswith(books)


def _written(cents: pd.Series[int], currencies: pd.Series[str]) -> list[str]:
    return [str(Money.of_cents(int(amount), currency)) for amount, currency in zip(cents, currencies, strict=True)]


def _cents(amount: Decimal) -> int:
    return int(rounded(amount).scaleb(2))
