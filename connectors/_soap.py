"""SOAP: envelopes made and read by zeep, sent by `connectors._http`. The one place that knows zeep.

A reply is XML of strangers: no document type, no entity and nothing from elsewhere is taken, a field that the WSDL does
not know is passed over, and what is not sound XML is an answer that never came. A SOAP fault is told apart from a
broken call only where it matters: a write that the other side could not even read was certainly not carried out.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import TypeAlias

from lxml import etree  # type: ignore[import-untyped]
from pydantic import SecretStr
from zeep import ns
from zeep.exceptions import Error as ZeepError
from zeep.loader import parse_xml
from zeep.settings import Settings as ZeepSettings
from zeep.wsdl import Document
from zeep.wsdl.bindings.soap import SoapOperation
from zeep.wsdl.utils import etree_to_string
from zeep.xsd.valueobjects import CompoundValue

from boekbrug.domain.clock import Clock
from boekbrug.domain.errors import DocumentInvalid, OutcomeUnknown
from boekbrug.domain.findings import finding
from connectors import _http
from connectors._answers import Answer
from connectors._base import ConnectorSettings, Meter
from connectors._login import Login
from connectors._wire import Body, Fields, Json, clean

Argument: TypeAlias = "str | int | Decimal | date | Mapping[str, Argument] | Sequence[Argument]"

_READING = ZeepSettings(strict=True, forbid_dtd=True, forbid_entities=True, forbid_external=True)
_KNOWING = ZeepSettings(strict=False, forbid_dtd=True, forbid_entities=True, forbid_external=True)
# What zeep lets through when the content is not what the WSDL says.
_NOT_UNDERSTOOD = (ZeepError, etree.LxmlError, ValueError, LookupError, AttributeError, TypeError, ArithmeticError)
_ENVELOPE = {"soap": ns.SOAP_ENV_11}


class _Offline:
    """In the place of zeep's transport: the WSDL is a file of ours, and calls are made by `_http`."""

    def load(self, url: str) -> bytes:
        """Nothing is loaded from elsewhere."""
        raise ValueError(f"{url} is not loaded")


class Fault(ValueError):
    """A SOAP fault. `by_client`: the other side could not take the message, and so did nothing with it."""

    def __init__(self, said: str, *, by_client: bool) -> None:
        super().__init__(said)
        self.by_client = by_client


class _Interface:
    """A WSDL as zeep understands it. zeep promises nothing about threads, so they take turns."""

    def __init__(self, wsdl: str, binding: str) -> None:
        self._lock = threading.Lock()
        self._transport = _Offline()
        with files("connectors").joinpath("wsdl", wsdl).open("rb") as file:
            document = Document(file, self._transport, settings=_KNOWING)
        self._binding = document.bindings[binding]

    def _operation(self, name: str) -> SoapOperation:
        operation: SoapOperation = self._binding.get(name)
        return operation

    def envelope(self, name: str, arguments: Mapping[str, Argument], counts_as: str = "") -> Body:
        """The message. Raises zeep's errors and TypeError for arguments that the WSDL does not know: our mistake."""
        with self._lock:
            message = self._operation(name).create(**{key: _writable(value) for key, value in arguments.items()})
        headers = {**message.headers, "Content-Type": "text/xml; charset=utf-8", "Accept": "text/xml"}
        return Body(etree_to_string(message.content), headers, counts_as)

    def reply(self, name: str, answer: Answer) -> Fields:
        """What the answer holds. Raises Fault, and ValueError for what is no sound reply to this operation."""
        try:
            with self._lock:
                root = parse_xml(answer.body, self._transport, settings=_READING)
                _raise_fault(root)
                if [etree.QName(part).localname for part in root.iterfind("soap:Body/*", _ENVELOPE)] != [
                    f"{name}Response"
                ]:
                    raise ValueError("holds something else")
                value = self._operation(name).process_reply(root)
            return Fields(_plain(value), name)
        except Fault:
            raise
        except _NOT_UNDERSTOOD as error:
            raise ValueError(f"is no reply to {name}: {type(error).__name__}") from error


@cache
def _interface(wsdl: str, binding: str) -> _Interface:
    return _Interface(wsdl, binding)


def _raise_fault(root: etree._Element) -> None:
    fault = root.find("soap:Body/soap:Fault", _ENVELOPE)
    if fault is not None:
        code = (fault.findtext("faultcode") or "").rpartition(":")[2]
        raise Fault(clean(fault.findtext("faultstring") or code, 200), by_client=code.split(".")[0] == "Client")


def _writable(value: Argument) -> Argument:
    """Without the two characters that `clean` leaves and XML cannot hold."""
    match value:
        case str():
            return value.replace("\ufffe", "").replace("\uffff", "")
        case Mapping():
            return {name: _writable(member) for name, member in value.items()}
        case Sequence():
            return [_writable(member) for member in value]
        case _:
            return value


def _plain(value: object) -> Json:
    """zeep's value as if it had come as JSON. What it took for binary floating point becomes the number as written."""
    match value:
        case None | bool() | int() | Decimal() | str():
            return value
        case float():
            return Decimal(repr(value))
        case date():
            return value.isoformat()
        case list():
            return [_plain(member) for member in value]
        case CompoundValue():
            members: Mapping[str, object] = value.__values__
            return {name: _plain(member) for name, member in members.items() if not name.startswith("_")}
        case _:
            return str(value)


class Session:
    """The calls of one connection to one SOAP service. Thread-safe; close it.

    `path` stands behind the settings' address, which is encrypted or this machine: the WSDL's own address is not used.
    """

    def __init__(
        self,
        title: str,
        system: str,
        settings: ConnectorSettings,
        meter: Meter,
        *,
        wsdl: str,
        binding: str,
        path: str,
        secrets: tuple[SecretStr, ...],
        clock: Clock | None = None,
    ) -> None:
        self._title = title
        self._system = system
        self._path = path
        self._names = (wsdl, binding)
        self._http = _http.Session(title, system, settings, meter, login=Login(inside=secrets), clock=clock)

    def __repr__(self) -> str:
        return f"<SOAP {self._http!r}>"

    def close(self) -> None:
        """Lets go of the connections."""
        self._http.close()

    def hide(self, secret: SecretStr) -> None:
        """Keeps out of every error a secret that was come by while the session is open."""
        self._http.hide(secret)

    def scrubbed(self, text: str) -> str:
        """The text without any secret of this connection: who is told what was wrong may repeat it."""
        return self._http.scrubbed(text)

    def ask(self, operation: str, arguments: Mapping[str, Argument], *, counts_as: str = "") -> Fields:
        """A question that changes nothing: the reply's content. Errors as those of `_http.Session.read`; `counts_as`
        is what the account counts such calls as."""
        interface = _interface(*self._names)
        body = interface.envelope(operation, arguments, counts_as)
        return self._http.ask_with(self._path, body, lambda answer: interface.reply(operation, answer))

    def write(self, operation: str, arguments: Mapping[str, Argument], *, document: str = "") -> Fields:
        """A call that may write, once: the reply's content. Errors as those of `_http.Session.write`."""
        interface = _interface(*self._names)
        body = interface.envelope(operation, arguments)
        answer = self._http.submit("POST", self._path, body, document=document, judged=(500,))
        if not (200 <= answer.status < 300 or answer.status == 500):
            raise self._http.refused(answer, document)
        problem = f"answered {answer.status}"
        try:
            reply = interface.reply(operation, answer)
            if answer.status != 500:
                return reply
        except Fault as fault:
            said = self.scrubbed(str(fault))
            if fault.by_client:
                raise DocumentInvalid(
                    f"{self._title} could not read the message: {said}",
                    findings=(finding("REFUSED_BY_BOOKS", answer=said),),
                    system=self._system,
                    document=document,
                ) from None
            problem = f"failed ({said})"
        except ValueError:
            problem = "sent an answer that cannot be read"
        raise OutcomeUnknown(
            f"{self._title} {problem}; what was sent may or may not have been written",
            system=self._system,
            document=document,
        )
