"""What a connector is opened with: its settings, its credentials and a meter; and how a connection is checked.

What connectors can do is in `_capabilities`. Nothing here knows a remote system.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Annotated, Protocol
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, field_validator

from boekbrug.domain.errors import BoekbrugError


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _without_surroundings(secret: SecretStr) -> SecretStr:
    """Without the spaces that copying brings along. Raises ValueError when it cannot be a secret of a web API."""
    text = secret.get_secret_value().strip()
    if not text or len(text) > 500 or not text.isprintable():
        raise ValueError("must be 1 to 500 printable characters")
    return SecretStr(text)


Secret = Annotated[SecretStr, AfterValidator(_without_surroundings)]
"""A credential as a person pastes it."""


@dataclass(frozen=True, slots=True)
class CallLimit:
    """So many remote calls (None: not limited) in any `seconds`; the name tells it from the account's other limits.

    `counts_as` is the kind of calls that it counts, as `Meter.call` hears of it; "": every call.
    """

    name: str
    calls: int | None
    seconds: int
    counts_as: str = ""


class ConnectorSettings(BaseModel):
    """Settings that every connector has. Sub-class it; every field has a default and a description."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: str = Field(description="Address of the remote system; a simulator or proxy can stand in")
    timeout: float = Field(30, gt=0, le=300, description="Seconds to wait for an answer")
    concurrency: int = Field(4, ge=1, le=32, description="Calls at once on this connection")
    calls_per_period: int | None = Field(None, ge=1, description="Remote calls allowed per period; empty: not limited")
    calls_period: int = Field(3600, ge=1, description="Length of that period in seconds")

    @property
    def call_limits(self) -> tuple[CallLimit, ...]:
        """What the remote account allows; a call needs room under each that counts it."""
        return (CallLimit("calls", self.calls_per_period, self.calls_period),)

    @field_validator("base_url")
    @classmethod
    def _safe_address(cls, value: str) -> str:
        """Credentials go to this address: it is encrypted, or it is this machine. Ends in a slash."""
        try:
            parts = urlsplit(value.strip())
            host, _ = parts.hostname, parts.port
        except ValueError:
            raise ValueError("is not an address; an example is https://example.org/api/") from None
        if parts.scheme not in ("https", "http") or not host:
            raise ValueError("must be a whole address, such as https://example.org/api/")
        if parts.scheme == "http" and not _is_loopback(host):
            raise ValueError("must begin with https://")
        if parts.username is not None or parts.query or parts.fragment:
            raise ValueError("must hold no login, query or fragment: credentials are given apart")
        return value.strip().rstrip("/") + "/"


class TargetSettings(ConnectorSettings):
    """Settings of a connector that documents are written to."""

    documents_per_period: int | None = Field(
        None, ge=1, description="Documents that may be written per period; empty: not limited"
    )
    documents_period: int = Field(3600, ge=1, description="Length of that period in seconds")
    settle_seconds: float = Field(
        30, ge=0, description="Seconds after which a write whose answer was lost can be looked up for certain"
    )


class Credentials(BaseModel):
    """Credentials of a connector: `Secret` fields only, so that nothing prints them."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


@dataclass(frozen=True, slots=True)
class LimitSignal:
    """What an answer said of the account's limit: `remaining` calls are left; blocked for `retry_after` seconds."""

    remaining: int | None = None
    retry_after: float | None = None


class Meter(Protocol):
    """Stands between a connector and the remote account's budget for calls. Thread-safe."""

    def call(self, counts_as: str = "", *, writes: bool = False) -> AbstractContextManager[None]:
        """Around every remote call: takes a slot, of the calls that the account counts apart too when it is one of
        those (`CallLimit.counts_as`). `writes`: it may change something there.

        Raises RateLimited, before anything is sent, when there is none, and RetryLater when it comes too late for a
        write.
        """
        ...

    def heard(self, signal: LimitSignal) -> None:
        """Tells what the remote side said, so that everyone who shares the account keeps to it."""
        ...


class Unmetered:
    """The meter of a system where nobody counts our calls."""

    def call(self, counts_as: str = "", *, writes: bool = False) -> AbstractContextManager[None]:
        """Always free."""
        return nullcontext()

    def heard(self, signal: LimitSignal) -> None:
        """Nobody to tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckItem:
    """One line of a connection check: what was tried, whether it worked, what was found or has to be done."""

    name: str
    ok: bool
    detail: str


def checked(steps: Iterable[tuple[str, Callable[[], str]]]) -> Iterator[CheckItem]:
    """Takes the steps (name, and what tells what it found) one by one; the first that fails is the last."""
    for name, step in steps:
        try:
            detail = step()
        except BoekbrugError as error:
            yield CheckItem(name=name, ok=False, detail=str(error))
            return
        yield CheckItem(name=name, ok=True, detail=detail)
