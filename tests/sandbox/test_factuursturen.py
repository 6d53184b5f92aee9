"""The simulated Factuursturen over real HTTP: odd shapes, limits, refusals, and what invoices add up to."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

import httpx
import pytest

from sandbox import _factuursturen_search
from sandbox._factuursturen_totals import Discount, Line, Terms, totals_for
from sandbox._server import Running, running
from sandbox._shopdata import customers
from sandbox.factuursturen import Factuursturen

NOON = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)
AUTH = ("demo1", "demo1-key")
JANSEN: dict[str, object] = {
    "contact": "A. Jansen",
    "company": "Voorbeeld BV",
    "address": "Dorpsstraat 1",
    "zipcode": "1234 AB",
    "city": "Utrecht",
    "country": 146,
    "email": "a@voorbeeld.example",
    "phone": "0301234567",
    "top": 14,
    "tax_type": "intax",
    "tax_shifted": False,
    "active": True,
}
MUG: dict[str, object] = {
    "amount": 2,
    "amount_desc": "stuks",
    "description": "Mok",
    "tax_rate": 21,
    "price": 12.10,
    "discount_pct": 0,
}


@pytest.fixture(scope="module")
def served() -> Iterator[Running[Factuursturen]]:
    with running(Factuursturen(clients=0)) as sim:
        yield sim


@pytest.fixture
def sim(served: Running[Factuursturen]) -> Running[Factuursturen]:
    served.control.reset()
    served.control.set_clock(NOON, freeze=True)
    return served


@pytest.fixture(scope="module")
def client(served: Running[Factuursturen]) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url, auth=AUTH, headers={"Accept": "application/json"}) as client:
        yield client


@pytest.fixture
def api(sim: Running[Factuursturen], client: httpx.Client) -> httpx.Client:
    """A client of the account demo1, freshly reset."""
    return client


def add_client(api: httpx.Client, **changes: object) -> int:
    answer = api.post("/clients", json=JANSEN | changes)
    assert answer.status_code == 201, answer.text
    return int(answer.text)


def invoice(clientnr: int, *lines: dict[str, object], **fields: object) -> dict[str, object]:
    return {
        "clientnr": clientnr,
        "lines": list(lines or (MUG,)),
        "action": "send",
        "sendmethod": "mail",
    } | fields


def sell(api: httpx.Client, clientnr: int, *lines: dict[str, object], **fields: object) -> dict[str, Any]:
    """Post an invoice and read it back."""
    answer = api.post("/invoices", json=invoice(clientnr, *lines, **fields))
    assert answer.status_code == 201, answer.text
    return cast(dict[str, Any], api.get(f"/invoices/{answer.text}").json()["invoice"])


def refused(answer: httpx.Response, naming: str) -> None:
    assert answer.status_code == 400, (answer.status_code, answer.text)
    assert naming in answer.text
    assert answer.headers["content-type"].startswith("text/plain")


def books(sim: Running[Factuursturen], login: str = "demo1") -> dict[str, Any]:
    accounts = cast(dict[str, Any], sim.control.books()["accounts"])
    return cast(dict[str, Any], accounts[login])


# Access


def test_only_the_right_active_key_is_let_in(sim: Running[Factuursturen]) -> None:
    def status(auth: tuple[str, str] | None) -> int:
        return httpx.get(f"{sim.url}/taxes", auth=auth).status_code

    assert (status(AUTH), status(("demo1", "demo2-key")), status(("nobody", "demo1-key")), status(None)) == (
        200,
        401,
        401,
        401,
    )
    sim.control.set_options(suspended=["demo1"])
    assert (status(AUTH), status(("demo2", "demo2-key"))) == (401, 200)


def test_accounts_keep_separate_books(sim: Running[Factuursturen], api: httpx.Client) -> None:
    add_client(api)
    assert httpx.get(f"{sim.url}/clients", auth=("demo2", "demo2-key")).json() == []
    assert (len(books(sim)["clients"]), books(sim, "demo2")["clients"]) == (1, [])


# Clients


def test_client_comes_back_in_text(sim: Running[Factuursturen], api: httpx.Client) -> None:
    created = api.post("/clients", json=JANSEN | {"reference": {"line1": "Inkoop"}, "colour": "red"})
    assert (created.status_code, created.text) == (201, "1")
    client = api.get("/clients/1").json()["client"]
    assert {name: client[name] for name in ("clientnr", "country", "tax_type", "tax_shifted", "active", "top")} == {
        "clientnr": "1",
        "country": "146",
        "tax_type": "intax",
        "tax_shifted": "false",
        "active": "true",
        "top": "14",
    }
    assert client["reference"] == {"line1": "Inkoop", "line2": "", "line3": ""}
    assert (client["lastinvoice"], client["timestamp"]) == ("", "2026-03-02 12:00:00")
    assert "colour" not in client, "unknown fields are dropped without a word"
    assert api.get("/clients").json() == [client], "a list is not wrapped"


def test_the_same_post_twice_makes_two_clients(sim: Running[Factuursturen], api: httpx.Client) -> None:
    assert [add_client(api), add_client(api)] == [1, 2]


def test_client_is_changed_and_deleted_with_empty_answers(sim: Running[Factuursturen], api: httpx.Client) -> None:
    nr = add_client(api)
    changed = api.put(f"/clients/{nr}", json={"city": "Gouda"})
    assert (changed.status_code, changed.content) == (200, b"")
    client = api.get(f"/clients/{nr}").json()["client"]
    assert (client["city"], client["contact"]) == ("Gouda", "A. Jansen")
    deleted = api.delete(f"/clients/{nr}")
    assert (deleted.status_code, deleted.content) == (200, b"")
    assert api.get("/clients").json() == []
    assert api.put(f"/clients/{nr}", json={"city": "Gouda"}).status_code == 404


def test_country_by_id_or_by_name_in_any_language(api: httpx.Client) -> None:
    for given, id in (
        ("Duitsland", "50"),
        ("Germany", "50"),
        ("België", "18"),
        (224, "224"),
        ("États-Unis", "226"),
    ):
        nr = add_client(api, country=given)
        assert api.get(f"/clients/{nr}").json()["client"]["country"] == id


def test_an_array_of_one_client_will_do(api: httpx.Client) -> None:
    assert api.post("/clients", json=[JANSEN]).text == "1"
    assert api.post("/clients", json=[JANSEN, JANSEN]).status_code == 400


LENGTHS = [
    ("contact", 50),
    ("company", 50),
    ("address", 50),
    ("address_addon", 50),
    ("city", 50),
    ("zipcode", 7),
    ("phone", 13),
    ("mobile", 13),
    ("addon", 255),
    ("bankcode", 32),
    ("biccode", 32),
    ("taxnumber", 18),
    ("mailintro", 128),
]


@pytest.mark.parametrize(("name", "length"), LENGTHS)
def test_texts_have_their_documented_length(
    sim: Running[Factuursturen], api: httpx.Client, name: str, length: int
) -> None:
    add_client(api, **{name: "x" * length})
    refused(api.post("/clients", json=JANSEN | {name: "x" * (length + 1)}), f"{name}: at most {length} characters")
    sim.control.set_options(overlong="truncate")
    nr = add_client(api, **{name: "x" * (length + 1)})
    assert api.get(f"/clients/{nr}").json()["client"][name] == "x" * length


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tax_type", "gross"),
        ("sendmethod", "fax"),
        ("paymentmethod", "cash"),
        ("default_doclang", "pl"),
        ("collecttype", "ONCE"),
        ("country", "Atlantis"),
        ("country", 9999),
        ("email", "no-address"),
        ("top", "soon"),
        ("stddiscount", 101),
        ("active", "perhaps"),
        ("mandate_date", "02-03-2026"),
        ("mandate_date", "2026-02-30"),
        ("city", ["Utrecht"]),
    ],
)
def test_wrong_values_are_refused_by_name(
    sim: Running[Factuursturen], api: httpx.Client, name: str, value: object
) -> None:
    refused(api.post("/clients", json=JANSEN | {name: value}), f"{name}: ")
    assert books(sim)["clients"] == []


def test_a_client_needs_a_name(api: httpx.Client) -> None:
    refused(api.post("/clients", json={"email": "a@b.example"}), "contact or company")


@pytest.mark.parametrize("path", ["/clients/99", "/clients/abc", "/invoices/20269999", "/products/9"])
def test_an_unknown_id_gets_the_whole_list_or_404(sim: Running[Factuursturen], api: httpx.Client, path: str) -> None:
    nr = add_client(api)
    sell(api, nr)
    assert isinstance(api.get(path).json(), list) and api.get(path).json()
    sim.control.set_options(unknown_id="404")
    answer = api.get(path)
    assert answer.status_code == 404 and not answer.text.startswith(("{", "["))


# Search


def test_search(sim: Running[Factuursturen], api: httpx.Client) -> None:
    first = add_client(api)
    add_client(api, email="A@VOORBEELD.example", city="Gouda")
    sell(api, first, reference={"line1": "Order WEB-1001", "line2": "", "line3": ""})

    def found(path: str) -> int:
        return len(api.get(path).json())

    assert found("/search/clients/email/a%40voorbeeld.example") == 2
    assert found("/search/clients/city/gouda") == 1
    assert found("/search/clients/all/Dorpsstraat") == 2
    assert found("/search/clients/email/nobody%40voorbeeld.example") == 0
    assert found("/search/invoices/all/WEB-1001") == found("/search/invoices/reference/WEB-100") == 1
    assert found("/search/products/code/MOK") == 1
    assert api.get("/search/clients/email/a%40voorbeeld.example").json()[0]["clientnr"] == "1"
    sim.control.set_options(search_references=False, search_match="whole")
    assert found("/search/invoices/all/WEB-1001") == 0
    assert found("/search/clients/city/goud") == 0
    sim.control.set_options(search_fields="all")
    assert api.get("/search/clients/email/a%40voorbeeld.example").status_code == 404
    assert found("/search/clients/all/a%40voorbeeld.example") == 2


def test_search_sees_changes_at_once(api: httpx.Client) -> None:
    nr = add_client(api)
    for city in ("Gouda", "Delft", "Breda"):
        assert api.get(f"/search/clients/city/{city}").json() == []
        api.put(f"/clients/{nr}", json={"city": city})
        assert [found["city"] for found in api.get(f"/search/clients/city/{city}").json()] == [city]
    number = sell(api, nr)["id"]
    assert api.get("/search/clients/city/Breda").json()[0]["lastinvoice"] == "2026-03-02"
    assert api.get(f"/search/invoices/all/{number}").json()[0]["open"] == "24.20"
    api.post(f"/invoices_payment/{number}", json={"date": "2026-03-02", "amount": "full"})
    assert api.get(f"/search/invoices/all/{number}").json()[0]["open"] == "0.00"


def test_search_looks_at_every_record(monkeypatch: pytest.MonkeyPatch, api: httpx.Client) -> None:
    """Whichever block of the index it is in, changed or deleted since; in the order they came."""
    monkeypatch.setattr(_factuursturen_search, "BLOCK", 3)

    def found(path: str) -> list[str]:
        return [record["clientnr"] for record in api.get(f"/search/{path}").json()]

    for number in range(8):
        add_client(api, city=f"Stad {number}", company="Voorbeeld BV")
        assert found(f"clients/city/stad%20{number}") == [str(number + 1)]
    api.delete("/clients/4")
    api.put("/clients/2", json={"city": "Stad 7"})
    assert found("clients/city/stad%207") == ["2", "8"]
    assert found("clients/city/stad%201") == []
    assert found("clients/company/voorbeeld") == ["1", "2", "3", "5", "6", "7", "8"]
    for client in (7, 3, 1, 5):
        number = sell(api, client)["id"]
    assert found("invoices/company/voorbeeld") == ["5", "1", "3", "7"]  # the newest first
    api.delete(f"/invoices/{number}")
    assert found("invoices/company/voorbeeld") == ["1", "3", "7"]


def test_search_without_the_word(sim: Running[Factuursturen], api: httpx.Client) -> None:
    sim.control.set_options(search_path="plain", number_layout="{year}/{number:04}")
    sell(api, add_client(api), reference={"line1": "WEB-7"})
    assert api.get("/search/clients/city/Utrecht").status_code == 404
    assert len(api.get("/clients/city/Utrecht").json()) == 1
    assert len(api.get("/invoices/all/WEB-7").json()) == 1
    assert api.get("/invoices/2026%2F0001").json()["invoice"]["id"] == "20260001"


# Invoices: shapes


def test_the_worked_example(sim: Running[Factuursturen], api: httpx.Client) -> None:
    sim.control.set_options(number_layout="F{year}{number:04}")
    nr = add_client(api)
    reference = {"line1": "Order WEB-1001", "line2": "", "line3": ""}
    created = api.post(
        "/invoices",
        json=invoice(nr, MUG, reference=reference, category=3, alreadypaid="full", alreadypaidmethod="iDEAL"),
    )
    assert (created.status_code, created.text) == (201, "F20260001")
    raw = api.get("/invoices/F20260001")
    assert rb"https:\/\/www." in raw.content, "slashes as PHP writes them"
    shown = json.loads(raw.text, parse_float=Decimal)["invoice"]
    expected = {
        "id": "20260001",
        "invoicenr": "F20260001",
        "invoicenr_full": "F20260001",
        "clientnr": str(nr),
        "tax": "4.20",
        "totalintax": "24.20",
        "open": "0.00",
        "paiddate": "2026-03-02",
        "sent": "2026-03-02",
        "duedate": "2026-03-16",
        "category": "3",
        "profile": "1",
        "tax_type": "intax",
        "tax_shifted": "0",
        "company": "Voorbeeld BV",
        "country": "146",
        "reference": reference,
        "uncollectible": "",
        "taxes": {"tax1": {"rate": 21, "sum": "4.20", "sum_of": "20.00"}},
        "lines": {
            "line1": {
                "amount": 2,
                "amount_desc": "stuks",
                "description": "Mok",
                "tax_rate": 21,
                "price": Decimal("12.1"),
                "discount_pct": 0,
                "linetotal": Decimal("24.2"),
            }
        },
    }
    assert {name: shown[name] for name in expected} == expected
    assert [item["description"] for item in shown["history"].values()] == [
        "Factuur verstuurd",
        "Reeds betaald iDEAL",
    ]
    assert api.get("/invoices/20260001").json() == raw.json(), "by id or by number"
    compared = books(sim)["invoices"][0]
    assert (compared["gross"], compared["net"], compared["tax"], compared["open"]) == (2420, 2000, 420, 0)
    assert compared["rates"] == {"21": {"net": 2000, "tax": 420}}


def test_numbers_follow_each_other_and_posting_twice_makes_two(sim: Running[Factuursturen], api: httpx.Client) -> None:
    nr = add_client(api)
    posted = [api.post("/invoices", json=invoice(nr)).text for _ in range(3)]
    assert posted == ["20260001", "20260002", "20260003"]
    assert api.delete("/invoices/20260003").content == b""
    sim.control.set_clock(datetime(2026, 12, 31, 23, 30, tzinfo=UTC))
    assert api.post("/invoices", json=invoice(nr)).text == "20270001", "it is next year in Amsterdam"
    assert api.put("/invoices/20260001", json={}).status_code == 405, "an invoice cannot be changed"


def test_a_number_of_the_senders_own_moves_the_sequence(api: httpx.Client) -> None:
    nr = add_client(api)
    assert api.post("/invoices", json=invoice(nr, invoicenr=20260500)).text == "20260500"
    assert api.post("/invoices", json=invoice(nr)).text == "20260501"
    refused(api.post("/invoices", json=invoice(nr, invoicenr=20260500)), "invoicenr")
    assert api.post("/invoices", json=invoice(nr, invoicenr=20260007)).text == "20260007"
    assert api.post("/invoices", json=invoice(nr)).text == "20260502", "no number is given out twice"


def test_lines_as_object_and_as_bracketed_form(sim: Running[Factuursturen], api: httpx.Client) -> None:
    nr = add_client(api)
    text = {"description": "Met dank"}
    as_object = invoice(nr) | {"lines": {"line1": MUG, "line2": text}}
    shown = api.get(f"/invoices/{api.post('/invoices', json=as_object).text}").json()["invoice"]
    assert list(shown["lines"]) == ["line1", "line2"]
    assert (shown["lines"]["line2"]["description"], shown["lines"]["line2"]["linetotal"]) == ("Met dank", 0)
    form = {
        "clientnr": str(nr),
        "action": "send",
        "sendmethod": "mail",
        "lines[0][description]": "Mok",
        "lines[0][amount]": "2",
        "lines[0][price]": "12.10",
        "lines[0][tax_rate]": "21",
        "reference[line1]": "WEB-9",
    }
    shown = api.get(f"/invoices/{api.post('/invoices', data=form).text}").json()["invoice"]
    assert (shown["totalintax"], shown["reference"]["line1"]) == ("24.20", "WEB-9")


def test_empty_objects_are_arrays(sim: Running[Factuursturen], api: httpx.Client) -> None:
    sim.control.set_options(zero_rate_in_taxes=False)
    nr = add_client(api)
    assert sell(api, nr, MUG | {"tax_rate": 0})["taxes"] == []
    api.post("/invoices", json=invoice(nr) | {"lines": [], "action": "save", "savename": "leeg"})
    saved = api.get("/invoices_saved").json()
    assert (saved[0]["lines"], saved[0]["taxes"]) == ([], [])


def test_created_number_may_end_in_a_line_feed(sim: Running[Factuursturen], api: httpx.Client) -> None:
    sim.control.set_options(created_newline=True)
    assert api.post("/clients", json=JANSEN).content == b"1\n"


def test_a_shortened_number_still_parses(sim: Running[Factuursturen], api: httpx.Client) -> None:
    nr = add_client(api)
    sim.control.add_fault("truncate", method="POST", path="/invoices$", keep=4, times=1)
    answer = api.post("/invoices", json=invoice(nr))
    assert (answer.status_code, answer.json()) == (201, 2026)
    assert [made["invoicenr"] for made in books(sim)["invoices"]] == ["20260001"]


def test_xml_where_the_account_defaults_to_it(sim: Running[Factuursturen], api: httpx.Client) -> None:
    sim.control.set_options(default_format="xml")
    assert api.get("/taxes").json()[0]["percentage"] == "21"
    answer = api.get("/taxes", headers={"Accept": "*/*"})
    assert answer.headers["content-type"].startswith("application/xml")
    assert "<item><percentage>21</percentage>" in answer.text


def test_errors_in_html(sim: Running[Factuursturen], api: httpx.Client) -> None:
    sim.control.set_options(errors="html", error_status=422)
    answer = api.post("/clients", json=JANSEN | {"zipcode": "SW1A 1AA"})
    assert (answer.status_code, answer.headers["content-type"]) == (422, "text/html; charset=utf-8")
    assert "<p>zipcode: at most 7 characters, not 8</p>" in answer.text


# Invoices: refusals


def without(document: dict[str, object], name: str) -> dict[str, object]:
    return {key: value for key, value in document.items() if key != name}


REFUSED: dict[str, tuple[Callable[[dict[str, object]], dict[str, object]], str]] = {
    "unknown client": (lambda d: d | {"clientnr": 999}, "clientnr"),
    "no client": (lambda d: without(d, "clientnr"), "clientnr: required"),
    "no action": (lambda d: without(d, "action"), "action"),
    "unknown action": (lambda d: d | {"action": "print"}, "action"),
    "no sendmethod": (lambda d: without(d, "sendmethod"), "sendmethod"),
    "no lines": (lambda d: d | {"lines": []}, "lines"),
    "only text": (lambda d: d | {"lines": [{"description": "hallo"}]}, "lines"),
    "unknown category": (lambda d: d | {"category": 99}, "category"),
    "unknown profile": (lambda d: d | {"profile": 99}, "profile"),
    "unknown rate": (lambda d: d | {"lines": [MUG | {"tax_rate": 19}]}, "lines.line1.tax_rate"),
    "decimal comma": (lambda d: d | {"lines": [MUG | {"price": "12,10"}]}, "lines.line1.price"),
    "price beyond reason": (lambda d: d | {"lines": [MUG | {"price": "1e99"}]}, "lines.line1.price"),
    "price is true": (lambda d: d | {"lines": [MUG | {"price": True}]}, "lines.line1.price"),
    "no amount": (lambda d: d | {"lines": [MUG, without(MUG, "amount")]}, "lines.line2.amount"),
    "empty line": (lambda d: d | {"lines": [{}]}, "lines.line1"),
    "discount above 100": (lambda d: d | {"lines": [MUG | {"discount_pct": 101}]}, "discount_pct"),
    "foreign VAT at home": (lambda d: d | {"lines": [MUG | {"tax_country": True}]}, "tax_country"),
    "layout line": (lambda d: d | {"lines": [MUG, {"type": "page"}]}, "type"),
    "discount type": (lambda d: d | {"discount": 5, "discounttype": "euro"}, "discounttype"),
    "save without name": (lambda d: d | {"action": "save"}, "savename"),
    "long savename": (lambda d: d | {"action": "save", "savename": "x" * 21}, "savename"),
    "long method": (
        lambda d: d | {"alreadypaid": "full", "alreadypaidmethod": "x" * 33},
        "alreadypaidmethod",
    ),
    "paid perhaps": (lambda d: d | {"alreadypaid": "half"}, "alreadypaid"),
    "repeat without dates": (lambda d: d | {"action": "repeat", "savename": "abo"}, "initialdate"),
    "repeat now and then": (
        lambda d: d | {"action": "repeat", "savename": "abo", "initialdate": "2026-04-01", "frequency": "sometimes"},
        "frequency",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_invoices_name_the_field_and_book_nothing(
    sim: Running[Factuursturen], api: httpx.Client, case: str
) -> None:
    change, naming = REFUSED[case]
    refused(api.post("/invoices", json=change(invoice(add_client(api)))), naming)
    assert (books(sim)["invoices"], books(sim)["saved"], books(sim)["repeated"]) == ([], [], [])


def test_unknown_rates_are_a_switch(sim: Running[Factuursturen], api: httpx.Client) -> None:
    sim.control.set_options(unknown_tax_rate="accept")
    assert sell(api, add_client(api), MUG | {"tax_rate": 19, "price": 11.90})["tax"] == "3.80"


def test_foreign_vat_for_a_foreign_client(api: httpx.Client) -> None:
    nr = add_client(api, country=50)
    refused(api.post("/invoices", json=invoice(nr, MUG | {"tax_rate": 19})), "tax_rate")
    assert sell(api, nr, MUG | {"tax_rate": 19, "price": 11.90, "tax_country": True})["tax"] == "3.80"


def test_inactive_clients(sim: Running[Factuursturen], api: httpx.Client) -> None:
    nr = add_client(api, active="false")
    refused(api.post("/invoices", json=invoice(nr)), "not active")
    sim.control.set_options(inactive_client="accept")
    sell(api, nr)


def test_unknown_fields_are_dropped(api: httpx.Client) -> None:
    shown = sell(api, add_client(api), MUG | {"dicount_pct": 50}, colour="red")
    assert (shown["totalintax"], "colour" in shown) == ("24.20", False)


def test_bodies_of_another_kind(api: httpx.Client) -> None:
    assert api.post("/clients", content=b"{").status_code == 400
    refused(
        api.post("/clients", content=b"<client/>", headers={"Content-Type": "application/xml"}),
        "Content-Type",
    )
    assert api.post("/clients", json="text").status_code == 400


# Invoices: amounts


def line(price: str, rate: int = 21, amount: str = "1", **more: object) -> dict[str, object]:
    return {"description": "x", "amount": amount, "price": price, "tax_rate": rate} | more


@pytest.mark.parametrize(
    ("rounding", "tax_type", "tax", "gross"),
    [
        ("per_rate", "extax", "0.15", "0.87"),
        ("per_line", "extax", "0.18", "0.90"),
        ("per_rate", "intax", "0.12", "0.72"),
        ("per_line", "intax", "0.12", "0.72"),
    ],
)
def test_rounding_per_rate_or_per_line(
    sim: Running[Factuursturen], api: httpx.Client, rounding: str, tax_type: str, tax: str, gross: str
) -> None:
    """Six lines of 0.12: without VAT, 21 % of the sum is 0.1512 and of one line 0.0252."""
    sim.control.set_options(vat_rounding=rounding)
    lines = [line("0.12", amount="1") for _ in range(6)]
    shown = sell(api, add_client(api, tax_type=tax_type), *lines)
    assert (shown["tax"], shown["totalintax"]) == (tax, gross)


def test_prices_keep_four_decimals_or_as_many_as_said(sim: Running[Factuursturen], api: httpx.Client) -> None:
    nr = add_client(api, tax_type="extax")
    totals = []
    for decimals in (2, 4, 6):
        sim.control.set_options(price_decimals=decimals)
        shown = sell(api, nr, line("0.123456", amount="1000"))
        totals.append((shown["taxes"]["tax1"]["sum_of"], shown["lines"]["line1"]["price"]))
    assert totals == [("120.00", 0.12), ("123.50", 0.1235), ("123.46", 0.123456)]


def test_two_rates_in_one_invoice(sim: Running[Factuursturen], api: httpx.Client) -> None:
    shown = sell(api, add_client(api), line("10.00", 9), line("5.00", 21), line("3.00", 0), line("2.50", 9))
    assert list(shown["taxes"].values()) == [
        {"rate": 21, "sum": "0.87", "sum_of": "4.13"},
        {"rate": 9, "sum": "1.03", "sum_of": "11.47"},
        {"rate": 0, "sum": "0.00", "sum_of": "3.00"},
    ]
    assert (shown["tax"], shown["totalintax"]) == ("1.90", "20.50")


@pytest.mark.parametrize(
    ("switch", "given", "gross"),
    [
        ("always", 0, "95.00"),
        ("unless_given", 0, "100.00"),
        ("unless_given", None, "95.00"),
        ("never", None, "100.00"),
        ("always", 10, "85.50"),
    ],
)
def test_a_clients_standard_discount(
    sim: Running[Factuursturen], api: httpx.Client, switch: str, given: int | None, gross: str
) -> None:
    sim.control.set_options(standard_discount=switch)
    charged = line("100.00") | ({} if given is None else {"discount_pct": given})
    assert sell(api, add_client(api, stddiscount=5), charged)["totalintax"] == gross


def test_document_discounts(api: httpx.Client) -> None:
    nr = add_client(api)
    goods = [line("10.00", 21), line("20.00", 9)]
    assert sell(api, nr, *goods, discounttype="percentage", discount=10)["totalintax"] == "27.00"
    shown = sell(api, nr, *goods, discounttype="amount", discount="1.00")
    assert shown["totalintax"] == "29.00"
    assert shown["taxes"]["tax1"]["sum_of"] == "7.99", "21 %: 10.00 - 0.33 (a third, to the cent) incl. VAT"
    refused(
        api.post("/invoices", json=invoice(nr, line("1"), line("-1"), discounttype="amount", discount=1)),
        "discount",
    )


def test_reverse_charge(sim: Running[Factuursturen], api: httpx.Client) -> None:
    nr = add_client(api, country=18, tax_shifted=True, taxnumber="BE0123456749", tax_type="extax")
    refused(api.post("/invoices", json=invoice(nr)), "shifted")
    shown = sell(api, nr, line("20.00", 0))
    assert (shown["tax"], shown["totalintax"], shown["tax_shifted"]) == ("0.00", "20.00", "1")
    sim.control.set_options(shifted_rate="zero")
    assert sell(api, nr, line("20.00", 21))["totalintax"] == "20.00"


def test_credits_are_negative_invoices(sim: Running[Factuursturen], api: httpx.Client) -> None:
    nr = add_client(api)
    assert sell(api, nr, line("12.10", amount="-2"))["totalintax"] == "-24.20"
    shown = sell(api, nr, line("-12.10", amount="2"), alreadypaid="full")
    assert (shown["tax"], shown["open"], shown["paiddate"]) == ("-4.20", "0.00", "2026-03-02")
    sim.control.set_options(negative_total="refuse")
    refused(api.post("/invoices", json=invoice(nr, line("-12.10"))), "below zero")
    assert sell(api, nr, line("20.00"), line("-12.10"))["totalintax"] == "7.90", "a discount line is no credit"


EXCLUSIVE = Terms(includes_tax=False, shifted=False, standard_discount=Decimal(0), standard_discount_applies="always")
INCLUSIVE = Terms(includes_tax=True, shifted=False, standard_discount=Decimal(0), standard_discount_applies="always")


def charges(*prices: str, rate: str = "21") -> list[Line]:
    return [Line("x", Decimal(1), price=Decimal(price), tax_rate=Decimal(rate)) for price in prices]


def test_totals_round_half_away_from_zero_on_both_sides() -> None:
    for sign in (1, -1):
        lines = [Line("x", Decimal(sign), price=Decimal("0.50"), tax_rate=Decimal(21))]
        assert totals_for(lines, EXCLUSIVE, None, "per_rate", 4).tax == sign * Decimal("0.11")


@pytest.mark.parametrize("terms", [EXCLUSIVE, INCLUSIVE])
def test_rounding_switches_differ_by_cents(terms: Terms) -> None:
    lines = charges("1.02", "1.02", "1.02")
    per_rate = totals_for(lines, terms, None, "per_rate", 4)
    per_line = totals_for(lines, terms, None, "per_line", 4)
    expected = {False: (Decimal("0.64"), Decimal("0.63")), True: (Decimal("0.53"), Decimal("0.54"))}
    assert (per_rate.tax, per_line.tax) == expected[terms.includes_tax]


def test_a_discount_amount_loses_no_cent() -> None:
    lines = charges("10.00") + charges("10.00", rate="9") + charges("10.00", rate="0")
    for rounding in ("per_rate", "per_line"):
        totals = totals_for(lines, INCLUSIVE, Discount("amount", Decimal("0.10")), rounding, 4)
        assert totals.gross == Decimal("29.90")


# Payments, drafts, post


def test_paid_in_part_and_later_in_full(sim: Running[Factuursturen], api: httpx.Client) -> None:
    shown = sell(api, add_client(api), alreadypaid=10)
    assert (shown["open"], shown["paiddate"]) == ("14.20", "")
    path = f"/invoices_payment/{shown['id']}"
    refused(api.post(path, json={"date": "2026-03-05"}), "amount")
    refused(api.post(path, json={"amount": "full"}), "date")
    assert api.post(path, json={"date": "2026-03-05", "amount": "full", "method": "iDEAL"}).status_code == 201
    shown = api.get(f"/invoices/{shown['id']}").json()["invoice"]
    assert (shown["open"], shown["paiddate"]) == ("0.00", "2026-03-05")
    api.post(path, json={"date": "2026-03-06", "amount": 1})
    assert api.get(f"/invoices/{shown['id']}").json()["invoice"]["open"] == "-1.00", "below zero: overpaid"
    assert api.post("/invoices_payment/1", json={"date": "2026-03-05", "amount": 1}).status_code == 404


def test_paid_date_is_a_switch(sim: Running[Factuursturen], api: httpx.Client) -> None:
    sim.control.set_options(paid_date=False)
    shown = sell(api, add_client(api), alreadypaid="full")
    assert (shown["open"], shown["paiddate"]) == ("0.00", "")


def test_own_date_is_a_switch(sim: Running[Factuursturen], api: httpx.Client) -> None:
    nr = add_client(api)
    assert sell(api, nr, sent="2026-01-15")["sent"] == "2026-03-02"
    sim.control.set_options(sent_writable=True)
    assert sell(api, nr, sent="2026-01-15")["sent"] == "2026-01-15"


def test_drafts_are_no_invoices_until_sent(sim: Running[Factuursturen], api: httpx.Client) -> None:
    nr = add_client(api)
    draft = invoice(nr) | {"action": "save", "savename": "WEB-1"}
    assert api.post("/invoices", json=draft).text == "1"
    assert api.get("/invoices").json() == []
    assert api.get("/invoices_saved/1").json()["invoice"]["savename"] == "WEB-1"
    refused(api.post("/invoices", json=draft), "savename")
    assert api.post("/invoices", json=draft | {"overwrite_if_exist": True, "lines": [line("1.00")]}).text == "1"
    assert books(sim)["saved"][0]["gross"] == 100
    sim.control.set_options(savename_taken="ignore")
    assert api.post("/invoices", json=draft).status_code == 201
    assert books(sim)["saved"][0]["gross"] == 100
    assert api.post("/invoices_saved/1", json={"sendmethod": "mail"}).text == "20260001"
    assert (api.get("/invoices_saved").json(), len(api.get("/invoices").json())) == ([], 1)
    repeat = {
        "action": "repeat",
        "savename": "abo",
        "initialdate": "2026-04-01",
        "frequency": "monthly",
        "repeattype": "auto",
    }
    assert api.post("/invoices", json=invoice(nr) | repeat).status_code == 201
    assert api.get("/invoices_repeated").json()[0]["frequency"] == "monthly"
    assert api.delete("/invoices_repeated/2").status_code == 200
    assert books(sim)["repeated"] == []


def test_the_outbox_knows_who_was_mailed(sim: Running[Factuursturen], api: httpx.Client) -> None:
    nr = add_client(api)
    sell(api, nr)
    assert books(sim)["outbox"] == []
    number = sell(api, nr, sendmethod="email")["invoicenr"]
    sell(api, nr, sendmethod="printcenter")
    api.post("/invoices_reminder", json={"invoicenr": number})
    posted = [(item["kind"], item["invoicenr"], item["to"]) for item in books(sim)["outbox"]]
    assert posted == [
        ("email", "20260002", "a@voorbeeld.example"),
        ("letter", "20260003", "a@voorbeeld.example"),
        ("reminder", "20260002", "a@voorbeeld.example"),
    ]
    refused(api.post("/invoices", json=invoice(add_client(api, email=""), sendmethod="email")), "e-mail")


# Lists


def test_invoice_list_filters(sim: Running[Factuursturen], api: httpx.Client) -> None:
    one, two = add_client(api), add_client(api)
    sell(api, one)
    sell(api, one, alreadypaid="full")
    sim.control.advance(timedelta(days=20).total_seconds())
    sell(api, two, alreadypaid=5)
    sell(api, two, alreadypaid=30)

    def found(**query: object) -> list[str]:
        answer = api.get("/invoices", params={name: str(value) for name, value in query.items()})
        assert answer.status_code == 200, answer.text
        return [shown["id"][-1] for shown in answer.json()]

    assert found() == ["4", "3", "2", "1"]
    assert found(filter="open") == ["3", "1"]
    assert found(filter="overdue") == ["1"]
    assert found(filter="partly") == ["3"]
    assert found(filter="paid") == ["4", "2"]
    assert found(filter="toomuch") == ["4"]
    assert found(filter="uncollectible") == []
    assert found(since="2026-03-03") == ["4", "3"]
    assert found(until="2026-03-02") == ["2", "1"]
    assert found(count=2, offset=1) == found(count=2, start=1) == ["3", "2"]
    assert found(clientnr=two) == ["4", "3"]
    assert found(colour="red") == ["4", "3", "2", "1"]
    refused(api.get("/invoices", params={"filter": "late"}), "filter")
    refused(api.get("/invoices", params={"since": "03-03-2026"}), "since")
    sim.control.set_options(default_count=3, invoice_order="oldest", client_filter="client")
    assert found() == ["1", "2", "3"]
    assert found(count=-1) == ["1", "2", "3", "4"]
    assert found(clientnr=two, count=-1) == ["1", "2", "3", "4"]
    assert found(client=two) == ["3", "4"]


def test_reference_lists(api: httpx.Client) -> None:
    assert [(tax["percentage"], tax["type"]) for tax in api.get("/taxes").json()] == [
        ("21", "H"),
        ("9", "L"),
        ("0", "Z"),
    ]
    categories = api.get("/categories").json()
    assert (categories[0], categories[-1]["ledger"]) == (
        {"id": "1", "name": "Omzet hoog", "ledger": 8000},
        False,
    )
    assert api.get("/profiles").json()[0] == {"id": "1", "name": "Standaard", "default": "true"}
    assert api.get("/products/1").json()["product"]["priceintax"] == "12.10"
    for language, name in (
        ("nl", "Nederland"),
        ("en", "Netherlands"),
        ("de", "Niederlande"),
        ("fr", "Pays-Bas"),
    ):
        countries = {country["id"]: country["name"] for country in api.get(f"/countrylist/{language}").json()}
        assert countries["146"] == name
        assert {"18", "50", "63", "157", "224", "226", "237"} <= set(countries)
    assert api.get("/countrylist/pl").status_code == 404
    sell(api, add_client(api))
    assert api.get("/balance").json() == {"balance": {"open": "24.20", "overdue": "0.00"}}
    assert api.get("/invoices_pdf/20260001").content.startswith(b"%PDF-1.4")


# The limit


def test_sixty_invoices_in_any_rolling_hour(sim: Running[Factuursturen], api: httpx.Client) -> None:
    nr = add_client(api)
    for _ in range(30):
        assert api.post("/invoices", json=invoice(nr)).status_code == 201
    sim.control.advance(1800)
    for _ in range(30):
        assert api.post("/invoices", json=invoice(nr)).status_code == 201
    over = api.post("/invoices", json=invoice(nr))
    assert (over.status_code, over.headers["x-ratelimit-remaining"]) == (403, "0")
    assert api.get("/clients").status_code == 200, "only invoices are counted by this limit"
    sim.control.advance(1799)
    assert api.post("/invoices", json=invoice(nr)).status_code == 403, "one second early"
    sim.control.advance(1)
    assert [api.post("/invoices", json=invoice(nr)).status_code for _ in range(31)] == [201] * 30 + [403]
    limits = books(sim)["limits"]["invoices"]
    assert limits == {"per_hour": 60, "used": 60, "busiest_hour": 60, "refused": 3}
    assert len(books(sim)["invoices"]) == 90
    assert httpx.get(f"{sim.url}/invoices", auth=("demo2", "demo2-key")).status_code == 200


def test_a_refused_invoice_counts_too(sim: Running[Factuursturen], api: httpx.Client) -> None:
    sim.control.set_options(invoices_per_hour=2)
    nr = add_client(api)
    assert [api.post("/invoices", json=invoice(number)).status_code for number in (99, nr, nr)] == [
        400,
        201,
        403,
    ]
    sim.control.set_options(invoices_per_hour=0)
    assert [api.post("/invoices", json=invoice(nr)).status_code for _ in range(70)] == [201] * 70


def test_the_header_falls_with_every_call(sim: Running[Factuursturen], api: httpx.Client) -> None:
    sim.control.set_options(calls_per_hour=4)
    answers = [
        api.get("/taxes"),
        api.get("/nothing"),
        api.get("/clients"),
        api.get("/taxes"),
        api.get("/taxes"),
    ]
    assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["3", "2", "1", "0", "0"]
    assert [answer.status_code for answer in answers] == [200, 404, 200, 200, 403]
    assert books(sim)["limits"]["calls"]["refused"] == 1
    sim.control.advance(3600)
    assert api.get("/taxes").headers["x-ratelimit-remaining"] == "3"


def test_the_header_may_speak_of_invoices(sim: Running[Factuursturen], api: httpx.Client) -> None:
    sim.control.set_options(header_counts="invoices")
    assert api.get("/taxes").headers["x-ratelimit-remaining"] == "60"
    created = api.post("/invoices", json=invoice(add_client(api)))
    assert created.headers["x-ratelimit-remaining"] == "59"
    sim.control.set_options(invoices_per_hour=0)
    assert "x-ratelimit-remaining" not in api.get("/taxes").headers


# What an account starts with


def test_starting_clients_are_the_shops_customers_with_a_twist(sim: Running[Factuursturen], api: httpx.Client) -> None:
    sim.control.reset(clients=12, seed=5)
    shop = customers(5)
    clients = api.get("/clients").json()
    assert len(clients) == 12
    assert (clients[0]["email"], clients[0]["tax_type"]) == (shop[0].email, "intax")
    assert clients[1]["tax_type"] == "extax"
    assert clients[2]["stddiscount"] == "5"
    assert clients[3]["email"] == clients[4]["email"] == shop[3].email
    assert (clients[5]["active"], clients[8]["active"]) == ("false", "true")
    assert clients[5]["email"] == clients[8]["email"]
    assert clients[6]["email"] == shop[6].email.upper() != shop[6].email
    assert api.get("/invoices").json() == []
    sim.control.seed(seed=6)
    assert api.get("/clients").json()[0]["email"] == customers(6)[0].email
    assert httpx.get(f"{sim.url}/clients", auth=("demo2", "demo2-key")).json()[0]["email"] == customers(7)[0].email


def test_a_layout_without_a_number_is_refused() -> None:
    with pytest.raises(ValueError, match="number"):
        Factuursturen(number_layout="{year}")
