"""Gebruikers: who belongs to the administration; inviting others by a link, and changing or withdrawing what they are.

Nobody gives or takes a role with rights that are not their own, changes themselves, or leaves an administration without
an integrator. Who is a user of other administrations only is not there at all.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from boekbrug.domain.errors import SettingsInvalid
from boekbrug.domain.users import Right, Role, may_give
from boekbrug.store import audit, users
from dashboard.access import Place, ThePlace
from dashboard.site import render

router = APIRouter()


@router.get("/t/{tenant}/users")
def members(request: Request, place: ThePlace, done: str = "") -> Response:
    """Everybody who belongs to the administration, and the invitations that are open."""
    place.require(Right.INVITE)
    return _page(request, place, done=done)


@router.post("/t/{tenant}/users")
def invite(
    request: Request, place: ThePlace, email: Annotated[str, Form()] = "", role: Annotated[str, Form()] = ""
) -> Response:
    """Makes a link, which is shown once and kept nowhere."""
    place.require(Right.INVITE)
    given, runtime, _ = _role(place, role), place.site.runtime, place.wording.gettext
    now = runtime.clock.now()
    try:
        with runtime.database.write() as session:
            address = users.checked_email(email)
            if address in [user.email for user, _role_ in users.members(session, place.tenant.id)]:
                problem = _("This person belongs to the administration already; change the role in the list.")
                return _page(request, place, session=session, email=email, problem=problem)
            token = users.invite(session, place.tenant.id, address, given, who=place.who, now=now)
            _note(session, place, "invite", address, after={"role": given.value})
    except SettingsInvalid:
        return _page(request, place, email=email, problem=_("That is not an e-mail address."))
    link = f"{runtime.settings.public_url}/invitation/{token}"
    return _page(request, place, link=link, invited=address)


@router.post("/t/{tenant}/users/{user_id}/role")
def change_role(place: ThePlace, user_id: int, role: Annotated[str, Form()] = "") -> Response:
    """Gives a member another role."""
    given = _role(place, role)
    with place.site.runtime.database.write() as session:
        user, present = _changeable(session, place, user_id)
        try:
            users.change_role(session, place.tenant.id, user.id, given)
        except SettingsInvalid:
            return _told(place, "last")
        _note(session, place, "change role", user.email, before={"role": present.value}, after={"role": given.value})
    return _told(place, "saved")


@router.post("/t/{tenant}/users/{user_id}/withdraw")
def withdraw(place: ThePlace, user_id: int) -> Response:
    """The member belongs to the administration no more, from the next click on."""
    with place.site.runtime.database.write() as session:
        user, present = _changeable(session, place, user_id)
        try:
            users.withdraw(session, place.tenant.id, user.id)
        except SettingsInvalid:
            return _told(place, "last")
        _note(session, place, "withdraw access", user.email, before={"role": present.value})
    return _told(place, "saved")


@router.post("/t/{tenant}/users/{user_id}/disable")
def disable(place: ThePlace, user_id: int, on: Annotated[bool, Form()] = True) -> Response:
    """Keeps somebody from signing in anywhere, or lets them again: for who is integrator of all that they belong to."""
    place.require(Right.DISABLE)
    with place.site.runtime.database.write() as session:
        user, _present = _changeable(session, place, user_id)
        theirs = users.memberships(session, user.id)
        if not {one.tenant.id for one in theirs} <= _mine_to_disable(session, place):
            raise HTTPException(403)
        try:
            for membership in theirs if on else ():
                if membership.role is Role.INTEGRATOR:
                    users.keep_an_integrator(session, membership.tenant.id, without=user.id)
        except SettingsInvalid:
            return _told(place, "last")
        users.disable(session, user.id, disabled=on)
        for membership in theirs:
            now = place.site.runtime.clock.now()
            action = "disable user" if on else "enable user"
            audit.note(session, membership.tenant.id, now, who=place.who, action=action, subject=user.email)
    return _told(place, "saved")


@router.post("/t/{tenant}/users/invitations/{invitation_id}/withdraw")
def withdraw_invitation(place: ThePlace, invitation_id: int) -> Response:
    """The link works no more."""
    place.require(Right.INVITE)
    with place.site.runtime.database.write() as session:
        known = users.open_invitations(session, place.tenant.id, place.site.runtime.clock.now())
        found = next((one for one in known if one.id == invitation_id), None)
        if found is None or not users.withdraw_invitation(session, place.tenant.id, invitation_id):
            raise HTTPException(404)
        if not may_give(place.membership.role, found.role):
            raise HTTPException(403)
        _note(session, place, "withdraw invitation", found.email, before={"role": found.role.value})
    return _told(place, "saved")


def _role(place: Place, text: str) -> Role:
    """The role that was chosen. Raises HTTPException 403 for one that the visitor must not give, 422 for none."""
    place.require(Right.INVITE)
    if text not in {role.value for role in Role}:
        raise HTTPException(422)
    if not may_give(place.membership.role, Role(text)):
        raise HTTPException(403)
    return Role(text)


def _changeable(session: Session, place: Place, user_id: int) -> tuple[users.User, Role]:
    """Raises HTTPException 404 for who does not belong to the administration, 403 for who must not be changed."""
    place.require(Right.INVITE)
    for user, role in users.members(session, place.tenant.id):
        if user.id == user_id:
            if user.id == place.visitor.user.id or not may_give(place.membership.role, role):
                raise HTTPException(403)
            return user, role
    raise HTTPException(404)


def _mine_to_disable(session: Session, place: Place) -> set[int]:
    """The administrations whose users the visitor may keep from signing in."""
    own = users.memberships(session, place.visitor.user.id)
    return {one.tenant.id for one in own if one.may(Right.DISABLE)}


def _note(
    session: Session,
    place: Place,
    action: str,
    subject: str,
    *,
    before: audit.State | None = None,
    after: audit.State | None = None,
) -> None:
    now = place.site.runtime.clock.now()
    audit.note(session, place.tenant.id, now, who=place.who, action=action, subject=subject, before=before, after=after)


def _told(place: Place, done: str) -> Response:
    return RedirectResponse(f"{place.root}/users?done={done}", 303)


def _page(
    request: Request,
    place: Place,
    *,
    session: Session | None = None,
    done: str = "",
    link: str = "",
    invited: str = "",
    email: str = "",
    problem: str = "",
) -> Response:
    if session is None:
        with place.site.runtime.database.read() as opened:
            return _page(
                request, place, session=opened, done=done, link=link, invited=invited, email=email, problem=problem
            )
    now = place.site.runtime.clock.now()
    found = users.members(session, place.tenant.id)
    mine = place.membership.role
    managed = _mine_to_disable(session, place) if place.may(Right.DISABLE) else set()
    rows = [
        {
            "user": user,
            "role": role,
            "mine": user.id == place.visitor.user.id,
            "can_change": user.id != place.visitor.user.id and may_give(mine, role),
            "can_disable": place.tenant.id in managed
            and may_give(mine, role)
            and {one.tenant.id for one in users.memberships(session, user.id)} <= managed,
        }
        for user, role in found
    ]
    invitations = [(one, may_give(mine, one.role)) for one in users.open_invitations(session, place.tenant.id, now)]
    return render(
        request,
        "users.html",
        place.wording,
        status_code=422 if problem else 200,
        place=place,
        visitor=place.visitor,
        rows=rows,
        invitations=invitations,
        roles=[role for role in Role if may_give(mine, role)],
        done=done,
        link=link,
        invited=invited,
        email=email,
        problem=problem,
    )
