"""Accepting an invitation by its link."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import Response
from pydantic import SecretStr

from boekbrug.store import audit, passwords, users
from dashboard.pages.login import signed_in, start
from dashboard.site import Site, plain_wording, render, site_of

router = APIRouter()


@router.get("/invitation/{token}")
def invitation_page(request: Request, token: str) -> Response:
    """Who invites, and the form to choose a password; who has one already gives it."""
    return _page(request, token, "")


@router.post("/invitation/{token}")
def accept(
    request: Request,
    token: str,
    password: Annotated[SecretStr, Form()],
    again: Annotated[SecretStr | None, Form()] = None,
) -> Response:
    """The invited person becomes a user of the tenant and is signed in."""
    site = site_of(request)
    invitation, known = _invited(site, token)
    if known:
        answer = signed_in(site, invitation.email, password, request.client.host if request.client else "")
        if not isinstance(answer, int):
            return _page(request, token, answer)
        kept = ""
    else:
        if not passwords.SHORTEST <= len(password.get_secret_value()) <= passwords.LONGEST:
            return _page(request, token, "length")
        if again is None or password.get_secret_value() != again.get_secret_value():
            return _page(request, token, "again")
        kept = passwords.hash_password(password)
    now = site.runtime.clock.now()
    with site.runtime.database.write() as session:
        user = users.add_user(session, invitation.email, language=plain_wording(request).language, now=now)
        chosen_meanwhile = bool(kept) and user.has_password  # in another window: then that password is asked for
        if user.is_disabled or chosen_meanwhile or not users.accept(session, invitation, user.id, now):
            raise HTTPException(404)
        if kept:
            users.set_password(session, user.id, kept)
        audit.note(
            session,
            invitation.tenant.id,
            now,
            who=user.email,
            action="accept invitation",
            subject=user.email,
            after={"role": invitation.role.value, "invited by": invitation.invited_by},
        )
    return start(request, user.id, f"/t/{invitation.tenant.slug}")


def _invited(site: Site, token: str) -> tuple[users.Invitation, bool]:
    """The invitation, and whether the invited person has a password. Raises HTTPException 404 when it is not open."""
    with site.runtime.database.read() as session:
        invitation = users.open_invitation(session, token, site.runtime.clock.now())
        if invitation is None:
            raise HTTPException(404)
        found = users.password_hash_of(session, invitation.email)
    return invitation, bool(found and found[1])


def _page(request: Request, token: str, problem: str) -> Response:
    invitation, known = _invited(site_of(request), token)
    return render(
        request,
        "invitation.html",
        plain_wording(request),
        status_code=422 if problem else 200,
        invitation=invitation,
        known=known,
        problem=problem,
        shortest=passwords.SHORTEST,
    )
