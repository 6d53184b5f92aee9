"""The simulated WeFact over real HTTP: errors inside 200, limits and the ban, thin lists, totals, payments."""

import re
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any, cast

import httpx
import pytest

from sandbox._control import ControlError
from sandbox._invoicedata import PURCHASE_CASES, PURCHASE_MIX, SALE_CASES, SALE_MIX, purchases, sales
from sandbox._phpform import Tangled, read_form
from sandbox._server import Running, running
from sandbox.wefact import Wefact

Reply = dict[str, Any]
NOON = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)
KEY = "demo1-key"
UNLIMITED = {"calls_per_minute": 0, "calls_per_hour": 0}


@pytest.fixture(scope="module")
def served() -> Iterator[Running[Wefact]]:
    with running(Wefact(invoices=0, purchases=0)) as sim:
        yield sim


@pytest.fixture
def sim(served: Running[Wefact]) -> Running[Wefact]:
    served.control.reset()
    served.control.set_clock(NOON, freeze=True)
    return served


@pytest.fixture(scope="module")
def client(served: Running[Wefact]) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url) as client:
        yield client


class Api:
    """Asks as an integration would."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client

    def post(self, content: dict[str, object], **headers: str) -> httpx.Response:
        return self.client.post("/", json=content, headers=headers)

    def ask(self, controller: str, action: str, /, **sent: object) -> Reply:
        """Any reply, an error too; always HTTP 200."""
        answer = self.post({"api_key": KEY, "controller": controller, "action": action} | sent)
        assert answer.status_code == 200, answer.text
        return cast(Reply, answer.json())

    def done(self, controller: str, action: str, /, **sent: object) -> Reply:
        reply = self.ask(controller, action, **sent)
        assert reply["status"] == "success", reply
        return reply

    def refused(self, controller: str, action: str, /, **sent: object) -> str:
        reply = self.ask(controller, action, **sent)
        assert reply["status"] == "error", reply
        (error,) = reply["errors"]
        return cast(str, error)

    def debtor(self, **fields: object) -> Reply:
        return cast(Reply, self.done("debtor", "add", **{"CompanyName": "Voorbeeld BV", **fields})["debtor"])

    def draft(self, *lines: Reply, **fields: object) -> Reply:
        """A draft for a debtor who is made when there is none."""
        if "DebtorCode" not in fields and "debtors" not in self.done("debtor", "list"):
            self.debtor()
        sent = {"DebtorCode": "DB10000", "InvoiceLines": list(lines or (line("100"),)), **fields}
        return cast(Reply, self.done("invoice", "add", **sent)["invoice"])

    def sell(self, *lines: Reply, **fields: object) -> Reply:
        """A sent invoice."""
        draft = self.draft(*lines, **fields)
        return cast(Reply, self.done("invoice", "sendbyemail", Identifier=draft["Identifier"])["invoice"])

    def buy(self, *lines: Reply, **fields: object) -> Reply:
        if "creditors" not in self.done("creditor", "list"):
            self.done("creditor", "add", CompanyName="Leverancier BV")
        bought = list(lines or ({"Description": "Papier", "PriceExcl": "50", "TaxCode": "I21"},))
        sent = {"CreditorCode": "CD0001", "InvoiceCode": "2026-77", "InvoiceLines": bought, **fields}
        return cast(Reply, self.done("creditinvoice", "add", **sent)["creditinvoice"])

    def invoice(self, code: str) -> Reply:
        return cast(Reply, self.done("invoice", "show", InvoiceCode=code)["invoice"])

    def codes(self, controller: str = "invoice", /, **sent: object) -> list[str]:
        """The codes of a list, in its order."""
        plural, code = {"invoice": ("invoices", "InvoiceCode"), "debtor": ("debtors", "DebtorCode"),
                        "product": ("products", "ProductCode"),
                        "creditinvoice": ("creditinvoices", "CreditInvoiceCode")}[controller]  # fmt: skip
        return [row[code] for row in self.done(controller, "list", **sent).get(plural, [])]


@pytest.fixture
def api(sim: Running[Wefact], client: httpx.Client) -> Api:
    """The account demo1, freshly reset and empty."""
    return Api(client)


def line(price: str, code: str = "V21", **fields: object) -> Reply:
    return {"Description": "Regel", "PriceExcl": price, "TaxCode": code, **fields}


def amounts(invoice: Reply) -> tuple[str, str, str]:
    return invoice["AmountExcl"], invoice["AmountTax"], invoice["AmountIncl"]


def state(invoice: Reply) -> tuple[str, str, str]:
    return invoice["Status"], invoice["AmountPaid"], invoice["AmountOutstanding"]


def books(sim: Running[Wefact], account: str = "demo1") -> Reply:
    return cast(Reply, cast(Reply, sim.control.books()["accounts"])[account])


# Envelope and access


def test_reply_echoes_what_was_asked_and_tells_the_time_with_its_offset(api: Api) -> None:
    reply = api.done("debtor", "list")
    assert reply == {
        "controller": "debtor", "action": "list", "status": "success", "date": "2026-03-02T12:00:00+01:00",
        "totalresults": 0, "currentresults": 0, "offset": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("sent", "names", "error"),
    [
        ({"controller": "order", "action": "list"}, ("invalid", "invalid"), "Invalid controller"),
        ({"controller": "invoice", "action": "lists"}, ("invoice", "invalid"), "Invalid action"),
        ({"controller": "debtor", "action": "delete"}, ("debtor", "invalid"), "Invalid action"),
        ({"controller": "creditinvoice", "action": "markasunpaid"}, ("creditinvoice", "invalid"), "Invalid action"),
        ({"controller": "debtor", "action": "list", "api_key": "no"}, ("invalid", "invalid"),
         "De API sleutel kan niet worden gevonden."),
    ],
)  # fmt: skip
def test_errors_come_inside_200(api: Api, sent: Reply, names: tuple[str, str], error: str) -> None:
    answer = api.post({"api_key": KEY} | sent)
    reply = answer.json()
    assert (answer.status_code, reply["status"], reply["errors"]) == (200, "error", [error])
    assert (reply["controller"], reply["action"]) == names


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"gibberish", b"api_key=x&api_key[a]=y"])
def test_a_body_that_says_nothing_has_no_key(api: Api, body: bytes) -> None:
    answer = api.client.post("/", content=body)
    assert (answer.status_code, answer.json()["errors"]) == (200, ["De API sleutel kan niet worden gevonden."])


def test_only_post_is_answered(api: Api) -> None:
    assert api.client.get("/").status_code == 405
    assert api.client.post("/other").status_code == 404


def test_accounts_keep_separate_books(sim: Running[Wefact], api: Api) -> None:
    api.debtor()
    other = api.post({"api_key": "demo2-key", "controller": "debtor", "action": "list"}).json()
    assert (other["totalresults"], len(books(sim)["debtors"]), books(sim, "demo2")["debtors"]) == (0, 1, [])


def test_a_form_with_brackets_will_do(api: Api) -> None:
    api.debtor()
    form = {
        "api_key": KEY, "controller": "invoice", "action": "add", "DebtorCode": "DB10000",
        "InvoiceLines[0][Description]": "Mok & kop", "InvoiceLines[0][PriceExcl]": "10.50",
        "InvoiceLines[1][Description]": "Boek", "InvoiceLines[1][PriceExcl]": "20", "InvoiceLines[1][TaxCode]": "V9",
    }  # fmt: skip
    invoice = api.client.post("/", data=form).json()["invoice"]
    assert [row["Description"] for row in invoice["InvoiceLines"]] == ["Mok & kop", "Boek"]
    assert amounts(invoice) == ("30.50", "4.01", "34.51")
    window = {"api_key": KEY, "controller": "invoice", "action": "list", "modified[from]": "2026-03-02 12:00:01"}
    assert api.client.post("/", data=window).json()["totalresults"] == 0


def test_form_reading() -> None:
    assert read_form("a[0][b]=1&a[0][c]=2&d[]=x&d[]=y&e=") == {
        "a": {"0": {"b": "1", "c": "2"}}, "d": {"0": "x", "1": "y"}, "e": "",
    }  # fmt: skip
    with pytest.raises(Tangled):
        read_form("a=1&a[b]=2")


# Allow-list, limits, ban


def test_an_address_that_is_not_on_the_list(sim: Running[Wefact], api: Api) -> None:
    asked: Reply = {"api_key": KEY, "controller": "debtor", "action": "list"}
    answer = api.post(asked, **{"X-Forwarded-For": "192.0.2.7"})
    assert (answer.status_code, answer.json()["errors"]) == (200, ["IP 192.0.2.7 has no access to API"])
    sim.control.set_options(allowed_ips=["192.0.2.7"])
    assert api.post(asked, **{"X-Forwarded-For": "192.0.2.7"}).json()["status"] == "success"
    assert api.post(asked).json()["errors"] == ["IP 127.0.0.1 has no access to API"]


def left(answer: httpx.Response) -> tuple[int, int]:
    return (
        int(answer.headers["API-RateLimit-Remaining-Minute"]),
        int(answer.headers["API-RateLimit-Remaining-Hour"]),
    )


def test_every_reply_tells_what_is_left(sim: Running[Wefact], api: Api) -> None:
    sim.control.set_options(calls_per_minute=3, calls_per_hour=10)
    asked: Reply = {"api_key": KEY, "controller": "debtor", "action": "list"}
    first = api.post(asked)
    sim.control.advance(20)
    refused = api.post(asked | {"action": "none"})
    assert (left(first), left(refused)) == ((2, 9), (1, 8))
    noon = int(NOON.timestamp())
    assert int(refused.headers["API-RateLimit-Reset-Minute"]) == noon + 60
    assert int(refused.headers["API-RateLimit-Reset-Hour"]) == noon + 3600


def test_one_call_too_many_bans_the_address_and_retries_make_it_longer(sim: Running[Wefact], api: Api) -> None:
    sim.control.set_options(calls_per_minute=3, ban_seconds=600, ban_growth_seconds=100)
    asked: Reply = {"api_key": KEY, "controller": "debtor", "action": "list"}
    assert [api.post(asked).status_code for _ in range(4)] == [200, 200, 200, 403]
    banned = api.post(asked)
    assert (banned.status_code, banned.json()["controller"], banned.json()["status"], banned.json()["errors"]) == (
        403, "invalid", "error", ["IP 127.0.0.1 currently in firewall"],
    )  # fmt: skip
    assert "Retry-After" not in banned.headers and left(banned)[0] == 0
    sim.control.advance(600)
    assert api.post(asked).status_code == 403, "the call during the ban added 100 seconds, and so does this one"
    sim.control.advance(199)
    assert api.post(asked, **{"X-Forwarded-For": "192.0.2.7"}).status_code == 200, "another address is another matter"
    told = cast(Reply, sim.control.books()["limits"])["127.0.0.1"]
    assert (told["banned_seconds"], told["bans"], told["refused"], told["busiest_minute"]) == (1, 1, 3, 3)
    sim.control.advance(1)
    assert api.post(asked).status_code == 200


@pytest.mark.parametrize(("windows", "code"), [("rolling", 403), ("fixed", 200)])
def test_minutes_roll_or_are_those_of_the_clock(sim: Running[Wefact], api: Api, windows: str, code: int) -> None:
    sim.control.set_options(calls_per_minute=2, windows=windows)
    asked: Reply = {"api_key": KEY, "controller": "debtor", "action": "list"}
    sim.control.advance(50)
    assert [api.post(asked).status_code for _ in range(2)] == [200, 200]
    sim.control.advance(10)
    assert api.post(asked).status_code == code


def test_the_hour_counts_too_and_all_keys_of_an_address_share_it(sim: Running[Wefact], api: Api) -> None:
    sim.control.set_options(calls_per_minute=0, calls_per_hour=4)
    for key in ("demo1-key", "demo2-key", "demo1-key", "demo2-key"):
        assert api.post({"api_key": key, "controller": "debtor", "action": "list"}).status_code == 200
        sim.control.advance(600)
    answer = api.post({"api_key": KEY, "controller": "debtor", "action": "list"})
    assert answer.status_code == 403
    assert "API-RateLimit-Remaining-Minute" not in answer.headers, "what is not limited is not told"


def test_failed_logins_have_a_cap_of_their_own(sim: Running[Wefact], api: Api) -> None:
    sim.control.set_options(failed_logins_per_day=2)
    wrong: Reply = {"api_key": "no", "controller": "debtor", "action": "list"}
    assert [api.post(wrong).status_code for _ in range(4)] == [200, 200, 200, 403]
    assert api.post(wrong | {"api_key": KEY}).status_code == 403
    sim.control.post("unban", {})
    assert api.post(wrong | {"api_key": KEY}).json()["status"] == "success"


# Debtors, creditors, products, groups


def test_a_debtor_in_a_list_is_thin(api: Api) -> None:
    shown = api.debtor(
        EmailAddress="a@voorbeeld.example", TaxNumber="NL123456782B01", City="Utrecht", ZipCode="3500 AA"
    )
    (row,) = api.done("debtor", "list")["debtors"]
    assert row == {
        "Identifier": "1", "DebtorCode": "DB10000", "CompanyName": "Voorbeeld BV", "Sex": "u", "Initials": "",
        "SurName": "", "EmailAddress": "a@voorbeeld.example", "Modified": "2026-03-02 12:00:00",
    }  # fmt: skip
    assert (shown["TaxNumber"], shown["City"], shown["Country"], shown["InvoiceTerm"]) == (
        "NL123456782B01", "Utrecht", "NL", "-1",
    )  # fmt: skip
    assert api.done("debtor", "show", Identifier=1)["debtor"] == shown
    assert api.done("debtor", "show", DebtorCode="DB10000")["debtor"] == shown


def test_edit_changes_what_is_sent_and_clears_what_is_empty(sim: Running[Wefact], api: Api) -> None:
    api.debtor(City="Utrecht", Address="Dam 1")
    sim.control.advance(60)
    changed = api.done("debtor", "edit", DebtorCode="DB10000", City="", Colour="red")["debtor"]
    assert (changed["City"], changed["Address"], changed["Created"], changed["Modified"]) == (
        "", "Dam 1", "2026-03-02 12:00:00", "2026-03-02 12:01:00",
    )  # fmt: skip
    assert "Colour" not in changed


def test_what_a_debtor_is_refused_for(api: Api) -> None:
    api.debtor()
    assert api.refused("debtor", "add", City="Utrecht") == "U dient een bedrijfsnaam op te geven."
    assert api.refused("debtor", "add", CompanyName="X", Identifier=3) == (
        "Een Identifier is niet toegestaan voor deze actie"
    )
    assert api.refused("debtor", "show", DebtorCode="DB9") == "Klant niet gevonden."
    assert api.refused("debtor", "show", Identifier="99") == "Klant niet gevonden."
    assert api.refused("debtor", "add", CompanyName="X", Sex="q") == "Invalid value for 'Sex'"
    assert api.refused("debtor", "add", CompanyName="X", Country="Nederland") == "Invalid value for 'Country'"
    assert api.refused("debtor", "add", CompanyName=["X"]) == "Invalid type for 'CompanyName'"
    assert "DB10000" in api.refused("debtor", "add", CompanyName="X", DebtorCode="DB10000")
    assert api.codes("debtor") == ["DB10000"]


def test_creditors_can_be_deleted(api: Api) -> None:
    api.done("creditor", "add", CompanyName="Leverancier", MyCustomerCode="K77", InvoiceTerm=30)
    shown = api.done("creditor", "show", CreditorCode="CD0001")["creditor"]
    assert (shown["MyCustomerCode"], shown["InvoiceTerm"], shown["Authorisation"]) == ("K77", "30", "no")
    (row,) = api.done("creditor", "list")["creditors"]
    assert "TaxNumber" not in row
    api.done("creditor", "delete", CreditorCode="CD0001")
    assert api.refused("creditor", "show", CreditorCode="CD0001") == "Crediteur niet gevonden."


def test_products_are_in_groups(sim: Running[Wefact], api: Api) -> None:
    assert "BEZORG" in api.codes("product"), "a new administration has the price list"
    groups = {group["GroupName"]: group for group in api.done("group", "list", type="product")["groups"]}
    goods = groups["Goederen"]
    assert api.codes("product", group=goods["Identifier"]) == ["LAMP", "MOK", "SCHROEF"]
    mug = api.done("product", "show", ProductCode="MOK")["product"]
    assert mug["Groups"] == {goods["Identifier"]: {"id": goods["Identifier"], "GroupName": "Goederen"}}
    assert (mug["PriceExcl"], mug["TaxCode"], mug["TaxPercentage"]) == ("10.7025", "V21", "21")
    assert api.done("product", "show", ProductCode="BEZORG")["product"]["Groups"] == [], "PHP's empty object"
    shown = api.done("group", "show", Identifier=goods["Identifier"])["group"]
    assert mug["Identifier"] in goods["Items"] and shown["Items"][mug["Identifier"]]["ProductCode"] == "MOK"
    assert api.refused("group", "list") == "Invalid value for 'type'"
    api.done("group", "edit", Identifier=goods["Identifier"], Items=[mug["Identifier"]])
    assert api.codes("product", group=goods["Identifier"]) == ["MOK"]
    assert "groups" not in api.done("group", "list", type="debtor")


def test_products_are_added_and_changed(api: Api) -> None:
    made = api.done("product", "add", ProductName="Kabel", PriceExcl=1.05, TaxCode="V9", Groups=["3"])["product"]
    assert (made["ProductCode"], made["PriceExcl"], made["TaxPercentage"]) == ("P0001", "1.05", "9")
    assert made["Groups"]["3"]["GroupName"] == "Goederen"
    changed = api.done("product", "edit", ProductCode="P0001", TaxCode="V21", Groups=[])["product"]
    assert (changed["TaxPercentage"], changed["Groups"]) == ("21", [])
    assert api.refused("product", "add", PriceExcl="1") == "U dient een productnaam op te geven."
    assert api.refused("product", "add", ProductName="X", PriceExcl="x") == "Invalid value for 'PriceExcl'"
    assert api.refused("product", "edit", ProductCode="P0001", Cost="9", Groups=["77"]) == "Groep niet gevonden."
    assert api.done("product", "show", ProductCode="P0001")["product"]["Cost"] == "0", "all or nothing"


def test_settings_tell_codes_and_categories(api: Api) -> None:
    codes = api.done("settings", "list")["settings"]["Tax"]["Codes"]
    assert codes["Sale"]["V9"] == {"TaxCode": "V9", "Name": "9% btw", "Rate": "9", "IsDefault": "no"}
    assert [code for code, entry in codes["Purchase"].items() if entry["IsDefault"] == "yes"] == ["I21"]
    assert api.done("settings", "costcategory_list")["costcategories"][0] == {
        "Identifier": "1", "Title": "Inkoop goederen",
    }  # fmt: skip


# Lists


def test_pages_of_a_list(sim: Running[Wefact], api: Api) -> None:
    for at in range(5):
        api.debtor(CompanyName=f"Klant {at}")
    page = api.done("debtor", "list", offset=3, limit=10)
    assert (page["totalresults"], page["currentresults"], page["offset"]) == (5, 2, 3)
    assert api.codes("debtor", offset=1, limit=2) == ["DB10001", "DB10002"]
    beyond = api.done("debtor", "list", offset=5)
    assert (beyond["totalresults"], beyond["currentresults"], "debtors" in beyond) == (5, 0, False)
    sim.control.set_options(page_limit=2, counts_as="text", identifiers_as="number")
    capped = api.done("debtor", "list", limit=500)
    assert (capped["totalresults"], capped["currentresults"], capped["offset"]) == ("5", "2", "0")
    assert [row["Identifier"] for row in capped["debtors"]] == [1, 2]


def test_search(sim: Running[Wefact], api: Api) -> None:
    api.debtor(CompanyName="Bakkerij Jansen", EmailAddress="jan@voorbeeld.example", City="Oss")
    api.debtor(CompanyName="", SurName="Jansen")
    assert api.codes("debtor", searchfor="jansen") == ["DB10000", "DB10001"]
    assert api.codes("debtor", searchfor="jan@") == [], "an e-mail address is not looked at by default"
    assert api.codes("debtor", searchat="EmailAddress|City", searchfor="OSS") == ["DB10000"]
    echoed = api.done("debtor", "list", searchat="DebtorCode", searchfor="DB1000")["filters"]
    assert echoed == {"searchat": "DebtorCode", "searchfor": "DB1000"}
    sim.control.set_options(search_match="whole")
    assert api.codes("debtor", searchfor="jansen") == ["DB10001"]


def test_invoices_of_one_debtor_are_found_by_a_code_that_others_contain(api: Api) -> None:
    api.debtor(DebtorCode="DB1")
    api.debtor(DebtorCode="DB10")
    api.sell(DebtorCode="DB1")
    api.sell(DebtorCode="DB10")
    assert len(api.codes(searchat="DebtorCode", searchfor="DB1")) == 2


def test_order(sim: Running[Wefact], api: Api) -> None:
    for day, price in (("2026-02-01", "9"), ("2026-02-03", "100"), ("2026-02-02", "20")):
        api.sell(line(price), Date=day)
        sim.control.advance(1)
    first, second, third = (f"F2026-000{at}" for at in (1, 2, 3))
    assert api.codes() == [second, third, first], "newest first"
    assert api.codes(sort="Modified", order="ASC") == [first, second, third]
    assert api.codes(sort="AmountExcl", order="DESC") == [second, third, first]
    assert api.refused("invoice", "list", sort="Colour") == "Invalid value for 'sort': Colour"
    assert api.refused("invoice", "list", order="UP") == "Invalid value for 'order'"
    sim.control.set_options(unknown_sort="ignore", sort_by_modified=False, invoice_order="oldest")
    assert api.codes(sort="Modified") == [first, third, second]


def test_windows_of_change_are_read_in_amsterdam(sim: Running[Wefact], api: Api) -> None:
    api.sell()  # at 11:00 UTC, noon in Amsterdam
    found = ["F2026-0001"]
    assert api.codes(modified={"from": "2026-03-02 12:00:00", "to": "2026-03-02 12:00:00"}) == found, "both ends count"
    assert api.codes(modified={"from": "2026-03-02 10:30:00", "to": "2026-03-02 11:30:00"}) == []
    assert api.codes(modified={"from": "2026-03-02"}) == found
    assert api.codes(modified={"to": "2026-03-02"}) == []
    assert api.codes(created={"from": "2026-03-02 12:00:01"}) == []
    assert api.refused("invoice", "list", modified={"from": "yesterday"}) == "Invalid value for 'modified.from'"
    assert api.refused("invoice", "list", modified="2026-03-02") == "Invalid type for 'modified'"
    sim.control.set_options(bare_date_until="end")
    assert api.codes(modified={"to": "2026-03-02"}) == found
    sim.control.set_options(zone="UTC")
    assert api.codes(modified={"from": "2026-03-02 10:30:00", "to": "2026-03-02 11:30:00"}) == found
    assert api.invoice("F2026-0001")["Modified"] == "2026-03-02 11:00:00"


def test_other_filters_of_invoices(api: Api) -> None:
    api.sell(Date="2026-02-01")
    api.sell(Date="2026-02-10", Term=30)
    api.draft(Date="2026-02-10")
    api.done("invoice", "markaspaid", InvoiceCode="F2026-0001", PayDate="2026-02-20")
    assert api.codes(status="4") == ["F2026-0001"]
    assert api.codes(status=0) == ["[concept]0003"]
    assert api.codes(date={"from": "2026-02-02", "to": "2026-02-10"}, status="2") == ["F2026-0002"]
    assert api.codes(paybefore={"from": "2026-03-12", "to": "2026-03-12"}) == ["F2026-0002"]
    assert api.codes(paydate={"from": "2026-02-01"}) == ["F2026-0001"]


def test_an_invoice_in_a_list_has_no_lines_and_no_tax(api: Api) -> None:
    api.sell(line("100"), line("10", "V9"))
    (row,) = api.done("invoice", "list")["invoices"]
    assert row == {
        "Identifier": "1", "InvoiceCode": "F2026-0001", "Debtor": "1", "DebtorCode": "DB10000",
        "CompanyName": "Voorbeeld BV", "Initials": "", "SurName": "", "AmountExcl": "110.00", "AmountIncl": "131.90",
        "AmountPaid": "0.00", "AmountOutstanding": "131.90", "Currency": "EUR", "Date": "2026-03-02",
        "PayBefore": "2026-03-16", "PayDate": "", "PaymentURL": "", "Sent": "1", "Reminders": "0", "Summations": "0",
        "Status": "2", "SubStatus": "", "Modified": "2026-03-02 12:00:00",
    }  # fmt: skip


# Totals


def test_totals_per_rate(api: Api) -> None:
    invoice = api.sell(line("33.335"), line("0.19", Number="3"), line("10", "V9"), line("5", "V0"))
    # 33.335 + 0.57 = 33.905 → 33.91 at 21 % = 7.12; 10 at 9 % = 0.90
    assert amounts(invoice) == ("48.91", "8.02", "56.93")
    assert [row["PriceExcl"] for row in invoice["InvoiceLines"]] == ["33.335", "0.19", "10", "5"]


@pytest.mark.parametrize(("rounding", "tax"), [("per_rate", "10.50"), ("per_line", "10.51")])
def test_vat_is_rounded_per_rate_or_per_line(sim: Running[Wefact], api: Api, rounding: str, tax: str) -> None:
    sim.control.set_options(vat_rounding=rounding)
    assert amounts(api.sell(line("37.50"), line("12.50")))[1] == tax


def test_discounts_and_periods(sim: Running[Wefact], api: Api) -> None:
    lines = line("12.95", Periods=12, Periodic="m"), line("80", DiscountPercentage="12.5", Number=2)
    # 155.40 + 140.00 = 295.40; less 10 % is 265.86
    invoice = api.sell(*lines, Discount=10)
    assert amounts(invoice) == ("265.86", "55.83", "321.69")
    assert (invoice["Discount"], invoice["InvoiceLines"][1]["DiscountPercentage"]) == ("10", "12.5")
    assert (invoice["InvoiceLines"][0]["Periods"], invoice["InvoiceLines"][0]["Periodic"]) == ("12", "m")
    sim.control.set_options(periods_multiply=False)
    assert api.sell(*lines)["AmountExcl"] == "152.95"


def test_an_invoice_computed_from_prices_with_vat_still_shows_prices_without(api: Api) -> None:
    lines = line("8.26446281", Number=3), line("22.88990826", "V9", Number=2)
    invoice = api.sell(*lines, VatCalcMethod="incl")
    # 3 × 10.00 holds 5.21 VAT, 2 × 24.95 holds 4.12
    assert amounts(invoice) == ("70.57", "9.33", "79.90")
    assert invoice["InvoiceLines"][0]["PriceExcl"] == "8.26446281"


@pytest.mark.parametrize(("shown", "percentage"), [("zero", "0"), ("kept", "21")])
def test_reverse_charge_has_no_vat(sim: Running[Wefact], api: Api, shown: str, percentage: str) -> None:
    sim.control.set_options(shifted_line_rate=shown)
    invoice = api.sell(line("100"), VatShift="yes")
    assert (amounts(invoice), invoice["VatShift"]) == (("100.00", "0.00", "100.00"), "yes")
    assert invoice["InvoiceLines"][0]["TaxPercentage"] == percentage


def test_what_only_hostfact_is_known_to_show(sim: Running[Wefact], api: Api) -> None:
    assert "UsedTaxrates" not in api.sell(line("100"), line("10", "VFI255"))
    sim.control.set_options(hostfact_fields=True)
    assert api.invoice("F2026-0001")["UsedTaxrates"] == {
        "0.255": {"AmountExcl": "10", "AmountTax": "2.55", "AmountIncl": "12.55"},
        "0.21": {"AmountExcl": "100", "AmountTax": "21", "AmountIncl": "121"},
    }


# Sales invoices


def test_a_draft_gets_its_number_when_it_is_sent(api: Api) -> None:
    draft = api.draft()
    assert (draft["InvoiceCode"], draft["Status"], draft["Sent"]) == ("[concept]0001", "0", "0")
    api.sell()
    sent = api.done("invoice", "sendbyemail", Identifier=draft["Identifier"])["invoice"]
    assert (sent["InvoiceCode"], sent["Status"], sent["SentDate"]) == ("F2026-0002", "2", "2026-03-02")
    assert api.refused("invoice", "show", InvoiceCode="[concept]0001") == "Factuur [concept]0001 niet gevonden"


def test_number_formats_are_a_setting(sim: Running[Wefact], api: Api) -> None:
    sim.control.reset(invoices=0, purchases=0, invoice_code="{number:05}", debtor_code="K-{number}")
    api.debtor()
    codes = [api.sell(DebtorCode="K-10000", Date=day)["InvoiceCode"] for day in ("2025-12-31", "2026-01-01")]
    assert codes == ["00001", "00002"]
    with pytest.raises(ControlError, match="needs"):
        sim.control.set_options(invoice_code="F")


def test_numbers_start_anew_with_the_year(api: Api) -> None:
    days = ("2025-12-30", "2025-12-31", "2026-01-01")
    assert [api.sell(Date=day)["InvoiceCode"] for day in days] == ["F2025-0001", "F2025-0002", "F2026-0001"]


def test_a_number_of_ones_own(sim: Running[Wefact], api: Api) -> None:
    assert api.sell(InvoiceCode="2019/77-A")["InvoiceCode"] == "2019/77-A"
    assert "2019/77-A" in api.refused(
        "invoice", "add", DebtorCode="DB10000", InvoiceCode="2019/77-A", InvoiceLines=[line("1")]
    )
    api.sell(InvoiceCode="F2026-0001")
    assert api.sell()["InvoiceCode"] == "F2026-0002", "a number in use is passed over"
    sim.control.set_options(duplicate_code="accept")
    assert api.sell(InvoiceCode="2019/77-A")["InvoiceCode"] == "2019/77-A"
    assert len(api.codes(searchfor="2019/77-A")) == 2


def test_the_addressee_is_a_snapshot(api: Api) -> None:
    api.debtor(City="Utrecht", EmailAddress="a@voorbeeld.example")
    api.sell(CompanyName="Voorbeeld BV, vestiging Oss")
    api.done("debtor", "edit", DebtorCode="DB10000", City="Gouda", CompanyName="Anders BV")
    invoice = api.invoice("F2026-0001")
    assert (invoice["CompanyName"], invoice["City"], invoice["EmailAddress"]) == (
        "Voorbeeld BV, vestiging Oss", "Utrecht", "a@voorbeeld.example",
    )  # fmt: skip
    assert "TaxNumber" not in invoice


def test_lines_from_the_price_list(api: Api) -> None:
    (made,) = api.draft({"ProductCode": "HOSTING", "Periods": 3})["InvoiceLines"]
    assert (made["Description"], made["PriceExcl"], made["TaxCode"], made["Periodic"]) == (
        "Webhosting", "12.95", "V21", "m",
    )  # fmt: skip
    assert "Ledger" not in str(made)


def test_lines_are_changed_added_and_deleted(api: Api) -> None:
    draft = api.draft(line("100"), line("10"))
    first, second = (row["Identifier"] for row in draft["InvoiceLines"])
    code = draft["InvoiceCode"]
    changed = api.done(
        "invoice", "edit", InvoiceCode=code, InvoiceLines=[{"Identifier": first, "PriceExcl": "200"}, line("1")]
    )["invoice"]
    assert [row["PriceExcl"] for row in changed["InvoiceLines"]] == ["200", "10", "1"]
    api.done("invoiceline", "delete", InvoiceCode=code, InvoiceLines=[{"Identifier": second}])
    api.done("invoiceline", "add", InvoiceCode=code, InvoiceLines=[line("4")])
    assert api.invoice(code)["AmountExcl"] == "205.00"


def test_what_an_invoice_is_refused_for(api: Api) -> None:
    api.debtor()

    def refused(**sent: object) -> str:
        return api.refused("invoice", "add", **{"DebtorCode": "DB10000", "InvoiceLines": [line("1")], **sent})

    assert refused(DebtorCode="DB9") == "Klant niet gevonden."
    assert refused(Identifier=4) == "Een Identifier is niet toegestaan voor deze actie"
    assert refused(InvoiceLines=[]) == "U dient minimaal één factuurregel op te geven."
    assert refused(InvoiceLines=[line("1"), line("1", "V19")]) == "Invalid value for 'InvoiceLines[1].TaxCode'"
    assert refused(InvoiceLines=[line("veel")]) == "Invalid value for 'InvoiceLines[0].PriceExcl'"
    assert refused(InvoiceLines="x") == "Invalid type for 'InvoiceLines'"
    assert refused(InvoiceLines=[line("1", DiscountPercentage=101)]) == (
        "Invalid value for 'InvoiceLines[0].DiscountPercentage'"
    )
    assert refused(Date="01-02-2026") == "Invalid value for 'Date'"
    assert refused(VatCalcMethod="none") == "Invalid value for 'VatCalcMethod'"
    assert api.codes() == []


def test_only_a_draft_can_be_deleted(api: Api) -> None:
    code = api.draft()["InvoiceCode"]
    api.sell()
    api.done("invoice", "delete", InvoiceCode=code)
    assert "F2026-0001" in api.refused("invoice", "delete", InvoiceCode="F2026-0001")
    assert api.codes() == ["F2026-0001"]


def test_sub_status_and_download(api: Api) -> None:
    api.sell()
    for action, expected in (("block", "BLOCKED"), ("unblock", ""), ("paymentprocesspause", "PAUSED"),
                             ("paymentprocessreactivate", "")):  # fmt: skip
        api.done("invoice", action, InvoiceCode="F2026-0001")
        assert api.invoice("F2026-0001")["SubStatus"] == expected
    file = api.done("invoice", "download", InvoiceCode="F2026-0001")["invoice"]
    assert (file["Filename"], b64decode(file["Base64"])[:5]) == ("F2026-0001.pdf", b"%PDF-")


# Credit


def test_credit_makes_a_new_invoice_and_lets_the_old_one_lapse(sim: Running[Wefact], api: Api) -> None:
    api.sell(line("100"), line("10", "V9"))
    sim.control.advance(3600)
    reply = api.done("invoice", "credit", InvoiceCode="F2026-0001")
    assert reply["success"] == [
        "Factuur F2026-0001 is gecrediteerd en op status 'vervallen' gezet",
        "Factuur F2026-0002 is succesvol aangemaakt",
    ]
    credit = reply["invoice"]
    assert (credit["Status"], amounts(credit)) == ("8", ("-110.00", "-21.90", "-131.90"))
    assert [(row["Description"], row["PriceExcl"]) for row in credit["InvoiceLines"]] == [
        ("Regel", "-100"), ("Regel", "-10"), ("Corresponderende factuur: F2026-0001", "0"),
    ]  # fmt: skip
    old = api.invoice("F2026-0001")
    assert (old["Status"], old["Modified"], old["AmountIncl"]) == ("9", "2026-03-02 13:00:00", "131.90")
    assert (old["Translations"]["Status"], credit["Translations"]["Status"]) == ("Vervallen", "Creditfactuur")
    assert "F2026-0001" in api.refused("invoice", "credit", InvoiceCode="F2026-0001")
    assert "F2026-0002" in api.refused("invoice", "credit", InvoiceCode="F2026-0002")


def test_a_draft_cannot_be_credited(api: Api) -> None:
    code = api.draft()["InvoiceCode"]
    assert code in api.refused("invoice", "credit", InvoiceCode=code)


@pytest.mark.parametrize("fields", [{"PriceExcl": "-100"}, {"PriceExcl": "100", "Number": "-1"}])
def test_a_credit_made_by_hand_has_no_line_that_names_another(api: Api, fields: Reply) -> None:
    credit = api.sell(line("1") | fields)
    assert (credit["Status"], amounts(credit)) == ("8", ("-100.00", "-21.00", "-121.00"))
    assert len(credit["InvoiceLines"]) == 1


@pytest.mark.parametrize(("shown", "still_open"), [("kept", "121.00"), ("zero", "0.00")])
def test_what_is_open_of_a_lapsed_invoice(sim: Running[Wefact], api: Api, shown: str, still_open: str) -> None:
    sim.control.set_options(lapsed_open=shown)
    api.sell()
    api.done("invoice", "credit", InvoiceCode="F2026-0001")
    assert state(api.invoice("F2026-0001")) == ("9", "0.00", still_open)


# Payments


def test_mark_as_paid(sim: Running[Wefact], api: Api) -> None:
    api.sell()
    sim.control.advance(60)
    reply = api.done(
        "invoice", "markaspaid", InvoiceCode="F2026-0001", PayDate="2026-03-01", PaymentMethod="accounting"
    )
    assert reply["success"] == ["Factuur F2026-0001 is betaald."] and "invoice" not in reply
    paid = api.invoice("F2026-0001")
    assert (state(paid), paid["PayDate"], paid["PaymentMethod"]) == (
        ("4", "121.00", "0.00"), "2026-03-01", "accounting",
    )  # fmt: skip
    assert paid["Modified"] == "2026-03-02 12:01:00"


def test_paid_twice(sim: Running[Wefact], api: Api) -> None:
    api.sell()
    api.done("invoice", "markaspaid", InvoiceCode="F2026-0001")
    assert api.refused("invoice", "markaspaid", InvoiceCode="F2026-0001") == "Factuur F2026-0001 is al betaald."
    sim.control.set_options(second_markaspaid="accept")
    api.done("invoice", "markaspaid", InvoiceCode="F2026-0001")
    assert books(sim)["invoices"][0]["paid"] == 12100


def test_part_payments_add_up(sim: Running[Wefact], api: Api) -> None:
    api.sell()
    part = api.done("invoice", "partpayment", InvoiceCode="F2026-0001", AmountPaid="100", PayDate="2026-03-01")
    assert state(part["invoice"]) == ("3", "100.00", "21.00")
    assert "openstaande" in api.refused("invoice", "partpayment", InvoiceCode="F2026-0001", AmountPaid="21.01")
    for amount in ("0", "-5", "x"):
        assert api.refused("invoice", "partpayment", InvoiceCode="F2026-0001", AmountPaid=amount) == (
            "Invalid value for 'AmountPaid'"
        )
    rest = api.done("invoice", "partpayment", InvoiceCode="F2026-0001", AmountPaid=21)
    assert (state(rest["invoice"]), rest["invoice"]["PayDate"]) == (("4", "121.00", "0.00"), "2026-03-02")
    assert [payment["amount"] for payment in books(sim)["invoices"][0]["payments"]] == [10000, 2100]


def test_more_than_is_open_where_that_is_accepted(sim: Running[Wefact], api: Api) -> None:
    sim.control.set_options(overpayment="accept")
    api.sell()
    paid = api.done("invoice", "partpayment", InvoiceCode="F2026-0001", AmountPaid="150")["invoice"]
    assert state(paid) == ("4", "150.00", "-29.00")
    assert "al betaald" in api.refused("invoice", "markaspaid", InvoiceCode="F2026-0001")


def test_mark_as_unpaid(api: Api) -> None:
    api.sell()
    assert "F2026-0001" in api.refused("invoice", "markasunpaid", InvoiceCode="F2026-0001")
    api.done("invoice", "markaspaid", InvoiceCode="F2026-0001")
    api.done("invoice", "markasunpaid", InvoiceCode="F2026-0001")
    unpaid = api.invoice("F2026-0001")
    assert (state(unpaid), unpaid["PayDate"]) == (("2", "0.00", "121.00"), "")


def test_drafts_and_lapsed_invoices_cannot_be_paid(api: Api) -> None:
    code = api.draft()["InvoiceCode"]
    api.sell()
    api.done("invoice", "credit", InvoiceCode="F2026-0001")
    for action in ("markaspaid", "partpayment"):
        assert "concept" in api.refused("invoice", action, InvoiceCode=code, AmountPaid="1")
        assert "vervallen" in api.refused("invoice", action, InvoiceCode="F2026-0001", AmountPaid="1")


def test_payment_methods_are_an_enumeration(api: Api) -> None:
    api.sell()
    assert api.refused("invoice", "markaspaid", InvoiceCode="F2026-0001", PaymentMethod="bank") == (
        "Invalid value for 'PaymentMethod'"
    )


def test_the_date_parameter_that_is_not_known_is_ignored(sim: Running[Wefact], api: Api) -> None:
    sim.control.set_options(pay_date_name="Date", payment_is_change=False, empty_date="0000-00-00")
    assert api.sell()["PayDate"] == "0000-00-00"
    sim.control.advance(60)
    api.done("invoice", "partpayment", InvoiceCode="F2026-0001", AmountPaid="1", PayDate="2026-02-01")
    assert api.invoice("F2026-0001")["PayDate"] == "2026-03-02"
    api.done("invoice", "markaspaid", InvoiceCode="F2026-0001", Date="2026-02-01")
    paid = api.invoice("F2026-0001")
    assert (paid["PayDate"], paid["Modified"]) == ("2026-02-01", "2026-03-02 12:00:00")


@pytest.mark.parametrize(("sign", "right", "wrong"), [("negative", "-20", "20"), ("positive", "20", "-20")])
def test_part_payments_on_a_credit_invoice(sim: Running[Wefact], api: Api, sign: str, right: str, wrong: str) -> None:
    sim.control.set_options(credit_payments=sign)
    api.sell(line("-100"))
    assert api.refused("invoice", "partpayment", Identifier=1, AmountPaid=wrong) == "Invalid value for 'AmountPaid'"
    paid = api.done("invoice", "partpayment", Identifier=1, AmountPaid=right)["invoice"]
    assert state(paid) == ("8", "-20.00", "-101.00")
    api.done("invoice", "markaspaid", Identifier=1)
    assert state(api.invoice("F2026-0001")) == ("8", "-121.00", "0.00")
    sim.control.set_options(credit_payments="refuse")
    assert "creditfactuur" in api.refused("invoice", "partpayment", Identifier=1, AmountPaid=right)


# Purchase invoices


def test_a_purchase_invoice(api: Api) -> None:
    papers: Reply = {"Description": "Papier", "PriceExcl": "25", "Number": 2, "TaxCode": "I21", "CostCategory": "2"}
    shown = api.buy(papers, {"Description": "Boek", "PriceExcl": "10", "TaxCode": "I9"}, Date="2026-02-01")
    assert (shown["CreditInvoiceCode"], shown["InvoiceCode"], shown["CreditorCode"], shown["Status"]) == (
        "CF0001", "2026-77", "CD0001", "1",
    )  # fmt: skip
    assert (shown["AmountExcl"], shown["AmountIncl"], shown["PayBefore"]) == ("60.00", "71.40", "2026-02-15")
    first = shown["InvoiceLines"][0]
    assert (first["PriceExcl"], first["TaxPercentage"], first["CostCategory"], "Number" in first) == (
        "50", "21", "2", False,
    )  # fmt: skip
    (row,) = api.done("creditinvoice", "list", searchfor="2026-77")["creditinvoices"]
    assert (row["Creditor"], "CreditorCode" in row, "InvoiceLines" in row) == ("1", False, False)


def test_a_purchase_invoice_is_not_selected_by_the_suppliers_number(api: Api) -> None:
    api.buy()
    assert "niet gevonden" in api.refused("creditinvoice", "show", InvoiceCode="2026-77")
    assert api.done("creditinvoice", "show", CreditInvoiceCode="CF0001")["status"] == "success"


def test_its_total_stays_what_its_header_says(api: Api) -> None:
    shown = api.buy({"PriceExcl": "50", "TaxCode": "I21"}, AmountIncl="60.52")
    assert (shown["AmountExcl"], shown["AmountIncl"]) == ("50.00", "60.52")
    api.done("creditinvoiceline", "add", CreditInvoiceCode="CF0001", InvoiceLines=[{"PriceExcl": "1"}])
    kept = api.done("creditinvoice", "show", CreditInvoiceCode="CF0001")["creditinvoice"]
    assert (kept["AmountExcl"], kept["AmountIncl"]) == ("51.00", "60.52")
    again = api.done("creditinvoice", "edit", CreditInvoiceCode="CF0001", RecalculateInclTotalAmount="yes")
    assert again["creditinvoice"]["AmountIncl"] == "61.71"
    last = [{"Identifier": again["creditinvoice"]["InvoiceLines"][1]["Identifier"]}]
    less = api.done("creditinvoiceline", "delete", CreditInvoiceCode="CF0001", InvoiceLines=last)["creditinvoice"]
    assert (less["AmountExcl"], less["AmountIncl"]) == ("50.00", "61.71")


def test_what_a_purchase_invoice_is_refused_for(sim: Running[Wefact], api: Api) -> None:
    api.buy()

    def refused(**sent: object) -> str:
        lines = [{"PriceExcl": "1"}]
        return api.refused("creditinvoice", "add", **{"Creditor": 1, "InvoiceCode": "7", "InvoiceLines": lines, **sent})

    assert refused(InvoiceLines=[{"PriceExcl": "1", "CostCategory": 2}]) == (
        "Invalid type for 'InvoiceLines[0].CostCategory'"
    )
    assert refused(InvoiceLines=[{"PriceExcl": "1", "CostCategory": "77"}]) == (
        "Invalid value for 'InvoiceLines[0].CostCategory'"
    )
    assert refused(InvoiceCode="") == "U dient een factuurnummer op te geven."
    assert refused(Creditor=9) == "Crediteur niet gevonden."
    assert refused(InvoiceLines=[]) == "U dient minimaal één factuurregel op te geven."
    sim.control.set_options(purchase_lines_name="CreditInvoiceLines", statuses_as="number")
    shown = api.done("creditinvoice", "show", Identifier=1)["creditinvoice"]
    assert ("InvoiceLines" in shown, len(shown["CreditInvoiceLines"]), shown["Status"]) == (False, 1, 1)


def test_payments_of_purchase_invoices_have_other_statuses(sim: Running[Wefact], api: Api) -> None:
    api.buy()
    part = api.done("creditinvoice", "partpayment", CreditInvoiceCode="CF0001", AmountPaid="20.50")
    assert state(part["creditinvoice"]) == ("2", "20.50", "40.00")
    assert "openstaande" in api.refused("creditinvoice", "partpayment", Identifier=1, AmountPaid="40.01")
    paid = api.done("creditinvoice", "markaspaid", CreditInvoiceCode="CF0001", PayDate="2026-02-28")
    assert paid["success"] == ["Inkoopfactuur CF0001 is betaald."]
    shown = api.done("creditinvoice", "show", Identifier=1)["creditinvoice"]
    assert (state(shown), shown["PayDate"]) == (("3", "60.50", "0.00"), "2026-02-28")
    assert "al betaald" in api.refused("creditinvoice", "markaspaid", Identifier=1)


def test_a_purchase_below_zero_is_a_credit(api: Api) -> None:
    assert api.buy({"PriceExcl": "-50", "TaxCode": "I21"})["Status"] == "8"
    api.done("creditinvoice", "delete", CreditInvoiceCode="CF0001")
    assert api.codes("creditinvoice") == []


# Control calls and books


def test_a_person_at_the_screen_can_do_more(sim: Running[Wefact], api: Api) -> None:
    for _ in range(3):
        api.sell()
    calls = len(cast(list[Reply], sim.control.get("calls")))

    def do(action: str, **sent: object) -> Reply:
        return cast(Reply, sim.control.post("do", {"controller": "invoice", "action": action, **sent}))

    sim.control.advance(86400)
    changed = do("edit", InvoiceCode="F2026-0001", InvoiceLines=[line("5")])["invoice"]
    assert (changed["AmountExcl"], changed["Status"], changed["Modified"]) == ("105.00", "2", "2026-03-03 12:00:00")
    do("delete", InvoiceCode="F2026-0002")
    assert do("expire", InvoiceCode="F2026-0003")["invoice"]["Status"] == "9"
    assert sorted(api.codes()) == ["F2026-0001", "F2026-0003"]
    with pytest.raises(ControlError, match="kan niet vervallen"):
        do("expire", InvoiceCode="F2026-0003")
    with pytest.raises(ControlError, match="404"):
        do("list", account="nobody")
    log = cast(list[Reply], sim.control.get("calls"))
    assert len(log) == calls + 1, "what a person does is no call of an integration"
    assert (log[-1]["controller"], log[-1]["action"], log[-1]["status"]) == ("invoice", "list", "success")


def test_a_paid_invoice_that_grows_is_partly_paid(sim: Running[Wefact], api: Api) -> None:
    api.sell()
    api.done("invoice", "markaspaid", InvoiceCode="F2026-0001")
    sim.control.post("do", {"controller": "invoiceline", "action": "add", "InvoiceCode": "F2026-0001",
                            "InvoiceLines": [line("100")]})  # fmt: skip
    assert state(api.invoice("F2026-0001")) == ("3", "121.00", "121.00")


def test_books_are_in_cents_per_rate(sim: Running[Wefact], api: Api) -> None:
    api.sell(line("100"), line("10", "V9"), line("3", "V0"), ReferenceNumber="PO-1", Currency="USD")
    api.buy(AmountIncl="60.51")
    api.done("invoice", "credit", InvoiceCode="F2026-0001")
    first, credit = books(sim)["invoices"]
    assert {name: first[name] for name in ("net", "tax", "gross", "rates", "currency", "reference", "credited_by")} == {
        "net": 11300, "tax": 2190, "gross": 13490, "currency": "USD", "reference": "PO-1", "credited_by": "F2026-0002",
        "rates": {"21": {"net": 10000, "tax": 2100}, "9": {"net": 1000, "tax": 90}, "0": {"net": 300, "tax": 0}},
    }  # fmt: skip
    assert (credit["gross"], credit["credits"], credit["status"]) == (-13490, "F2026-0001", 8)
    (bought,) = books(sim)["purchases"]
    assert (bought["net"], bought["tax"], bought["gross"]) == (5000, 1050, 6051)


def test_growth_goes_on_in_the_mix_or_takes_the_cases_asked_for(sim: Running[Wefact], api: Api) -> None:
    sim.control.post("grow", {"invoices": 2, "purchases": 1, "cases": ["intra_eu", "credited"], "days": 2})
    assert [row["case"] for row in books(sim)["invoices"]] == ["intra_eu", "credited", "credited"]
    again = cast(Reply, sim.control.post("grow", {"invoices": 1, "cases": ["intra_eu"]}))
    sold = api.invoice(again["invoices"][0])
    debtor = api.done("debtor", "show", Identifier=sold["Debtor"])["debtor"]
    assert (sold["VatShift"], sold["Modified"]) == ("yes", "2026-03-02 12:00:00")
    assert debtor["TaxNumber"].startswith(("BE", "DE", "FR"))
    with pytest.raises(ControlError, match="cases"):
        sim.control.post("grow", {"invoices": 1, "cases": ["nonsense"]})


def test_faults_strike_one_action(sim: Running[Wefact], api: Api) -> None:
    api.sell()
    sim.control.add_fault("truncate", containing='"partpayment"', keep=0, times=1)
    sent: Reply = {"api_key": KEY, "controller": "invoice", "action": "partpayment", "Identifier": 1, "AmountPaid": "1"}
    assert api.post(sent).content == b""
    assert state(api.invoice("F2026-0001")) == ("3", "1.00", "120.00"), "the payment was made all the same"


# Generated content


@pytest.fixture(scope="module")
def filled() -> Wefact:
    return Wefact(invoices=3 * len(SALE_MIX), purchases=2 * len(PURCHASE_MIX), accounts={"demo1": KEY}, **UNLIMITED)


def content(wefact: Wefact) -> Reply:
    return cast(Reply, cast(Reply, wefact.books()["accounts"])["demo1"])


def test_every_case_is_in_the_mix() -> None:
    assert set(SALE_MIX) == set(SALE_CASES) and set(PURCHASE_MIX) == set(PURCHASE_CASES)


def test_generated_documents_are_reproducible_and_a_longer_list_begins_with_the_shorter() -> None:
    since, gap = NOON - timedelta(days=9), timedelta(hours=1)
    few, many = (sales(7, count, since=since, gap=gap) for count in (20, 60))
    assert many[:20] == few and sales(7, 40, since=since + 20 * gap, gap=gap, first=20) == many[20:]
    assert sales(8, 20, since=since, gap=gap) != few
    assert purchases(7, 30, since=since, gap=gap)[:9] == purchases(7, 9, since=since, gap=gap)
    assert all(sale.at < later.at for sale, later in pairwise(many))
    with pytest.raises(ValueError, match="nonsense"):
        sales(1, 1, since=since, gap=gap, mix=("nonsense",))


def check_cases(rows: list[Reply], expected: dict[str, Callable[[Reply], bool]]) -> None:
    for case, holds in expected.items():
        found = [row for row in rows if row["case"] == case]
        assert found and all(holds(row) for row in found), (case, found[:1])


def test_generated_sales_are_what_their_label_says(filled: Wefact) -> None:
    rows = content(filled)["invoices"]
    check_cases(
        rows,
        {
            "plain": lambda row: row["status"] == 2 and row["tax"] > 0,
            "paid": lambda row: row["status"] == 4 and row["open"] == 0,
            "part_paid": lambda row: row["status"] == 3 and 0 < row["open"] < row["gross"],
            "two_payments": lambda row: row["status"] == 4 and len(row["payments"]) == 2,
            "mixed_vat": lambda row: set(row["rates"]) == {"21", "9"},
            "zero_rated": lambda row: row["rates"]["0"] == {"net": 2500, "tax": 0},
            "intra_eu": lambda row: row["reverse_charge"] and row["tax"] == 0 and row["tax_codes"] == ["VEU"],
            "export": lambda row: not row["reverse_charge"] and row["tax_codes"] == ["VEX"],
            "oss_fi": lambda row: set(row["rates"]) == {"25.5"} and row["tax_codes"] == ["VFI255"],
            "domestic_reverse": lambda row: row["reverse_charge"] and row["tax"] == 0 and row["tax_codes"] == ["V21"],
            "foreign_currency": lambda row: row["currency"] == "USD",
            "draft": lambda row: row["status"] == 0 and row["code"].startswith("[concept]"),
            "lapsed": lambda row: row["status"] == 9 and not row["credited_by"],
            "credited": lambda row: (row["status"], bool(row["credited_by"]), bool(row["credits"])) in (
                (9, True, False), (8, False, True)),
            "credited_paid": lambda row: row["status"] == 8 or (row["status"] == 9 and row["open"] == 0),
            "hand_credit": lambda row: row["status"] == 8 and row["gross"] < 0 and not row["credits"],
            "hand_credit_quantity": lambda row: row["status"] == 8 and row["gross"] < 0,
            "hand_credit_paid": lambda row: row["status"] == 8 and row["open"] == 0,
            "free": lambda row: row["gross"] == 0 and row["rates"] == {},
            "full_discount": lambda row: row["gross"] == 0,
            "own_number": lambda row: row["code"].startswith("2019/"),
            "blocked": lambda row: row["sub_status"] == "BLOCKED",
            "incl_prices": lambda row: row["gross"] == 7990,
        },
    )  # fmt: skip
    assert all(row["net"] + row["tax"] == row["gross"] for row in rows)
    assert len({row["code"] for row in rows}) == len(rows)


def test_generated_purchases_are_what_their_label_says(filled: Wefact) -> None:
    check_cases(
        content(filled)["purchases"],
        {
            "plain": lambda row: row["status"] == 1 and row["gross"] == row["net"] + row["tax"],
            "paid": lambda row: row["status"] == 3,
            "part_paid": lambda row: row["status"] == 2,
            "total_off": lambda row: 1 <= abs(row["gross"] - row["net"] - row["tax"]) <= 2,
            "credit": lambda row: row["status"] == 8 and row["gross"] < 0,
            "intra_eu": lambda row: row["tax"] == 0,
        },
    )


def test_generated_content_is_in_the_past_and_spread(filled: Wefact) -> None:
    now = datetime.now(UTC)
    moments = [datetime.fromisoformat(row["modified_at"]) for row in content(filled)["invoices"]]
    assert max(moments) <= now and now - timedelta(days=31) < min(moments) < now - timedelta(days=29)


def test_a_thousand_invoices_take_seconds() -> None:
    started = time.perf_counter()
    with running(Wefact(invoices=1000, purchases=100, accounts={"demo1": KEY}, page_limit=400, **UNLIMITED)) as sim:
        with httpx.Client(base_url=sim.url) as client:
            api, rows = Api(client), []
            while True:
                page = api.done("invoice", "list", sort="Modified", order="ASC", offset=len(rows))
                rows += page.get("invoices", [])
                if len(rows) >= page["totalresults"]:
                    break
        assert time.perf_counter() - started < 30
        known = {row["code"]: row["gross"] for row in content(sim.simulator)["invoices"]}
    assert {row["InvoiceCode"]: Decimal(row["AmountIncl"]) * 100 for row in rows} == known
    assert all(re.fullmatch(r"-?\d+\.\d\d", row["AmountIncl"]) for row in rows)


def test_everyday_content_books_without_a_question() -> None:
    wefact = Wefact(invoices=20, purchases=10, mix="everyday")
    assert {row["status"] for row in content(wefact)["invoices"]} <= {2, 3, 4}
    assert Decimal(0) == sum(Decimal(row["net"] + row["tax"] - row["gross"]) for row in content(wefact)["purchases"])
