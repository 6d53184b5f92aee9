"""What every page needs: the installation, the cookies, the templates, and who can start a run."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from boekbrug.store import tenants
from dashboard import words
from dashboard.i18n import LANGUAGES, Wording, catalogue, preferred
from dashboard.navigation import NAVIGATION
from dashboard.offers import Offers
from dashboard.schedules import daily_time
from dashboard.security import TOKEN_FIELD, Cookies, browser_secret, form_token
from tasks.runtime import Runtime

STATIC = Path(__file__).parent / "static"
Background = Callable[[Callable[[], None]], None]
"""Has something done beside the pages, for which no browser needs to stay open."""


class Hurry(Protocol):
    """Has a flow of a route run now, by default its daily one; False when nobody could be asked to."""

    def __call__(self, runtime: Runtime, tenant: tenants.Tenant, route: tenants.Route, *, flow: str = "") -> bool:
        """One run, however often it is asked for."""
        ...


def in_a_thread(job: Callable[[], None]) -> None:
    """Does it in a thread that does not keep the process from ending."""
    threading.Thread(target=job, daemon=True).start()


Deploy = Callable[[Runtime, tenants.Tenant, tenants.Route], bool]
"""Tells the workflow server of a route's schedule; False when it could not be told."""


@dataclass(frozen=True, eq=False)
class Site:
    """The dashboard of one installation."""

    runtime: Runtime
    cookies: Cookies
    hurry: Hurry
    deploy: Deploy
    background: Background = in_a_thread
    offers: Offers = field(default_factory=Offers)

    def language(self, request: Request) -> str:
        """Of who is not signed in: chosen before in this browser, or preferred by it."""
        chosen = request.cookies.get(self.cookies.language, "")
        return chosen if chosen in LANGUAGES else preferred(request.headers.get("accept-language", ""))


def site_of(request: Request) -> Site:
    """The site that serves the request."""
    site = request.app.state.site
    assert isinstance(site, Site)
    return site


def render(
    request: Request, template: str, wording: Wording, *, status_code: int = 200, **context: object
) -> HTMLResponse:
    """A page or part of one."""
    text = environment(wording.language).get_template(template).render(_context(request, wording, context))
    return HTMLResponse(text, status_code)


def stream(request: Request, template: str, wording: Wording, **context: object) -> Iterator[str]:
    """The same piece by piece, as what it shows becomes known."""
    return environment(wording.language).get_template(template).generate(_context(request, wording, context))


def _context(request: Request, wording: Wording, context: Mapping[str, object]) -> dict[str, object]:
    return {
        "place": None,
        "visitor": None,
        **context,
        "request": request,
        "wording": wording,
        "csrf": form_token(browser_secret(request, site_of(request).cookies)),
        "csrf_field": TOKEN_FIELD,
        "here": request.url.path,
    }


def plain_wording(request: Request) -> Wording:
    """For pages without a tenant."""
    return Wording(site_of(request).language(request), ZoneInfo("Europe/Amsterdam"))


@cache
def environment(language: str) -> Environment:
    """The templates in a language."""
    made = Environment(
        loader=PackageLoader("dashboard"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.install_gettext_translations(catalogue(language), newstyle=True)  # type: ignore[attr-defined]
    made.globals |= {"asset": _asset, "languages": LANGUAGES, "words": words, "navigation": NAVIGATION}
    made.globals["daily_time"] = daily_time
    return made


@cache
def _asset(name: str) -> str:
    """A file of ours, under an address that changes with its contents."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"
