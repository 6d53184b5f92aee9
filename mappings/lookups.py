"""Finding what a rule names among what the books have, and saying what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from difflib import get_close_matches
from operator import attrgetter

from boekbrug.domain.bookings import AccountKind, LedgerAccount, ReferenceData, VatCode
from boekbrug.domain.documents import Invoice, Side
from boekbrug.domain.errors import DocumentInvalid, MappingMissing, NeedsAttention
from boekbrug.domain.findings import Finding, blocking, finding
from boekbrug.domain.tax import Tax, TaxCategory
from boekbrug.domain.tenants import RoutePolicy

_CONTROL = {Side.SALES: AccountKind.DEBTORS, Side.PURCHASES: AccountKind.CREDITORS}
# What invoices may be booked on besides their control account; OTHER: the package does not say what an account is for.
_LINE_KINDS = frozenset({AccountKind.RESULT, AccountKind.BALANCE, AccountKind.OTHER})
# The buyer owes the VAT: none of it is on the invoice, whatever rate the books declare it at.
_NOT_CHARGED = frozenset({TaxCategory.REVERSE_CHARGE, TaxCategory.INTRA_EU})
_NEAR = 5
# Findings that better rules mend.
_MAPPING_CODES = frozenset(
    [
        "VAT_RULE_MISSING",
        "COST_RULE_MISSING",
        "ACCOUNT_NOT_CHOSEN",
        "VAT_CODE_NOT_IN_BOOKS",
        "VAT_CODE_OTHER_RATE",
        "VAT_CODE_OTHER_COUNTRY",
        "VAT_CODE_OTHER_SIDE",
        "VAT_CODE_OTHER_REASON",
        "VAT_CODE_NOT_VALID_THEN",
        "LEDGER_ACCOUNT_NOT_IN_BOOKS",
        "LEDGER_ACCOUNT_WRONG_KIND",
        "LEDGER_ACCOUNTS_MIXED",
        "CONTROL_ACCOUNT_WRONG",
        "PAYMENT_RULE_MISSING",
    ]
)


def needs_attention(document: Invoice, findings: tuple[Finding, ...]) -> NeedsAttention:
    """The error that hands the document to a person, with all findings: MappingMissing where rules can mend it."""
    blocks = blocking(findings)
    kind = MappingMissing if any(f.code in _MAPPING_CODES for f in blocks) else DocumentInvalid
    text = " ".join(f.sentence() for f in blocks)
    return kind(f"{document.number}: {text}", findings=findings, document=document.number)


def same_text(one: str, other: str) -> bool:
    """Whether two codes or names are written the same, without regard to case and outer spaces; "" is no name."""
    return bool(one) and one.strip().casefold() == other.strip().casefold()


def find_account(reference_data: ReferenceData, wanted: str) -> LedgerAccount | None:
    """The account with that code, else that name, else that number in the ledger."""
    for part in (attrgetter("code"), attrgetter("name"), attrgetter("number")):
        for account in reference_data.ledger_accounts:
            if same_text(part(account), wanted):
                return account
    return None


def unknown_account(reference_data: ReferenceData, wanted: str) -> Finding:
    """That the books do not know the account, with those that look like it, or all when there are few."""
    accounts = reference_data.ledger_accounts
    shown = [f"{account.name} ({account.code})" for account in accounts]
    if len(shown) > _NEAR:
        texts = {
            f"{account.code} {account.name}".casefold(): text for account, text in zip(accounts, shown, strict=True)
        }
        codes = {account.code.casefold(): text for account, text in zip(accounts, shown, strict=True)}
        plain = wanted.strip().casefold()
        near = [
            *(codes[code] for code in get_close_matches(plain, codes, n=_NEAR, cutoff=0.5)),
            *(texts[text] for text in get_close_matches(plain, texts, n=_NEAR, cutoff=0.4)),
        ]
        shown = list(dict.fromkeys(near))[:_NEAR] or shown
    return finding("LEDGER_ACCOUNT_NOT_IN_BOOKS", ledger_account=wanted, known=", ".join(shown) or "-")


def find_vat_code(reference_data: ReferenceData, wanted: str, countries: tuple[str, ...] = ("",)) -> VatCode | None:
    """The code of the first of these countries that has one written so: books may know a 21 of home and of Belgium."""
    codes = [code for code in reference_data.vat_codes if same_text(code.code, wanted)]
    return next((code for country in countries for code in codes if code.country == country), None)


def vat_code_countries(tax: Tax) -> tuple[str, str]:
    """Whose code is meant, the first first: the books' own ("") unless it is a one-stop-shop sale."""
    return (tax.country, "") if tax.oss else ("", tax.country)


def missing_vat_code(reference_data: ReferenceData, wanted: str, tax: Tax) -> Finding:
    """That the books have no such code for this VAT: not at all, or only one of another country."""
    others = [code.country for code in reference_data.vat_codes if same_text(code.code, wanted)]
    if others:
        return finding("VAT_CODE_OTHER_COUNTRY", tax=tax, vat_code=wanted, country=", ".join(others))
    return unknown_vat_code(reference_data, wanted)


def unknown_vat_code(reference_data: ReferenceData, wanted: str, side: Side | None = None) -> Finding:
    """That the books do not know the VAT code, with those of that side that they do know."""
    known = (code.code for code in reference_data.vat_codes if side is None or code.side in (None, side))
    return finding("VAT_CODE_NOT_IN_BOOKS", vat_code=wanted, known=", ".join(dict.fromkeys(known)) or "-")


def vat_code_problems(code: VatCode, tax: Tax, side: Side, day: date | None) -> Iterator[Finding]:
    """What is wrong with booking that VAT on that code, on that side of the books and that day (None: any)."""
    yield from vat_code_side_problem(code, side)
    if code.categories and tax.category not in code.categories:
        yield finding("VAT_CODE_OTHER_REASON", tax=tax, vat_code=code.code, name=code.name or code.code)
    elif code.rate is not None and code.rate != tax.rate and not (code.categories and tax.category in _NOT_CHARGED):
        yield finding("VAT_CODE_OTHER_RATE", tax=tax, vat_code=code.code, rate=f"{code.rate.normalize():f}")
    if day and ((code.valid_from and day < code.valid_from) or (code.valid_until and day > code.valid_until)):
        yield finding(
            "VAT_CODE_NOT_VALID_THEN",
            vat_code=code.code,
            date=day,
            first=code.valid_from or "-",
            last=code.valid_until or "-",
        )


def vat_code_side_problem(code: VatCode, side: Side) -> Iterator[Finding]:
    """That the code is of the other side of the books, if it is."""
    if code.side is not None and code.side is not side:
        yield finding("VAT_CODE_OTHER_SIDE", vat_code=code.code, name=code.name or code.code, side=side.value)


def line_account_problem(account: LedgerAccount) -> Iterator[Finding]:
    """That no turnover or costs can be booked on the account, if so."""
    if account.kind not in _LINE_KINDS:
        yield finding(
            "LEDGER_ACCOUNT_WRONG_KIND",
            ledger_account=f"{account.name} ({account.code})",
            kind=account.kind.value,
            wanted=f"{AccountKind.RESULT.value}, {AccountKind.BALANCE.value}",
        )


def control_account(policy: RoutePolicy, side: Side) -> str:
    """The debtors' or creditors' account that the policy names."""
    return policy.receivable_account if side is Side.SALES else policy.payable_account


def control_account_problem(reference_data: ReferenceData, policy: RoutePolicy, side: Side) -> Iterator[Finding]:
    """What is wrong with the debtors' or creditors' account that the policy names."""
    wanted, kind = control_account(policy, side), _CONTROL[side]
    account = find_account(reference_data, wanted)
    if account is None or account.kind is not kind:
        fitting = [f"{one.name} ({one.code})" for one in reference_data.ledger_accounts if one.kind is kind]
        yield finding(
            "CONTROL_ACCOUNT_WRONG",
            ledger_account=f"{account.name} ({account.code})" if account else wanted,
            wanted=kind.value,
            known=", ".join(fitting) or "-",
        )
