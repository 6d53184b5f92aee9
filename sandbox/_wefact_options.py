"""The switches of the simulated WeFact: what sources leave open or contradict, and how large it is."""

import json
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, field_validator

from sandbox._app import Options


def _pairs(value: object) -> object:
    """``name:key,name:key`` (as the command line gives it) or a JSON object."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("{"):
        return json.loads(value)
    return dict(pair.partition(":")[::2] for pair in value.split(",") if pair)


def _names(value: object) -> object:
    """``a,b,c`` or a list."""
    return [name for name in value.split(",") if name] if isinstance(value, str) else value


TextOrNumber = Literal["text", "number"]


class WefactOptions(Options):
    """Defaults are the strictest reading that sources support."""

    accounts: Annotated[dict[str, str], BeforeValidator(_pairs)] = Field(
        {"demo1": "demo1-key", "demo2": "demo2-key"},
        description="name:api_key pairs; each account is an administration with books of its own",
    )
    invoices: int = Field(60, ge=0, description="sales documents each account starts with")
    purchases: int = Field(20, ge=0, description="purchase invoices each account starts with")
    days: int = Field(30, ge=1, description="over how many days, ending now, they are spread")
    mix: Literal["all", "everyday"] = Field("all", description="every case, or only what books without a question")

    allowed_ips: Annotated[list[str], BeforeValidator(_names)] = Field(
        ["127.0.0.1"], description="the allow-list; a caller's address is X-Forwarded-For, else 127.0.0.1"
    )
    calls_per_minute: int = Field(200, ge=0, description="calls per address and minute; 0: no limit")
    calls_per_hour: int = Field(3600, ge=0, description="calls per address and hour; 0: no limit")
    windows: Literal["rolling", "fixed"] = Field("rolling", description="how a minute and an hour are counted")
    failed_logins_per_day: int = Field(20, ge=0, description="bad keys per address in 24 hours before the ban; 0: any")
    ban_seconds: int = Field(900, ge=1, description="how long an address is banned")
    ban_growth_seconds: int = Field(300, ge=0, description="what every call during the ban adds to it")

    zone: str = Field("Europe/Amsterdam", description="of timestamps and of created/modified windows")
    bare_date_until: Literal["start", "end"] = Field(
        "start", description="a window's `to` without a time: the start or the end of that day"
    )
    page_limit: int = Field(1000, ge=1, description="rows per page, default and maximum")
    sort_by_modified: bool = Field(True, description="whether sort takes Modified")
    unknown_sort: Literal["refuse", "ignore"] = Field("refuse", description="a sort field that is not known")
    search_match: Literal["part", "whole"] = Field("part", description="searchfor finds parts, or whole values only")
    invoice_order: Literal["newest", "oldest"] = Field("newest", description="which invoice a list begins with")

    counts_as: TextOrNumber = Field("number", description="totalresults, currentresults, offset")
    identifiers_as: TextOrNumber = Field("text", description="Identifier and references to it")
    statuses_as: TextOrNumber = Field("text", description="Status and other codes")
    empty_date: Literal["", "0000-00-00"] = Field("", description="a date that is not set")
    hostfact_fields: bool = Field(False, description="show also what only HostFact is known to show: UsedTaxrates, …")
    purchase_lines_name: Literal["InvoiceLines", "CreditInvoiceLines"] = Field(
        "InvoiceLines", description="key of a purchase invoice's lines"
    )

    debtor_code: str = Field("DB{number}", description="layout; numbers from 10000")
    creditor_code: str = Field("CD{number:04}", description="layout")
    product_code: str = Field("P{number:04}", description="layout")
    invoice_code: str = Field("F{year}-{number:04}", description="layout; a {year} starts the numbers anew")
    concept_code: str = Field("[concept]{number:04}", description="layout")
    purchase_code: str = Field("CF{number:04}", description="layout")
    duplicate_code: Literal["refuse", "accept"] = Field("refuse", description="add with an InvoiceCode in use")

    vat_rounding: Literal["per_rate", "per_line"] = Field("per_rate", description="where VAT is rounded to cents")
    periods_multiply: bool = Field(True, description="whether Periods multiplies a line")
    shifted_line_rate: Literal["zero", "kept"] = Field(
        "zero", description="TaxPercentage shown on the lines of an invoice with VatShift; its VAT is 0 either way"
    )

    second_markaspaid: Literal["refuse", "accept"] = Field("refuse", description="markaspaid on a paid invoice")
    overpayment: Literal["refuse", "accept"] = Field("refuse", description="partpayment of more than is open")
    credit_payments: Literal["negative", "positive", "refuse"] = Field(
        "negative", description="sign of a part payment on a credit invoice"
    )
    pay_date_name: Literal["PayDate", "Date"] = Field("PayDate", description="payment date parameter; the other: today")
    payment_is_change: bool = Field(True, description="whether a payment moves Modified")
    lapsed_open: Literal["kept", "zero"] = Field("kept", description="AmountOutstanding of a lapsed invoice")

    @field_validator("zone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError) as error:
            raise ValueError(f"no time zone is called {name!r}") from error
        return name

    @field_validator("debtor_code", "creditor_code", "product_code", "invoice_code", "concept_code", "purchase_code")
    @classmethod
    def _holds_a_number(cls, layout: str) -> str:
        try:
            first, second = (layout.format(year=2026, number=number) for number in (1, 2))
        except (KeyError, IndexError, ValueError) as error:
            raise ValueError(f"not a layout of {{number}} and perhaps {{year}}: {error!r}") from error
        if first == second:
            raise ValueError("the layout needs {number}")
        return layout
