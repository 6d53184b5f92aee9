"""What every answer and every form carries so that no other site can act in a user's name or show our pages as its own.

A form's token is derived from the browser's own cookie: the session's for who is signed in, one for the visit for who
is not. It is of no use to anybody who does not know that cookie, and needs no place to be kept in.
"""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import urlsplit

from fastapi import HTTPException, Request
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from boekbrug.store.sessions import new_token

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
_LONGEST_FORM = 1_000_000  # bytes
TOKEN_FIELD = "csrf"  # noqa: S105 - a field's name


class SecurityHeaders:
    """Puts the headers on every answer, and refuses a form that is longer than any of ours."""

    def __init__(self, app: ASGIApp, *, encrypted: bool) -> None:
        self._app = app
        self._headers = HEADERS | ({"Strict-Transport-Security": "max-age=31536000"} if encrypted else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self._headers)
                # Files of ours bear their contents' hash in their address; a tenant's data stays out of every cache.
                lasting = scope["path"].startswith("/static/") and b"v=" in scope["query_string"]
                headers["Cache-Control"] = "public, max-age=31536000, immutable" if lasting else "no-store"
            await send(message)

        received = 0

        async def limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > _LONGEST_FORM:
                raise HTTPException(413)
            return message

        await self._app(scope, limited, with_headers)


class Cookies:
    """The names and settings of our cookies. `encrypted`: people reach the dashboard by https."""

    def __init__(self, *, encrypted: bool) -> None:
        prefix = "__Host-" if encrypted else ""  # which no other host of the domain can set
        self.encrypted = encrypted
        self.session = f"{prefix}boekbrug-session"
        self.visit = f"{prefix}boekbrug-visit"
        self.language = f"{prefix}boekbrug-language"


def form_token(secret: str) -> str:
    """The token of the forms in the browser that holds this cookie."""
    return hmac.new(secret.encode(), b"boekbrug form", hashlib.sha256).hexdigest()


def browser_secret(request: Request, cookies: Cookies) -> str:
    """The cookie that forms are bound to; a new one for a visit's first page (see `app`, which sets it)."""
    present = request.cookies.get(cookies.session) or request.cookies.get(cookies.visit)
    if present:
        return present
    if not hasattr(request.state, "new_visit"):
        request.state.new_visit = new_token()
    return str(request.state.new_visit)


def check_form(request: Request, cookies: Cookies, given: str) -> None:
    """Raises HTTPException 403 unless the form came from a page of ours in this very browser."""
    present = request.cookies.get(cookies.session) or request.cookies.get(cookies.visit)
    if not present or not hmac.compare_digest(form_token(present), given):
        raise HTTPException(403)
    origin = request.headers.get("origin")
    if origin and urlsplit(origin).netloc != request.headers.get("host"):
        raise HTTPException(403)


def is_own_path(text: str) -> bool:
    """True for a path of ours, as opposed to an address that leads elsewhere."""
    return text.startswith("/") and not text.startswith(("//", "/\\")) and text.isprintable()
