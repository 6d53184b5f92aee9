"""Mijnwebwinkel (MyOnlineStore), API version 1: several shops behind one address, told apart by their token.

After the supplier's OpenAPI file and changelog. What those leave open is an option (`MijnwebwinkelOptions`). Only JSON,
only reading and ``PATCH /orders/{number}``; creating orders, credits and payments is not simulated.

Control endpoints besides the usual: ``orders?shop=demo1`` (POST a wire order: kept and answered as it is),
``orders/new``, ``orders/{number}/status``, ``orders/{number}/edit``, ``orders/{number}/delete`` and ``tokens``.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import ClassVar, cast
from uuid import UUID

from starlette.responses import Response

from sandbox._app import Call, JsonObject, Refusal, Route, Simulator, json_response, route
from sandbox._cases import CASES
from sandbox._mijnwebwinkel_query import (
    COUNTED,
    LISTED,
    PATCHING,
    Parameter,
    boolean,
    check_patch,
    filter_of,
    one_of,
    parsed_query,
    problem,
    refuse,
)
from sandbox._mijnwebwinkel_settings import (
    ELIGIBLE_STATUSES,
    STATUS_NUMBERS,
    MijnwebwinkelOptions,
    all_gateways,
    shipping_methods,
    statuses,
    store,
    store_gateways,
    tax_regions,
)
from sandbox._mijnwebwinkel_shop import Filter, MinuteLimit, Record, Shop
from sandbox._mijnwebwinkel_wire import addresses_json, customer_json, payment_json
from sandbox._shopdata import EVERYDAY, MIX, customers, orders

PARTNER_TOKEN = "partner-demo"  # noqa: S105 -- a made-up credential of a simulator


class Mijnwebwinkel(Simulator[MijnwebwinkelOptions]):
    """The API with its shops."""

    name: ClassVar[str] = "mijnwebwinkel"
    base_path: ClassVar[str] = "/v1"
    secret_parameters: ClassVar[frozenset[str]] = frozenset({"token", "partner_token"})
    options_type = MijnwebwinkelOptions

    def fill(self) -> None:
        """Make every shop anew; all of them number their orders from the same number."""
        options, now = self.options, self.clock.now()
        gap = timedelta(days=options.days) / max(1, options.orders)
        mix = MIX if options.mix == "all" else EVERYDAY
        self.shops: dict[str, Shop] = {}
        self.partner_limit = MinuteLimit()
        for at in range(options.shops):
            token, including, seed = f"demo{at + 1}", at % 2 == 0, options.seed + at
            made = orders(seed, options.orders, since=now - gap * options.orders, gap=gap,
                          prices_include_tax=including, mix=mix)  # fmt: skip
            self.shops[token] = Shop(token, prices_include_tax=including, orders=made, regulars=customers(seed))

    def change_options(self, changes: Mapping[str, object]) -> None:
        """Set some options; what the filters see is worked out again."""
        super().change_options(changes)
        for record in (record for shop in self.shops.values() for record in shop.records.values()):
            record.facts = None

    def routes(self) -> Sequence[Route]:
        """The paths below ``/v1``."""
        return (
            route("GET", "/orders", self._list_orders),
            route("GET", "/orders/count", self._count_orders),
            route("GET", "/orders/{number}", self._show_order),
            route("PATCH", "/orders/{number}", self._patch_order),
            route("GET", "/orders/{number}/payments", self._list_payments),
            route("GET", "/orderstatuses", self._list_statuses),
            route("GET", "/payment/gateways", self._list_gateways),
            route("GET", "/payment/stores/{store}/gateways", self._list_store_gateways),
            route("GET", "/tax-policy/regions", self._list_regions),
            route("GET", "/tax-policy/regions/{code}", self._show_region),
            route("GET", "/store", self._show_store),
            route("GET", "/shipping/methods", self._list_shipping_methods),
            route("GET", "/offlinelocations", self._list_locations),
            route("GET", "/customers", self._list_customers),
            route("GET", "/customers/{id}", self._show_customer),
            route("GET", "/customers/{id}/addresses", self._list_addresses),
        )

    def credentials(self) -> Sequence[str]:
        """One line per shop."""
        return [
            f"partner_token {PARTNER_TOKEN}, token {shop.token} "
            f"(prices {'including' if shop.prices_include_tax else 'excluding'} VAT)"
            for shop in self.shops.values()
        ]

    def books(self) -> JsonObject:
        """Per shop (by token): every order in one row, and totals per status, currency and VAT rate."""
        return {"shops": {token: shop.books(self.options) for token, shop in self.shops.items()},
                "eligible_statuses": list(ELIGIBLE_STATUSES)}  # fmt: skip

    def guard(self, call: Call) -> None:
        """Both tokens (or only the partner's), then the limits of shop and partner."""
        now = self.clock.timestamp()
        if call.query.get("partner_token") != PARTNER_TOKEN:
            refuse(401, "Unauthorized", "The partner token is missing or unknown")
        waits = [self.partner_limit.wait(now, self.options.partner_calls_per_minute)]
        if call.path not in {f"{self.base_path}/orderstatuses", f"{self.base_path}/payment/gateways"}:
            waits.append(self._shop(call).limit.wait(now, self.options.calls_per_minute))
        if seconds := max(waits):
            refuse(429, "Too Many Requests", "The rate limit is reached", {"Retry-After": str(int(seconds) + 1)})

    def not_found(self, call: Call) -> Response:
        """No such endpoint."""
        return json_response({"code": 404, "message": "Not Found", "description": "No such resource"}, 404)

    def _shop(self, call: Call) -> Shop:
        shop = self.shops.get(call.query.get("token", ""))
        if shop is None:
            refuse(401, "Unauthorized", "The store token is missing or unknown")
        if shop.state == "expired":
            refuse(401, "Unauthorized", "The store token has expired")
        if shop.state != "active":
            refuse(403, "Forbidden", "The store token is switched off or belongs to another partner")
        return shop

    def _record(self, call: Call) -> Record:
        number = call.params["number"]
        if not re.fullmatch("[0-9]{1,9}", number):
            refuse(400, "Bad Request", "order_number: a whole number is expected")
        record = self._shop(call).records.get(int(number))
        if record is None:
            refuse(404, "Not Found", "There is no order with this number")
        return record

    def _order_answer(self, shop: Shop, record: Record) -> Response:
        return Response(shop.answer(record, self.options), media_type="application/json")

    # Orders

    def _list_orders(self, call: Call) -> Response:
        shop, query = self._shop(call), parsed_query(call, LISTED)
        found = shop.matching(filter_of(query), self.options)
        if query.get("ordering") == "desc":
            found.reverse()
        offset, limit = cast(int, query.get("offset", 0)), cast(int, query.get("limit", 10))
        page = found[offset : offset + limit]
        body = "[" + ",".join(shop.answer(record, self.options) for record in page) + "]"
        if len(page) == limit:
            self._shift(shop, page, found)
        return Response(body, media_type="application/json")

    def _shift(self, shop: Shop, page: Sequence[Record], found: Sequence[Record]) -> None:
        """Change the status of one order between two pages, as shopkeepers do."""
        if self.options.shifting == "none":
            return
        shown = {record.number for record in found}
        candidates = page if self.options.shifting == "leave" else [
            record for record in shop.matching(Filter(), self.options)
            if record.number not in shown and record.number < page[0].number]  # fmt: skip
        eligible = [r for r in candidates if shop.facts(r, self.options).status in ELIGIBLE_STATUSES]
        if eligible:
            now_status = shop.facts(eligible[0], self.options).status
            others = [status for status in ELIGIBLE_STATUSES if status != now_status]
            eligible[0].change_status(others[0], self.clock.now())

    def _count_orders(self, call: Call) -> Response:
        shop, query = self._shop(call), parsed_query(call, COUNTED)
        return json_response({"count": len(shop.matching(filter_of(query), self.options))})

    def _show_order(self, call: Call) -> Response:
        parsed_query(call, {})
        return self._order_answer(self._shop(call), self._record(call))

    def _patch_order(self, call: Call) -> Response:
        query = parsed_query(call, PATCHING)
        if query.get("override_stock") or query.get("override_minimum"):
            refuse(403, "Forbidden", "override_*: special access is required")
        record, shop = self._record(call), self._shop(call)
        changes = call.json()
        if not isinstance(changes, dict):
            refuse(400, "Bad Request", "an object is expected")
        wire = record.wire(self.options, ())
        check_patch(changes, wire)
        status = changes.pop("status", None)
        record.change(changes)
        if status is not None and status != shop.facts(record, self.options).status:
            record.change_status(status, self.clock.now())
        return self._order_answer(shop, record)

    def _list_payments(self, call: Call) -> Response:
        query = parsed_query(call, {"embed": str}, newer=True)
        embed = [name for name in str(query.get("embed", "")).split(",") if name]
        if unknown := set(embed) - {"properties", "mutations", "order"}:
            problem(422, "Unprocessable Entity", f"embed: unknown {', '.join(sorted(unknown))}")
        order = self._record(call).order
        payment = payment_json(order, self._shop(call).id, embed) if order is not None else None
        return json_response({"payments": [payment] if payment else []})

    # Settings of the shop

    def _list_statuses(self, call: Call) -> Response:
        return json_response(statuses(str(parsed_query(call, {}).get("language", "nl_NL"))))

    def _list_gateways(self, call: Call) -> Response:
        parsed_query(call, {})
        return json_response({"gateways": all_gateways()})

    def _list_store_gateways(self, call: Call) -> Response:
        parsed_query(call, {}, newer=True)
        if call.params["store"] not in {"me", self._shop(call).id}:
            problem(403, "Forbidden", "This store belongs to another token")
        return json_response({"gateways": store_gateways()})

    def _list_regions(self, call: Call) -> Response:
        parsed_query(call, {}, newer=True)
        return json_response(tax_regions() if self.options.shapes == "spec" else {"regions": tax_regions()})

    def _show_region(self, call: Call) -> Response:
        parsed_query(call, {}, newer=True)
        for region in tax_regions():
            if region["regionCode"] == call.params["code"]:
                return json_response({"region": region})
        problem(404, "Not Found", "No such tax region")

    def _show_store(self, call: Call) -> Response:
        parsed_query(call, {})
        shop = self._shop(call)
        return json_response(store(shop.id, shop.name, prices_include_tax=shop.prices_include_tax))

    def _list_shipping_methods(self, call: Call) -> Response:
        parsed_query(call, {})
        return json_response(shipping_methods())

    def _list_locations(self, call: Call) -> Response:
        parsed_query(call, {"deleted": boolean})
        return json_response([])

    # Customers

    def _list_customers(self, call: Call) -> Response:
        query, shop = self._customer_query(call, {"q": str, "embed": one_of("address")}), self._shop(call)
        wanted = str(query.get("q", "")).casefold()
        found = [customer for customer in shop.customers.values() if wanted in customer.email.casefold()]
        return json_response({"customers": [
            customer_json(customer, shop.id, with_address="embed" in query) for customer in found]})  # fmt: skip

    def _show_customer(self, call: Call) -> Response:
        query, shop = self._customer_query(call, {"embed": one_of("address")}), self._shop(call)
        customer = shop.customers.get(call.params["id"]) or problem(404, "Not Found", "No such customer")
        return json_response({"customer": customer_json(customer, shop.id, with_address="embed" in query)})

    def _list_addresses(self, call: Call) -> Response:
        self._customer_query(call, {})
        customer = self._shop(call).customers.get(call.params["id"]) or problem(404, "Not Found", "No such customer")
        return json_response({"addresses": addresses_json(customer)})

    def _customer_query(self, call: Call, known: Mapping[str, Parameter]) -> dict[str, object]:
        if not self.options.customers_allowed:
            problem(403, "Forbidden", "Access to customers is restricted")
        return parsed_query(call, known, newer=True)

    # Control

    def extra_controls(self) -> Sequence[Route]:
        """Orders and tokens."""
        return (
            route("POST", "/orders", self._give_order),
            route("POST", "/orders/new", self._new_order),
            route("POST", "/orders/{number:int}/status", self._control_status),
            route("POST", "/orders/{number:int}/edit", self._control_edit),
            route("POST", "/orders/{number:int}/delete", self._control_delete),
            route("POST", "/tokens", self._control_token),
        )

    def _give_order(self, call: Call) -> Response:
        """Add or replace an order by its wire JSON; ``?shop=``, optionally ``number=``, ``case=``, ``test=1``."""
        wire = call.json()
        stated = str(wire.get("number", "")) if isinstance(wire, dict) else ""
        number = call.query.get("number", stated.removeprefix("T-"))
        if not isinstance(wire, dict) or not re.fullmatch("[0-9]{1,9}", number):
            raise Refusal(422, "an object with a number is expected (or ?number=)")
        shop = self._controlled(call.query.get("shop", "demo1"))
        record = Record(int(number), call.query.get("case", "given"), call.query.get("test") == "1", text=call.text)
        shop.records[record.number] = record
        return json_response({"number": record.number}, 201)

    def _new_order(self, call: Call) -> Response:
        """Let a customer order now: ``{"shop", "case"}``."""
        body = _control_body(call)
        shop, case = self._controlled(body.get("shop", "demo1")), body.get("case", "plain")
        if case not in CASES:
            raise Refusal(422, f"case: one of {', '.join(CASES)} is expected")
        number = max(shop.records, default=1000) + 1
        (order,) = orders(UUID(shop.id).int + number, 1, since=self.clock.now(), gap=timedelta(0), first_number=number,
                          prices_include_tax=shop.prices_include_tax, mix=(str(case),))  # fmt: skip
        shop.records[number] = Record(number, order.case, order.test, order)
        return json_response({"number": number}, 201)

    def _control_status(self, call: Call) -> Response:
        body = _control_body(call)
        if body.get("status") not in STATUS_NUMBERS:
            raise Refusal(422, f"status: one of {sorted(STATUS_NUMBERS)} is expected")
        self._controlled_record(call, body).change_status(cast(int, body["status"]), self.clock.now())
        return json_response({"status": body["status"]})

    def _control_edit(self, call: Call) -> Response:
        """A JSON merge patch (``changes``) on the canonical order; leaves the moment of the status change alone."""
        body = _control_body(call)
        record, changes = self._controlled_record(call, body), body.get("changes")
        if not isinstance(changes, dict):
            raise Refusal(422, "changes: an object is expected")
        record.change(changes)
        return json_response({"number": record.number})

    def _control_delete(self, call: Call) -> Response:
        body = _control_body(call)
        record = self._controlled_record(call, body)
        del self._controlled(body.get("shop", "demo1")).records[record.number]
        return json_response({"number": record.number})

    def _control_token(self, call: Call) -> Response:
        """``{"shop", "state"}``: active, expired (401) or off (403)."""
        body = _control_body(call)
        if body.get("state") not in {"active", "expired", "off"}:
            raise Refusal(422, "state: active, expired or off is expected")
        self._controlled(body.get("shop", "demo1")).state = str(body["state"])
        return json_response({"state": body["state"]})

    def _controlled(self, token: object) -> Shop:
        if str(token) not in self.shops:
            raise Refusal(404, f"no such shop; there are {', '.join(self.shops)}")
        return self.shops[str(token)]

    def _controlled_record(self, call: Call, body: JsonObject) -> Record:
        record = self._controlled(body.get("shop", "demo1")).records.get(int(call.params["number"]))
        if record is None:
            raise Refusal(404, "no such order")
        return record


def _control_body(call: Call) -> JsonObject:
    body = call.json() if call.body else {}
    if not isinstance(body, dict):
        raise Refusal(422, "a JSON object is expected")
    return cast(JsonObject, body)
