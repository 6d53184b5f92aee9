"""Golden entries of e-Boekhouden.nl: what is written over either interface, and what is read back, is the same invoice.

`entry.json` is what the mapping made; `write.xml` and `write.json` are the bodies of SOAP and REST; `answer.xml` and
`answer.json` how the books show it; `posted.json` what that is to us.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree
from pydantic import TypeAdapter

from boekbrug.domain.bookings import Entry
from boekbrug.domain.clock import SystemClock
from boekbrug.domain.documents import PostedDocument
from connectors import _eboekhouden_rest_wire as rest
from connectors import _eboekhouden_soap_wire as soap
from connectors._answers import Answer
from connectors._eboekhouden_entries import posted_as_told
from connectors._soap import _interface
from connectors._wire import Fields, parse_json, to_json

ROOT = Path(__file__).parent / "eboekhouden"
CASES = sorted(path.parent.name for path in ROOT.glob("*/entry.json"))
ACCOUNTS = json.loads((ROOT / "accounts.json").read_text())
INTERFACE = ("eboekhouden.wsdl", "{http://www.e-boekhouden.nl/soap}soapAppSoap")


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Path:
    return ROOT / str(request.param)


def entry_of(case: Path) -> Entry:
    return TypeAdapter(Entry).validate_json((case / "entry.json").read_text())


def posted_of(case: Path) -> PostedDocument:
    return TypeAdapter(PostedDocument).validate_json((case / "posted.json").read_text())


def test_what_is_written_over_soap(case: Path) -> None:
    message = _interface(*INTERFACE).envelope("AddMutatie", {"oMut": soap.entry_to_wire(entry_of(case))})
    expected = etree.fromstring((case / "write.xml").read_bytes(), etree.XMLParser(remove_blank_text=True))
    assert etree.tostring(etree.fromstring(message.content), method="c14n") == etree.tostring(expected, method="c14n")


def test_what_is_written_over_rest(case: Path) -> None:
    expected = parse_json((case / "write.json").read_text())
    assert isinstance(expected, dict) and isinstance(expected["relationId"], int)
    written = rest.entry_to_wire(entry_of(case), relation_id=expected["relationId"], ledger_ids=ACCOUNTS)
    assert parse_json(to_json(written)) == expected


def test_what_is_read_over_soap(case: Path) -> None:
    answer = Answer(200, {}, (case / "answer.xml").read_bytes(), SystemClock().now())
    reply = _interface(*INTERFACE).reply("GetMutaties", answer)
    [mutation] = soap.rows(reply, "Mutaties", "cMutatieList")
    contact = entry_of(case).contact.contact
    assert soap.posted_from_wire(mutation, contact, soap.OpenAmounts(None)) == posted_of(case)


def test_what_is_read_over_rest(case: Path) -> None:
    mutation = Fields(parse_json((case / "answer.json").read_text()))
    codes = {ledger_id: code for code, ledger_id in ACCOUNTS.items()}
    posted = rest.posted_from_wire(mutation, entry_of(case).contact.contact, codes, None)
    assert replace(posted, target_ref=posted_of(case).target_ref) == posted_of(case)


def test_what_is_booked_is_what_was_told(case: Path) -> None:
    assert posted_as_told(entry_of(case), posted_of(case).target_ref) == posted_of(case)
