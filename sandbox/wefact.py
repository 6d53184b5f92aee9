"""The simulated WeFact, API v2: an invoicing service with one address for everything.

Every request is a POST that names its controller and action; errors come inside HTTP 200. Limits are per caller's
address. What its sources leave open or contradict is a switch: see the options.
"""

from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta
from typing import ClassVar, cast
from zoneinfo import ZoneInfo

from starlette.responses import Response

from sandbox._app import Call, JsonObject, Refusal, Route, Simulator, json_response, route
from sandbox._invoicedata import PURCHASE_CASES, SALE_CASES
from sandbox._phpform import Tangled, read_form
from sandbox._wefact_actions import Table, actions_of, office_actions_of
from sandbox._wefact_books import Books
from sandbox._wefact_fields import Refused, Sent
from sandbox._wefact_firewall import Firewall
from sandbox._wefact_options import WefactOptions

INVALID = "invalid"
_MOST_GROWTH = 5_000


class Wefact(Simulator[WefactOptions]):
    """Administrations with separate books, each with an API key."""

    name: ClassVar[str] = "wefact"
    base_path: ClassVar[str] = "/v2"
    options_type = WefactOptions

    def fill(self) -> None:
        # The first account is the business with this seed, the next the one with seed + 1.
        self._firewall = Firewall()
        self._calls: deque[JsonObject] = deque(maxlen=20_000)
        self._accounts = {
            name: Books(self.options.seed + at, self.options, self.clock)
            for at, name in enumerate(self.options.accounts)
        }
        self._actions = {name: actions_of(books) for name, books in self._accounts.items()}

    def change_options(self, changes: Mapping[str, object]) -> None:
        super().change_options(changes)
        for books in self._accounts.values():
            books.around.options = self.options

    def credentials(self) -> Sequence[str]:
        return [f"api_key {key} (administration {name})" for name, key in self.options.accounts.items()]

    def books(self) -> JsonObject:
        now = self.clock.timestamp()
        return {
            "accounts": {name: books.as_json() for name, books in self._accounts.items()},
            "limits": self._firewall.as_json(now, self.options),
        }

    def routes(self) -> Sequence[Route]:
        return [route("POST", "/", self._answer), route("POST", "", self._answer)]

    def extra_controls(self) -> Sequence[Route]:
        return [
            route("POST", "/do", self._do),
            route("POST", "/grow", self._grow),
            route("POST", "/unban", self._unban),
            route("GET", "/calls", lambda call: json_response(list(self._calls))),
        ]

    # Who calls, and how often.

    def guard(self, call: Call) -> None:
        address = _address(call)
        if not self._firewall.admit(address, self.clock.timestamp(), self.options):
            self._note(call, INVALID, INVALID, "banned")
            reply = self._envelope(INVALID, INVALID, "error", {"errors": [f"IP {address} currently in firewall"]})
            raise Refusal(403, reply)

    def finish(self, call: Call, response: Response) -> Response:
        response.headers.update(self._firewall.headers(_address(call), self.clock.timestamp(), self.options))
        return response

    def _account(self, call: Call, sent: Sent) -> str:
        """The account whose key this is. Raises Refused."""
        address = _address(call)
        if address not in self.options.allowed_ips:
            self._firewall.failed_login(address, self.clock.timestamp(), self.options)
            raise Refused(f"IP {address} has no access to API")
        for name, key in self.options.accounts.items():
            if name in self._accounts and sent.get("api_key") == key:
                return name
        self._firewall.failed_login(address, self.clock.timestamp(), self.options)
        raise Refused("De API sleutel kan niet worden gevonden.")

    # One request, one reply.

    def _answer(self, call: Call) -> Response:
        sent = _sent(call)
        names = {"controller": INVALID, "action": INVALID}
        try:
            table = self._actions[self._account(call, sent)]
            reply = self._done(table, sent, names)
            status = "success"
        except Refused as refused:
            reply, status = {"errors": refused.errors}, "error"
        self._note(call, names["controller"], names["action"], status)
        return json_response(self._envelope(names["controller"], names["action"], status, reply))

    def _done(self, table: Table, sent: Sent, names: dict[str, str]) -> JsonObject:
        """Do what was asked; ``names`` becomes what the reply echoes. Raises Refused."""
        controller, action = str(sent.get("controller", "")), str(sent.get("action", ""))
        if controller not in table:
            raise Refused("Invalid controller")
        names["controller"] = controller
        if action not in table[controller]:
            raise Refused("Invalid action")
        names["action"] = action
        return table[controller][action](sent)

    def _envelope(self, controller: str, action: str, status: str, reply: JsonObject) -> JsonObject:
        now = self.clock.now().astimezone(ZoneInfo(self.options.zone))
        return {
            "controller": controller,
            "action": action,
            "status": status,
            "date": now.isoformat(timespec="seconds"),
            **reply,
        }

    def _note(self, call: Call, controller: str, action: str, status: str) -> None:
        self._calls.append({"at": self.clock.now().isoformat(), "address": _address(call), "controller": controller,
                            "action": action, "status": status})  # fmt: skip

    # What people do meanwhile: control endpoints.

    def _do(self, call: Call) -> Response:
        """A person at the screen: ``{"account", "controller", "action", …}``, uncounted.

        Can also ``delete`` final invoices and let one ``expire``.
        """
        sent = _control_body(call)
        names = {"controller": INVALID, "action": INVALID}
        try:
            return json_response(self._done(office_actions_of(self._books(sent)), sent, names))
        except Refused as refused:
            raise Refusal(422, "; ".join(refused.errors)) from refused

    def _grow(self, call: Call) -> Response:
        """More generated documents: ``{"account", "invoices", "purchases", "days", "cases", "purchase_cases"}``.

        They are spread over the ``days`` until now (0: all now); without cases they go on in the mix.
        """
        sent = _control_body(call)
        invoices, bought, days = (_whole(sent, name) for name in ("invoices", "purchases", "days"))
        cases, bought_cases = _cases(sent, "cases", SALE_CASES), _cases(sent, "purchase_cases", PURCHASE_CASES)
        sold, made = self._books(sent).grow(invoices, bought, timedelta(days=days), cases, bought_cases)
        return json_response({"invoices": [invoice.code for invoice in sold],
                              "purchases": [invoice.code for invoice in made]}, 201)  # fmt: skip

    def _unban(self, call: Call) -> Response:
        self._firewall.lift()
        return json_response({})

    def _books(self, sent: Sent) -> Books:
        name = sent.get("account", next(iter(self._accounts), ""))
        if not isinstance(name, str) or name not in self._accounts:
            raise Refusal(404, f"no such account; there are {', '.join(self._accounts)}")
        return self._accounts[name]


def _address(call: Call) -> str:
    """The caller as the real one would see it; loopback has one address only, so a header may name another."""
    return call.headers.get("x-forwarded-for", "127.0.0.1").partition(",")[0].strip()


def _sent(call: Call) -> Sent:
    """The body: a JSON object or a form; one that is neither says nothing (and so has no key)."""
    if "json" in call.headers.get("content-type", "") or call.body.lstrip().startswith(b"{"):
        return _or_nothing(call.json)
    return _or_nothing(lambda: read_form(call.text))


def _or_nothing(read: Callable[[], object]) -> Sent:
    try:
        content = read()
    except (Refusal, Tangled):
        return {}
    return cast(Sent, content) if isinstance(content, dict) else {}


def _control_body(call: Call) -> JsonObject:
    body = call.json() if call.body else {}
    if not isinstance(body, dict):
        raise Refusal(422, "a JSON object is expected")
    return cast(JsonObject, body)


def _whole(sent: Sent, name: str) -> int:
    number = sent.get(name, 0)
    if not isinstance(number, int) or not 0 <= number <= _MOST_GROWTH:
        raise Refusal(422, f"{name}: a whole number up to {_MOST_GROWTH} is expected")
    return number


def _cases(sent: Sent, name: str, known: Collection[str]) -> Sequence[str]:
    cases = sent.get(name, [])
    if not isinstance(cases, list) or not all(case in known for case in cases):
        raise Refusal(422, f"{name}: a list of {', '.join(known)} is expected")
    return cases
