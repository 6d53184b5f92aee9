"""One simulated shop: its orders as they are now, what the list filters see of them, and its own totals."""

import json
import re
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import cast
from uuid import NAMESPACE_DNS, uuid5

from sandbox._app import JsonObject
from sandbox._cart import Line, Price, gross_of
from sandbox._mijnwebwinkel_settings import MijnwebwinkelOptions
from sandbox._mijnwebwinkel_wire import LIVE, SPEC, local, mixed, order_json, shaped
from sandbox._shopdata import Customer, Order, rate_totals

_UNREAL = Decimal(10) ** 12


@dataclass(frozen=True)
class Facts:
    """What the filters look at. Moments are the shop's wall clock as text, which sorts; empty means unknown."""

    day: str
    changed: str
    status: int
    archived: bool
    email: str
    debtor_id: str


@dataclass(frozen=True)
class Filter:
    """The filters of the order list; None and empty let everything through."""

    first_day: str = ""
    last_day: str = ""
    changed_from: str = ""
    changed_until: str = ""
    status: int | None = None
    archived: bool | None = None
    test: bool = False
    email: str = ""
    debtor_id: str = ""

    def lets_through(self, record: "Record", facts: Facts) -> bool:
        """Whether the list shows this order. An unreadable order date is no reason to hide it; no change moment is."""
        if (record.test and not self.test) or (self.status is not None and facts.status != self.status):
            return False
        if self.archived is not None and facts.archived != self.archived:
            return False
        if facts.day and not (self.first_day <= facts.day <= (self.last_day or "9999")):
            return False
        if (self.changed_from or self.changed_until) and not facts.changed:
            return False
        if not self.changed_from <= facts.changed <= (self.changed_until or "9999"):
            return False
        asked = [(self.email.casefold(), facts.email.casefold()), (self.debtor_id, facts.debtor_id)]
        return not any(wanted for wanted, _ in asked) or any(wanted == has for wanted, has in asked if wanted)


@dataclass
class Record:
    """An order of the shop: generated (`order`) or given as wire JSON (`text`), and what was changed since.

    `changes` is a JSON merge patch on the canonical form. A given order without changes is answered as it was given.
    """

    number: int
    case: str
    test: bool = False
    order: Order | None = None
    text: str = ""
    changes: JsonObject = field(default_factory=dict)
    facts: Facts | None = None

    def change(self, changes: Mapping[str, object]) -> None:
        """Apply a JSON merge patch (RFC 7396)."""
        self.changes = merged(self.changes, changes, keep_nulls=True)
        self.facts = None

    def change_status(self, status: int, now: datetime) -> None:
        """Give the order another status, as of now."""
        date, time = local(now)
        self.change({"status": status, "status_changed_date": date, "status_changed_time": time})

    def wire(self, options: MijnwebwinkelOptions, credited_by: Sequence[int]) -> JsonObject:
        """The order as it is now, in the canonical form (or in whatever form it was given)."""
        if self.order is None:
            return merged(cast(JsonObject, json.loads(self.text, parse_float=Decimal)), self.changes)
        wire = order_json(self.order, negative_credits=options.credit_sign == "negative",
                          doubled_tax=options.doubled_tax, credited_by=credited_by)  # fmt: skip
        if self.order.status == "open" and not options.new_order_has_change_date:
            del wire["status_changed_date"], wire["status_changed_time"]
        return merged(wire, self.changes)

    def answer(self, options: MijnwebwinkelOptions, credited_by: Sequence[int]) -> str:
        """The order as JSON text, in the shape that the options ask for."""
        if self.order is None:
            return dumped(self.wire(options, credited_by)) if self.changes else self.text
        style = {"spec": SPEC, "live": LIVE}.get(options.shapes) or mixed(self.order.uuid)
        return dumped(shaped(self.wire(options, credited_by), style, test=self.test))


def merged(into: Mapping[str, object], patch: Mapping[str, object], *, keep_nulls: bool = False) -> JsonObject:
    """A JSON merge patch: objects merge, null removes, anything else replaces. Nulls stay when patches are combined."""
    result = dict(into)
    for name, value in patch.items():
        before = result.get(name)
        if isinstance(value, dict):
            result[name] = merged(before if isinstance(before, dict) else {}, value, keep_nulls=keep_nulls)
        elif value is None and not keep_nulls:
            result.pop(name, None)
        else:
            result[name] = value
    return result


def dumped(value: object) -> str:
    """JSON text, all ASCII as PHP writes it; a Decimal becomes a JSON number."""
    return json.dumps(value, default=_number, separators=(",", ":"))


def _number(value: object) -> float:
    if not isinstance(value, Decimal):
        raise TypeError(f"{type(value).__name__} is not JSON")
    return float(value)  # the wire only: JSON has no other number


def facts_of(wire: JsonObject) -> Facts:
    """What the filters see; of a given order, whatever of it can be read."""

    def text(of: object, name: str) -> str:
        value = of.get(name) if isinstance(of, dict) else None
        return _legible(value) if isinstance(value, str) else ""

    changed = f"{text(wire, 'status_changed_date')} {text(wire, 'status_changed_time')}".strip()
    status = str(wire.get("status"))
    archived = str(wire.get("archived")).lower() in {"true", "1"}
    debtor = wire.get("debtor")
    return Facts(text(wire, "date"), changed, int(status) if re.fullmatch("[0-9]{1,9}", status) else 0, archived,
                 text(debtor, "email"), text(debtor, "id"))  # fmt: skip


def lines_in(wire: JsonObject) -> list[Line]:
    """The prices of the order lines of a wire order, one line each.

    Raises:
        ValueError: they cannot be read.
    """
    found = []
    try:
        for line in cast(list[JsonObject], wire["orderlines"]):
            price = cast(JsonObject | list[JsonObject], line["price"])
            for part in price if isinstance(price, list) else [price]:
                rate, net, gross = (_amount(part[name]) for name in ("rate", "amount", "amount_including_tax"))
                found.append(Line("", "custom", "", 1, (Price(rate, net, gross),), net))
    except (KeyError, TypeError, InvalidOperation) as error:
        raise ValueError("the lines of this order cannot be read") from error
    return found


def _amount(stated: object) -> Decimal:
    """An amount or rate as stated. Raises ValueError or InvalidOperation when it is none that a shop could mean."""
    amount = Decimal(str(stated))
    if not -_UNREAL < amount < _UNREAL or amount != round(amount, 9):
        raise ValueError(f"no real amount: {amount}")
    return amount


def _legible(text: str) -> str:
    """Text without the halves of characters that JSON can name but UTF-8 cannot write."""
    return text.encode("utf-8", "replace").decode()


class MinuteLimit:
    """At most so many calls in any 60 seconds."""

    def __init__(self) -> None:
        self._taken: deque[float] = deque()

    def wait(self, now: float, allowed: int) -> float:
        """0 when the call may pass (it is counted then), else the seconds until the next may. `allowed` 0: no limit."""
        while self._taken and now - self._taken[0] >= 60:
            self._taken.popleft()
        if allowed and len(self._taken) >= allowed:
            return 60 - (now - self._taken[-allowed])
        self._taken.append(now)
        return 0


class Shop:
    """A shop with its token, orders by number, and registered customers by id."""

    def __init__(self, token: str, *, prices_include_tax: bool, orders: Sequence[Order],
                 regulars: Sequence[Customer]) -> None:  # fmt: skip
        self.token = token
        self.name = f"winkel-{token}"
        self.id = str(uuid5(NAMESPACE_DNS, f"{self.name}.example.com"))
        self.prices_include_tax = prices_include_tax
        self.state = "active"
        self.limit = MinuteLimit()
        self.records = {order.number: Record(order.number, order.case, order.test, order) for order in orders}
        buyers = [order.customer for order in orders if order.customer.id]
        self.customers = {customer.id: customer for customer in (*regulars, *buyers)}

    def matching(self, wanted: Filter, options: MijnwebwinkelOptions) -> list[Record]:
        """The orders that pass the filter, by ascending number."""
        ascending = (self.records[number] for number in sorted(self.records))
        return [record for record in ascending if wanted.lets_through(record, self.facts(record, options))]

    def facts(self, record: Record, options: MijnwebwinkelOptions) -> Facts:
        """What the filters see of an order; remembered until it or an option changes."""
        if record.facts is None:
            record.facts = facts_of(record.wire(options, ()))
        return record.facts

    def credited_by(self, number: int) -> list[int]:
        """The numbers of the credit orders of an order; a generated one comes right after its original."""
        following = self.records.get(number + 1)
        order = following.order if following else None
        return [order.number] if order and order.credits == number else []

    def answer(self, record: Record, options: MijnwebwinkelOptions) -> str:
        """The order as JSON text."""
        return record.answer(options, self.credited_by(record.number))

    def books(self, options: MijnwebwinkelOptions) -> JsonObject:
        """Every order in one row, and the totals per status, currency and VAT rate without the test orders.

        Cents of credit orders are negative. `rates` is null for a given order whose lines cannot be read; such orders
        are in no total.
        """
        rows: list[JsonObject] = []
        by_status: dict[int, list[tuple[str, int, Sequence[Line]]]] = {}
        for record in self.matching(Filter(test=True), options):
            wire = record.wire(options, ())
            facts = self.facts(record, options)
            document = _document(record, wire)
            rows.append({
                "number": record.number, "uuid": _legible(str(wire.get("uuid"))), "case": record.case,
                "status": facts.status, "day": facts.day, "changed": facts.changed, "email": facts.email,
                "currency": _legible(str(wire.get("currency"))), "total_cents": _total_cents(wire),
                "test": record.test, "archived": facts.archived,
                "credits": wire.get("credited_order_number"), "changed_by_control": bool(record.changes),
                "rates": None if document is None else _as_json([document]),
            })  # fmt: skip
            if document is not None and not record.test:
                by_status.setdefault(facts.status, []).append(document)
        return {
            "prices_include_tax": self.prices_include_tax,
            "totals": {str(status): _as_json(documents) for status, documents in sorted(by_status.items())},
            "orders": rows,
        }


def _document(record: Record, wire: JsonObject) -> tuple[str, int, Sequence[Line]] | None:
    currency = _legible(str(wire.get("currency")))
    if record.order is not None and "orderlines" not in record.changes:
        return currency, -1 if record.order.credits is not None else 1, record.order.lines
    try:
        lines = lines_in(wire)
    except ValueError:
        return None
    return currency, -1 if wire.get("credited_order_number") and gross_of(lines) > 0 else 1, lines


def _total_cents(wire: JsonObject) -> int | None:
    price = wire.get("price")
    try:
        cents = int(_amount(price.get("total") if isinstance(price, dict) else None) * 100)
    except (InvalidOperation, ValueError):
        return None
    return -abs(cents) if wire.get("credited_order_number") else cents


def _as_json(documents: Sequence[tuple[str, int, Sequence[Line]]]) -> list[JsonObject]:
    return [asdict(total) | {"rate": f"{total.rate.normalize():f}"} for total in rate_totals(documents)]
