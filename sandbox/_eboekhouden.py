"""The simulated e-Boekhouden.nl behind its two interfaces: users, sessions, and what is done in the program itself.

A user name is one administration. Its credentials follow from it: ``demo1`` has the security codes ``demo1-code1``
and ``demo1-code2`` for SOAP and the access token ``demo1-token`` for REST.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from random import Random
from typing import ClassVar, Literal, Protocol, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.responses import Response

from sandbox._app import Call, JsonObject, Refusal, Route, Simulator, json_response, route
from sandbox._eboekhouden_books import CUSTOMER_PAID, PURCHASE, SALE, WE_PAID, Books, Mutation, Row
from sandbox._eboekhouden_chart import VAT_CODES
from sandbox._eboekhouden_options import EBoekhoudenOptions
from sandbox._eboekhouden_rules import Refused, checked, computed
from sandbox._rolling import RollingLimit

SOAP, REST = "SOAP", "REST"

Asked = TypeVar("Asked", bound=BaseModel)


@dataclass
class Session:
    """An open session: whose books it opens, for whom, on which interface; times in seconds since the epoch."""

    books: Books
    user: str
    interface: str
    opened: float
    used: float
    closed: bool = False
    expired: bool = False


class Interface(Protocol):
    """One of the two ways in."""

    def routes(self) -> Sequence[Route]: ...

    def guard(self, call: Call) -> None: ...


class Payment(BaseModel):
    """A payment booked in the program: of all that is open, or of so many cents, on a day."""

    model_config = ConfigDict(extra="forbid")

    user: str | None = None
    invoice_number: str
    relation: str | None = None
    cents: int | Literal["open"] = "open"
    day: date | None = None
    ledger: str = "1010"
    purchase: bool = False


class Whose(BaseModel):
    """Names an administration; the first one if it does not."""

    model_config = ConfigDict(extra="forbid")

    user: str | None = None


class Change(BaseModel):
    """A booking changed in the program; what is not named stays. ``gross`` in cents, for a booking of one line."""

    model_config = ConfigDict(extra="forbid")

    user: str | None = None
    day: date | None = None
    description: str | None = None
    invoice_number: str | None = None
    relation: str | None = None
    gross: int | None = None


class EBoekhouden(Simulator[EBoekhoudenOptions]):
    """The package. Subclasses say which interface they are named for."""

    options_type = EBoekhoudenOptions
    secret_parameters: ClassVar[frozenset[str]] = frozenset({"token"})

    @abstractmethod
    def interfaces(self) -> Sequence[Interface]:
        """The interface that the simulator is named for, then the other."""

    def fill(self) -> None:
        # The first administration knows the customers of the shop with the same seed, the next those of seed + 1.
        self.administrations = {
            user: Books(user, self.options.seed + at, self.options, self.clock)
            for at, user in enumerate(self.options.users)
        }
        self.sessions: dict[str, Session] = {}
        self.calls = RollingLimit()
        """REST calls of the last hour, of all users together."""
        self._ids = Random(f"{self.options.seed}/sessions")

    @cached_property
    def _served(self) -> Sequence[Interface]:
        return self.interfaces()

    def change_options(self, changes: Mapping[str, object]) -> None:
        super().change_options(changes)
        for books in self.administrations.values():
            books.options = self.options

    def credentials(self) -> Sequence[str]:
        return [
            f"user name {user}, security codes {user}-code1 and {user}-code2, access token {user}-token"
            for user in self.options.users
        ]

    def books(self) -> JsonObject:
        return {"administrations": {user: books.as_json() for user, books in self.administrations.items()}}

    def routes(self) -> Sequence[Route]:
        first, second = self._served
        # Both are always routed, so that the option can be switched while the simulator runs.
        return [*first.routes(), *(self._switched(each) for each in second.routes())]

    def _switched(self, other: Route) -> Route:
        def handler(call: Call) -> Response:
            return other.handler(call) if self.options.both else self.not_found(call)

        return route(other.method, other.path, handler)

    def guard(self, call: Call) -> None:
        for interface in self._served[: 2 if self.options.both else 1]:
            interface.guard(call)

    # Sessions

    def open_session(self, books: Books, user: str, interface: str) -> str:
        """A new session's id, 38 characters; it serves on one interface only."""
        id, now = f"{{{UUID(int=self._ids.getrandbits(128), version=4)}}}", self.clock.timestamp()
        if self.options.single_session:
            for earlier in self.sessions.values():
                earlier.closed = earlier.closed or (earlier.user, earlier.interface) == (user, interface)
        self.sessions[id] = Session(books, user, interface, now, now)
        return id

    def lives(self, session: Session) -> bool:
        """Whether a session is still of use; using it may prolong it."""
        now = self.clock.timestamp()
        since = session.opened if self.options.session_counts == "opened" else session.used
        session.expired = session.expired or now - since >= self.options.session_minutes * 60
        session.used = now
        return not session.expired

    # What a person does in the program

    def extra_controls(self) -> Sequence[Route]:
        return [
            route("POST", "/payments", self._pay),
            route("POST", "/mutations/{number:int}", self._change),
            route("POST", "/mutations/{number:int}/delete", self._delete),
            route("POST", "/relations/{code}/delete", self._delete_relation),
            route("POST", "/sessions/expire", self._expire),
        ]

    def _books_of(self, user: str | None) -> Books:
        name = user or self.options.users[0]
        if name not in self.administrations:
            raise Refusal(404, f"no administration of {name!r}")
        return self.administrations[name]

    def _asked(self, kind: type[Asked], call: Call) -> Asked:
        try:
            return kind.model_validate(call.json() if call.body else {})
        except ValidationError as error:
            raise Refusal(422, str(error)) from error

    def _pay(self, call: Call) -> Response:
        asked = self._asked(Payment, call)
        books = self._books_of(asked.user)
        found = [
            item
            for item in books.open_items(PURCHASE if asked.purchase else SALE)
            if item.mutation.invoice_number == asked.invoice_number
            and (asked.relation is None or (item.mutation.relation and item.mutation.relation.code == asked.relation))
        ]
        ledger = books.ledger_with(asked.ledger)
        if len(found) != 1 or ledger is None:
            raise Refusal(404, f"{len(found)} open items with this number, or no such account")
        item = found[0]
        amount = item.open if asked.cents == "open" else asked.cents
        row = Row(amount, amount, 0, VAT_CODES["GEEN"], Decimal(0), item.mutation.ledger)
        draft = Mutation(
            0,
            WE_PAID if asked.purchase else CUSTOMER_PAID,
            asked.day or books.today,
            ledger,
            (row,),
            item.mutation.relation,
            asked.invoice_number,
            description=f"Betaling {asked.invoice_number}",
        )
        return json_response({"number": self._booked(draft, books).number}, 201)

    def _booked(self, draft: Mutation, books: Books) -> Mutation:
        try:
            return books.book(checked(draft, books))
        except Refused as error:
            raise Refusal(422, f"{error.soap}: {error.text}") from error

    def _mutation(self, call: Call, books: Books) -> Mutation:
        found = books.mutations.get(int(call.params["number"]))
        if found is None:
            raise Refusal(404, "no such mutation")
        return found

    def _change(self, call: Call) -> Response:
        asked = self._asked(Change, call)
        books = self._books_of(asked.user)
        mutation = self._mutation(call, books)
        given = {name: getattr(asked, name) for name in ("day", "description", "invoice_number")}
        changed = replace(mutation, **{name: value for name, value in given.items() if value is not None})
        if asked.relation is not None:
            relation = books.relation_with(asked.relation)
            if relation is None:
                raise Refusal(404, "no such relation")
            changed = replace(changed, relation=relation)
        if asked.gross is not None:
            if len(mutation.rows) != 1:
                raise Refusal(422, "only a booking of one line can be given another amount")
            row = mutation.rows[0]
            net, vat = computed(Decimal(asked.gross) / 100, row.percentage if row.vat else Decimal(0), True)
            entered = asked.gross if mutation.includes_vat else net
            changed = replace(changed, rows=(replace(row, entered=entered, net=net, vat=vat),))
        books.mutations[mutation.number] = changed
        return json_response({"number": changed.number, "gross": changed.gross})

    def _delete(self, call: Call) -> Response:
        books = self._books_of(self._asked(Whose, call).user)
        del books.mutations[self._mutation(call, books).number]
        return json_response([])

    def _delete_relation(self, call: Call) -> Response:
        books = self._books_of(self._asked(Whose, call).user)
        relation = books.relation_with(call.params["code"])
        if relation is None:
            raise Refusal(404, "no such relation")
        del books.relations[relation.id]
        return json_response([])

    def _expire(self, call: Call) -> Response:
        for session in self.sessions.values():
            session.expired = True
        return json_response({"expired": len(self.sessions)})
