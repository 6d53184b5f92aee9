"""The simulated e-Boekhouden.nl over SOAP: spoken to with zeep, and with hand-written envelopes for the refusals."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, cast

import httpx
import pytest
import requests
import zeep
from lxml import etree
from zeep.exceptions import Fault

from sandbox._eboekhouden_wsdl import TARGET, wsdl
from sandbox._server import Running, running
from sandbox.eboekhouden_soap import EBoekhoudenSoap

NOON = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)
TODAY = date(2026, 3, 2)
CODE2 = "demo1-code2"
EVER = {"MutatieNr": 0, "DatumVan": date(1980, 1, 1), "DatumTm": date(2049, 12, 31)}


@pytest.fixture(scope="module")
def served() -> Iterator[Running[EBoekhoudenSoap]]:
    with running(EBoekhoudenSoap(relations=3)) as sim:
        yield sim


@pytest.fixture(scope="module")
def zeep_client(served: Running[EBoekhoudenSoap]) -> zeep.Client:
    return zeep.Client(f"{served.url}/soap.asmx?wsdl")


@pytest.fixture
def sim(served: Running[EBoekhoudenSoap]) -> Running[EBoekhoudenSoap]:
    served.control.reset()
    served.control.set_clock(NOON, freeze=True)
    return served


class Api:
    """The operations in one open session."""

    def __init__(self, client: zeep.Client, user: str = "demo1") -> None:
        self.service, self.code2 = client.service, f"{user}-code2"
        opened = self.service.OpenSession(user, f"{user}-code1", self.code2, "Boekbrug")
        assert not opened.ErrorMsg.LastErrorCode, opened
        self.session = opened.SessionID

    def __call__(self, operation: str, *arguments: object) -> Any:
        return getattr(self.service, operation)(self.session, self.code2, *arguments)

    def book(self, *changes: dict[str, object], **fields: object) -> Any:
        return self("AddMutatie", mutation(*changes, **fields))

    def booked(self, *lines: dict[str, object], **fields: object) -> int:
        answer = self.book(*lines, **fields)
        assert not answer.ErrorMsg.LastErrorCode, answer
        return cast(int, answer.Mutatienummer)

    def listed(self, **filters: object) -> list[Any]:
        answer = self("GetMutaties", EVER | filters)
        assert not answer.ErrorMsg.LastErrorCode, answer
        return list(answer.Mutaties.cMutatieList) if answer.Mutaties else []

    def open(self, side: str = "Debiteuren") -> list[Any]:
        answer = self("GetOpenPosten", side)
        return list(answer.Openposten.cOpenPost) if answer.Openposten else []


@pytest.fixture
def api(sim: Running[EBoekhoudenSoap], zeep_client: zeep.Client) -> Api:
    return Api(zeep_client)


def line(net: str = "100.00", vat: str = "21.00", **changes: object) -> dict[str, object]:
    gross = Decimal(net) + Decimal(vat)
    return {
        "BedragInvoer": net, "BedragExclBTW": net, "BedragBTW": vat, "BedragInclBTW": gross,
        "BTWCode": "HOOG_VERK_21", "BTWPercentage": "21.00", "TegenrekeningCode": "8000", "KostenplaatsID": 0,
    } | changes  # fmt: skip


def mutation(*lines: dict[str, object], **changes: object) -> dict[str, object]:
    return {
        "MutatieNr": 0, "Soort": "FactuurVerstuurd", "Datum": TODAY, "Rekening": "1300", "RelatieCode": "K701",
        "Factuurnummer": "2026-0001", "Omschrijving": "Order 5541", "Betalingstermijn": "14", "InExBTW": "EX",
        "MutatieRegels": {"cMutatieRegel": list(lines or (line(),))},
    } | changes  # fmt: skip


def payment(amount: str = "121.00", **changes: object) -> tuple[dict[str, object], dict[str, object]]:
    paid = line(amount, "0.00", BTWCode="GEEN", BTWPercentage=0, TegenrekeningCode="1300")
    return paid, {"Soort": "FactuurbetalingOntvangen", "Rekening": "1010", "Betalingstermijn": None} | changes


def relation(**changes: object) -> dict[str, object]:
    return {
        "ID": 0, "AddDatum": TODAY, "Code": "K1001", "Bedrijf": "Voorbeeld BV", "BP": "B", "Gb_ID": 0, "GeenEmail": 0,
        "NieuwsbriefgroepenCount": 0,
    } | changes  # fmt: skip


def code(answer: Any) -> str:
    return (answer.ErrorMsg if hasattr(answer, "ErrorMsg") else answer).LastErrorCode or ""


def books(sim: Running[EBoekhoudenSoap], user: str = "demo1") -> dict[str, Any]:
    return cast(dict[str, Any], cast(dict[str, Any], sim.control.books()["administrations"])[user])


# Sessions


def test_only_the_right_codes_open_a_session(sim: Running[EBoekhoudenSoap], zeep_client: zeep.Client) -> None:
    def opened(*given: str) -> Any:
        return zeep_client.service.OpenSession(*given)

    assert code(opened("nobody", "nobody-code1", "nobody-code2", "")) == "E001.1"
    assert code(opened("demo1", "demo2-code1", CODE2, "")) == "E001.1"
    assert code(opened("demo1", "demo1-code1", "demo2-code2", "")) == "E001.3"
    assert code(opened("demo1", "demo1-code1", CODE2, "a source too long")) == "E001.1"
    answer = opened("demo1", "demo1-code1", CODE2, "Boekbrug")
    assert (code(answer), len(answer.SessionID)) == ("", 38)


def test_a_session_ends(sim: Running[EBoekhoudenSoap], api: Api, zeep_client: zeep.Client) -> None:
    def listing(session: str | None = None, code2: str = CODE2) -> str:
        asked = {"ID": 0}
        return code(zeep_client.service.GetGrootboekrekeningen(session or api.session, code2, asked))

    assert listing() == ""
    assert listing("no session") == "E002.1"
    assert listing(api.session[::-1]) == "E002.2"
    assert listing(code2="demo2-code2") == "E001.3"
    sim.control.advance(59 * 60)
    assert listing() == ""
    sim.control.advance(60)
    assert listing() == "E002.3"
    again = Api(zeep_client)
    zeep_client.service.CloseSession(again.session)
    assert listing(again.session) == "E002.4"
    third = Api(zeep_client)
    sim.control.post("sessions/expire", {})
    assert listing(third.session) == "E002.3"


def test_a_session_in_use_may_live_on(sim: Running[EBoekhoudenSoap], api: Api) -> None:
    sim.control.set_options(session_counts="used")
    for _ in range(3):
        sim.control.advance(40 * 60)
        assert code(api("GetSaldi", {"KostenPlaatsId": 0, "DatumVan": None, "DatumTot": None})) == ""


def test_a_new_session_may_close_the_last(sim: Running[EBoekhoudenSoap], api: Api, zeep_client: zeep.Client) -> None:
    sim.control.set_options(single_session=True)
    again = Api(zeep_client)
    assert code(api("GetRelaties", {"ID": 0})) == "E002.4"
    assert code(again("GetRelaties", {"ID": 0})) == ""
    sim.control.set_options(revoked=["demo1"])
    assert code(zeep_client.service.OpenSession("demo1", "demo1-code1", CODE2, "")) == "E001.1"


def test_a_user_without_rights(sim: Running[EBoekhoudenSoap], api: Api) -> None:
    sim.control.set_options(forbidden=["demo1"])
    assert code(api("AddMutatie", mutation())) == "E001.5"


def test_an_accountant_opens_other_administrations(sim: Running[EBoekhoudenSoap], zeep_client: zeep.Client) -> None:
    service = zeep_client.service
    given = ("demo1", "demo1-code1", CODE2, "Boekbrug")
    api = Api(zeep_client)
    assert code(api("GetAdministraties")) == "E002.5"
    assert code(service.OpenSessionSub(*given, "{guid}")) == "E002.5"
    sim.control.set_options(accountants=["demo1"])
    second = api("GetAdministraties").Administraties.cAdministratie[1]
    assert second.Bedrijf == "Voorbeeld demo2"
    assert code(service.OpenSessionSub(*given, "{guid}")) == "E001.2"
    api.session = service.OpenSessionSub(*given, second.Guid).SessionID
    api.booked()
    assert len(books(sim, "demo2")["mutations"]) == 1
    assert books(sim)["mutations"] == []


# Envelopes


def post(sim: Running[EBoekhoudenSoap], operation: str, inner: str, **headers: str) -> httpx.Response:
    body = (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
        f'<{operation} xmlns="{TARGET}">{inner}</{operation}></e:Body></e:Envelope>'
    )
    given = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{TARGET}/{operation}"'} | headers
    return httpx.post(f"{sim.url}/soap.asmx", content=body, headers=given)


@pytest.mark.parametrize(
    "wrong",
    [
        "<Colour>red</Colour><OpSoort>Debiteuren</OpSoort>",
        "<OpSoort>Debiteuren</OpSoort><SessionID>a</SessionID>",
        "<OpSoort>debiteuren</OpSoort>",
        "",
    ],
)
def test_an_envelope_against_the_schema_is_a_fault(sim: Running[EBoekhoudenSoap], wrong: str) -> None:
    answer = post(sim, "GetOpenPosten", wrong)
    assert answer.status_code == 500
    assert "<faultcode>soap:Client</faultcode>" in answer.text


@pytest.mark.parametrize(
    ("name", "value"),
    [("Soort", "Fout"), ("BedragBTW", "21,00"), ("BedragBTW", "21.001"), ("BedragBTW", "9" * 40),
     ("Datum", "2026-03-02T00:00:00"),
     ("Datum", "02-03-2026"), ("KostenplaatsID", "geen"), ("MutatieNr", "")],
)  # fmt: skip
def test_values_are_held_against_the_manual(sim: Running[EBoekhoudenSoap], api: Api, name: str, value: str) -> None:
    def written(tree: dict[str, object]) -> str:
        return "".join(
            f"<{key}>{written(child) if isinstance(child, dict) else child}</{key}>" for key, child in tree.items()
        )

    one = mutation()
    one["MutatieRegels"] = {"cMutatieRegel": line()}

    def sent(text: str) -> httpx.Response:
        inner = f"<SessionID>{api.session}</SessionID><SecurityCode2>{CODE2}</SecurityCode2><oMut>{text}</oMut>"
        return post(sim, "AddMutatie", inner)

    right = written(one)
    before, _, after = right.partition(f"<{name}>")
    wrong = f"{before}<{name}>{value}</{name}>{after.partition(f'</{name}>')[2]}"
    assert sent(wrong).status_code == 500
    assert books(sim)["mutations"] == []
    assert "<Mutatienummer>1</Mutatienummer>" in sent(right).text


def test_a_time_is_accepted_when_the_option_says_so(sim: Running[EBoekhoudenSoap], api: Api) -> None:
    with pytest.raises(Fault):
        api.book(Datum=datetime(2026, 3, 2))
    sim.control.set_options(time_part=True)
    api.booked(Datum=datetime(2026, 3, 2))


def test_the_header_must_name_the_operation(sim: Running[EBoekhoudenSoap]) -> None:
    answer = post(sim, "CloseSession", "", SOAPAction=f"{TARGET}/OpenSession")
    assert (answer.status_code, "SOAPAction" in answer.text) == (500, True)


def test_soap_1_2_works_too(sim: Running[EBoekhoudenSoap], zeep_client: zeep.Client) -> None:
    service = zeep_client.bind("soapApp", "soapAppSoap12")
    assert len(service.OpenSession("demo1", "demo1-code1", CODE2, "Boekbrug").SessionID) == 38
    with pytest.raises(Fault):
        service.GetMutaties("a", "b", EVER | {"DatumVan": datetime(2026, 3, 2)})


def test_answers_follow_the_description(sim: Running[EBoekhoudenSoap], api: Api, zeep_client: zeep.Client) -> None:
    api.booked()
    schema = etree.XMLSchema(etree.fromstring(wsdl("http://x").encode()).find(".//{*}schema"))
    balance = {"KostenPlaatsId": 0, "DatumVan": None, "DatumTot": None}
    calls: dict[str, tuple[object, ...]] = {
        "GetAdministraties": (), "GetGrootboekrekeningen": ({"ID": 0},), "GetKostenplaatsen": ({},),
        "GetRelaties": ({"ID": 0},), "GetArtikelen": ({},), "AddMutatie": (mutation(),), "GetMutaties": (EVER,),
        "GetOpenPosten": ("Debiteuren",), "GetSaldo": (balance | {"GbCode": "1300"},), "GetSaldi": (balance,),
        "GetFacturen": ({"DatumVan": TODAY, "DatumTm": TODAY},), "UpdateRelatie": (relation(),),
    }  # fmt: skip
    for name, arguments in calls.items():
        for noise in ("exact", "noisy"):
            sim.control.set_options(doubles=noise)
            with zeep_client.settings(raw_response=True):
                answer = api(name, *arguments)
            assert answer.status_code == 200
            schema.assertValid(etree.fromstring(answer.content).find("{*}Body")[0])


def test_the_served_address_is_http(sim: Running[EBoekhoudenSoap]) -> None:
    served = httpx.get(f"{sim.url}/soap.asmx?WSDL", headers={"Host": "soap.e-boekhouden.nl"})
    assert served.headers["content-type"].startswith("text/xml")
    assert 'location="http://soap.e-boekhouden.nl/soap.asmx"' in served.text


def test_a_lost_answer_is_found_again(sim: Running[EBoekhoudenSoap], api: Api) -> None:
    sim.control.add_fault("cut", containing="<ns0:AddMutatie", when="after", times=1)
    with pytest.raises(requests.ConnectionError):
        api.book()
    assert [found.MutatieNr for found in api.listed(Factuurnummer="2026-0001")] == [1]
    assert code(api.book()) == "CMUT019"


# Accounts, relations


def test_the_chart_of_accounts(api: Api) -> None:
    found = api("GetGrootboekrekeningen", {"ID": 0}).Rekeningen.cGrootboekrekening
    categories = {ledger.Code: ledger.Categorie for ledger in found}
    assert {code: categories[code] for code in ("1010", "1300", "1600", "1650", "1651", "1660", "8000")} == {
        "1010": "FIN", "1300": "DEB", "1600": "CRED", "1650": "AF19", "1651": "AF6", "1660": "VOOR", "8000": "VW",
    }  # fmt: skip
    one = api("GetGrootboekrekeningen", {"ID": 0, "Code": "8000"}).Rekeningen.cGrootboekrekening
    assert [ledger.Omschrijving for ledger in one] == ["Omzet btw hoog"]
    assert len(api("GetGrootboekrekeningen", {"ID": 0, "Categorie": "DEB"}).Rekeningen.cGrootboekrekening) == 2


def test_accounts_can_be_added_and_changed(api: Api) -> None:
    def ledger(**changes: object) -> dict[str, object]:
        return {"ID": 0, "Code": "8051", "Omschrijving": "Omzet DE", "Categorie": "VW"} | changes

    id = api("AddGrootboekrekening", ledger()).Gb_ID
    assert code(api("AddGrootboekrekening", ledger())) == "CGB001"
    assert code(api("AddGrootboekrekening", ledger(Omschrijving=""))) == "CGB002"
    assert code(api("AddGrootboekrekening", ledger(Code="12345678901"))) == "CGB003"
    assert code(api("AddGrootboekrekening", ledger(Code="8052", Categorie=""))) == "CGB005"
    assert code(api("AddGrootboekrekening", ledger(Code="8052", Categorie="FIN"))) == "CGB006"
    assert code(api("UpdateGrootboekrekening", ledger(ID=id, Omschrijving="Omzet Duitsland"))) == ""
    assert code(api("UpdateGrootboekrekening", ledger(ID=id, Code="8000"))) == "CGB001"
    assert api("GetGrootboekrekeningen", {"ID": id}).Rekeningen.cGrootboekrekening[0].Omschrijving == "Omzet Duitsland"


def test_relations_are_added_and_found(sim: Running[EBoekhoudenSoap], api: Api) -> None:
    id = api("AddRelatie", relation(Plaats="Utrecht", Email="a@voorbeeld.example")).Rel_ID

    def found(**asked: object) -> list[str]:
        answer = api("GetRelaties", {"ID": 0} | asked)
        return [found.Code for found in answer.Relaties.cRelatie] if answer.Relaties else []

    assert found(Code="K1001") == found(ID=id) == found(Trefwoord="VOORBEELD.example") == ["K1001"]
    assert len(found()) == 4
    assert found(Code="K9") == []
    sim.control.set_options(list_cap=2)
    assert len(found()) == 2


@pytest.mark.parametrize(
    "wrong",
    [{"Code": "K701"}, {"Code": ""}, {"Bedrijf": ""}, {"BP": "X"}, {"BP": ""}, {"Geslacht": "x"},
     {"Code": "K234567890123456"}, {"Bedrijf": "x" * 101}, {"Def10": "x" * 101}],
)  # fmt: skip
def test_a_relation_is_refused(sim: Running[EBoekhoudenSoap], api: Api, wrong: dict[str, str]) -> None:
    answer = api("AddRelatie", relation(**wrong))
    assert (code(answer), answer.Rel_ID) == ("CREL001", 0)
    sim.control.set_options(relation_refusal="CREL9")
    assert code(api("AddRelatie", relation(**wrong))) == "CREL9"


def test_an_overlong_text_may_be_cut(sim: Running[EBoekhoudenSoap], api: Api) -> None:
    sim.control.set_options(overlong="truncate")
    id = api("AddRelatie", relation(Bedrijf="x" * 120)).Rel_ID
    assert len(api("GetRelaties", {"ID": id}).Relaties.cRelatie[0].Bedrijf) == 100


def test_an_update_clears_what_it_is_not_given(sim: Running[EBoekhoudenSoap], api: Api) -> None:
    id = api("AddRelatie", relation(Plaats="Utrecht", Telefoon="030")).Rel_ID
    assert code(api("UpdateRelatie", relation(ID=id, Plaats="Zeist"))) == ""
    after = api("GetRelaties", {"ID": id}).Relaties.cRelatie[0]
    assert (after.Plaats, after.Telefoon) == ("Zeist", None)
    sim.control.set_options(update_clears=False)
    api("UpdateRelatie", relation(ID=id, Telefoon="030"))
    after = api("GetRelaties", {"ID": id}).Relaties.cRelatie[0]
    assert (after.Plaats, after.Telefoon) == ("Zeist", "030")
    assert code(api("UpdateRelatie", relation(ID=999))) == "CREL001"
    assert code(api("UpdateRelatie", relation(ID=id, Contactpersoon="x" * 51))) == "CREL001"


# Booking


def test_an_invoice_is_booked_on_every_account(sim: Running[EBoekhoudenSoap], api: Api) -> None:
    low = line("50.00", "4.50", BTWCode="LAAG_VERK_9", BTWPercentage=9, TegenrekeningCode="8010", KostenplaatsID=11)
    number = api.booked(line(), low, Boekstuk="B1", Betalingskenmerk="secret")
    assert books(sim)["ledgers"] == {"1300": 17550, "1650": -2100, "1651": -450, "8000": -10000, "8010": -5000}
    assert books(sim)["vat"] == {
        "HOOG_VERK_21": {"net": 10000, "vat": 2100, "gross": 12100},
        "LAAG_VERK_9": {"net": 5000, "vat": 450, "gross": 5450},
    }
    (found,) = api.listed(Factuurnummer="2026-0001")
    assert (found.MutatieNr, found.Soort, found.RelatieCode) == (number, "FactuurVerstuurd", "K701")
    assert (found.Datum, found.Betalingstermijn, found.Boekstuk) == (datetime(2026, 3, 2), "14", "B1")
    rows = found.MutatieRegels.cMutatieListRegel
    assert [(row.BTWCode, row.BedragInclBTW, row.KostenplaatsID) for row in rows] == [
        ("HOOG_VERK_21", Decimal("121.00"), 0), ("LAAG_VERK_9", Decimal("54.50"), 11),
    ]  # fmt: skip
    assert "Betalingskenmerk" not in found


def test_a_purchase_and_a_credit_note(sim: Running[EBoekhoudenSoap], api: Api) -> None:
    bought = line(BTWCode="HOOG_INK_21", TegenrekeningCode="4300")
    api.booked(bought, Soort="FactuurOntvangen", Rekening="1600", Factuurnummer="P1")
    api.booked(line("-10.00", "-2.10"), Factuurnummer="C1")
    assert books(sim)["ledgers"] == {
        "1300": -1210, "1600": -12100, "1650": 210, "1660": 2100, "4300": 10000, "8000": 1000,
    }  # fmt: skip
    sim.control.set_options(negative_invoices="refuse")
    assert code(api.book(line("-10.00", "-2.10"), Factuurnummer="C2")) == "CMUT010"


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({"Rekening": "9999"}, "CMUT001"),
        ({"Rekening": "8000"}, "CMUT016"),
        ({"Soort": "FactuurOntvangen"}, "CMUT015"),
        ({"Soort": "GeldOntvangen"}, "CMUT001.1"),
        ({"Soort": "OpeningsSaldo"}, "CMUT008"),
        ({"Datum": date(2050, 1, 1)}, "CMUT004"),
        ({"Datum": "2026-02-30"}, "CMUT004"),
        ({"RelatieCode": "K999"}, "CMUT017"),
        ({"RelatieCode": ""}, "CMUT014"),
        ({"Factuurnummer": ""}, "CMUT013"),
        ({"Factuurnummer": "x" * 51}, "CMUT013"),
        ({"Omschrijving": ""}, "CMUT005"),
        ({"Omschrijving": "x" * 201}, "CMUT005"),
        ({"Betalingstermijn": ""}, "CMUT014"),
        ({"Betalingstermijn": "soon"}, "CMUT014"),
        ({"Betalingstermijn": "²"}, "CMUT014"),
        ({"InExBTW": ""}, "CMUT003"),
        ({"InExBTW": "in"}, "CMUT003.1"),
        ({"InExBTW": "IN"}, "CMUT010"),
        ({"MutatieRegels": None}, "CMUT006"),
        ({"MutatieRegels": {"cMutatieRegel": [line()] * 101}}, "CMUT006"),
    ],
)
def test_a_mutation_is_refused(sim: Running[EBoekhoudenSoap], api: Api, fields: dict[str, object], wanted: str) -> None:
    bought = {"MutatieRegels": {"cMutatieRegel": [line(BTWCode="HOOG_INK_21")]}}
    answer = api.book(**(bought if fields.get("Soort") == "FactuurOntvangen" else {}) | fields)
    assert (code(answer), answer.Mutatienummer) == (wanted, 0)
    assert books(sim)["mutations"] == []


@pytest.mark.parametrize(
    ("wrong", "wanted"),
    [
        (line(BedragInclBTW="121.01"), "CMUT010"),
        (line(BedragInvoer="121.00"), "CMUT010"),
        (line("100.00", "21.02"), "CMUT010.1"),
        (line("100.00", "9.00", BTWPercentage=9), "CMUT010.1"),
        (line(BTWCode="HOOG"), "CMUT033"),
        (line(BTWCode=""), "CMUT033"),
        (line(BTWCode="HOOG_INK_21"), "CMUT011"),
        (line(TegenrekeningCode="9999"), "CMUT012"),
        (line(TegenrekeningCode="1010"), "CMUT012"),
        (line(BTWCode="VERL_VERK", BTWPercentage=21), "CMUT010.1"),
    ],
)
def test_a_line_is_refused(sim: Running[EBoekhoudenSoap], api: Api, wrong: dict[str, object], wanted: str) -> None:
    assert code(api.book(wrong)) == wanted
    assert books(sim)["mutations"] == []


def test_switches_of_the_arithmetic(sim: Running[EBoekhoudenSoap], api: Api) -> None:
    off = line("100.00", "21.01")
    api.booked(off)
    sim.control.set_options(vat_tolerance="0.005", vat_mismatch="CMUT011")
    assert code(api.book(off, Factuurnummer="2")) == "CMUT011"
    api.booked(line(), Factuurnummer="3")
    sim.control.set_options(percentage_check="accept")
    api.booked(line("100.00", "9.00", BTWPercentage=9), Factuurnummer="4")


def test_a_gross_amount_with_its_odd_cent_passes(api: Api) -> None:
    for at, gross in enumerate(range(1000, 1100)):
        net = (Decimal(gross) / 100 / Decimal("1.21")).quantize(Decimal("0.01"))
        vat = Decimal(gross) / 100 - net
        api.booked(line(str(net), str(vat), BedragInvoer=net + vat), InExBTW="IN", Factuurnummer=f"N{at}")


@pytest.mark.parametrize("vat_code", ["VERL_VERK", "BI_EU_VERK", "BI_EU_VERK_D", "BU_EU_VERK", "AFST_VERK", "GEEN"])
def test_lines_without_vat(api: Api, vat_code: str) -> None:
    api.booked(line("100.00", "0.00", BTWCode=vat_code, BTWPercentage=0))


def test_money_and_journal_entries(sim: Running[EBoekhoudenSoap], api: Api) -> None:
    fee = line("1.00", "0.00", BTWCode="GEEN", BTWPercentage=0, TegenrekeningCode="4510")
    money: dict[str, object] = {"RelatieCode": "", "Factuurnummer": "", "Betalingstermijn": ""}
    api.booked(fee, Soort="GeldUitgegeven", Rekening="1010", **money)
    api.booked(line(), Soort="GeldOntvangen", Rekening="1010", **money)
    assert books(sim)["ledgers"] == {"1010": 12000, "1650": -2100, "4510": 100, "8000": -10000}
    assert code(api.book(line(TegenrekeningCode="1300"), Soort="GeldOntvangen", Rekening="1010", **money)) == "CMUT012"
    api.booked(fee | {"TegenrekeningCode": "1300"}, Soort="Memoriaal", Rekening="4990", **money)
    assert (books(sim)["ledgers"]["1300"], books(sim)["ledgers"]["4990"]) == (-100, 100)
    assert api.open() == []


def test_a_number_is_booked_once(sim: Running[EBoekhoudenSoap], api: Api) -> None:
    api.booked()
    assert code(api.book()) == "CMUT019"
    assert code(api.book(RelatieCode="K702")) == "CMUT019"
    sim.control.set_options(sales_number="relation")
    assert code(api.book()) == "CMUT018"
    api.booked(RelatieCode="K702")
    bought: dict[str, object] = {"Soort": "FactuurOntvangen", "Rekening": "1600"}
    api.booked(line(BTWCode="HOOG_INK_21"), **bought)
    api.booked(line(BTWCode="HOOG_INK_21"), RelatieCode="K702", **bought)
    assert code(api.book(line(BTWCode="HOOG_INK_21"), **bought)) == "CMUT018"


def test_a_closed_period(sim: Running[EBoekhoudenSoap], api: Api) -> None:
    sim.control.set_options(closed_until="2026-02-28")
    assert code(api.book(Datum=date(2026, 2, 28))) == "CMUT020"
    api.booked(Datum=date(2026, 3, 1))


# Payments and open items


def test_payments_settle_open_items(sim: Running[EBoekhoudenSoap], api: Api) -> None:
    api.booked()
    paid, fields = payment("21.00")
    api.booked(paid, **fields)
    (item,) = api.open()
    assert (item.MutFactuur, item.RelCode, item.Bedrag, item.Voldaan, item.Openstaand) == (
        "2026-0001", "K701", 121.0, 21.0, 100.0,
    )  # fmt: skip
    sim.control.post("payments", {"invoice_number": "2026-0001", "day": "2026-03-05"})
    assert api.open() == []
    assert books(sim)["ledgers"] == {"1010": 12100, "1650": -2100, "8000": -10000}
    payments = [found for found in api.listed(Factuurnummer="2026-0001") if found.Soort == "FactuurbetalingOntvangen"]
    assert [found.Datum.date() for found in payments] == [TODAY, date(2026, 3, 5)]
    assert payments[1].MutatieRegels.cMutatieListRegel[0].Factuurnummer == "2026-0001"
    assert (payments[1].RelatieCode, payments[1].Factuurnummer) == ("K701", "2026-0001")
    sim.control.set_options(payment_header=False)
    bare = api.listed(Factuurnummer="2026-0001")[1]
    assert (bare.RelatieCode, bare.Factuurnummer) == (None, None)
    sim.control.set_options(paid_items="listed")
    assert [item.Openstaand for item in api.open()] == [0.0]


def test_payments_are_refused(sim: Running[EBoekhoudenSoap], api: Api) -> None:
    api.booked()
    paid, fields = payment()

    def refused(line: dict[str, object] = paid, **changes: object) -> str:
        return code(api.book(line, **fields | changes))

    assert refused(Factuurnummer="other") == "CMUT026"
    assert refused(RelatieCode="K702") == "CMUT026"
    assert refused(Factuurnummer="") == "CMUT023"
    assert refused(RelatieCode="") == "CMUT024"
    assert refused(RelatieCode="K999") == "CMUT025"
    assert refused(paid | {"TegenrekeningCode": "8000"}) == "CMUT027"
    assert refused(Soort="FactuurbetalingVerstuurd") == "CMUT028"
    assert refused(line()) == "CMUT011"
    assert refused(Rekening="1300") == "CMUT001.1"
    assert code(api.book(paid, paid, **fields)) == "CMUT021"
    sim.control.set_options(overpayment="refuse")
    assert refused(payment("121.01")[0]) == "CMUT026"
    assert refused() == ""


def test_a_credit_note_is_an_open_item_below_zero(sim: Running[EBoekhoudenSoap], api: Api) -> None:
    api.booked(line("-10.00", "-2.10"), Factuurnummer="C1")
    assert [item.Openstaand for item in api.open()] == [-12.1]
    sim.control.post("payments", {"invoice_number": "C1"})
    assert api.open() == []
    assert books(sim)["ledgers"] == {"1010": -1210, "1650": 210, "8000": 1000}


def test_purchases_are_open_items_too(sim: Running[EBoekhoudenSoap], api: Api) -> None:
    api.booked(line(BTWCode="HOOG_INK_21"), Soort="FactuurOntvangen", Rekening="1600", Factuurnummer="P1")
    assert [item.Openstaand for item in api.open("Crediteuren")] == [121.0]
    assert api.open() == []
    sim.control.post("payments", {"invoice_number": "P1", "purchase": True, "cents": 100})
    sim.control.set_options(doubles="noisy")
    (item,) = api.open("Crediteuren")
    assert item.Openstaand != 120.0
    assert round(item.Openstaand, 2) == 120.0


def test_people_change_and_delete_bookings(sim: Running[EBoekhoudenSoap], api: Api) -> None:
    number = api.booked()
    sim.control.post(f"mutations/{number}", {"gross": 6050, "day": "2026-02-01", "relation": "K702"})
    (found,) = api.listed(MutatieNr=number)
    assert (found.Datum.date(), found.RelatieCode) == (date(2026, 2, 1), "K702")
    assert books(sim)["ledgers"] == {"1300": 6050, "1650": -1050, "8000": -5000}
    sim.control.post(f"mutations/{number}/delete", {})
    assert api.listed() == []
    assert api.booked() == number + 1
    sim.control.post("relations/K703/delete", {})
    assert code(api.book(RelatieCode="K703", Factuurnummer="2")) == "CMUT017"


# Lists


def test_the_list_of_mutations_gives_the_last_500(sim: Running[EBoekhoudenSoap], api: Api) -> None:
    sim.control.reset(invoices=620)
    sim.control.set_clock(NOON, freeze=True)
    api.session = api.service.OpenSession("demo1", "demo1-code1", CODE2, "").SessionID
    everything = [found.MutatieNr for found in api.listed()]
    assert (len(everything), everything[0], everything[-1]) == (500, 121, 620)
    assert [found.MutatieNr for found in api.listed(MutatieNrVan=1, MutatieNrTm=300)] == list(range(1, 301))
    one_day = api.listed(DatumVan=date(2026, 1, 1), DatumTm=date(2026, 1, 1))
    assert {found.Datum.date() for found in one_day} <= {date(2026, 1, 1)}
    sim.control.set_options(list_order="shuffled", mutation_window=10)
    some = [found.MutatieNr for found in api.listed()]
    assert sorted(some) == list(range(611, 621)) != some
    assert api.listed(MutatieNrVan=621) == []


def test_a_month_has_so_many_lists(sim: Running[EBoekhoudenSoap], api: Api) -> None:
    sim.control.set_options(monthly_calls=3, session_minutes=100_000)
    for _ in range(3):
        api.listed()
    assert code(api("GetMutaties", EVER)) == "E003.1"
    assert books(sim)["listings"] == {"2026-03": 3}
    assert api.open() == []
    sim.control.set_clock(datetime(2026, 3, 31, 22, 30, tzinfo=UTC), freeze=True)
    assert api.listed() == []


@pytest.mark.parametrize("shape", ["absent", "nil", "empty"])
def test_an_empty_list_has_three_shapes(sim: Running[EBoekhoudenSoap], api: Api, shape: str) -> None:
    sim.control.set_options(empty_result=shape)
    assert api.listed() == [] == api.open()
    answer = post(
        sim, "GetOpenPosten",
        f"<SessionID>{api.session}</SessionID><SecurityCode2>{CODE2}</SecurityCode2><OpSoort>Debiteuren</OpSoort>",
    )  # fmt: skip
    assert ('<Openposten xsi:nil="true"/>' in answer.text, "<Openposten></Openposten>" in answer.text) == (
        shape == "nil", shape == "empty",
    )  # fmt: skip


def test_balances(sim: Running[EBoekhoudenSoap], api: Api) -> None:
    api.booked(line(KostenplaatsID=11))
    api.booked(Factuurnummer="2", Datum=date(2026, 1, 1))

    def balance(until: date | None = None, centre: int = 0) -> float:
        asked = {"GbCode": "1300", "KostenPlaatsId": centre, "DatumVan": None, "DatumTot": until}
        return cast(float, api("GetSaldo", asked).Saldo)

    assert (balance(), balance(date(2026, 3, 1)), balance(TODAY), balance(centre=11)) == (242.0, 121.0, 242.0, 121.0)
    sim.control.set_options(balance_until="exclusive")
    assert balance(TODAY) == 121.0
    none = {"KostenPlaatsId": 0, "DatumVan": None, "DatumTot": None}
    rows = api("GetSaldi", none | {"Categorie": "AF19"}).Saldi.cSaldo
    assert [(row.Code, row.Saldo) for row in rows] == [("1650", -42.0)]
    assert code(api("GetSaldo", none | {"GbCode": "9999"})) == "CGB003"


def test_cost_centres_and_articles(api: Api) -> None:
    names = [found.Omschrijving for found in api("GetKostenplaatsen", {}).Kostenplaatsen.cKostenplaats]
    assert names == ["Webwinkel", "Webwinkel NL", "Groothandel"]
    (article,) = api("GetArtikelen", {"ArtikelCode": "MOK"}).Artikelen.cArtikel
    assert (article.VerkoopprijsExclBTW, article.VerkoopprijsInclBTW) == (Decimal("10.00"), Decimal("12.10"))
    login = api.service.AutoLogin("demo1", api.session, CODE2)
    assert (code(login), len(login.Token)) == ("", 32)


# The invoicing module


def test_the_invoicing_module(sim: Running[EBoekhoudenSoap], api: Api) -> None:
    def invoice(**changes: object) -> dict[str, object]:
        row = {"Aantal": 2, "Code": "MOK", "Omschrijving": "Mok", "PrijsPerEenheid": 50, "BTWCode": "HOOG_VERK_21",
               "TegenrekeningCode": "8000", "KostenplaatsID": 0}  # fmt: skip
        return {
            "Relatiecode": "K701", "Datum": TODAY, "Betalingstermijn": 14, "Factuursjabloon": "Factuursjabloon",
            "PerEmailVerzenden": False, "AutomatischeIncasso": False, "IncassoMachtigingFirst": False,
            "IncassoMachtigingDatumOndertekening": TODAY, "InBoekhoudingPlaatsen": True,
            "BoekhoudmutatieOmschrijving": "Mokken", "Regels": {"cFactuurRegel": [row]},
        } | changes  # fmt: skip

    number = api("AddFactuur", invoice()).Factuurnummer
    assert books(sim)["ledgers"] == {"1300": 12100, "1650": -2100, "8000": -10000}
    api("AddFactuur", invoice(Factuurnummer="F9", InBoekhoudingPlaatsen=False))
    assert len(books(sim)["mutations"]) == 1
    assert code(api("AddFactuur", invoice(Factuurnummer=number))) == "CFACT026"
    assert code(api("AddFactuur", invoice(Factuursjabloon="None"))) == "CFACT004"
    sim.control.post("payments", {"invoice_number": number, "cents": 2100})
    everything = {"DatumVan": TODAY, "DatumTm": TODAY}
    found = api("GetFacturen", everything).Facturen.cFactuurList
    assert [(each.Factuurnummer, each.TotaalInclBTW, each.TotaalOpenstaand) for each in found] == [
        (number, 121.0, 100.0), ("F9", 121.0, 121.0),
    ]  # fmt: skip
    assert api("GetFacturen", everything | {"Factuurnummer": "F8"}).Facturen is None
