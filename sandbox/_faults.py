"""Misbehaviour on demand: rules that say which calls go wrong, how, and on which side of the write."""

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Kind = Literal["status", "html", "delay", "cut", "truncate", "gibberish"]


class Fault(BaseModel):
    """One rule. What it matches, how often it strikes, and what happens then."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind = Field(
        description="status: any code and body; html: a page; delay; cut: the connection closes without an "
        "answer; truncate: the answer's body is shortened; gibberish: random bytes"
    )
    method: str | None = Field(None, description="only this method")
    path: str = Field("", description="regular expression searched in the path with its query string")
    containing: str | None = Field(None, description="regular expression searched in the request body")
    after: int = Field(0, ge=0, description="let the first n matching calls pass")
    times: int | None = Field(None, ge=1, description="strike so many times; null: always")
    probability: float = Field(1.0, ge=0, le=1, description="chance that a matching call is struck")
    seed: int = Field(0, description="of the chance and of gibberish")
    when: Literal["before", "after"] = Field(
        "before", description="before: nothing is written (delay: the write follows); after: it was"
    )
    status: int = Field(503, ge=200, le=599, description="status, html: the code")
    headers: dict[str, str] = Field(default_factory=dict, description="status, html: headers of the answer")
    body: str = Field("", description="status, html: body of the answer (html has a page of its own)")
    seconds: float = Field(0, ge=0, description="delay: real seconds")
    reset: bool = Field(False, description="cut: TCP reset instead of an orderly close")
    keep: int | None = Field(None, ge=0, description="truncate: bytes left")
    drop: int | None = Field(None, ge=1, description="truncate: bytes taken off the end")
    honest: bool = Field(
        True,
        description="truncate: a complete HTTP message; false: Content-Length promises "
        "the whole body and the connection closes early",
    )

    @field_validator("path", "containing")
    @classmethod
    def _is_regular_expression(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                re.compile(value)
            except re.error as error:
                raise ValueError(f"not a regular expression: {error}") from error
        return value

    @model_validator(mode="after")
    def _fits_its_kind(self) -> "Fault":
        if self.kind == "truncate" and (self.keep is None) == (self.drop is None):
            raise ValueError("truncate needs either keep or drop")
        if self.kind == "delay" and self.seconds == 0:
            raise ValueError("delay needs seconds")
        return self

    def page(self) -> str:
        return (
            self.body
            or f"<!DOCTYPE html><html><head><title>{self.status}</title></head>"
            "<body><h1>Even geduld</h1><p>Wij zijn zo terug.</p></body></html>"
        )


@dataclass
class Rule:
    """A fault in force, with its counters: calls that matched, calls that were struck."""

    id: int
    fault: Fault
    matched: int = 0
    struck: int = 0
    chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.fault.seed)

    def strikes(self, method: str, target: str, body: bytes) -> bool:
        """Whether this call is struck; counts it."""
        fault = self.fault
        if fault.method is not None and fault.method.upper() != method:
            return False
        if not re.search(fault.path, target):
            return False
        if fault.containing is not None and not re.search(fault.containing, body.decode("utf-8", errors="replace")):
            return False
        self.matched += 1
        if self.matched <= fault.after or (fault.times is not None and self.struck >= fault.times):
            return False
        if self.chance.random() >= fault.probability:
            return False
        self.struck += 1
        return True

    def as_json(self) -> dict[str, object]:
        return {"id": self.id, "matched": self.matched, "struck": self.struck} | self.fault.model_dump()


class Faults:
    """The rules in force. Delays add up; of the other kinds the first rule that strikes decides."""

    def __init__(self) -> None:
        self._rules: dict[int, Rule] = {}
        self._ids = count(1)

    def add(self, fault: Fault | Mapping[str, object]) -> int:
        """Put a rule in force and return its id. Raises pydantic.ValidationError."""
        rule = Rule(next(self._ids), Fault.model_validate(fault))
        self._rules[rule.id] = rule
        return rule.id

    def remove(self, id: int) -> bool:
        return self._rules.pop(id, None) is not None

    def clear(self) -> None:
        self._rules.clear()

    def __iter__(self) -> Iterator[Rule]:
        return iter(tuple(self._rules.values()))

    def striking(self, method: str, target: str, body: bytes) -> Sequence[Rule]:
        """The rules that strike this call: any delays, and at most one of another kind."""
        struck: list[Rule] = []
        decided = False
        for rule in self._rules.values():
            if decided and rule.fault.kind != "delay":
                continue
            if rule.strikes(method, target, body):
                struck.append(rule)
                decided = decided or rule.fault.kind != "delay"
        return struck
