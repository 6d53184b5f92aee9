"""Which messages a user gets, over which channels; and which were sent."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import SecretStr

from boekbrug.domain.errors import SettingsInvalid
from boekbrug.domain.notices import Channel, NoticeKind
from boekbrug.store import audit, notifications
from dashboard.access import TheVisitor, Visitor
from dashboard.site import render, site_of

router = APIRouter()
_LONGEST = 500


@router.get("/notifications")
def choices_page(request: Request, visitor: TheVisitor) -> Response:
    """The choices."""
    return _page(request, visitor)


@router.post("/notifications")
def choose(
    request: Request,
    visitor: TheVisitor,
    wanted: Annotated[list[str] | None, Form()] = None,
    address: Annotated[SecretStr, Form()] = SecretStr(""),  # noqa: B008 - a constant
    forget: Annotated[bool, Form()] = False,
) -> Response:
    """Keeps the choices, and the address of a messenger when one was filled in. It is never shown again."""
    site, user = site_of(request), visitor.user
    given = SecretStr(address.get_secret_value().strip()[:_LONGEST])
    if given.get_secret_value() and not forget:
        from tasks import sending  # noqa: PLC0415 - Apprise takes long to import, and only this needs it

        try:
            sending.check_address(given, sending.allowed_services(site.runtime.settings))
        except SettingsInvalid:
            return _page(request, visitor, "address")
    chosen = frozenset(wanted or ())
    choices = {(kind, channel): f"{kind}-{channel}" in chosen for kind in NoticeKind for channel in Channel}
    now = site.runtime.clock.now()
    with site.runtime.database.write() as session:
        before = notifications.choices(session, user.id)
        if not notifications.has_address(session, user.id):  # what could not be chosen stays as it was
            choices |= {key: value for key, value in before.items() if key[1] is Channel.OTHER}
        notifications.choose(session, user.id, choices)
        if forget:
            notifications.forget_address(session, user.id)
        elif given.get_secret_value():
            notifications.save_address(session, site.runtime.sealing_key, user.id, given)
        audit.note(
            session,
            None,
            now,
            who=user.email,
            action="choose notifications",
            subject=user.email,
            before={f"{kind}-{channel}": value for (kind, channel), value in before.items()},
            after={f"{kind}-{channel}": value for (kind, channel), value in choices.items()}
            | {"messenger": "removed" if forget else "set" if given.get_secret_value() else "as it was"},
        )
    return RedirectResponse("/notifications?saved=1", 303)


def _page(request: Request, visitor: Visitor, problem: str = "") -> Response:
    site = site_of(request)
    with site.runtime.database.read() as session:
        choices = notifications.choices(session, visitor.user.id)
        has_address = notifications.has_address(session, visitor.user.id)
        sent = notifications.recent(session, visitor.user.id)
    settings = site.runtime.settings
    return render(
        request,
        "notifications.html",
        visitor.wording,
        status_code=422 if problem else 200,
        visitor=visitor,
        choices=choices,
        kinds=tuple(NoticeKind),
        channels=(Channel.MAIL, Channel.OTHER) if has_address else (Channel.MAIL,),
        has_address=has_address,
        sent=sent,
        mails=settings.smtp_url is not None,
        services=settings.notify_services,
        hour=settings.notify_hour,
        saved="saved" in request.query_params,
        problem=problem,
    )
