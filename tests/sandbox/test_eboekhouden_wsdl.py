"""The description that the simulated e-Boekhouden.nl serves, against the vendor's own where that is at hand."""

import os
from pathlib import Path
from xml.etree import ElementTree

import pytest

from sandbox._eboekhouden_wire import Malformed, read
from sandbox._eboekhouden_wsdl import OPERATIONS, TARGET, wsdl

XSD, WSDL = "{http://www.w3.org/2001/XMLSchema}", "{http://schemas.xmlsoap.org/wsdl/}"
VENDORS = "e-boekhouden-soap.wsdl"


def vendors_file() -> Path | None:
    """The vendor's file: where EBOEKHOUDEN_WSDL says, or in the folder of facts beside the repository."""
    beside = [parent / "shared" / "apis" / VENDORS for parent in Path(__file__).resolve().parents]
    named = [Path(os.environ["EBOEKHOUDEN_WSDL"])] if "EBOEKHOUDEN_WSDL" in os.environ else []
    return next((path for path in (*named, *beside) if path.is_file()), None)


def shape(element: ElementTree.Element) -> tuple[object, ...]:
    """An element with its attributes and children; what stands side by side in a schema has no order."""
    attributes = {
        name: value.split(":")[-1] if name in ("type", "base", "element", "message", "binding") else value
        for name, value in element.attrib.items()
        if name != "location"
    }
    children = [shape(child) for child in element]
    if element.tag in (f"{XSD}schema", f"{WSDL}definitions"):
        children.sort(key=repr)
    return element.tag, tuple(sorted(attributes.items())), tuple(children)


def test_it_is_structurally_the_vendors() -> None:
    path = vendors_file()
    if path is None:
        pytest.skip("the vendor's description is not at hand")
    ours = ElementTree.fromstring(wsdl("http://soap.e-boekhouden.nl/soap.asmx"))
    assert shape(ours) == shape(ElementTree.parse(path).getroot())


def test_its_addresses_are_http() -> None:
    ours = ElementTree.fromstring(wsdl("http://soap.e-boekhouden.nl/soap.asmx"))
    addresses = [element.get("location") for element in ours.iter() if element.tag.endswith("}address")]
    assert addresses == ["http://soap.e-boekhouden.nl/soap.asmx"] * 2
    assert len(OPERATIONS) == 20


def envelope(body: str, before: str = "") -> bytes:
    return (
        f'{before}<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>{body}</e:Body></e:Envelope>'
    ).encode()


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"<nothing", "not XML"),
        (b"<nothing/>", "not a SOAP envelope"),
        (envelope(""), "one body"),
        (envelope(f'<Sell xmlns="{TARGET}"/>'), "no operation"),
        (envelope('<CloseSession xmlns="urn:else"/>'), "no operation"),
        (envelope(f'<GetSaldo xmlns="{TARGET}"/>'), "SOAPAction"),
        (envelope(f'<CloseSession xmlns="{TARGET}"><Other/></CloseSession>'), "Other"),
        (envelope(f'<CloseSession xmlns="{TARGET}"/>', '<!DOCTYPE x [<!ENTITY a "b">]>'), "document type"),
    ],
)
def test_what_is_not_a_request_is_not_read(body: bytes, says: str) -> None:
    with pytest.raises(Malformed, match=says):
        read(body, "text/xml; charset=utf-8", f"{TARGET}/CloseSession", time_part=False)


def test_a_request_is_read() -> None:
    body = envelope(f'<CloseSession xmlns="{TARGET}"><SessionID>a</SessionID></CloseSession>')
    request = read(body, "text/xml", f"{TARGET}/CloseSession", time_part=False)
    assert (request.operation, request.content) == ("CloseSession", {"SessionID": "a"})
    with pytest.raises(Malformed, match="content type"):
        read(body, "application/json", f"{TARGET}/CloseSession", time_part=False)


def test_an_entity_is_never_resolved() -> None:
    body = envelope(f'<CloseSession xmlns="{TARGET}"><SessionID>&a;</SessionID></CloseSession>',
                    '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>')  # fmt: skip
    with pytest.raises(Malformed, match="document type"):
        read(body, "text/xml", f"{TARGET}/CloseSession", time_part=False)
