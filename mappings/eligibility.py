"""Which documents go over: by their status in the source, their number and their day."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from boekbrug.domain.documents import OrderStatus, Side, SourceInvoice, UnreadableDocument
from boekbrug.domain.errors import SettingsInvalid
from boekbrug.domain.findings import Finding, finding
from boekbrug.domain.snapshots import Document
from boekbrug.domain.tenants import RoutePolicy
from mappings.source_documents import dated_on


class Verdict(StrEnum):
    """Whether a document goes over."""

    GOES = "goes"
    NOT_YET = "not_yet"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Eligibility:
    """Whether a document goes over, and if not, why."""

    verdict: Verdict
    reason: Finding | None = None


@dataclass(frozen=True, slots=True)
class StatusPlan:
    """What a route does with each status (by id) that its source knows."""

    statuses: dict[str, OrderStatus]
    goes: frozenset[str]
    never: frozenset[str]

    def verdict(self, status_id: str) -> Verdict:
        """What happens to a document in this status. One that the source did not list does not go over yet."""
        if status_id in self.never:
            return Verdict.NEVER
        return Verdict.GOES if status_id in self.goes else Verdict.NOT_YET

    def name(self, status_id: str) -> str:
        """The status as the source calls it, else its id."""
        return self.statuses[status_id].name if status_id in self.statuses else status_id


def status_plan(policy: RoutePolicy, statuses: Sequence[OrderStatus]) -> StatusPlan:
    """The policy's statuses, by name or id whatever their case, as ids of this source; where the policy names none,
    those that the source proposes.

    Statuses of credit orders go over by themselves: whether a credit order does is the policy's `credit_orders`. What
    the policy skips is skipped even when it is named among those that go over.

    Raises SettingsInvalid for a wanted status that the source does not have, or when no status would go over at all;
    unknown ones to skip are ignored.
    """

    def ids(wanted: str) -> set[str]:
        plain = wanted.strip().casefold()
        named = {status.id for status in statuses if status.name.strip().casefold() == plain}
        return named or {status.id for status in statuses if status.id.strip().casefold() == plain}

    valid = ", ".join(f"{status.name} ({status.id})" for status in statuses) or "none at all"
    unknown = [wanted for wanted in policy.statuses if not ids(wanted)]
    if unknown:
        raise SettingsInvalid(
            f"the source has no status {', '.join(map(repr, unknown))}; the route's statuses can be: {valid}"
        )
    goes = {id_ for wanted in policy.statuses for id_ in ids(wanted)}
    if not policy.statuses:
        goes = {status.id for status in statuses if status.goes_over}
    if not goes:
        raise SettingsInvalid(f"the source proposes no status; name the route's statuses, which can be: {valid}")
    never = {id_ for wanted in policy.skip_statuses for id_ in ids(wanted)}
    if not policy.skip_statuses:
        never = {status.id for status in statuses if status.never} - goes
    goes |= {status.id for status in statuses if status.is_credit}
    return StatusPlan({status.id: status for status in statuses}, frozenset(goes - never), frozenset(never))


def eligibility(document: Document | UnreadableDocument, plan: StatusPlan, policy: RoutePolicy) -> Eligibility:
    """Whether the route takes this document by its status, number and day; not whether it is right.

    The first number is not asked of purchases, whose numbers are their suppliers'.
    """
    is_purchase = isinstance(document, SourceInvoice) and document.kind.side is Side.PURCHASES
    if policy.first_number is not None and not is_purchase:
        digits = re.findall(r"\d+", document.number)
        if digits and int(digits[-1]) < policy.first_number:
            reason = finding("BEFORE_FIRST_NUMBER", number=document.number, first=policy.first_number)
            return Eligibility(Verdict.NEVER, reason)
    if policy.start_on and not isinstance(document, UnreadableDocument) and dated_on(document) < policy.start_on:
        reason = finding("BEFORE_START", date=dated_on(document), start=policy.start_on)
        return Eligibility(Verdict.NEVER, reason)
    if not document.status_id:  # not even the status can be read: a person has to look
        return Eligibility(Verdict.GOES)
    verdict = plan.verdict(document.status_id)
    if verdict is Verdict.GOES:
        return Eligibility(verdict)
    code = "STATUS_NEVER" if verdict is Verdict.NEVER else "STATUS_NOT_YET"
    return Eligibility(verdict, finding(code, status=plan.name(document.status_id)))
