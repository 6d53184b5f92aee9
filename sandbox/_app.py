"""What every simulated system is: options, a clock, a lock, faults, a log, and routes that answer calls.

A simulator subclasses :class:`Simulator`, lists its :func:`route` s and answers each :class:`Call` with a
Starlette response. A handler runs alone (under ``self.lock``) and must not wait; it refuses by raising
:class:`Refusal`.
"""

import json
import re
import threading
from abc import ABC, abstractmethod
from base64 import b64decode
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any, ClassVar, Generic, TypeVar, cast
from urllib.parse import parse_qsl

from pydantic import BaseModel, ConfigDict, Field
from starlette.datastructures import Headers, QueryParams
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import compile_path

from sandbox._clock import Clock
from sandbox._faults import Faults

JsonObject = dict[str, object]


class Options(BaseModel):
    """The switches of a simulated system. Every field needs a description: it is the help text."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: int = Field(1, description="which reproducible content the system starts with")


OptionsT = TypeVar("OptionsT", bound=Options)


@dataclass(frozen=True)
class Call:
    """One request as a handler sees it: ``path`` decoded, ``params`` the parts the route's path names."""

    method: str
    path: str
    query: QueryParams
    headers: Headers
    body: bytes
    params: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", errors="replace")

    def json(self) -> object:
        """The body as JSON; numbers with a fraction become Decimal.

        Raises:
            Refusal: 400, the body is not JSON.
        """
        try:
            return cast(object, json.loads(self.body, parse_float=Decimal))
        except ValueError as error:
            raise Refusal(400, f"the body is not valid JSON: {error}") from error

    def form(self) -> dict[str, str]:
        """The body as a URL-encoded form; of a repeated name the last value."""
        return dict(parse_qsl(self.text, keep_blank_values=True))

    def basic_auth(self) -> tuple[str, str] | None:
        """User name and password of HTTP Basic authentication, None when absent or malformed."""
        scheme, _, encoded = self.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            user, colon, password = b64decode(encoded, validate=True).decode().partition(":")
        except ValueError:
            return None
        return (user, password) if colon else None

    def bearer(self) -> str | None:
        """The token of ``Authorization: Bearer``, None when absent."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token if scheme.lower() == "bearer" and token else None


Handler = Callable[[Call], Response]


class Refusal(Exception):
    """Raised by a handler to answer with this status and body; an object or array goes out as JSON."""

    def __init__(
        self,
        status: int,
        body: str | Mapping[str, object] | Sequence[object] = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, body)
        self.status, self.body, self.headers = status, body, dict(headers or {})

    def response(self) -> Response:
        if not isinstance(self.body, str):
            return json_response(self.body, self.status, self.headers)
        kind = HTMLResponse if self.body.lstrip().startswith("<") else PlainTextResponse
        return kind(self.body, self.status, self.headers)


@dataclass(frozen=True)
class Route:
    """A method, a path such as ``/orders/{number:int}`` or ``/search/{value:path}``, and who answers."""

    method: str
    path: str
    handler: Handler

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        return compile_path(self.path)[0]


def route(method: str, path: str, handler: Handler) -> Route:
    """A route; the path is without the system's base path."""
    return Route(method, path, handler)


def json_response(content: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """JSON as PHP's json_encode writes it in one point: a Decimal becomes a JSON number."""
    body = json.dumps(content, default=_number, ensure_ascii=False, separators=(",", ":"))
    return Response(body, status, dict(headers or {}), "application/json")


def _number(value: object) -> float | int:
    """A Decimal at the very edge of the wire: the shortest JSON number, exact up to 15 digits."""
    if not isinstance(value, Decimal):
        raise TypeError(f"{type(value).__name__} is not JSON")
    return int(value) if value == value.to_integral_value() else float(value)


class Simulator(ABC, Generic[OptionsT]):
    """One simulated system.

    Subclasses set ``name`` (as in the registry), ``options_type``, ``base_path`` (``/api/v1``; part of the
    base URL) and ``secret_parameters`` (query parameters the log must not show), and write ``fill``,
    ``routes``, ``books`` and ``credentials``; ``guard``, ``finish``, ``not_found`` and ``extra_controls``
    when needed.
    """

    name: ClassVar[str]
    base_path: ClassVar[str] = ""
    secret_parameters: ClassVar[frozenset[str]] = frozenset()
    options_type: type[OptionsT]

    def __init__(self, *, clock: Clock | None = None, **options: object) -> None:
        self.initial_options = self.options_type.model_validate(options)
        self.options: OptionsT = self.initial_options
        self.clock = clock or Clock()
        self.lock = threading.RLock()
        self.faults = Faults()
        self.log: deque[JsonObject] = deque(maxlen=20_000)
        self.resets = 0
        self.fill()

    @abstractmethod
    def fill(self) -> None:
        """Forget all content and start again from ``self.options`` (with its seed)."""

    @abstractmethod
    def routes(self) -> Sequence[Route]:
        """What the system answers, first match first."""

    @abstractmethod
    def books(self) -> JsonObject:
        """The system's own content in a form tests can compare: amounts in integer cents."""

    @abstractmethod
    def credentials(self) -> Sequence[str]:
        """One line per set of credentials it accepts, for the help page."""

    def extra_controls(self) -> Sequence[Route]:
        """Control endpoints of this system only (``/orders`` becomes ``/control/orders``)."""
        return ()

    def guard(self, call: Call) -> None:
        """Runs before every handler: authentication and limits. Raises Refusal."""

    def finish(self, call: Call, response: Response) -> Response:
        """Sees every answer last, refusals too: headers all answers carry."""
        return response

    def not_found(self, call: Call) -> Response:
        """The answer to a path the system does not know."""
        return PlainTextResponse("Not Found", 404)

    def change_options(self, changes: Mapping[str, object]) -> None:
        """Set some options, keep the content. Raises pydantic.ValidationError, and then changes nothing."""
        self.options = self._with(self.options, changes)

    def reseed(self, changes: Mapping[str, object]) -> None:
        """Set some options (``seed``, sizes) and fill again; clock, faults and log stay."""
        self.change_options(changes)
        self.resets += 1
        self.fill()

    def reset(self, changes: Mapping[str, object]) -> None:
        """As newly started with the initial options and these changes: content, clock, faults and log."""
        self.options = self._with(self.initial_options, changes)
        self.clock.back_to_real()
        self.faults.clear()
        self.log.clear()
        self.resets += 1
        self.fill()

    def _with(self, options: OptionsT, changes: Mapping[str, object]) -> OptionsT:
        return self.options_type.model_validate(options.model_dump() | dict(changes))

    def answer(self, call: Call) -> Response:
        """The system's own answer to one call, faults aside. Every write has happened when it returns."""
        with self.lock:
            try:
                self.guard(call)
                response = dispatch(self._routes, call, self.base_path) or self.not_found(call)
            except Refusal as refusal:
                response = refusal.response()
            return self.finish(call, response)

    @cached_property
    def _routes(self) -> Sequence[Route]:
        return tuple(self.routes())


AnySimulator = Simulator[Any]
"""A simulator of whatever options."""


def dispatch(routes: Sequence[Route], call: Call, base_path: str) -> Response | None:
    """The answer of the first route that fits; 405 when only the method is wrong; None when no path fits."""
    if not call.path.startswith(base_path):
        return None
    path = call.path[len(base_path) :]
    allowed: list[str] = []
    for candidate in routes:
        if match := candidate.pattern.match(path):
            if candidate.method == call.method:
                return candidate.handler(
                    Call(call.method, call.path, call.query, call.headers, call.body, match.groupdict())
                )
            allowed.append(candidate.method)
    return PlainTextResponse("Method Not Allowed", 405, {"Allow": ", ".join(allowed)}) if allowed else None
