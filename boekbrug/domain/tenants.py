"""Tenants, connections, routes and mapping rules as they are written down (YAML) and kept.

These models are the one description of a tenant's configuration: the YAML's JSON Schema is generated from them, and
the store keeps their parts as JSON.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, model_validator

from boekbrug.domain.bookings import Delivery

SLUG = re.compile(r"[a-z0-9]([a-z0-9-]{0,46}[a-z0-9])?")


def _slug(value: str) -> str:
    if not SLUG.fullmatch(value):
        raise ValueError(f"{value!r} is not a slug: small letters, digits and hyphens, 1 to 48, no hyphen at the ends")
    return value


def _time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"{value!r} is not a time zone; an example is Europe/Amsterdam") from None
    return value


Slug = Annotated[str, AfterValidator(_slug)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
Country = Annotated[str, Field(pattern="^[A-Z]{2}$", description="ISO 3166 alpha-2 code, such as NL")]
VatPeriod = Literal["month", "quarter", "year"]
Currency = Annotated[str, Field(pattern="^[A-Z]{3}$", description="ISO 4217 code, such as EUR")]
AccountCode = Annotated[str, Field(pattern="^[0-9A-Za-z][0-9A-Za-z.-]{0,19}$")]
Move = Literal["orders", "debtors", "invoices", "creditors", "purchases", "payments"]
Band = Literal["high", "low", "other", "eu", "outside_eu"]


class _Config(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def plain_text(text: str) -> str:
    """A text as it is compared: without regard to case or outer spaces."""
    return text.strip().casefold()


class RuleMatch(_Config):
    """What a rule asks of a line or document. What is left out matches anything; the most specific rule wins."""

    tax_category: str | None = Field(None, description="EN 16931: S, Z, E, AE, K, G or O")
    rate: Decimal | None = Field(None, description="VAT percentage")
    country: Country | None = Field(None, description="Country whose VAT rate it is")
    oss: bool | None = Field(None, description="Declared through the one-stop shop")
    product_group: str | None = Field(None, description="Product group, by the source's id")
    line_kind: str | None = Field(None, description="article, shipping, payment_costs, discount, other or rounding")
    payment_method: str | None = None
    business: bool | None = Field(None, description="Customer is a business")
    side: Literal["sales", "purchases"] | None = Field(None, description="Of which side of the books")
    band: Band | None = Field(
        None, description="high or low rate at home, eu (with VAT number), outside_eu, or other: any other case"
    )
    tax_code: str | None = Field(None, description="VAT code of the source")
    cost_category: str | None = Field(None, description="Cost category of a purchase, by the source's id")
    contact_group: str | None = Field(None, description="Group the customer or supplier is in, by the source's id")

    @cached_property
    def asked(self) -> dict[str, str | Decimal | bool]:
        """What the rule asks for, by name."""
        return self.model_dump(exclude_none=True)

    @cached_property
    def compared(self) -> dict[str, str | Decimal | bool]:
        """The same, texts as they are compared: every line is held against every rule."""
        return {name: plain_text(one) if isinstance(one, str) else one for name, one in self.asked.items()}


class RuleResult(_Config):
    """What a rule chooses."""

    vat_code: str | None = Field(None, description="VAT code of the books")
    ledger_account: str | None = Field(None, description="Ledger account, or category, of the books (code or name)")
    debtor: str | None = Field(None, description="Number of an existing debtor that takes these documents")
    payment_name: str | None = Field(None, description="How the payment is named on the invoice")
    paid: bool | None = Field(
        None, description="Whether documents paid this way are paid when they go over; left out: yes (invoices)"
    )


RuleKind = Literal["vat", "cost", "account", "payment", "mixed"]


class MappingRule(_Config):
    """A tenant's choice: what matches leads to an account, VAT code, debtor or name.

    `vat`: per line of a sale, gives `vat_code` and, where wanted, `ledger_account`; `cost`: the same of a purchase.
    `account`: per line, a deviating `ledger_account` (of a product group, cost category or group of contacts); the VAT
    code stays. `payment`: per document, must exist for every payment method met; may give `ledger_account`, `debtor`,
    `payment_name`, `paid`. `mixed`: per document, the `ledger_account` when its lines belong to several and the package
    takes one.
    """

    kind: RuleKind
    match: RuleMatch = RuleMatch()
    gives: RuleResult = RuleResult()

    @property
    def specificity(self) -> int:
        """How many things the rule asks for."""
        return len(self.match.asked)

    def __str__(self) -> str:
        return self._sentence

    @cached_property
    def _sentence(self) -> str:
        asked = ", ".join(f"{k} {v}" for k, v in self.match.model_dump(exclude_none=True, mode="json").items())
        given = ", ".join(f"{k} {v}" for k, v in self.gives.model_dump(exclude_none=True).items())
        return f"{self.kind}: {asked or 'anything'} → {given or 'nothing more'}"


class RoutePolicy(_Config):
    """What goes over on a route, and how strictly."""

    statuses: tuple[str, ...] = Field(
        (),
        description="Source statuses that go over, by name or id, as the source lists them; empty: those that the "
        "source proposes",
    )
    skip_statuses: tuple[str, ...] = Field(
        (),
        description="Source statuses that will never go over, by name or id; unknown ones are ignored; empty: those "
        "that the source proposes",
    )
    home_country: Country = "NL"
    books_currency: Currency = "EUR"
    delivery: Delivery = Delivery.NONE
    tolerance: Decimal = Field(Decimal("0.05"), ge=0, description="Accepted difference per total, in the currency")
    rounding_limit: Decimal = Field(
        Decimal("0.05"), ge=0, description="Largest rounding line that is added by itself, in the currency"
    )
    tax_per_rate_tolerance: Decimal = Field(
        Decimal("0.05"), ge=0, description="Accepted difference of the VAT per rate, in the currency"
    )
    credit_orders: bool = Field(False, description="Credit orders become credit notes; off: they wait for a person")
    shipping_without_vat: Literal["refuse", "accept"] = "refuse"
    vies: bool = Field(False, description="Look VAT numbers of reverse-charged sales up in VIES")
    oss: bool = Field(False, description="The business declares consumers in other member states through the OSS")
    small_business: bool = Field(
        False, description="The business charges no VAT at all (small-business scheme: KOR, kleine onderneming)"
    )
    start_on: date | None = Field(None, description="Documents of before this day do not go over")
    first_number: int | None = Field(None, ge=0, description="Sales with a lower number do not go over")
    reserve: int | None = Field(
        None,
        ge=0,
        description="Documents per period of the target's budget that a migration leaves free for the daily run; less "
        "than the limit; empty: 10, or half of a smaller limit",
    )
    vat_period: VatPeriod = Field("quarter", description="How often the business declares VAT")
    reference_label: str = Field("Order", max_length=20, description="Stands before the order number on the invoice")
    moves: tuple[Move, ...] = Field((), description="What goes over, of what both systems can do; empty: everything")
    number_prefix: str = Field(
        "",
        max_length=15,
        pattern="^([0-9A-Za-z][0-9A-Za-z./_-]*)?$",
        description="Stands before the invoice numbers in the books, where we choose those; other for every route into "
        "the same books",
    )
    receivable_account: AccountCode = Field("1300", description="Debtors' account of the books")
    payable_account: AccountCode = Field("1600", description="Creditors' account of the books")
    foreign_currency: Literal["refuse", "convert"] = Field(
        "refuse", description="Invoices in another currency: refuse, or convert at the ECB's rate of the invoice's day"
    )
    carry_contact_changes: bool = Field(
        False, description="Changes of a debtor or creditor are carried over to the books"
    )
    payment_days: int = Field(14, ge=0, le=9999, description="Payment term of invoices that state none, in days")


class ConnectionConfig(_Config):
    """A tenant's access to one remote system. Credentials are references (`env:NAME`), never values."""

    slug: Slug
    system: str = Field(description="Registry name of the connector, such as mijnwebwinkel")
    settings: dict[str, JsonValue] = Field(
        default_factory=dict, description="Settings of the connector, base_url among them"
    )
    credentials: dict[str, Annotated[str, Field(pattern=r"^env:[A-Za-z_][A-Za-z0-9_]*$")]] = Field(
        default_factory=dict, description="env:NAME per credential; left out: those kept before stay"
    )


class RouteConfig(_Config):
    """Source connection → target connection."""

    slug: Slug
    source: Slug
    target: Slug
    enabled: bool = True
    schedule: str = Field("0 6 * * *", description="Cron expression in the tenant's time zone")
    policy: RoutePolicy = RoutePolicy()
    mapping: tuple[MappingRule, ...] = ()

    @model_validator(mode="after")
    def _runs_at_times(self) -> RouteConfig:
        try:
            if len(self.schedule.split()) != 5:
                raise CronSimError("not five fields")
            CronSim(self.schedule, datetime(2026, 1, 1, tzinfo=UTC))
        except CronSimError:
            raise ValueError(
                f"route {self.slug!r}: schedule {self.schedule!r} is no cron expression; five fields are needed "
                '(minute, hour, day, month, weekday), such as "0 6 * * 1-5" for every working day at six'
            ) from None
        return self


class TenantConfig(_Config):
    """One tenant with its connections and routes."""

    slug: Slug
    name: str
    time_zone: TimeZone = "Europe/Amsterdam"
    language: Literal["nl", "en"] = "nl"
    connections: tuple[ConnectionConfig, ...] = ()
    routes: tuple[RouteConfig, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> TenantConfig:
        connections = [c.slug for c in self.connections]
        for what, slugs in (("connection", connections), ("route", [r.slug for r in self.routes])):
            for slug in slugs:
                if slugs.count(slug) > 1:
                    raise ValueError(f"{what} {slug!r} stands twice")
        for route in self.routes:
            for end in (route.source, route.target):
                if end not in connections:
                    raise ValueError(
                        f"route {route.slug!r} names connection {end!r}; there are: {', '.join(connections) or 'none'}"
                    )
        return self
