"""Errors say what happens next. Four families speak of remote systems, a fifth of our own database.

Anything else is our own mistake and fails loudly.

The message comes first and is complete in itself; context is optional keywords, so that every error pickles. No
message holds a secret: `connectors._http` and `connectors._soap` translate remote failures, nobody else does.
"""

from __future__ import annotations

from datetime import datetime

from boekbrug.domain.findings import Finding


class BoekbrugError(Exception):
    """The root. `system` names the remote system, `document` the document concerned, where there is one."""

    def __init__(self, message: str, *, system: str = "", document: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.system = system
        self.document = document

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self.message,), dict(self.__dict__))

    def __str__(self) -> str:
        return self.message


class RetryLater(BoekbrugError):
    """It passes by itself. `not_before` is the moment from which trying again makes sense, when known."""

    def __init__(
        self, message: str, *, not_before: datetime | None = None, system: str = "", document: str = ""
    ) -> None:
        super().__init__(message, system=system, document=document)
        self.not_before = not_before


class RateLimited(RetryLater):
    """The remote account's limit is reached; nothing was written."""


class RemoteUnavailable(RetryLater):
    """The remote system did not take the call (refused connection, 502, 503, maintenance); nothing was written."""


class OutcomeUnknown(BoekbrugError):
    """A write was sent and may or may not have landed: look it up by our reference before anything else."""


class NeedsAttention(BoekbrugError):
    """A person decides. Carries the findings that the dashboard shows; the run goes on with the other documents."""

    def __init__(
        self, message: str, *, findings: tuple[Finding, ...] = (), system: str = "", document: str = ""
    ) -> None:
        super().__init__(message, system=system, document=document)
        self.findings = findings


class DocumentInvalid(NeedsAttention):
    """The document itself is not right, or the remote system refuses it."""


class MappingMissing(NeedsAttention):
    """A mapping rule is needed that is not there."""


class PeriodClosed(NeedsAttention):
    """The bookkeeping period is closed."""


class Conflict(NeedsAttention):
    """What the books hold contradicts what was to be written."""


class StoreUnavailable(BoekbrugError):
    """Our own database did not do what it was asked. What was not committed is not there, and whatever was under way at
    a remote system is looked up by the next run: nothing may be concluded about it from this error, so it belongs to no
    other family."""


class ConnectionBroken(BoekbrugError):
    """Nothing will work on this connection until a person mends it."""


class NotAuthenticated(ConnectionBroken):
    """The credentials are wrong, expired or switched off."""


class NotPermitted(ConnectionBroken):
    """The credentials are right but lack the rights."""


class SettingsInvalid(ConnectionBroken):
    """A setting of the connection, the route or the installation is wrong; the message lists what is valid."""
