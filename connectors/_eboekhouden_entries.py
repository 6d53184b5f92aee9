"""Entries of e-Boekhouden.nl, as both interfaces have them: what is refused, and how invoices add up. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from boekbrug.domain.bookings import Entry
from boekbrug.domain.documents import ExternalRef, PostedDocument, PostedLine, TaxTotal
from boekbrug.domain.errors import Conflict, DocumentInvalid, MappingMissing, NeedsAttention, PeriodClosed
from boekbrug.domain.findings import Finding, finding
from boekbrug.domain.money import Money, total
from connectors._eboekhouden import CURRENCY, TITLE, VAT_CODES, rate_of

LONGEST_NUMBER = 50
MOST_LINES = 100


def check_entry(entry: Entry, system: str) -> None:
    """Raises NeedsAttention for what the books would refuse for certain, or take for something else."""

    def invalid(problem: Finding, message: str, kind: type[NeedsAttention] = DocumentInvalid) -> NeedsAttention:
        return kind(f"document {entry.number}: {message}", findings=(problem,), system=system, document=entry.number)

    if entry.currency != CURRENCY:
        raise invalid(
            finding("CURRENCY_NOT_OF_THE_BOOKS", currency=entry.currency, books=CURRENCY),
            f"the books are in {CURRENCY}, not in {entry.currency}",
        )
    if not 1 <= len(entry.lines) <= MOST_LINES:
        raise invalid(
            finding("REFUSED_BY_BOOKS", answer=f"{len(entry.lines)} lines; 1 to {MOST_LINES} are possible"),
            f"{len(entry.lines)} lines, where 1 to {MOST_LINES} are possible",
        )
    if not 1 <= len(entry.number) <= LONGEST_NUMBER:
        raise invalid(
            finding("REFUSED_BY_BOOKS", answer=f"invoice number {entry.number!r}; 1 to {LONGEST_NUMBER} characters"),
            f"its number has {len(entry.number)} characters, where 1 to {LONGEST_NUMBER} are possible",
        )
    possible = [code.code for code in VAT_CODES if code.side in (None, entry.kind.side)]
    for line in entry.lines:
        if line.vat_code not in possible:
            raise invalid(
                finding("VAT_CODE_NOT_IN_BOOKS", vat_code=line.vat_code, known=", ".join(possible)),
                f"{line.vat_code!r} is no VAT code for {entry.kind.side.value}",
                MappingMissing,
            )


class Refusal(Enum):
    """What the books' code for a refusal is about."""

    NUMBER = "number"
    PERIOD = "period"
    CONTROL_ACCOUNT = "control account"
    ACCOUNT = "account"
    VAT_CODE = "VAT code"
    OTHER = "other"


def refused(refusal: Refusal, entry: Entry, answer: str, system: str) -> NeedsAttention:
    """The error for a refused entry. `answer` is the books' code and what they say with it."""
    accounts = ", ".join(sorted({line.ledger_account for line in entry.lines}))
    vat_codes = ", ".join(sorted({line.vat_code for line in entry.lines}))
    kind: type[NeedsAttention]
    match refusal:
        case Refusal.NUMBER:
            kind, problem = Conflict, finding("NUMBER_TAKEN", number=entry.number)
        case Refusal.PERIOD:
            kind, problem = PeriodClosed, finding("PERIOD_CLOSED", day=entry.issued_on, answer=answer)
        case Refusal.CONTROL_ACCOUNT:
            account = entry.control_account
            kind, problem = MappingMissing, finding("CONTROL_ACCOUNT_REFUSED", ledger_account=account, answer=answer)
        case Refusal.ACCOUNT:
            kind, problem = MappingMissing, finding("ACCOUNTS_REFUSED", ledger_accounts=accounts, answer=answer)
        case Refusal.VAT_CODE:
            kind, problem = MappingMissing, finding("VAT_CODES_REFUSED", vat_codes=vat_codes, answer=answer)
        case Refusal.OTHER:
            kind, problem = DocumentInvalid, finding("REFUSED_BY_BOOKS", answer=answer)
    return kind(
        f"{TITLE} refused document {entry.number}: {answer}",
        findings=(problem,),
        system=system,
        document=entry.number,
    )


@dataclass(frozen=True, slots=True)
class BookedLine:
    """A line of an invoice in the books, with the percentage that its VAT code or the books give."""

    line: PostedLine
    rate: Decimal


def tax_totals(lines: Iterable[BookedLine]) -> tuple[TaxTotal, ...]:
    """The lines' VAT per rate."""
    by_rate: dict[Decimal, list[PostedLine]] = {}
    for booked in lines:
        by_rate.setdefault(booked.rate, []).append(booked.line)
    return tuple(
        TaxTotal(
            rate=rate,
            tax=total((line.tax for line in same), CURRENCY),
            net=total((line.net for line in same), CURRENCY),
        )
        for rate, same in sorted(by_rate.items())
    )


def gross_of(lines: Iterable[BookedLine]) -> Money:
    """What is owed."""
    return total((booked.line.net + booked.line.tax for booked in lines), CURRENCY)


def posted_as_told(entry: Entry, ref: ExternalRef) -> PostedDocument:
    """The document as it must stand in the books that took the entry."""
    sign = -1 if entry.kind.is_credit else 1
    lines = [
        BookedLine(
            PostedLine(
                ledger_account=line.ledger_account,
                vat_code=line.vat_code,
                net=line.net * sign,
                tax=line.tax_amount * sign,
            ),
            rate_of(line.vat_code, line.tax.rate),
        )
        for line in entry.lines
    ]
    return PostedDocument(
        target_ref=ref,
        number=entry.number,
        our_reference=entry.our_reference,
        booked_on=entry.issued_on,
        gross=gross_of(lines),
        tax_totals=tax_totals(lines),
        contact=entry.contact.contact,
        contact_ref=entry.contact.target_ref,
        open_amount=gross_of(lines),
        lines=tuple(booked.line for booked in lines),
    )
