"""The switches of the simulated e-Boekhouden.nl: what its documentation leaves open, and how large it is."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from sandbox._app import Options


def _names(value: object) -> object:
    """``a,b,c`` or a list."""
    return [name for name in value.split(",") if name] if isinstance(value, str) else value


def _day_or_none(value: object) -> object:
    return value or None


Names = Annotated[list[str], BeforeValidator(_names)]


class EBoekhoudenOptions(Options):
    """Defaults are the strictest reading of the documentation that sources support."""

    users: Names = Field(
        ["demo1", "demo2"], min_length=1, description="user names; each is one administration with books of its own"
    )
    accountants: Names = Field([], description="users who may open the administrations of all others")
    forbidden: Names = Field([], description="users without the rights for bookkeeping: E001.5, SECURITY_001")
    revoked: Names = Field([], description="users whose codes and token were renewed: no new sessions")
    both: bool = Field(False, description="serve the other interface too, on the same port and the same books")
    relations: int = Field(12, ge=0, description="relations each administration starts with")
    invoices: int = Field(0, ge=0, description="booked sales invoices each administration starts with")

    session_minutes: int = Field(60, ge=1, description="how long a session of either interface lives")
    session_counts: Literal["opened", "used"] = Field("opened", description="since when: its start, or its last use")

    single_session: bool = Field(False, description="a new session of a user closes his earlier ones")

    closed_until: Annotated[date | None, BeforeValidator(_day_or_none)] = Field(
        None, description="last day of the closed period; no mutation up to it"
    )
    sales_number: Literal["administration", "relation"] = Field(
        "administration", description="within what a sales invoice number is unique: CMUT019, or CMUT018"
    )
    purchase_number: Literal["administration", "relation"] = Field(
        "relation", description="within what a purchase invoice number is unique: CMUT019, or CMUT018"
    )
    negative_invoices: Literal["accept", "refuse"] = Field("accept", description="an invoice below zero in all")
    overpayment: Literal["accept", "refuse"] = Field("accept", description="a payment above what is open")
    list_order: Literal["ascending", "descending", "shuffled"] = Field(
        "ascending", description="order of relations, mutations and open items in an answer"
    )
    paid_items: Literal["absent", "listed"] = Field("absent", description="paid invoices among the open items")

    # SOAP
    time_part: bool = Field(False, description="SOAP: a date with a time is accepted (the manual forbids it)")
    overlong: Literal["refuse", "truncate"] = Field("refuse", description="SOAP: a text beyond its documented length")
    empty_result: Literal["absent", "nil", "empty"] = Field("absent", description="SOAP: container of an empty list")
    payment_header: bool = Field(
        True, description="SOAP: a listed payment names invoice and relation above its lines too"
    )
    mutation_window: int = Field(500, ge=1, description="SOAP: mutations in one answer; the last ones are given")
    monthly_calls: int = Field(5000, ge=0, description="SOAP: GetMutaties calls in a calendar month; 0: no limit")
    list_cap: int = Field(0, ge=0, description="SOAP: relations or open items in one answer, no word of more; 0: all")
    vat_tolerance: Decimal = Field(Decimal("0.01"), ge=0, description="SOAP: how far VAT may lie from rate x net")
    vat_mismatch: Literal["CMUT010.1", "CMUT011"] = Field("CMUT010.1", description="SOAP: code when it lies further")
    percentage_check: Literal["refuse", "accept"] = Field(
        "refuse", description="SOAP: a per cent that does not belong to the VAT code"
    )
    single_line: Names = Field(
        ["FactuurbetalingOntvangen", "FactuurbetalingVerstuurd"], description="SOAP: kinds with one line: CMUT021"
    )
    update_clears: bool = Field(True, description="SOAP: UpdateRelatie empties the fields it is not given")
    relation_refusal: str = Field("CREL001", description="SOAP: code of a refused relation; the manual has none")
    invoice_refusal: str = Field("CFACT004", description="SOAP: code of an AddFactuur refused for its fields")
    doubles: Literal["exact", "noisy"] = Field("exact", description="SOAP: rounding noise in balances and open items")
    balance_until: Literal["inclusive", "exclusive"] = Field(
        "inclusive", description="SOAP: whether DatumTot belongs to the period"
    )

    # REST
    authorization: Literal["either", "raw", "bearer"] = Field("either", description="REST: form of the header")
    filters: Literal["key", "value", "both"] = Field("key", description="REST: date[range]=…, or date=[range]…")
    unknown_parameter: Literal["ignore", "refuse"] = Field("ignore", description="REST: a query that is not known")
    unknown_property: Literal["ignore", "refuse"] = Field("refuse", description="REST: a property that is not known")
    vat_rounding: Literal["half_up", "half_even", "down"] = Field(
        "half_up", description="REST: how the VAT of an amount comes to whole cents"
    )
    count: Literal["page", "total"] = Field("page", description="REST: meaning of a list's count")
    created_status: Literal[200, 201] = Field(201, description="REST: status of a booked mutation")
    type_form: Literal["number", "string"] = Field("number", description="REST: type of a mutation in answers")
    dates: Literal["day", "time"] = Field("day", description="REST: dates in answers, with or without T00:00:00")
    zero_ids: bool = Field(False, description="REST: the list of mutations gives id 0, as once reported")
    purchase_duplicate: Literal["MUT_019", "MUT_020"] = Field("MUT_019", description="REST: purchase number in use")
    closed_code: str = Field("MUT_003", description="REST: code of a closed period; no source names one")
    rate_limit: int = Field(0, ge=0, description="REST: calls in any rolling hour, then 429; 0: no limit")
