"""Signing in and out, and the language of the pages."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import SecretStr

from boekbrug.store import audit, passwords, sessions, users
from dashboard.access import SomeVisitor, TheVisitor
from dashboard.i18n import LANGUAGES
from dashboard.security import is_own_path
from dashboard.site import Site, plain_wording, render, site_of

router = APIRouter()
_LONGEST_EMAIL = 320


@router.get("/login")
def login_page(request: Request, visitor: SomeVisitor, next: str = "/") -> Response:
    """The form."""
    if visitor is not None:
        return RedirectResponse("/", 303)
    return render(request, "login.html", plain_wording(request), next=next, email="", problem="")


@router.post("/login")
def log_in(
    request: Request,
    password: Annotated[SecretStr, Form()],
    email: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/",
) -> Response:
    """Signs in, or says that it did not work without saying what was wrong."""
    site = site_of(request)
    user_id = signed_in(site, email, password, request.client.host if request.client else "")
    if isinstance(user_id, int):
        return start(request, user_id, next if is_own_path(next) else "/")
    status = 429 if user_id == "too_many" else 401
    return render(
        request, "login.html", plain_wording(request), status_code=status, next=next, email=email, problem=user_id
    )


def signed_in(site: Site, email: str, password: SecretStr, address: str) -> int | str:
    """The user's id; else `wrong`, or `too_many` after too many failures, when the password is not even looked at."""
    now = site.runtime.clock.now()
    who = email.strip().casefold()[:_LONGEST_EMAIL]
    with site.runtime.database.write() as session:
        attempt = sessions.count_login(session, who, address, now)
        found = users.password_hash_of(session, who)
    if attempt is None:
        return "too_many"
    user_id, kept = found or (0, "")
    if not passwords.is_right(kept, password):  # takes its time, so it stays outside of any transaction
        return "wrong"
    with site.runtime.database.write() as session:
        sessions.login_succeeded(session, attempt)
        audit.note(session, None, now, who=who, action="login")
    return user_id


def start(request: Request, user_id: int, to: str) -> Response:
    """Signs the user in, in this browser, with a session that nobody knew before, and goes there."""
    site = site_of(request)
    lasts = timedelta(hours=site.runtime.settings.session_hours)
    with site.runtime.database.write() as session:
        token = sessions.start_session(session, user_id, site.runtime.clock.now(), lasts)
    response = RedirectResponse(to, 303)
    cookies = site.cookies
    response.set_cookie(
        cookies.session,
        token,
        max_age=int(sessions.LONGEST.total_seconds()),
        httponly=True,
        secure=cookies.encrypted,
        samesite="lax",
        path="/",
    )
    response.delete_cookie(cookies.visit, path="/", secure=cookies.encrypted, httponly=True)
    return response


@router.post("/logout")
def log_out(request: Request, visitor: TheVisitor) -> Response:
    """Ends the session, here and in the store."""
    site = site_of(request)
    with site.runtime.database.write() as session:
        sessions.end_session(session, visitor.session.id)
    response = RedirectResponse("/login", 303)
    response.delete_cookie(site.cookies.session, path="/", secure=site.cookies.encrypted, httponly=True)
    return response


@router.post("/language")
def choose_language(
    request: Request, visitor: SomeVisitor, language: Annotated[str, Form()], next: Annotated[str, Form()] = "/"
) -> Response:
    """The language of the pages from now on: in this browser, and of this user everywhere."""
    if language not in LANGUAGES:
        raise HTTPException(404)
    site = site_of(request)
    if visitor is not None:
        with site.runtime.database.write() as session:
            users.set_language(session, visitor.user.id, language)
    response = RedirectResponse(next if is_own_path(next) else "/", 303)
    response.set_cookie(
        site.cookies.language,
        language,
        max_age=31_536_000,
        httponly=True,
        secure=site.cookies.encrypted,
        samesite="lax",
        path="/",
    )
    return response
