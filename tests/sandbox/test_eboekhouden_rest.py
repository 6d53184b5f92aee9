"""The simulated e-Boekhouden.nl over REST, alone and beside SOAP on the same books."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, cast

import httpx
import pytest
import zeep

from sandbox._server import Running, running
from sandbox.eboekhouden_rest import EBoekhoudenRest

NOON = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)
DEBTORS, REVENUE, BANK, CREDITORS, COSTS = 1_300_007, 1_300_023, 1_300_005, 1_300_009, 1_300_018


@pytest.fixture(scope="module")
def served() -> Iterator[Running[EBoekhoudenRest]]:
    with running(EBoekhoudenRest(relations=3)) as sim:
        yield sim


@pytest.fixture
def sim(served: Running[EBoekhoudenRest]) -> Running[EBoekhoudenRest]:
    served.control.reset()
    served.control.set_clock(NOON, freeze=True)
    return served


def logged_in(sim: Running[EBoekhoudenRest], user: str = "demo1") -> httpx.Client:
    answer = httpx.post(f"{sim.url}/v1/session", json={"accessToken": f"{user}-token", "source": "Boekbrug"})
    assert answer.status_code == 200, answer.text
    return httpx.Client(base_url=f"{sim.url}/v1", headers={"Authorization": answer.json()["token"]})


@pytest.fixture
def api(sim: Running[EBoekhoudenRest]) -> Iterator[httpx.Client]:
    with logged_in(sim) as client:
        yield client


def row(**changes: object) -> dict[str, object]:
    return {"ledgerId": REVENUE, "vatCode": "HOOG_VERK_21", "amount": 100.00} | changes


def sale(*rows: dict[str, object], **changes: object) -> dict[str, object]:
    return {
        "type": "2", "date": "2026-03-02", "ledgerId": DEBTORS, "invoiceNumber": "2026-0001", "relationId": 701,
        "termOfPayment": 14, "inExVat": "EX", "description": "Order 5541", "rows": list(rows or (row(),)),
    } | changes  # fmt: skip


def payment(amount: float = 121, **changes: object) -> dict[str, object]:
    paid = {"vatCode": "GEEN", "amount": amount, "invoiceNumber": "2026-0001", "relationId": 701} | changes
    return {"type": 3, "date": "2026-03-05", "ledgerId": BANK, "inExVat": "EX", "rows": [paid]}


def book(api: httpx.Client, body: dict[str, object]) -> int:
    answer = api.post("/mutation", json=body)
    assert answer.status_code == 201, answer.text
    return cast(int, answer.json()["id"])


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def items(api: httpx.Client, path: str, **query: object) -> list[dict[str, Any]]:
    answer = api.get(path, params=cast(dict[str, str], query))
    assert answer.status_code == 200, answer.text
    return cast(list[dict[str, Any]], answer.json()["items"])


def books(sim: Running[EBoekhoudenRest], user: str = "demo1") -> dict[str, Any]:
    return cast(dict[str, Any], cast(dict[str, Any], sim.control.books()["administrations"])[user])


# Sessions


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ({"accessToken": "demo1-token"}, (400, "API_SESSION_001")),
        ({"accessToken": "demo1-token", "source": "Boekbrug-NL"}, (400, "API_SESSION_002")),
        ({"accessToken": "demo1-token", "source": "Elevenchars"}, (400, "API_SESSION_002")),
        ({"accessToken": "demo3-token", "source": "Boekbrug"}, (401, "SESSION_002")),
        ({"accessToken": "demo1", "source": "Boekbrug"}, (401, "SESSION_002")),
        ({"source": "Boekbrug"}, (401, "SESSION_002")),
    ],
)
def test_a_session_is_refused(sim: Running[EBoekhoudenRest], body: dict[str, str], wanted: tuple[int, str]) -> None:
    assert refusal(httpx.post(f"{sim.url}/v1/session", json=body)) == wanted


def test_a_session_ends(sim: Running[EBoekhoudenRest], api: httpx.Client) -> None:
    assert api.get("/ledger").status_code == 200
    sim.control.advance(3600)
    assert api.get("/ledger").status_code == 401
    with logged_in(sim) as again:
        assert again.delete("/session").status_code == 204
        assert again.get("/ledger").status_code == 401
    assert httpx.get(f"{sim.url}/v1/ledger").status_code == 401


def test_the_header_has_two_forms(sim: Running[EBoekhoudenRest], api: httpx.Client) -> None:
    token = api.headers["Authorization"]

    def statuses() -> tuple[int, ...]:
        return tuple(
            api.get("/ledger", headers={"Authorization": form}).status_code for form in (token, f"Bearer {token}")
        )

    assert statuses() == (200, 200)
    sim.control.set_options(authorization="raw")
    assert statuses() == (200, 401)
    sim.control.set_options(authorization="bearer")
    assert statuses() == (401, 200)


def test_rights_and_limits(sim: Running[EBoekhoudenRest], api: httpx.Client) -> None:
    sim.control.set_options(forbidden=["demo1"])
    answer = api.get("/ledger")
    assert (refusal(answer), answer.json()["securityType"]) == ((403, "SECURITY_001"), "Bookkeeping")
    sim.control.set_options(forbidden=[], rate_limit=2)
    answer = api.get("/ledger")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "60")
    sim.control.set_options(rate_limit=0)
    assert api.get("/administration/linked").json()["items"][0]["name"] == "Voorbeeld demo1"
    assert refusal(api.get("/administration")) == (400, "EP_001")
    sim.control.set_options(accountants=["demo1"])
    assert len(items(api, "/administration")) == 2


# Lists


def test_pages(sim: Running[EBoekhoudenRest], api: httpx.Client) -> None:
    whole = items(api, "/ledger")
    assert [found["id"] for found in items(api, "/ledger", limit=2, offset=1)] == [whole[1]["id"], whole[2]["id"]]
    assert api.get("/ledger?limit=2").json()["count"] == 2
    sim.control.set_options(count="total")
    assert api.get("/ledger?limit=2").json()["count"] == len(whole)
    assert refusal(api.get("/ledger?limit=2001")) == (400, "PAGE_001")
    assert refusal(api.get("/ledger?limit=0")) == (400, "PAGE_001")
    assert refusal(api.get("/ledger?offset=-1")) == (400, "PAGE_002")


def test_filters_have_two_spellings(sim: Running[EBoekhoudenRest], api: httpx.Client) -> None:
    for at, day in enumerate(("2026-01-31", "2026-02-01", "2026-02-28", "2026-03-01")):
        book(api, sale(date=day, invoiceNumber=f"N{at}", entryNumber=f"order/{at}"))

    def numbers(**query: object) -> str:
        return "".join(found["invoiceNumber"][1] for found in items(api, "/mutation", **query))

    february = "2026-02-01,2026-02-28"
    assert numbers(**{"date[range]": february}) == "12"
    assert numbers(date=f"[range]{february}") == ""
    assert numbers(**{"date[gt]": "2026-02-28"}) == "3"
    assert numbers(**{"date[lte]": "2026-02-01"}) == "01"
    assert numbers(**{"date[lt]": "2026-02-01"}) == "0"
    assert numbers(**{"id[gte]": 91_003}) == "23"
    assert numbers(**{"entryNumber[like]": "order%3"}) == "3"
    assert numbers(**{"entryNumber[not_like]": "order%3", "invoiceNumber[not_eq]": "N0"}) == "12"
    assert numbers(invoiceNumber="N2", type=2) == "2"
    assert numbers(type=1) == ""
    assert numbers(colour="red") == "0123"
    sim.control.set_options(filters="value", unknown_parameter="refuse")
    assert numbers(date=f"[range]{february}") == "12"
    assert refusal(api.get("/mutation", params={"date[range]": february})) == (400, "ERR_001")
    assert refusal(api.get("/mutation?colour=red")) == (400, "ERR_001")


def test_accounts_and_balances(sim: Running[EBoekhoudenRest], api: httpx.Client) -> None:
    (debtors,) = items(api, "/ledger", code="1300")
    assert (debtors["id"], debtors["category"]) == (DEBTORS, "DEB")
    assert api.get(f"/ledger/{REVENUE}").json()["code"] == "8000"
    assert api.get("/ledger/5").status_code == 404
    book(api, sale(row(costCenterId=11)))
    assert api.get(f"/ledger/{DEBTORS}/balance").json() == {"balance": 121}
    assert api.get(f"/ledger/{DEBTORS}/balance?to=2026-03-01").json() == {"balance": 0}
    assert api.get(f"/ledger/{DEBTORS}/balance?from=2026-03-02&to=2026-03-02&costCenterId=12").json() == {"balance": 0}
    assert [found["balance"] for found in items(api, "/ledger/balances", category="AF19")] == [-21]
    assert [found["description"] for found in items(api, "/costcenter", parentId=11)] == ["Webwinkel NL"]
    assert len(items(api, "/invoicetemplate")) == 1


# Relations


def test_relations(api: httpx.Client) -> None:
    made = api.post("/relation", json={"name": "Jan Jansen", "type": "P", "city": "Utrecht", "termOfPayment": 14})
    assert made.status_code == 201
    id, code = made.json()["id"], made.json()["code"]
    assert code
    assert items(api, "/relation", name="jan jansen") == [{"id": id, "type": "P", "code": code}]
    assert api.patch(f"/relation/{id}", json={"name": "Jan Jansen", "city": "Zeist"}).status_code == 204
    assert api.get(f"/relation/{id}").json() == {
        "id": id, "name": "Jan Jansen", "type": "P", "city": "Zeist", "code": code, "termOfPayment": 14,
    }  # fmt: skip
    assert api.get("/relation/5").status_code == 404


@pytest.mark.parametrize(
    ("wrong", "wanted"),
    [
        ({"name": None}, "REL_001"), ({"name": ""}, "ERR_001"), ({"name": "x" * 101}, "ERR_001"),
        ({"code": "K701"}, "REL_049"), ({"type": "X"}, "ERR_001"), ({"companyRegistrationNumber": "12a"}, "REL_008"),
        ({"emailAddress": "nobody"}, "REL_023"), ({"termOfPayment": "14"}, "REL_030"), ({"colour": "red"}, "ERR_001"),
    ],
)  # fmt: skip
def test_a_relation_is_refused(sim: Running[EBoekhoudenRest], api: httpx.Client, wrong: Any, wanted: str) -> None:
    assert refusal(api.post("/relation", json={"name": "Jan"} | wrong)) == (400, wanted)
    assert refusal(api.patch("/relation/702", json={"name": "Jan"} | wrong)) == (400, wanted)
    assert len(books(sim)["relations"]) == 3


# Mutations


def test_the_server_works_out_vat(sim: Running[EBoekhoudenRest], api: httpx.Client) -> None:
    low = row(vatCode="LAAG_VERK_9", amount=50, ledgerId=REVENUE + 1, description="Boek")
    id = book(api, sale(row(), low))
    assert books(sim)["ledgers"] == {"1300": 17550, "1650": -2100, "1651": -450, "8000": -10000, "8010": -5000}
    book(api, sale(row(amount=10.00), inExVat="IN", invoiceNumber="2"))
    assert books(sim)["vat"]["HOOG_VERK_21"] == {"net": 10826, "vat": 2274, "gross": 13100}
    found = api.get(f"/mutation/{id}").json()
    assert {name: found[name] for name in ("id", "type", "date", "relationId", "termOfPayment", "inExVat")} == {
        "id": id, "type": 2, "date": "2026-03-02", "relationId": 701, "termOfPayment": 14, "inExVat": "EX",
    }  # fmt: skip
    assert found["vat"] == [{"vatCode": "HOOG_VERK_21", "amount": 21}, {"vatCode": "LAAG_VERK_9", "amount": 4.5}]
    assert found["rows"][1] == {
        "ledgerId": REVENUE + 1, "vatCode": "LAAG_VERK_9", "amount": 50, "description": "Boek",
    }  # fmt: skip
    assert items(api, "/mutation", id=id) == [
        {"id": id, "type": 2, "date": "2026-03-02", "invoiceNumber": "2026-0001", "ledgerId": DEBTORS, "amount": 175.5}
    ]
    assert api.get("/mutation/5").status_code == 404


def test_vat_is_rounded_as_the_option_says(sim: Running[EBoekhoudenRest], api: httpx.Client) -> None:
    # 21 % of 0.50 is ten and a half cents.
    for at, rounding in enumerate(("half_up", "half_even", "down")):
        sim.control.set_options(vat_rounding=rounding)
        book(api, sale(row(amount=0.50), invoiceNumber=f"N{at}"))
    assert [found["rows"][0]["vat"] for found in books(sim)["mutations"]] == [11, 10, 10]


def test_lists_have_no_order_of_their_own(sim: Running[EBoekhoudenRest], api: httpx.Client) -> None:
    for number in range(20):
        book(api, sale(invoiceNumber=f"N{number}"))

    def ids() -> list[int]:
        return [found["id"] for found in items(api, "/mutation")]

    ascending = ids()
    sim.control.set_options(list_order="descending")
    assert ids() == ascending[::-1]
    sim.control.set_options(list_order="shuffled")
    shuffled = ids()
    assert sorted(shuffled) == ascending != shuffled
    new = book(api, sale(invoiceNumber="N20"))
    assert [id for id in ids() if id != new] == shuffled


def test_a_divergent_rate_brings_its_own_vat(sim: Running[EBoekhoudenRest], api: httpx.Client) -> None:
    book(api, sale(row(vatCode="AFW_VERK", vatAmount=19), inExVat="EX"))
    book(api, sale(row(vatCode="AFW_VERK", amount=119, vatAmount=19), inExVat="IN", invoiceNumber="2"))
    assert books(sim)["vat"] == {"AFW_VERK": {"net": 20000, "vat": 3800, "gross": 23800}}
    assert refusal(api.post("/mutation", json=sale(row(vatAmount=21), invoiceNumber="3"))) == (400, "MUT_107")


@pytest.mark.parametrize(
    ("wrong", "wanted"),
    [
        ({"type": "8"}, "MUT_001"), ({"type": None}, "MUT_001"), ({"date": None}, "MUT_003"),
        ({"date": "02-03-2026"}, "MUT_003"), ({"date": "2050-01-01"}, "MUT_003"), ({"ledgerId": None}, "MUTA_001"),
        ({"ledgerId": 5}, "MUTA_001"), ({"ledgerId": REVENUE}, "MUT_007"), ({"invoiceNumber": None}, "MUT_002"),
        ({"invoiceNumber": "x" * 51}, "MUT_018"), ({"relationId": None}, "MUT_012"), ({"relationId": 5}, "MUT_013"),
        ({"inExVat": None}, "MUTA_005"), ({"inExVat": "in"}, "MUT_017"), ({"description": "x" * 51}, "ERR_001"),
        ({"description": ""}, "ERR_001"), ({"rows": None}, "MUT_100"), ({"rows": []}, "MUT_100"),
        ({"termOfPayment": -1}, "MUT_016"), ({"colour": "red"}, "ERR_001"),
        ({"rows": [row(ledgerId=None)]}, "MUTA_004"), ({"rows": [row(ledgerId=5)]}, "MUT_104"),
        ({"rows": [row(ledgerId=BANK)]}, "MUT_106"), ({"rows": [row(vatCode="HOOG_INK_21")]}, "MUT_106"),
        ({"rows": [row(amount="100")]}, "MUT_105"), ({"rows": [row(amount=10**40)]}, "MUT_105"),
        ({"rows": [row(amount=True)]}, "MUT_105"), ({"relationId": "701"}, "MUT_013"),
        ({"rows": [row(amount=1.001)]}, "MUT_105"),
        ({"rows": [row(costCenterId=99)]}, "MUT_108"), ({"rows": [row(colour="red")]}, "ERR_001"),
    ],
)  # fmt: skip
def test_a_mutation_is_refused(sim: Running[EBoekhoudenRest], api: httpx.Client, wrong: Any, wanted: str) -> None:
    answer = api.post("/mutation", json=sale(**wrong))
    assert refusal(answer) == (400, wanted)
    assert answer.json()["status"] == 400
    assert books(sim)["mutations"] == []


def test_what_is_not_json_is_refused(api: httpx.Client) -> None:
    for content in (b"", b"{", b"[]"):
        assert refusal(api.post("/mutation", content=content)) == (400, "DATA_01")


def test_a_number_is_booked_once(sim: Running[EBoekhoudenRest], api: httpx.Client) -> None:
    bought = sale(row(vatCode="HOOG_INK_21", ledgerId=COSTS), type="1", ledgerId=CREDITORS)
    book(api, sale())
    book(api, bought)
    assert refusal(api.post("/mutation", json=sale(relationId=702))) == (400, "MUT_019")
    book(api, bought | {"relationId": 702})
    sim.control.set_options(purchase_duplicate="MUT_020")
    assert refusal(api.post("/mutation", json=bought)) == (400, "MUT_020")
    guarded: dict[str, object] = {"paymentReference": "R1", "checkPaymentReference": True}
    book(api, sale(invoiceNumber="2", **guarded))
    assert refusal(api.post("/mutation", json=sale(invoiceNumber="3", **guarded))) == (400, "MUTA_008")
    sim.control.set_options(closed_until="2026-03-02", closed_code="MUT_099")
    assert refusal(api.post("/mutation", json=sale(invoiceNumber="4"))) == (400, "MUT_099")


def test_payments_settle_open_items(sim: Running[EBoekhoudenRest], api: httpx.Client) -> None:
    id = book(api, sale())
    assert refusal(api.get("/mutation/invoice/outstanding")) == (400, "MUTA_006")

    def open() -> list[dict[str, Any]]:
        return items(api, "/mutation/invoice/outstanding", credDeb="D")

    assert refusal(api.post("/mutation", json=payment(invoiceNumber="other"))) == (400, "MUT_115")
    assert refusal(api.post("/mutation", json=payment(invoiceNumber=None))) == (400, "MUT_120")
    assert refusal(api.post("/mutation", json=payment(relationId=None))) == (400, "MUT_112")
    assert refusal(api.post("/mutation", json=payment(relationId=5))) == (400, "MUT_113")
    assert refusal(api.post("/mutation", json=payment(ledgerId=REVENUE))) == (400, "MUT_106")
    book(api, payment(21))
    (item,) = open()
    assert (item["mutationId"], item["totalAmount"], item["paidAmount"], item["outstandingAmount"]) == (
        id,
        121,
        21,
        100,
    )
    sim.control.post("payments", {"invoice_number": "2026-0001"})
    assert open() == []
    assert items(api, "/mutation/invoice/outstanding", credDeb="C") == []


def test_switches_of_the_answers(sim: Running[EBoekhoudenRest], api: httpx.Client) -> None:
    sim.control.set_options(created_status=200, type_form="string", dates="time", zero_ids=True)
    assert api.post("/mutation", json=sale()).status_code == 200
    (found,) = items(api, "/mutation", **{"date[range]": "2026-03-02,2026-03-02"})
    assert (found["id"], found["type"], found["date"]) == (0, "2", "2026-03-02T00:00:00")


def test_unknown_properties_may_be_ignored(sim: Running[EBoekhoudenRest], api: httpx.Client) -> None:
    sim.control.set_options(unknown_property="ignore")
    book(api, sale(colour="red"))
    assert api.post("/relation", json={"name": "Jan", "colour": 5}).status_code == 201


# Both interfaces


def test_both_interfaces_share_the_books(sim: Running[EBoekhoudenRest], api: httpx.Client) -> None:
    assert httpx.get(f"{sim.url}/soap.asmx?wsdl").status_code == 404
    sim.control.set_options(both=True)
    service = zeep.Client(f"{sim.url}/soap.asmx?wsdl").service
    id = book(api, sale())
    opened = service.OpenSession("demo1", "demo1-code1", "demo1-code2", "Boekbrug").SessionID
    given = (opened, "demo1-code2")
    (item,) = service.GetOpenPosten(*given, "Debiteuren").Openposten.cOpenPost
    assert (item.MutFactuur, item.RelCode, item.Openstaand) == ("2026-0001", "K701", 121.0)
    asked = {"MutatieNr": id - 91_000, "DatumVan": "1980-01-01", "DatumTm": "2049-12-31"}
    (listed,) = service.GetMutaties(*given, asked).Mutaties.cMutatieList
    assert str(listed.MutatieRegels.cMutatieListRegel[0].BedragInclBTW) == "121.00"
    with logged_in(sim, "demo2") as other:
        assert items(other, "/mutation") == []
    # A session serves on the interface that opened it.
    assert api.get("/ledger", headers={"Authorization": opened}).status_code == 401
    refused = service.GetOpenPosten(api.headers["Authorization"], "demo1-code2", "Debiteuren")
    assert refused.ErrorMsg.LastErrorCode == "E002.2"
