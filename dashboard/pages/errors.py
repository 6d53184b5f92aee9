"""Fouten: what did not go over, grouped by cause; having it tried again, and watching how it fares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from boekbrug.domain.catalogue import CATALOGUE
from boekbrug.domain.findings import in_general
from boekbrug.domain.records import SyncRecord, SyncStatus
from boekbrug.domain.users import Right
from boekbrug.store import audit, moves, records, tenants
from dashboard.access import Place, ThePlace
from dashboard.mending import MOST_LOOKED_AT, NO_PAYMENT_RULE, Mend, mends
from dashboard.pages.documents import SKIPPED
from dashboard.reporting import customer_of
from dashboard.site import render

router = APIRouter()
PAGE = 50
NO_CODE = "-"
"""Stands in an address for what has no finding."""
FOLLOWED = 100
"""How many documents are watched by name after a whole group was sent on its way."""
_TAKEN = 5000
_LONGEST_REASON = 500
_GOING = frozenset({SyncStatus.PENDING, SyncStatus.IN_FLIGHT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Documents that have the same gravest finding. `sentence` and `suggestion` are those of the latest of them, or of
    the finding in general where the documents need different things; `all_at` is where all of those are set at once."""

    code: str
    status: SyncStatus
    count: int
    sentence: str
    suggestion: str
    numbers: tuple[str, ...]
    mends: tuple[Mend, ...] = ()
    all_at: str = ""


@router.get("/t/{tenant}/errors")
def errors(request: Request, place: ThePlace) -> Response:
    """All causes, the most frequent first."""
    with place.site.runtime.database.read() as session:
        routes = tenants.list_routes(session, place.tenant.id) if place.may(Right.CONFIGURE) else []
        causes = [_cause(session, place, group, routes) for group in records.error_groups(session, place.tenant.id)]
    return render(
        request,
        "errors.html",
        place.wording,
        place=place,
        visitor=place.visitor,
        causes=causes,
        retryable=sum(c.count for c in causes if c.status is SyncStatus.NEEDS_ATTENTION),
        can_process=place.may(Right.PROCESS),
    )


@router.get("/t/{tenant}/errors/{status}/{code}")
def cause(request: Request, place: ThePlace, status: str, code: str, before: int | None = None) -> Response:
    """The documents of one cause."""
    chosen, code = _status(status), "" if code == NO_CODE else code
    with place.site.runtime.database.read() as session:
        found = records.listing(
            session, place.tenant.id, statuses=(chosen,), finding_code=code, before_id=before, limit=PAGE + 1
        )
        groups = records.error_groups(session, place.tenant.id)
    count = next((g.count for g in groups if g.code == code and g.status is chosen), 0)
    if not found and before is None and code and code not in CATALOGUE:
        raise HTTPException(404)
    return render(
        request,
        "cause.html",
        place.wording,
        place=place,
        visitor=place.visitor,
        status=chosen,
        code=code,
        count=count,
        found=[(record, customer_of(record)) for record in found[:PAGE]],
        next=found[PAGE - 1].id if len(found) > PAGE else None,
        can_process=place.may(Right.PROCESS),
    )


@router.post("/t/{tenant}/errors/retry")
def retry(
    place: ThePlace,
    ids: Annotated[list[int] | None, Form()] = None,
    code: Annotated[str, Form()] = "",
    everything: Annotated[bool, Form()] = False,
) -> Response:
    """Verwerk: these documents, a whole cause, or everything that needs attention goes to the rush lane."""
    place.require(Right.PROCESS)
    runtime, tenant, now = place.site.runtime, place.tenant, place.site.runtime.clock.now()
    with runtime.database.write() as session:
        if ids:
            chosen = records.by_ids(session, tenant.id, ids[:_TAKEN])
            if len(chosen) != len(set(ids[:_TAKEN])):
                raise HTTPException(404)
            count = moves.retry(session, tenant.id, now, who=place.who, record_ids=[r.id for r in chosen])
        elif code or everything:
            chosen = records.listing(
                session,
                tenant.id,
                statuses=(SyncStatus.NEEDS_ATTENTION,),
                finding_code="" if everything else code,
                limit=_TAKEN,
            )
            count = moves.retry(session, tenant.id, now, who=place.who, finding_code="" if everything else code)
        else:
            raise HTTPException(422)
        _note_retry(session, place, chosen, count, subject=code)
    return _followed(place, chosen, count)


def sent_on_its_way(place: Place, chosen: Sequence[SyncRecord], *, subject: str = "") -> Response:
    """These documents go to the rush lane and their routes run now; leads to where one sees how they fare."""
    with place.site.runtime.database.write() as session:
        now, ids = place.site.runtime.clock.now(), [record.id for record in chosen]
        count = moves.retry(session, place.tenant.id, now, who=place.who, record_ids=ids)
        _note_retry(session, place, chosen, count, subject=subject)
    return _followed(place, chosen, count)


def _note_retry(session: Session, place: Place, chosen: Sequence[SyncRecord], count: int, *, subject: str) -> None:
    audit.note(
        session,
        place.tenant.id,
        place.site.runtime.clock.now(),
        who=place.who,
        action="retry",
        subject=subject or ", ".join(r.number for r in chosen[:20]),
        after={"documents": count},
    )


def _followed(place: Place, chosen: Sequence[SyncRecord], count: int) -> Response:
    """Has the documents' routes run now, and leads to where one sees how they fare."""
    runtime, tenant = place.site.runtime, place.tenant
    with runtime.database.read() as session:
        routes = [r for r in tenants.list_routes(session, tenant.id) if r.id in {one.route_id for one in chosen}]
    started = [place.site.hurry(runtime, tenant, route) for route in routes]
    watched = ",".join(str(record.id) for record in chosen[:FOLLOWED])
    later = "" if all(started) else "&later=1"
    return RedirectResponse(f"{place.root}/processing?ids={watched}&count={count}{later}", 303)


@router.get("/t/{tenant}/processing")
def processing(request: Request, place: ThePlace, ids: str = "", count: int = 0, later: bool = False) -> Response:
    """How the documents fare that were sent on their way; looks again by itself while any of them is on it."""
    wanted = [int(part) for part in ids.split(",")[:FOLLOWED] if part.isdecimal()]
    with place.site.runtime.database.read() as session:
        found = records.by_ids(session, place.tenant.id, wanted)
    part = "part/processing.html" if "hx-request" in request.headers else "processing.html"
    return render(
        request,
        part,
        place.wording,
        place=place,
        visitor=place.visitor,
        found=[(record, customer_of(record)) for record in found],
        ids=",".join(str(record.id) for record in found),
        count=max(count, len(found)),
        later=later,
        going=sum(record.status in _GOING for record in found),
        now=place.site.runtime.clock.now(),
    )


@router.post("/t/{tenant}/errors/settle")
def settle(
    place: ThePlace,
    ids: Annotated[list[int], Form()],
    reason: Annotated[str, Form()] = "",
    how: Annotated[str, Form()] = "skip",
    back: Annotated[str, Form()] = "",
) -> Response:
    """A person has decided: these documents are left out, or were handled elsewhere. What differs from the books counts
    as dealt with."""
    place.require(Right.PROCESS)
    said = reason.strip()[:_LONGEST_REASON]
    if not said or how not in ("skip", "elsewhere"):
        raise HTTPException(422)
    if how == "elsewhere":
        said = f"{place.wording.gettext('Handled elsewhere')}: {said}"
    runtime, tenant, now = place.site.runtime, place.tenant, place.site.runtime.clock.now()
    with runtime.database.write() as session:
        chosen = records.by_ids(session, tenant.id, ids[:_TAKEN])
        if len(chosen) != len(set(ids[:_TAKEN])):
            raise HTTPException(404)
        for record in chosen:
            _settle(session, place, record, said)
            audit.note(
                session,
                tenant.id,
                now,
                who=place.who,
                action=how,
                subject=record.number,
                before={"status": record.status.value},
                after={"reason": said},
            )
    inside = back if back.startswith(f"{place.root}/") else f"{place.root}/errors"
    return RedirectResponse(inside, 303)


def _settle(session: Session, place: Place, record: SyncRecord, reason: str) -> None:
    now = place.site.runtime.clock.now()
    if record.status is SyncStatus.MISMATCH:
        moves.accept_differences(session, place.tenant.id, record.id, now, who=place.who, reason=reason)
    elif record.status in SKIPPED:
        moves.skip(session, place.tenant.id, record.id, now, who=place.who, reason=reason)
    else:
        raise HTTPException(409)


def _cause(session: Session, place: Place, group: records.ErrorGroup, routes: Sequence[tenants.Route]) -> Cause:
    can_mend = group.status is SyncStatus.NEEDS_ATTENTION and place.may(Right.CONFIGURE)
    found = records.listing(
        session,
        place.tenant.id,
        statuses=(group.status,),
        finding_code=group.code,
        limit=MOST_LOOKED_AT if can_mend else 1,
    )
    latest = next(iter(found), None)
    gravest = next((f for f in latest.findings if f.code == group.code), None) if latest else None
    language = place.wording.language
    ways = tuple(mends(place.root, routes, found, group.code)) if can_mend else ()
    sentence = gravest.sentence(language) if gravest else (latest.reason if latest else "")
    suggestion = gravest.suggestion(language) if gravest else ""
    if len(ways) > 1 and group.code in CATALOGUE:
        sentence, suggestion = in_general(group.code, language)
    route = next((one.slug for one in routes if latest and one.id == latest.route_id), "")
    several_names = len(ways) > 1 and group.code == NO_PAYMENT_RULE
    return Cause(
        code=group.code,
        status=group.status,
        count=group.count,
        sentence=sentence,
        suggestion=suggestion,
        numbers=group.numbers,
        mends=ways,
        all_at=f"{place.root}/routes/{route}/usual-rules" if several_names else "",
    )


def _status(text: str) -> SyncStatus:
    for status in records.ERRORS:
        if status.value == text:
            return status
    raise HTTPException(404)
