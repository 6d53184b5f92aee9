"""The switches of the simulated Factuursturen: what its documentation leaves open, and how large it is."""

import json
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator

from sandbox._app import Options


def _pairs(value: object) -> object:
    """``login:key,login:key`` (as the command line gives it) or a JSON object."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("{"):
        return json.loads(value)
    return dict(pair.partition(":")[::2] for pair in value.split(",") if pair)


def _names(value: object) -> object:
    """``a,b,c`` or a list."""
    return [name for name in value.split(",") if name] if isinstance(value, str) else value


class FactuursturenOptions(Options):
    """Defaults are the strictest reading of the documentation that sources support."""

    accounts: Annotated[dict[str, str], BeforeValidator(_pairs)] = Field(
        {"demo1": "demo1-key", "demo2": "demo2-key"},
        description="login:key pairs; each account has its own books",
    )
    suspended: Annotated[list[str], BeforeValidator(_names)] = Field(
        [], description="logins whose key is no longer ticked active: 401"
    )
    clients: int = Field(12, ge=0, description="clients each account starts with")

    invoices_per_hour: int = Field(60, ge=0, description="invoice POSTs in any rolling 3600 s; 0: no limit")
    calls_per_hour: int = Field(100_000, ge=0, description="calls in any rolling 3600 s; 0: no limit")
    header_counts: Literal["calls", "invoices"] = Field("calls", description="what X-RateLimit-Remaining speaks of")

    number_layout: str = Field("{year}{number:04}", description="layout of invoicenr; id is always digits")
    created_newline: bool = Field(False, description="a line feed after the bare number of a 201")
    unknown_id: Literal["list", "404"] = Field("list", description="GET with an unknown id: the whole list, or 404")
    default_format: Literal["json", "xml"] = Field("json", description="format of answers without an Accept header")
    errors: Literal["text", "html"] = Field("text", description="body of an error")
    error_status: int = Field(400, ge=400, le=499, description="status of a refused document")

    overlong: Literal["refuse", "truncate"] = Field("refuse", description="a text beyond its documented length")
    unknown_tax_rate: Literal["refuse", "accept"] = Field("refuse", description="a rate that /taxes does not list")
    inactive_client: Literal["refuse", "accept"] = Field("refuse", description="an invoice to an inactive client")
    negative_total: Literal["accept", "refuse"] = Field("accept", description="an invoice below zero in all")
    savename_taken: Literal["refuse", "ignore"] = Field("refuse", description="a draft under a name already used")
    default_tax_type: Literal["intax", "extax"] = Field("extax", description="tax_type of a client made without one")

    vat_rounding: Literal["per_rate", "per_line"] = Field("per_rate", description="where VAT is rounded to cents")
    price_decimals: int = Field(4, ge=2, le=6, description="decimals of a unit price that are kept")
    standard_discount: Literal["always", "unless_given", "never"] = Field(
        "always",
        description="whether a client's stddiscount reduces lines; unless_given: not those with discount_pct",
    )
    shifted_rate: Literal["refuse", "zero"] = Field(
        "refuse", description="a line with VAT for a tax_shifted client: refuse, or book it without VAT"
    )
    zero_rate_in_taxes: bool = Field(
        True, description="false: taxes holds no 0 % entry, and is [] if there is no other"
    )

    paid_date: bool = Field(True, description="alreadypaid fills paiddate when nothing stays open")
    sent_writable: bool = Field(False, description="an invoice may name its own date in `sent`")
    default_count: int = Field(100, ge=1, description="invoices in a list that names no count")
    invoice_order: Literal["newest", "oldest"] = Field("newest", description="which invoice a list begins with")
    client_filter: str = Field("clientnr", description="name of the list parameter that filters by client")
    search_path: Literal["search", "plain"] = Field("search", description="/search/clients/… or /clients/{field}/…")
    search_fields: Literal["any", "all"] = Field("any", description="whether search knows single fields or only `all`")
    search_match: Literal["part", "whole"] = Field("part", description="search finds parts, or whole values only")
    search_references: bool = Field(True, description="whether searching invoices in `all` looks at the reference")

    @field_validator("number_layout")
    @classmethod
    def _holds_a_number(cls, layout: str) -> str:
        try:
            first, second = (layout.format(year=2026, number=number) for number in (1, 2))
        except (KeyError, IndexError, ValueError) as error:
            raise ValueError(f"not a layout of {{year}} and {{number}}: {error!r}") from error
        if first == second:
            raise ValueError("the layout needs {number}")
        return layout
