"""The control endpoints of every simulator, under ``/control``, unauthenticated; and their client."""

import http.client
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar, cast
from urllib.parse import urlsplit

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError
from starlette.responses import Response

from sandbox._app import AnySimulator, Call, JsonObject, Refusal, Route, json_response, route

CONTROL_PATH = "/control"
PATIENCE = 300  # seconds: making a shop with 100,000 orders takes half a minute

T = TypeVar("T")


class ClockChange(BaseModel):
    """What ``POST /control/clock`` takes; several at once are done in this order."""

    model_config = ConfigDict(extra="forbid")

    real: bool = False
    freeze: bool | None = None
    set: AwareDatetime | None = None
    advance: float | None = None


def control_routes(simulator: AnySimulator) -> Sequence[Route]:
    """The control endpoints, without ``/control``; the system's own first."""

    def show_options(call: Call) -> Response:
        return json_response(simulator.options.model_dump(mode="json"))

    def changing(change: Callable[[JsonObject], None]) -> Callable[[Call], Response]:
        def handler(call: Call) -> Response:
            _validated(lambda: change(_object(call)))
            return show_options(call)

        return handler

    def show_clock(call: Call) -> Response:
        return json_response({"now": simulator.clock.now().isoformat(), "frozen": simulator.clock.frozen})

    def change_clock(call: Call) -> Response:
        change = _validated(lambda: ClockChange.model_validate(_object(call)))
        clock = simulator.clock
        if change.real:
            clock.back_to_real()
        if change.freeze is not None:
            clock.freeze() if change.freeze else clock.unfreeze()
        if change.set is not None:
            clock.set(change.set)
        if change.advance is not None:
            clock.advance(change.advance)
        return show_clock(call)

    def add_fault(call: Call) -> Response:
        return json_response({"id": _validated(lambda: simulator.faults.add(_object(call)))}, 201)

    def show_faults(call: Call) -> Response:
        return json_response([rule.as_json() for rule in simulator.faults])

    def clear_faults(call: Call) -> Response:
        simulator.faults.clear()
        return json_response([])

    def remove_fault(call: Call) -> Response:
        if not simulator.faults.remove(int(call.params["id"])):
            raise Refusal(404, "no such fault")
        return show_faults(call)

    return [
        *simulator.extra_controls(),
        route("POST", "/reset", changing(simulator.reset)),
        route("POST", "/seed", changing(simulator.reseed)),
        route("GET", "/options", show_options),
        route("POST", "/options", changing(simulator.change_options)),
        route("GET", "/clock", show_clock),
        route("POST", "/clock", change_clock),
        route("GET", "/faults", show_faults),
        route("POST", "/faults", add_fault),
        route("DELETE", "/faults", clear_faults),
        route("DELETE", "/faults/{id:int}", remove_fault),
        route("GET", "/log", lambda call: json_response(list(simulator.log))),
        route("GET", "/books", lambda call: json_response(simulator.books())),
    ]


def _object(call: Call) -> JsonObject:
    content = call.json() if call.body else {}
    if not isinstance(content, dict):
        raise Refusal(422, "a JSON object is expected")
    return cast(JsonObject, content)


def _validated(action: Callable[[], T]) -> T:
    try:
        return action()
    except ValidationError as error:
        raise Refusal(422, str(error)) from error


class ControlError(Exception):
    """A control endpoint refused."""


class Control:
    """Speaks to the control endpoints of a simulator, in this process or another."""

    def __init__(self, root: str) -> None:
        """``root``: scheme, host and port of the simulator."""
        self._address = urlsplit(root).netloc

    def reset(self, **options: object) -> None:
        """As newly started, with these changes to the initial options: content, clock, faults, log."""
        self.post("reset", options)

    def seed(self, **options: object) -> None:
        """Fill again, with these options (``seed=7``) changed; clock, faults and log stay."""
        self.post("seed", options)

    def options(self) -> JsonObject:
        return cast(JsonObject, self.get("options"))

    def set_options(self, **options: object) -> None:
        """Change switches; the content stays."""
        self.post("options", options)

    def now(self) -> datetime:
        """The system's moment, in UTC."""
        return datetime.fromisoformat(cast(dict[str, str], self.get("clock"))["now"])

    def set_clock(self, moment: datetime, *, freeze: bool | None = None) -> None:
        """Go to an aware moment; frozen, running, or (None) as it was."""
        self.post("clock", {"set": moment.isoformat(), "freeze": freeze})

    def advance(self, seconds: float) -> None:
        self.post("clock", {"advance": seconds})

    def freeze(self) -> None:
        self.post("clock", {"freeze": True})

    def real_time(self) -> None:
        self.post("clock", {"real": True})

    def add_fault(self, kind: str, **fields: object) -> int:
        """Put a fault in force (fields: :class:`sandbox._faults.Fault`); returns its id."""
        return cast(dict[str, int], self.post("faults", {"kind": kind} | fields))["id"]

    def faults(self) -> list[JsonObject]:
        """The faults in force, each with how often it ``matched`` and ``struck``."""
        return cast(list[JsonObject], self.get("faults"))

    def clear_faults(self) -> None:
        self._send("DELETE", "faults")

    def log(self) -> list[JsonObject]:
        """The requests answered so far: at, method, path, status (null: cut), seconds, faults."""
        return cast(list[JsonObject], self.get("log"))

    def books(self) -> JsonObject:
        return cast(JsonObject, self.get("books"))

    def get(self, name: str) -> object:
        """Any control endpoint by name, a system's own too."""
        return self._send("GET", name)

    def post(self, name: str, content: JsonObject) -> object:
        """Any control endpoint by name, a system's own too."""
        return self._send("POST", name, content)

    def _send(self, method: str, name: str, content: JsonObject | None = None) -> object:
        connection = http.client.HTTPConnection(self._address, timeout=PATIENCE)
        try:
            connection.request(
                method,
                f"{CONTROL_PATH}/{name}",
                body=None if content is None else json.dumps(content, default=str),
            )
            response = connection.getresponse()
            body = response.read().decode()
        finally:
            connection.close()
        if response.status >= 300:
            raise ControlError(f"{method} {name}: {response.status} {body}")
        return cast(object, json.loads(body)) if body else None
