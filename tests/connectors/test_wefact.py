"""What the suite for all connectors does not ask: the facts of WeFact itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr

from boekbrug.domain.clock import ManualClock
from boekbrug.domain.documents import ExternalRef, PaymentState, Side, SourceInvoice, UnreadableDocument
from boekbrug.domain.errors import (
    BoekbrugError,
    Conflict,
    DocumentInvalid,
    NotAuthenticated,
    NotPermitted,
    OutcomeUnknown,
    RateLimited,
    RemoteUnavailable,
    SettingsInvalid,
)
from boekbrug.domain.money import Money
from connectors import _http, wefact
from connectors._base import CallLimit, LimitSignal
from connectors._wefact_api import Api
from connectors._wire import JsonOut
from connectors.wefact import Key, Settings, Wefact
from sandbox._registry import simulator_class
from sandbox._server import Running, running
from tests.connectors.scripted import Meter, Script, Server, answering, dawdling, truncating

KEY = "s3cr3t-key-of-demo"
TODAY = datetime.now(UTC).date()
FIRST, LAST = TODAY - timedelta(days=100), TODAY + timedelta(days=1)
LONG_AGO = datetime.now(UTC) - timedelta(days=100)
PAID_ON = date(2026, 3, 10)
STATE = PaymentState(
    source_ref=ExternalRef("wefact", "invoice", "41"),
    number="F2026-0007",
    gross=Money.of("121.00"),
    open_amount=Money.of("121.00"),
    payable=True,
)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_http, "READ_PAUSE", 0.001)


@pytest.fixture(scope="module")
def simulator() -> Iterator[Running[Any]]:
    with running(simulator_class("wefact")()) as server:
        yield server


def wefact_at(base_url: str, key: str = KEY, meter: Meter | None = None, **settings: Any) -> Wefact:
    return Wefact(Settings(base_url=base_url, **settings), Key(api_key=SecretStr(key)), meter or Meter())


def says(**members: JsonOut) -> Script:
    return answering(200, {"controller": "x", "action": "y", "status": "success", **members})


def refuses(*errors: str, status: int = 200) -> Script:
    return answering(status, {"controller": "invalid", "action": "invalid", "status": "error", "errors": [*errors]})


def rows(name: str, *ids: int, total: int | None = None) -> Script:
    listed = [{"Identifier": str(one), "Status": "2", "Date": "2026-03-01", "Modified": "x"} for one in ids]
    count = len(ids) if total is None else total
    return says(totalresults=count, currentresults=len(ids), offset=0, **({name: listed} if ids else {}))


def bodies(server: Server) -> list[dict[str, Any]]:
    return [json.loads(request.body) for request in server.requests]


def failure_of(call: Any) -> BoekbrugError:
    with pytest.raises(BoekbrugError) as caught:
        call()
    return caught.value


# -- what is asked


def test_what_is_asked_for_changed_invoices(server: Server) -> None:
    server.plays(rows("invoices"))
    with wefact_at(server.base_url) as connector:
        # 00:50 UTC is 02:50 summer time; three hours before is 23:50 the evening before.
        assert list(connector.read_changed_invoices(Side.SALES, datetime(2026, 10, 25, 0, 50, 7, tzinfo=UTC))) == []
    [request], [asked] = server.requests, bodies(server)
    assert (request.method, request.target) == ("POST", "/api/")
    assert asked.pop("api_key") == KEY
    assert asked["modified"].pop("to") > asked["modified"]["from"]
    assert asked == {
        "controller": "invoice",
        "action": "list",
        "sort": "Modified",
        "order": "ASC",
        "modified": {"from": "2026-10-24 23:50:07"},
        "offset": 0,
        "limit": 1000,
    }


def _window_from(server: Server, since: datetime) -> str:
    with wefact_at(server.base_url) as connector:
        list(connector.read_changed_invoices(Side.SALES, since))
    text: str = bodies(server)[-1]["modified"]["from"]
    return text


def test_the_window_reaches_what_changed_whatever_the_clocks_do(server: Server) -> None:
    """Everything that changed at or after the moment is written with a time that is in the window: in Amsterdam's time,
    around both nights on which its clocks change, and in UTC."""
    server.plays(rows("invoices"))
    for begin in (datetime(2026, 3, 28, 20, tzinfo=UTC), datetime(2026, 10, 24, 20, tzinfo=UTC)):
        for quarter in range(0, 48, 3):
            since = begin + timedelta(minutes=15 * quarter)
            window = _window_from(server, since)
            for zone in (ZoneInfo("Europe/Amsterdam"), UTC):
                for later in range(0, 180, 20):
                    written = (since + timedelta(minutes=later)).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
                    assert written >= window, (since, zone, later)


def test_the_key_stands_nowhere_but_in_the_body(server: Server) -> None:
    server.plays(rows("invoices"))
    with wefact_at(server.base_url) as connector:
        list(connector.read_unpaid(Side.SALES))
        assert KEY not in repr(connector) + str(vars(connector)) + str(vars(connector._api))
    for request in server.requests:
        assert KEY not in request.target + str(request.headers)


def test_the_days_are_compared_here(server: Server) -> None:
    """Neither whether the last day is included nor whether purchases can be asked by date is documented."""
    server.plays(rows("invoices"), rows("creditinvoices"))
    with wefact_at(server.base_url) as connector:
        for side in Side:
            assert connector.count_invoices_issued(side, date(2026, 3, 2), date(2026, 3, 31)) == 0
    sales, purchases = bodies(server)
    assert sales["date"] == {"from": "2026-03-01", "to": "2026-04-01"} and "date" not in purchases
    server.plays(rows("invoices", 1, 2))  # of the first of March
    with wefact_at(server.base_url) as connector:
        assert connector.count_invoices_issued(Side.SALES, date(2026, 3, 2), date(2026, 3, 31)) == 0
        assert connector.count_invoices_issued(Side.SALES, date(2026, 3, 1), date(2026, 3, 1)) == 2


# -- what an answer can be

REFUSALS: list[tuple[str, type[BoekbrugError]]] = [
    ("De API sleutel kan niet worden gevonden.", NotAuthenticated),
    ("API key not found", NotAuthenticated),
    ("IP 192.0.2.7 has no access to API", NotPermitted),
    ("IP 192.0.2.7 currently in firewall", RateLimited),
    ("Invalid controller", SettingsInvalid),
    ("Invalid action", SettingsInvalid),
    ("Er is iets misgegaan", RemoteUnavailable),
    ("", RemoteUnavailable),
]


@pytest.mark.parametrize(("said", "expected"), REFUSALS)
def test_errors_in_answers_that_say_200(server: Server, said: str, expected: type[BoekbrugError]) -> None:
    server.plays(refuses(said))
    with wefact_at(server.base_url) as connector:
        error = failure_of(connector.read_choices)
        assert type(error) is expected and error.system == "wefact"
        if expected is NotPermitted:
            assert "192.0.2.7" in str(error) and "Instellingen → API" in str(error)


@pytest.mark.parametrize(
    "refusal",
    [refuses(said) for said, _ in REFUSALS[:4]]
    + [
        refuses("IP 1 currently in firewall", status=403),
        answering(403, b"Firewall"),
        answering(401, {}),
        answering(403, {}),
    ],
)
def test_what_repeating_makes_worse_is_not_repeated(server: Server, refusal: Script) -> None:
    server.plays(refusal)
    with wefact_at(server.base_url) as connector:
        first = failure_of(connector.read_choices)
        for call in (
            connector.read_choices,
            lambda: list(connector.read_changed_invoices(Side.PURCHASES, LONG_AGO)),
            lambda: connector.register_payment(STATE, amount=Money.of("121"), paid_on=PAID_ON),
        ):
            again = failure_of(call)
            assert type(again) is type(first) and str(again) == str(first)
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [200, 403])
def test_a_ban_is_sat_out_by_everybody(server: Server, clock: ManualClock, status: int) -> None:
    meter = Meter()
    api = Api(Settings(base_url=server.base_url, ban_seconds=1800), Key(api_key=SecretStr(KEY)), meter, clock)
    server.plays(refuses("IP 192.0.2.7 currently in firewall", status=status), says(settings={}))
    error = failure_of(lambda: api.ask("settings", "list"))
    assert isinstance(error, RateLimited) and error.not_before == clock.now() + timedelta(minutes=30)
    assert meter.heard_signals == [LimitSignal(0, 1800)]
    clock.advance(timedelta(seconds=1799))
    assert isinstance(failure_of(lambda: api.ask("settings", "list")), RateLimited)
    assert len(server.requests) == 1
    clock.advance(timedelta(seconds=2))
    assert api.ask("settings", "list")
    api.close()


@pytest.mark.parametrize(
    "script",
    [
        says(),
        answering(200, {"settings": {}}),
        answering(200, []),
        answering(200, {"status": "ok"}),
        answering(200, b""),
        answering(200, b"<html>"),
        truncating,
        answering(200, {"status": "error", "errors": {"a": 1}}),
    ],
)
def test_no_answer_is_no_empty_list(server: Server, script: Script) -> None:
    server.plays(script)
    with wefact_at(server.base_url) as connector:
        error = failure_of(lambda: list(connector.read_unpaid(Side.SALES)))
    assert type(error) is RemoteUnavailable


def test_an_empty_answer_under_a_burst_is_asked_again(server: Server) -> None:
    server.plays(answering(200, b""), answering(200, b"\n"), rows("invoices"))
    with wefact_at(server.base_url) as connector:
        assert list(connector._api.rows(wefact._INVOICES[Side.SALES], {})) == []


def test_another_record_than_the_one_asked_for_is_no_answer(server: Server) -> None:
    for record in ({"Identifier": "42"}, {"Identifier": ["41"]}, {}, [], None):
        server.plays(says(invoice=record))
        with wefact_at(server.base_url) as connector:
            assert type(failure_of(lambda: connector.read_payment_state(STATE.source_ref))) is RemoteUnavailable


def test_choices_that_cannot_be_understood(server: Server) -> None:
    for groups in ("x", [1], [{"GroupName": "Zonder id"}]):
        server.plays(says(costcategories=[]), says(groups=groups))
        with wefact_at(server.base_url) as connector:
            assert type(failure_of(connector.read_choices)) is RemoteUnavailable


def test_a_key_that_an_error_repeats_is_not_shown(server: Server) -> None:
    for said in (f"API sleutel {KEY} niet gevonden", f"Onbekend: {KEY}", f"IP 1 has no access to API with {KEY}"):
        server.plays(refuses(said))
        with wefact_at(server.base_url) as connector:
            assert KEY not in str(failure_of(connector.read_choices))


# -- limits


def limits(minute: int, hour: int, *, reset_minute: int = 0, reset_hour: int = 0) -> dict[str, str]:
    return {
        "API-RateLimit-Remaining-Minute": str(minute),
        "API-RateLimit-Remaining-Hour": str(hour),
        "API-RateLimit-Reset-Minute": str(reset_minute),
        "API-RateLimit-Reset-Hour": str(reset_hour),
    }


@pytest.mark.parametrize(
    ("minute", "hour", "expected"),
    [
        (199, 3599, LimitSignal(199)),
        (4, 3000, LimitSignal(4)),
        (3, 3000, LimitSignal(0, 20)),
        (0, 3000, LimitSignal(0, 20)),
        (150, 2, LimitSignal(0, 900)),
        (0, 0, LimitSignal(0, 900)),
    ],
)
def test_what_the_headers_say(
    server: Server, clock: ManualClock, minute: int, hour: int, expected: LimitSignal
) -> None:
    now, meter = int(clock.now().timestamp()), Meter()
    headers = limits(minute, hour, reset_minute=now + 20, reset_hour=now + 900)
    server.plays(answering(200, {"status": "success", "settings": {}}, headers))
    api = Api(Settings(base_url=server.base_url, concurrency=4), Key(api_key=SecretStr(KEY)), meter, clock)
    api.ask("settings", "list")
    assert meter.heard_signals == [expected]
    assert api.calls_left == f"{minute} calls left this minute, {hour} calls left this hour"
    api.close()


@pytest.mark.parametrize("reset", [0, -5, 99999999999])
def test_a_reset_that_cannot_be_right(server: Server, clock: ManualClock, reset: int) -> None:
    meter = Meter()
    server.plays(answering(200, {"status": "success"}, limits(0, 3000, reset_minute=reset)))
    api = Api(Settings(base_url=server.base_url), Key(api_key=SecretStr(KEY)), meter, clock)
    api.ask("settings", "list")
    [signal] = meter.heard_signals
    assert signal.retry_after is not None and 1 <= signal.retry_after <= 3600
    api.close()


def test_both_windows_are_kept() -> None:
    assert Settings().call_limits == (CallLimit("calls", 3600, 3600), CallLimit("calls a minute", 200, 60))
    assert Settings(calls_per_minute=None).call_limits[1].calls is None


def test_all_administrations_share_the_address() -> None:
    one, other = (wefact.account(Settings(), Key(api_key=SecretStr(key))) for key in ("a", "b"))
    assert one == other == "wefact:api.mijnwefact.nl:ip"


def test_over_the_limit_everything_stops(simulator: Running[Any]) -> None:
    """Nobody counts the calls here, so the firewall strikes; then at most those already under way follow."""
    simulator.control.reset(calls_per_minute=20)
    with wefact_at(simulator.url, "demo1-key", concurrency=4) as connector:
        error = failure_of(lambda: list(connector.read_changed_invoices(Side.SALES, LONG_AGO)))
        assert isinstance(error, RateLimited)
        for _ in range(5):
            assert isinstance(failure_of(lambda: list(connector.read_unpaid(Side.SALES))), RateLimited)
    assert simulator.control.books()["limits"]["127.0.0.1"]["refused"] <= 4


@pytest.mark.parametrize(
    ("options", "key", "expected", "hint"),
    [
        ({"allowed_ips": ["192.0.2.9"]}, "demo1-key", NotPermitted, "IPv4"),
        ({}, "wrong-key", NotAuthenticated, "API key"),
        ({"calls_per_minute": 1}, "demo1-key", RateLimited, "firewall"),
    ],
)
def test_the_check_says_what_to_do(
    simulator: Running[Any], options: dict[str, Any], key: str, expected: type[BoekbrugError], hint: str
) -> None:
    simulator.control.reset(**options)
    with wefact_at(simulator.url, key) as connector:
        *_, item = connector.check()
        assert not item.ok and hint in item.detail
        assert type(failure_of(connector.read_choices)) is expected


def test_the_check_of_a_connection_that_works(simulator: Running[Any]) -> None:
    simulator.control.reset()
    with wefact_at(simulator.url, "demo1-key") as connector:
        items = {item.name: item.detail for item in connector.check()}
    assert "Voorbeeldbedrijf" in items["administration"]
    assert "V21" in items["tax codes"] and "I21" in items["tax codes"]
    assert "purchases in the last 30 days" in items["invoices"]
    assert "calls left this minute" in items["limits"] and "calls left this hour" in items["limits"]


# -- lists


def test_a_list_that_keeps_moving_is_given_up(server: Server) -> None:
    calls = iter(range(10_000))

    def fresh_page(connection: Any, request: Any) -> None:
        first = 1 + 4 * next(calls)
        rows("invoices", *range(first, first + 4), total=20)(connection, request)

    server.plays(fresh_page)
    with wefact_at(server.base_url, page_size=4) as connector:
        error = failure_of(lambda: list(connector.read_changed_invoices(Side.SALES, LONG_AGO)))
    assert type(error) is RemoteUnavailable and "keeps moving" in str(error)
    assert len(server.requests) < 60


def test_a_list_whose_total_changed_is_read_again(server: Server) -> None:
    server.plays(
        rows("invoices", 1, 2, total=3),
        rows("invoices", 2, 3, total=4),
        rows("invoices", 3, 4, total=4),
        rows("invoices", 1, 2, 3, 4),
    )
    with wefact_at(server.base_url, page_size=2) as connector:
        found = connector._api.rows(wefact._INVOICES[Side.SALES], {})
    assert [row.text("Identifier") for row in found] == ["1", "2", "3", "4"]
    assert [body["offset"] for body in bodies(server)] == [0, 1, 2, 0]


@pytest.mark.parametrize("total", [2, "2"])
def test_totals_come_as_text_or_number(server: Server, total: Any) -> None:
    server.plays(rows("invoices", 1, 2, total=total))
    with wefact_at(server.base_url) as connector:
        assert connector.count_invoices_issued(Side.SALES, date(2026, 3, 1), date(2026, 3, 1)) == 2
    assert len(server.requests) == 1


def test_another_order_where_that_by_change_is_refused(server: Server) -> None:
    server.plays(refuses("Invalid value for 'sort': Modified"), rows("invoices"))
    with wefact_at(server.base_url) as connector:
        for _ in range(2):
            assert connector.count_invoices_issued(Side.SALES, date(2026, 3, 1), date(2026, 3, 1)) == 0
    assert [body["sort"] for body in bodies(server)] == ["Modified", "InvoiceCode", "InvoiceCode"]


def test_what_changed_first_comes_first(simulator: Running[Any]) -> None:
    """So that a run that breaks off has read everything up to a moment."""
    simulator.control.reset(calls_per_minute=0, calls_per_hour=0, sort_by_modified=False)
    with wefact_at(simulator.url, "demo1-key") as connector:
        for side in Side:
            moments = [one.changed_at for page in connector.read_changed_invoices(side, LONG_AGO) for one in page]
            assert moments == sorted(moments) and len(moments) > 10


# -- the whole of it


@pytest.mark.parametrize("key", ["demo1-key", "demo2-key"])
@pytest.mark.parametrize("options", [{}, {"vat_rounding": "per_line"}, {"periods_multiply": False}], ids=str)
def test_the_invoices_say_what_the_books_say(simulator: Running[Any], options: dict[str, Any], key: str) -> None:
    """Every hard case, to the cent, with its rates, its direction and what it credits."""
    simulator.control.reset(calls_per_minute=0, calls_per_hour=0, **options)
    books = simulator.control.books()["accounts"][key.removesuffix("-key")]
    with wefact_at(simulator.url, key) as connector:
        for side, name in ((Side.SALES, "invoices"), (Side.PURCHASES, "purchases")):
            documents = [one for page in connector.read_invoices_issued(side, FIRST, LAST) for one in page]
            read = {document.source_ref.id: document for document in documents}
            kept = {str(entry["id"]): entry for entry in books[name] if entry["status"] != 0}
            assert set(read) == set(kept)
            for record_id, entry in kept.items():
                document = read[record_id]
                assert isinstance(document, SourceInvoice), document
                sign = -1 if document.kind.is_credit else 1
                amounts = (document.net, document.tax, document.gross, document.open_amount)
                tax = entry["tax"] if side is Side.SALES else entry["gross"] - entry["net"]  # purchases do not state it
                expected = [entry["net"], tax, entry["gross"], entry["open"]]
                assert [sign * amount.cents for amount in amounts] == expected, entry
                assert document.status_id == f"{side}:{entry['status']}"
                assert document.kind.is_credit is (entry["status"] == 8)
                assert document.reverse_charged is bool(entry.get("reverse_charge"))
                assert document.issued_on.isoformat() == entry["date"]
                _check_rates(document, entry, sign)
                if side is Side.SALES:
                    assert (document.credits or "") == entry["credits"]
                    assert {line.tax_code for line in document.lines} == set(entry["tax_codes"])
                else:
                    assert {line.cost_category for line in document.lines} == set(entry["cost_categories"])


def _check_rates(document: SourceInvoice, entry: dict[str, Any], sign: int) -> None:
    per_rate: dict[Decimal, Decimal] = {}
    for line in document.lines:
        per_rate[line.rate] = per_rate.get(line.rate, Decimal(0)) + line.net.amount
    assert {rate for rate, net in per_rate.items() if net} == {
        Decimal(rate) for rate, sums in entry["rates"].items() if sums["net"]
    }
    for rate, sums in entry["rates"].items():
        off = abs(sign * per_rate.get(Decimal(rate), Decimal(0)) - Decimal(sums["net"]) / 100)
        assert off <= Decimal("0.01") * len(document.lines), (document, entry)


def test_several_are_asked_for_at_once(simulator: Running[Any]) -> None:
    class Watching(Meter):
        most = 0

        @contextmanager
        def call(self, counts_as: str = "", *, writes: bool = False) -> Iterator[None]:
            with super().call(counts_as):
                self.most = max(self.most, self.open_calls)
                yield

    simulator.control.reset(calls_per_minute=0, calls_per_hour=0)
    simulator.control.add_fault("delay", seconds=0.02, containing='"show"')
    meter = Watching()
    with wefact_at(simulator.url, "demo1-key", meter, concurrency=3) as connector:
        list(connector.read_changed_invoices(Side.SALES, LONG_AGO))
    assert meter.most == 3 and meter.open_calls == 0


def test_only_so_many_customers_are_kept(simulator: Running[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    simulator.control.reset(calls_per_minute=0, calls_per_hour=0)
    with wefact_at(simulator.url, "demo1-key") as connector:
        usual = list(connector.read_changed_invoices(Side.SALES, LONG_AGO))
    monkeypatch.setattr(wefact, "_KEPT", 3)
    with wefact_at(simulator.url, "demo1-key") as connector:
        assert list(connector.read_changed_invoices(Side.SALES, LONG_AGO)) == usual
        assert list(connector.read_changed_invoices(Side.SALES, LONG_AGO)) == usual
        assert len(connector._known_parties) < 60


def test_a_changed_customer_is_read_anew(simulator: Running[Any]) -> None:
    simulator.control.reset(calls_per_minute=0, calls_per_hour=0)
    with wefact_at(simulator.url, "demo1-key") as connector:
        [before, *_] = [one for page in connector.read_changed_contacts(Side.SALES, LONG_AGO) for one in page]
        assert before.source_ref
        edit = {"Identifier": before.source_ref.id, "CompanyNumber": "87654321"}
        connector._api.tell("debtor", "edit", edit, before.code)
        found = [one for page in connector.read_changed_contacts(Side.SALES, datetime.now(UTC)) for one in page]
    assert {one.code: one.company_number for one in found}[before.code] == "87654321"


def test_one_that_cannot_be_read_does_not_hold_up_the_others(server: Server) -> None:
    invoice = {"Identifier": "2", "Status": "2", "InvoiceCode": "F2", "Debtor": "0", "AmountExcl": "veel"}
    server.plays(rows("invoices", 1, 2), refuses("Factuur 1 niet gevonden"), says(invoice=invoice))
    with wefact_at(server.base_url, concurrency=1) as connector:
        [[document]] = connector.read_changed_invoices(Side.SALES, LONG_AGO)
    assert isinstance(document, UnreadableDocument) and document.number == "F2"


# -- payments


def invoice(open_amount: str = "121.00", status: str = "2", **fields: Any) -> Script:
    return says(
        invoice={
            "Identifier": "41",
            "InvoiceCode": "F2026-0007",
            "Status": status,
            "Currency": "EUR",
            "AmountIncl": "121.00",
            "AmountOutstanding": open_amount,
            **fields,
        }
    )


PAID = answering(200, {"status": "success", "success": ["Factuur F2026-0007 is betaald."]})


def pay(connector: Wefact, amount: str = "121.00") -> PaymentState:
    return connector.register_payment(STATE, amount=Money.of(amount), paid_on=PAID_ON)


def test_the_whole_amount_is_marked_as_paid(server: Server) -> None:
    server.plays(invoice(), PAID, invoice("0.00", "4", PayDate="2026-03-10"))
    with wefact_at(server.base_url) as connector:
        assert pay(connector).open_amount.is_zero
    show, told, again = bodies(server)
    assert told == {
        "api_key": KEY,
        "controller": "invoice",
        "action": "markaspaid",
        "Identifier": "41",
        "PayDate": "2026-03-10",
        "PaymentMethod": "accounting",
    }
    assert show == again == {"api_key": KEY, "controller": "invoice", "action": "show", "Identifier": "41"}


def test_a_part_is_a_part_payment(server: Server) -> None:
    server.plays(invoice(), says(invoice={}), invoice("100.50", "3"))
    with wefact_at(server.base_url, pay_date_name="Date", payment_method="wire") as connector:
        assert pay(connector, "20.5").open_amount == Money.of("100.50")
    told = bodies(server)[1]
    assert (told["action"], told["AmountPaid"], told["Date"]) == ("partpayment", "20.50", "2026-03-10")
    assert told["PaymentMethod"] == "wire" and "PayDate" not in told


@pytest.mark.parametrize(
    "before",
    [
        invoice("100.00", "3"),
        invoice("0.00", "4"),
        invoice("121.00", "9"),
        invoice("121.00", Currency="USD"),
        refuses("Factuur 41 niet gevonden"),
    ],
)
def test_nothing_is_told_when_something_else_is_open(server: Server, before: Script) -> None:
    server.plays(before)
    with wefact_at(server.base_url) as connector:
        error = failure_of(lambda: pay(connector))
    assert isinstance(error, Conflict) and error.document == "F2026-0007"
    assert [finding.code for finding in error.findings] == ["PAYMENT_STATE_CHANGED"]
    assert [body["action"] for body in bodies(server)] == ["show"]


def test_a_refused_payment(server: Server) -> None:
    server.plays(invoice(), refuses("Factuur F2026-0007 is al betaald."))
    with wefact_at(server.base_url) as connector:
        error = failure_of(lambda: pay(connector))
    assert isinstance(error, DocumentInvalid) and error.document == "F2026-0007"
    [finding] = error.findings
    assert finding.code == "PAYMENT_REFUSED" and finding.values["answer"] == "Factuur F2026-0007 is al betaald"


@pytest.mark.parametrize(
    "answer",
    [
        answering(200, b""),
        answering(200, b"<html>"),
        answering(200, {}),
        answering(200, [1]),
        truncating,
        dawdling,
        answering(500, {"status": "error"}),
        answering(200, {"status": "misschien"}),
    ],
)
def test_a_payment_without_a_sound_answer_is_asked_once(server: Server, answer: Script) -> None:
    server.plays(invoice(), answer, invoice("0.00", "4"))
    with wefact_at(server.base_url, timeout=0.3) as connector:
        error = failure_of(lambda: pay(connector))
    assert type(error) is OutcomeUnknown and error.document == "F2026-0007"
    assert [body["action"] for body in bodies(server)] == ["show", "markaspaid"]


@pytest.mark.parametrize(
    "after", [invoice(), invoice("50.00", "3"), refuses("Factuur 41 niet gevonden"), answering(503)]
)
def test_a_payment_that_does_not_show_may_have_been_told(server: Server, after: Script) -> None:
    server.plays(invoice(), PAID, after)
    with wefact_at(server.base_url) as connector:
        assert type(failure_of(lambda: pay(connector))) is OutcomeUnknown


def test_a_payment_that_was_dated_today_instead(server: Server) -> None:
    today = datetime.now(ZoneInfo("Europe/Amsterdam")).date().isoformat()
    server.plays(invoice(), PAID, invoice("0.00", "4", PayDate=today))
    with wefact_at(server.base_url) as connector:
        error = failure_of(lambda: pay(connector))
    assert isinstance(error, Conflict)
    [finding] = error.findings
    assert finding.code == "PAYMENT_DATED_OTHERWISE" and "pay_date_name" in finding.suggestion("nl")
    for day in ("", "0000-00-00", "2026-03-12"):  # not shown, or of another part
        server.plays(invoice(), PAID, invoice("0.00", "4", PayDate=day))
        with wefact_at(server.base_url) as connector:
            assert pay(connector).open_amount.is_zero


def test_the_simulator_with_the_other_name_of_the_date(simulator: Running[Any]) -> None:
    simulator.control.reset(calls_per_minute=0, calls_per_hour=0, pay_date_name="Date")
    with wefact_at(simulator.url, "demo1-key") as connector:
        state = next(state for state in connector.read_unpaid(Side.SALES) if state.payable)
        pay = lambda: connector.register_payment(state, amount=state.open_amount, paid_on=PAID_ON)  # noqa: E731
        assert isinstance(failure_of(pay), Conflict)
        assert isinstance(failure_of(pay), Conflict)  # nothing is told twice
    books = simulator.control.books()["accounts"]["demo1"]["invoices"]
    [entry] = [entry for entry in books if str(entry["id"]) == state.source_ref.id]
    assert entry["paid"] == state.gross.cents
