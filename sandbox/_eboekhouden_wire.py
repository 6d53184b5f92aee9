"""SOAP envelopes: read and held against the schema, written; document/literal, SOAP 1.1 and 1.2.

Requests are read without entities, document types and network. A request that does not follow the description
to the letter (an unknown, misplaced or missing element, a wrong type or value) is a fault.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple
from xml.sax.saxutils import escape

from lxml import etree  # type: ignore[import-untyped]

from sandbox._eboekhouden_wsdl import ARRAYS, OPERATIONS, TARGET, TYPES, Field, fields, result_fields, schema

ENVELOPES = {
    "http://schemas.xmlsoap.org/soap/envelope/": "text/xml",
    "http://www.w3.org/2003/05/soap-envelope": "application/soap+xml",
}
"""Namespace of the envelope → its content type: SOAP 1.1, SOAP 1.2."""
SOAP_11, SOAP_12 = ENVELOPES
XSI = "http://www.w3.org/2001/XMLSchema-instance"

Tree = Mapping[str, "str | Tree | Sequence[Tree]"]
"""An element's content by name: text, a record, or the records of an array. What is absent or nil is not in it."""
Content = Mapping[str, object]
"""The same on its way out: None or missing leaves an element out."""


class Malformed(Exception):
    """Not a request that the service understands; the answer is a fault."""


class Request(NamedTuple):
    """One call: which envelope it came in, what is asked, and with what."""

    envelope: str
    operation: str
    content: Tree


def read(body: bytes, content_type: str, action: str, *, time_part: bool) -> Request:
    """The request in an envelope. ``time_part``: whether a date may carry a time.

    Raises:
        Malformed: not XML, not an envelope, not one of the operations, or not as the schema has it.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True,
                             remove_pis=True)  # fmt: skip
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise Malformed(f"the request is not XML: {error}") from error
    if root.getroottree().docinfo.doctype:
        raise Malformed("a document type is not allowed")
    name = etree.QName(root)
    if name.localname != "Envelope" or name.namespace not in ENVELOPES:
        raise Malformed("the root element is not a SOAP envelope")
    if content_type.partition(";")[0].strip().lower() != ENVELOPES[name.namespace]:
        raise Malformed(f"content type {content_type!r} does not go with this envelope")
    bodies = root.findall(f"{{{name.namespace}}}Body")
    if len(bodies) != 1 or len(bodies[0]) != 1:
        raise Malformed("the envelope needs one body with one element")
    request = bodies[0][0]
    operation = etree.QName(request).localname
    if etree.QName(request).namespace != TARGET or operation not in OPERATIONS:
        raise Malformed(f"there is no operation {request.tag}")
    if action != f"{TARGET}/{operation}":
        raise Malformed(f"Server did not recognize the value of HTTP Header SOAPAction: {action}.")
    checker = _checker(time_part)
    if not checker.validate(request):
        raise Malformed(str(checker.error_log.last_error.message))
    return Request(str(name.namespace), operation, _tree(request, fields(OPERATIONS[operation].request)))


@lru_cache(maxsize=2)
def _checker(time_part: bool) -> "etree.XMLSchema":
    """The schema with the manual's narrower words: a day may stand without a time, an amount has two decimals."""
    time = "(T[0-9:.]+(Z|[+-][0-9:]+)?)?" if time_part else ""
    extra = (
        f'<s:simpleType name="day"><s:restriction base="s:string"><s:pattern value="\\d{{4}}-\\d\\d-\\d\\d{time}"/>'
        '</s:restriction></s:simpleType><s:simpleType name="amount"><s:restriction base="s:decimal">'
        '<s:totalDigits value="15"/><s:fractionDigits value="2"/></s:restriction></s:simpleType>'
    )
    text = schema({"dateTime": "tns:day", "decimal": "tns:amount"}, extra)
    return etree.XMLSchema(etree.fromstring(text.encode()))


def _tree(element: "etree._Element", written: Sequence[Field]) -> Tree:
    types = {field.name: field.type for field in written}
    content: dict[str, str | Tree | Sequence[Tree]] = {}
    for child in element:
        name = etree.QName(child).localname
        type = types[name]
        if child.get(f"{{{XSI}}}nil") in ("true", "1"):
            continue
        if type in ARRAYS:
            content[name] = [_tree(record, fields(TYPES[ARRAYS[type]])) for record in child]
        elif type in TYPES:
            content[name] = _tree(child, fields(TYPES[type]))
        else:
            content[name] = (child.text or "").strip()
    return content


def text(tree: Tree, name: str) -> str:
    """A text, empty when it is not there."""
    found = tree.get(name, "")
    return found if isinstance(found, str) else ""


def record(tree: Tree, name: str) -> Tree:
    """A record, empty when it is not there."""
    found = tree.get(name, {})
    return found if isinstance(found, Mapping) else {}


def records(tree: Tree, name: str) -> Sequence[Tree]:
    """The records of an array."""
    found = tree.get(name, ())
    return () if isinstance(found, str | Mapping) else found


def answer(envelope: str, operation: str, content: Content) -> str:
    """The envelope that answers an operation; the content's names are those of its result."""
    inner = ""
    if OPERATIONS[operation].result:
        inner = f"<{operation}Result>{_written(content, result_fields(operation))}</{operation}Result>"
    return _enveloped(envelope, f'<{operation}Response xmlns="{TARGET}">{inner}</{operation}Response>')


def fault(envelope: str, message: str, *, senders: bool = True) -> str:
    """A fault: the sender's or the service's own."""
    if envelope == SOAP_12:
        code = "soap:Sender" if senders else "soap:Receiver"
        inner = (
            f"<soap:Code><soap:Value>{code}</soap:Value></soap:Code>"
            f'<soap:Reason><soap:Text xml:lang="nl">{escape(message)}</soap:Text></soap:Reason>'
        )
    else:
        code = "soap:Client" if senders else "soap:Server"
        inner = f"<faultcode>{code}</faultcode><faultstring>{escape(message)}</faultstring><detail/>"
    return _enveloped(envelope, f"<soap:Fault>{inner}</soap:Fault>")


def _enveloped(envelope: str, body: str) -> str:
    return (
        f'<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="{envelope}" xmlns:xsi="{XSI}">'
        f"<soap:Body>{body}</soap:Body></soap:Envelope>"
    )


NIL = object()
"""Content that is written as ``xsi:nil``."""


def _written(content: Content, written: Sequence[Field]) -> str:
    """The elements in the order of the description, whatever the order of the content."""
    assert content.keys() <= {field.name for field in written}
    return "".join(_element(field, content[field.name]) for field in written if content.get(field.name) is not None)


def _element(field: Field, value: object) -> str:
    name, type = field.name, field.type
    if value is NIL:
        return f'<{name} xsi:nil="true"/>'
    if type in ARRAYS:
        assert isinstance(value, Sequence)
        item = Field(ARRAYS[type], ARRAYS[type], False, True)
        return f"<{name}>{''.join(_element(item, each) for each in value)}</{name}>"
    if type in TYPES:
        assert isinstance(value, Mapping)
        return f"<{name}>{_written(value, fields(TYPES[type]))}</{name}>"
    return f"<{name}>{escape(str(value))}</{name}>"
