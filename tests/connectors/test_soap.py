"""Envelopes out and replies in, and what becomes of replies that are none."""

from __future__ import annotations

import contextlib
from datetime import date
from decimal import Decimal
from urllib.request import urlopen

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from zeep.settings import Settings as ZeepSettings
from zeep.transports import Transport
from zeep.wsdl import Document

from boekbrug.domain.errors import DocumentInvalid, OutcomeUnknown, RemoteUnavailable
from connectors import _http
from connectors._base import ConnectorSettings
from connectors._eboekhouden_soap_wire import rows
from connectors._soap import Session
from connectors._wire import Unreadable
from sandbox._registry import simulator_class
from sandbox._server import running
from tests.connectors.scripted import Meter, Server, answering

WSDL, BINDING = "eboekhouden.wsdl", "{http://www.e-boekhouden.nl/soap}soapAppSoap"
ENVELOPE = (
    '<?xml version="1.0"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>{}'
    "</soap:Body></soap:Envelope>"
)
OPEN_ITEMS = '<GetOpenPostenResponse xmlns="http://www.e-boekhouden.nl/soap"><GetOpenPostenResult>{}</GetOpenPostenResult></GetOpenPostenResponse>'
FAULT = "<soap:Fault><faultcode>soap:{}</faultcode><faultstring>Kon niet: code-2-geheim</faultstring></soap:Fault>"
ASKED = {"SessionID": "s", "SecurityCode2": "code-2-geheim", "OpSoort": "Debiteuren"}


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_http, "READ_PAUSE", 0.001)


@pytest.fixture
def session(server: Server, meter: Meter) -> Session:
    return Session(
        "Boeken", "books", ConnectorSettings(base_url=server.base_url, timeout=2), meter, wsdl=WSDL, binding=BINDING,
        path="soap.asmx", secrets=(SecretStr("code-2-geheim"),),
    )  # fmt: skip


def xml(content: str, status: int = 200):  # type: ignore[no-untyped-def]
    return answering(status, ENVELOPE.format(content).encode(), kind="text/xml; charset=utf-8")


def test_a_question_is_asked_in_an_envelope(server: Server, session: Session, meter: Meter) -> None:
    server.plays(xml(OPEN_ITEMS.format("")))
    session.ask("GetOpenPosten", ASKED, counts_as="kind")
    [request] = server.requests
    assert (request.method, request.target) == ("POST", "/api/soap.asmx")
    assert request.headers["soapaction"] == '"http://www.e-boekhouden.nl/soap/GetOpenPosten"'
    assert request.headers["content-type"] == "text/xml; charset=utf-8"
    assert b"<ns0:OpSoort>Debiteuren</ns0:OpSoort>" in request.body
    assert (meter.calls, meter.counted) == (1, {"kind": 1})


def test_dates_go_without_a_time_and_amounts_with_their_digits(server: Server, session: Session) -> None:
    server.plays(xml('<AddMutatieResponse xmlns="http://www.e-boekhouden.nl/soap"/>'))
    line = {name: Decimal("1234.50") for name in ("BedragInvoer", "BedragExclBTW", "BedragBTW", "BedragInclBTW")}
    mutation = {
        "MutatieNr": 0, "Soort": "FactuurVerstuurd", "Datum": date(2026, 1, 31), "Omschrijving": "a\ufffe&<b>",
        "MutatieRegels": {"cMutatieRegel": [{**line, "BTWPercentage": Decimal(21), "KostenplaatsID": 0}]},
    }  # fmt: skip
    session.write("AddMutatie", {"oMut": mutation})
    body = server.requests[0].body.decode()
    assert "Datum>2026-01-31<" in body and "BedragBTW>1234.50<" in body and "Omschrijving>a&amp;&lt;b&gt;<" in body


def test_amounts_come_without_binary_noise_and_unknown_fields_are_passed_over(server: Server, session: Session) -> None:
    item = (
        "<ErrorMsg><LastErrorCode/></ErrorMsg><Openposten><cOpenPost><MutDatum>2026-01-31T00:00:00</MutDatum>"
        "<MutFactuur>F1</MutFactuur><Bedrag>121.10000000000001</Bedrag><Voldaan>0</Voldaan><Openstaand>0.1</Openstaand>"
        "<Nieuw>x</Nieuw></cOpenPost></Openposten><Nieuw/>"
    )
    server.plays(xml(OPEN_ITEMS.format(item)))
    [found] = rows(session.ask("GetOpenPosten", ASKED), "Openposten", "cOpenPost")
    assert found.money("Bedrag", "EUR").amount == Decimal("121.10")
    assert found.money("Openstaand", "EUR").amount == Decimal("0.10")
    assert found.text("MutFactuur") == "F1" and found.text("RelCode") == ""


BAD = [
    b"", b"<html><body>Even geduld</body></html>", b"not xml", ENVELOPE.format("").encode(),
    ENVELOPE.format("<GetMutatiesResponse xmlns='http://www.e-boekhouden.nl/soap'/>").encode(),
    ENVELOPE.format(OPEN_ITEMS.format("<Openposten><cOpenPost/>")).encode(),
    ENVELOPE.format(OPEN_ITEMS.format("")).encode()[:-1],
    b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>'
    + ENVELOPE.format(OPEN_ITEMS.format("<ErrorMsg><LastErrorCode>&e;</LastErrorCode></ErrorMsg>")).encode()[21:],
    b'<!DOCTYPE x SYSTEM "http://example.org/x.dtd">' + ENVELOPE.format(OPEN_ITEMS.format("")).encode()[21:],
    ENVELOPE.format(FAULT.format("Server")).encode(),
]  # fmt: skip


@pytest.mark.parametrize("body", BAD)
def test_what_is_no_reply_is_an_answer_that_never_came(server: Server, session: Session, body: bytes) -> None:
    server.plays(answering(200, body, kind="text/xml"))
    with pytest.raises(RemoteUnavailable):
        session.ask("GetOpenPosten", ASKED)
    assert len(server.requests) == _http.READ_ATTEMPTS
    with pytest.raises(OutcomeUnknown):
        session.write("GetOpenPosten", ASKED)


@pytest.mark.parametrize("status", [200, 500])
def test_a_fault_of_ours_wrote_nothing_and_shows_no_secret(server: Server, session: Session, status: int) -> None:
    server.plays(xml(FAULT.format("Client"), status))
    with pytest.raises(DocumentInvalid, match="could not read the message") as refused:
        session.write("AddMutatie", {}, document="F1")
    assert refused.value.document == "F1" and "geheim" not in str(refused.value) + str(refused.value.findings)
    server.plays(xml(FAULT.format("Server"), status))
    with pytest.raises(OutcomeUnknown) as lost:
        session.write("AddMutatie", {})
    assert "geheim" not in str(lost.value)
    with pytest.raises(RemoteUnavailable):
        session.ask("GetOpenPosten", ASKED)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_nothing_but_a_sound_reply_or_a_value_error_comes_of_any_content(data: st.DataObject) -> None:
    from connectors._answers import Answer
    from connectors._soap import _interface

    leaf = st.one_of(st.sampled_from(["", "abc", "1", "1e9", "NaN", "2026-01-31T00:00:00", "-0.005", "x" * 50]))
    names = ["ErrorMsg", "LastErrorCode", "Openposten", "cOpenPost", "MutDatum", "Bedrag", "Voldaan", "Vreemd"]
    tree = st.recursive(
        leaf,
        lambda inside: st.lists(st.tuples(st.sampled_from(names), inside), max_size=4).map(
            lambda parts: "".join(f"<{name}>{text}</{name}>" for name, text in parts)
        ),
        max_leaves=8,
    )
    body = ENVELOPE.format(OPEN_ITEMS.format(data.draw(tree))).encode()
    answer = Answer(200, {}, body, None)  # type: ignore[arg-type]
    with contextlib.suppress(ValueError):
        reply = _interface(WSDL, BINDING).reply("GetOpenPosten", answer)
        with contextlib.suppress(Unreadable):
            for row in rows(reply, "Openposten", "cOpenPost"):
                row.money("Bedrag", "EUR")


def test_the_wsdl_is_the_part_of_the_suppliers_that_is_used() -> None:
    """The simulator serves a WSDL that somebody else wrote after the supplier's: every operation, field, type and
    obligation of ours is in it."""
    from connectors._soap import _interface

    kind = simulator_class("e-boekhouden-soap")
    with running(kind()) as simulator, urlopen(f"{simulator.root}/soap.asmx?wsdl") as served:
        theirs = Document(served, Transport(), settings=ZeepSettings(forbid_external=True))
    ours = _interface(WSDL, BINDING)._binding
    for name, operation in ours._operations.items():
        other = theirs.bindings[BINDING].get(name)
        assert operation.soapaction == other.soapaction
        assert operation.input.signature() == other.input.signature()
        assert operation.output.signature() == other.output.signature()
        for one, another in ((operation.input, other.input), (operation.output, other.output)):
            assert shape(one.body.type) == shape(another.body.type), name


def shape(kind: object) -> object:
    """A type with everything in it: names, order, how often, which simple types."""
    elements = getattr(kind, "elements", None)
    if elements is None:
        return getattr(kind, "name", str(kind)), tuple(getattr(kind, "enumeration", ()))
    return [
        (name, element.min_occurs, element.max_occurs, element.nillable, shape(element.type))
        for name, element in elements
    ]
