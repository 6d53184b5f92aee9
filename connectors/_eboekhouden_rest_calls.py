"""The calls of one connection to e-Boekhouden.nl's REST interface: its session, its pages, its filters.

Nothing that the supplier leaves open is relied on: how the session's token is written in the header is found out, the
count of a list is not looked at, and what a filter should have left out is left out here too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from pydantic import SecretStr

from boekbrug.domain.clock import Clock
from boekbrug.domain.errors import DocumentInvalid, NotAuthenticated, RemoteUnavailable
from connectors._answers import Answer
from connectors._base import ConnectorSettings, Meter
from connectors._eboekhouden import TITLE, Tickets, understood
from connectors._http import Headers, Session
from connectors._login import Login
from connectors._wire import Fields, Json, JsonOut, Unreadable, json_body, parse_json

NAME = "eboekhouden-rest"
_SOURCE = "Boekbrug"  # at most 10 letters, digits, spaces and underscores
_PAGE = 2000  # the most that is given
_OVERLAP = 10  # rows asked for again: the order is not documented, and somebody may remove a row meanwhile
_FORMS = ("{}", "Bearer {}")  # of the header: clients differ
_REFUSED = (400, 404, 405, 422)

_T = TypeVar("_T")


class Calls:
    """What is asked and told with one access token. Thread-safe; close it."""

    def __init__(self, settings: ConnectorSettings, access_token: SecretStr, meter: Meter, clock: Clock) -> None:
        self._access_token = access_token
        self._http = Session(TITLE, NAME, settings, meter, login=Login(inside=(access_token,)), clock=clock)
        self._tickets = Tickets(self._open_session)
        self._form = _FORMS[0]

    def close(self) -> None:
        """Lets go of the network. The session runs out by itself."""
        self._http.close()

    def log_in(self) -> None:
        """Opens a session unless there is one."""
        self._tickets.current()

    def read(self, path: str, params: Mapping[str, str] | None = None) -> Json:
        """GET of what is always there; errors as those of `_http.Session.read`."""
        return self._in_session(lambda headers: self._http.read(path, params, headers=headers))

    def look_up(self, path: str, params: Mapping[str, str] | None = None) -> Json:
        """GET of what may not be there, or may not be asked so: None then."""
        return self._in_session(lambda headers: self._http.look_up(path, params, absent=_REFUSED, headers=headers))

    def submit(self, method: str, path: str, body: JsonOut, *, document: str = "") -> Answer:
        """A call that writes: its answer, which may refuse; errors as those of `_http.Session.submit`."""
        sent = json_body(body)
        return self._in_session(
            lambda headers: self._http.submit(method, path, sent, document=document, headers=headers), document
        )

    def refused(self, answer: Answer, document: str = "") -> DocumentInvalid:
        """The error for a refusal that has no meaning of its own."""
        return self._http.refused(answer, document)

    def said(self, answer: Answer) -> tuple[str, str, str]:
        """Code, name of the property, and words of a refusal; what is missing is ""."""
        try:
            error = Fields(parse_json(answer.text))
            code, named = error.text("code"), error.text("propertyName")
        except ValueError:
            code = named = ""
        return code, named, f"{code} {self._http.said(answer)}".strip()

    def items(self, path: str, params: Mapping[str, str]) -> Iterator[Fields]:
        """The records of a list, each once, page by page until one is not full. Raises Unreadable."""
        seen: set[str] = set()
        offset = 0
        while True:
            page = items_of(self.read(path, {**params, "limit": str(_PAGE), "offset": str(offset)}), path)
            for item in page:
                if (key := item.fingerprint()) not in seen:
                    seen.add(key)
                    yield item
            if len(page) < _PAGE:
                return
            offset += _PAGE - _OVERLAP

    def sought(self, path: str, params: Mapping[str, str]) -> Iterator[Fields] | None:
        """The same by a filter that may not be known; None then. One that is passed over gives all records."""
        taken = self.look_up(path, {**params, "limit": "1"}) is not None
        return self.items(path, params) if taken else None

    def filtered(self, path: str, params: Mapping[str, str], field: str, operator: str, value: str) -> Iterator[Fields]:
        """The same by a filter with an operator, which is written in two ways: in the name, or before the value. Where
        neither is taken all records come: the caller leaves out what does not fit. Raises Unreadable."""
        for one in ({f"{field}[{operator}]": value}, {field: f"[{operator}]{value}"}):
            if (found := self.sought(path, {**params, **one})) is not None:
                return found
        return self.items(path, params)

    def _in_session(self, call: Callable[[Headers], _T], document: str = "") -> _T:
        """Makes the call in a session. One that has run out is opened anew once, and nothing was done in it."""
        renewed = False
        while True:
            ticket, form = self._tickets.current(), self._form
            try:
                return call({"Authorization": SecretStr(form.format(ticket))})
            except NotAuthenticated:
                if not renewed:
                    renewed = True
                    self._tickets.lost(ticket)
                elif form == _FORMS[0] and self._form == form:
                    self._form = _FORMS[1]
                else:
                    raise

    def _open_session(self) -> str:
        token = self._access_token.get_secret_value()
        with understood(NAME, "a session"):
            answer = Fields(self._http.ask("v1/session", {"accessToken": token, "source": _SOURCE}), "session")
            ticket = answer.verbatim("token")
        if not ticket or not ticket.isprintable() or not ticket.isascii():
            raise RemoteUnavailable(f"{TITLE} opens no session", system=NAME)
        self._http.hide(SecretStr(ticket))
        return ticket


def items_of(answer: Json, what: str) -> list[Fields]:
    """The records of a list. Raises Unreadable when it is none: whoever hears "not there" writes."""
    fields = Fields(answer, what)
    if "items" not in fields or not isinstance(answer, dict) or not isinstance(answer["items"], list):
        raise Unreadable(what, "is not a list")
    return fields.objects("items")
