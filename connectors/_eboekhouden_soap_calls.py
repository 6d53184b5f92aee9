"""The calls of one connection to e-Boekhouden.nl's SOAP interface: its session, its codes, its counted lists.

Whatever is the matter comes as a code in an ordinary reply; what is said with it is for people only. A list of
mutations holds no more than the last 500, in no promised order, and its calls are counted by the month: ranges of fewer
than 500 numbers cannot be cut short.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from boekbrug.domain.clock import Clock
from boekbrug.domain.errors import (
    BoekbrugError,
    DocumentInvalid,
    NotAuthenticated,
    NotPermitted,
    RateLimited,
    RemoteUnavailable,
)
from boekbrug.domain.findings import finding
from connectors._base import ConnectorSettings, Meter
from connectors._eboekhouden import FIRST_DAY, LAST_DAY, TITLE, Tickets, understood
from connectors._eboekhouden_soap_wire import number_of, rows
from connectors._wire import Fields, Unreadable, clean

if TYPE_CHECKING:
    from connectors._soap import Argument

NAME = "eboekhouden-soap"
LISTS = "GetMutaties"  # what the account counts apart
NO_ACCOUNTANT = "E002.5"
_WSDL, _BINDING, _PATH = "eboekhouden.wsdl", "{http://www.e-boekhouden.nl/soap}soapAppSoap", "soap.asmx"
_SOURCE = "Boekbrug"  # at most 15 characters
_SESSION_GONE = ("E002.1", "E002.2", "E002.3", "E002.4")
_LISTS_USED_UP = "E003.1"
_NO_RIGHTS = "E001.5"
_LOGIN = {
    "E001.1": "user name or security code 1",
    "E001.2": "login: no administration belongs to it",
    "E001.3": "security code 2",
}
_AMSTERDAM = ZoneInfo("Europe/Amsterdam")


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply, with the package's own code for what is the matter ("" when nothing is)."""

    content: Fields
    code: str
    said: str

    @property
    def answer(self) -> str:
        """What the package says, for a person."""
        return f"{self.code} {self.said}".strip()

    def rows(self, container: str, name: str) -> list[Fields]:
        """The records of a list. Raises Unreadable, also for a refusal and for a reply that says nothing at all:
        whoever hears "not there" writes."""
        if self.code:
            raise Unreadable(container, self.answer)
        if not self.content.object("ErrorMsg") and not self.content.object(container):
            raise Unreadable(container, "is missing")
        return rows(self.content, container, name)

    def refusal(self) -> DocumentInvalid:
        """The error for a refused relation: the manual has no codes for those."""
        return DocumentInvalid(
            f"{TITLE} refused: {self.answer}",
            findings=(finding("REFUSED_BY_BOOKS", answer=self.answer),),
            system=NAME,
        )


class Calls:
    """What is asked and told over one login (user name, security codes 1 and 2). Thread-safe; close it."""

    def __init__(
        self,
        settings: ConnectorSettings,
        login: tuple[SecretStr, SecretStr, SecretStr],
        meter: Meter,
        clock: Clock,
        *,
        window: int,
    ) -> None:
        from connectors._soap import Session  # noqa: PLC0415 - brings zeep along, which most commands do not need

        self._login = login
        self._clock = clock
        self._window = window
        self._soap = Session(
            TITLE, NAME, settings, meter, wsdl=_WSDL, binding=_BINDING, path=_PATH, secrets=login[1:], clock=clock
        )
        self._tickets = Tickets(self._open_session)

    def close(self) -> None:
        """Ends the session, if one was opened, and lets go of the network."""
        try:
            if ticket := self._tickets.returned():
                self._soap.write("CloseSession", {"SessionID": ticket})
        except BoekbrugError:
            pass  # it runs out by itself, and nothing depends on it
        finally:
            self._soap.close()

    def log_in(self) -> None:
        """Opens a session unless there is one."""
        self._tickets.current()

    def today(self) -> date:
        """The day in the Netherlands."""
        return self._clock.now().astimezone(_AMSTERDAM).date()

    def make(self, operation: str, arguments: Mapping[str, Argument], *, document: str | None = None) -> Reply:
        """One call in a session, which is opened anew once when it has run out: nothing was done then. With a
        `document`, also "", it is one that writes. Raises RateLimited when the month's lists are used up."""
        code2 = self._login[2].get_secret_value()
        for _ in range(2):
            ticket = self._tickets.current()
            sent: dict[str, Argument] = {"SessionID": ticket, "SecurityCode2": code2, **arguments}
            if document is None:
                content = self._soap.ask(operation, sent, counts_as=LISTS if operation == LISTS else "")
            else:
                content = self._soap.write(operation, sent, document=document)
            reply = self._reply(content, document or "")
            if reply.code not in _SESSION_GONE:
                return reply
            self._tickets.lost(ticket)
        raise RemoteUnavailable(
            f"{TITLE} does not keep the session open ({reply.answer})", system=NAME, document=document or ""
        )

    def _open_session(self) -> str:
        user, code1, code2 = (secret.get_secret_value() for secret in self._login)
        asked: dict[str, Argument] = {
            "Username": user, "SecurityCode1": code1, "SecurityCode2": code2, "Source": _SOURCE
        }  # fmt: skip
        reply = self._reply(self._soap.ask("OpenSession", asked), "")
        # Verbatim: it is given back as it came.
        ticket = reply.content.verbatim("SessionID")
        if reply.code or not ticket:
            raise RemoteUnavailable(f"{TITLE} opens no session ({reply.answer or 'without a reason'})", system=NAME)
        self._soap.hide(SecretStr(ticket))
        return ticket

    def _reply(self, content: Fields, document: str) -> Reply:
        """Raises what the codes of login and limit mean; every other code is for the caller."""
        with understood(NAME, "a reply"):
            error = content if "LastErrorCode" in content else content.object("ErrorMsg")
            said = self._soap.scrubbed(clean(error.text("LastErrorDescription"), 200))
            reply = Reply(content, error.text("LastErrorCode"), said)
        if reply.code == _LISTS_USED_UP:
            raise RateLimited(
                f"{TITLE} gives no more mutations this month ({reply.answer})",
                not_before=_next_month(self.today()),
                system=NAME,
                document=document,
            )
        if reply.code == _NO_RIGHTS:
            raise NotPermitted(
                f"{TITLE} accepts the login, but its user lacks the rights for this ({reply.answer})",
                system=NAME,
                document=document,
            )
        if reply.code.startswith("E001."):
            what = _LOGIN.get(reply.code, "login")
            raise NotAuthenticated(
                f"{TITLE} does not accept the {what} ({reply.answer}); a new password changes security code 1",
                system=NAME,
                document=document,
            )
        return reply

    # -- lists of mutations

    def mutations(self, **search: Argument) -> list[Fields]:
        """One counted call: the mutations found, of more than the window the last. Raises Unreadable."""
        wanted: dict[str, Argument] = {"MutatieNr": 0, "DatumVan": FIRST_DAY, "DatumTm": LAST_DAY, **search}
        return self.make(LISTS, {"cFilter": wanted}).rows("Mutaties", "cMutatieList")

    @property
    def step(self) -> int:
        """How many numbers can be asked for without the answer being cut short."""
        return self._window - 1

    def mutations_since(self, since: date) -> Iterator[Fields]:
        """All that are dated on or after that day. Raises Unreadable."""
        today = self.today()
        if since <= today:
            yield from self._mutations_between(since, today)
        yield from self._mutations_between(max(since, today + timedelta(days=1)), LAST_DAY)

    def _mutations_between(self, first: date, last: date) -> Iterator[Fields]:
        found = self.mutations(DatumVan=first, DatumTm=last)
        if len(found) < self._window:
            yield from found
        elif first < last:
            middle = first + (last - first) // 2
            yield from self._mutations_between(first, middle)
            yield from self._mutations_between(middle + timedelta(days=1), last)
        else:
            yield from found
            # Of one day the last are those with the highest numbers; 0 would mean that no number is asked for.
            while len(found) >= self._window and (below := min(map(number_of, found)) - 1) > 0:
                found = self.mutations(DatumVan=first, DatumTm=last, MutatieNrVan=1, MutatieNrTm=below)
                yield from found

    def all_mutations(self) -> Iterator[Fields]:
        """All there are, by ranges of numbers. Raises Unreadable."""
        newest = max((number_of(mutation) for mutation in self.mutations()), default=0)
        first, found = 1, [Fields({})]
        while found or first <= newest:
            found = self.mutations(MutatieNrVan=first, MutatieNrTm=first + self.step - 1)
            yield from found
            first += self.step


def _next_month(day: date) -> datetime:
    first = (day.replace(day=1) + timedelta(days=31)).replace(day=1)
    return datetime(first.year, first.month, 1, tzinfo=_AMSTERDAM)
