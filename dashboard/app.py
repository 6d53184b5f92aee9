"""The dashboard as an ASGI application."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus

from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from boekbrug.domain.clock import SystemClock
from boekbrug.domain.errors import StoreUnavailable
from boekbrug.settings import Settings
from boekbrug.store.credentials import load_key
from boekbrug.store.database import Database
from dashboard import prefect_link
from dashboard.access import LoginNeededError, checked_form, present_visitor
from dashboard.pages import (
    accounts,
    connections,
    documents,
    errors,
    invitations,
    login,
    members,
    migrations,
    notifications,
    overview,
    routes,
    rules,
    runs,
    usual_rules,
)
from dashboard.security import HEADERS, Cookies, SecurityHeaders
from dashboard.site import STATIC, Background, Deploy, Hurry, Site, in_a_thread, plain_wording, render
from tasks.runtime import Runtime

_log = logging.getLogger(__name__)


def create_app(settings: Settings) -> FastAPI:
    """The dashboard of the installation with these settings. Raises SettingsInvalid when it has no key or database."""
    runtime = Runtime(settings, Database(settings.database), SystemClock(), load_key(settings))
    return app_for(runtime, closes=True)


def from_environment() -> FastAPI:
    """The dashboard of the installation that the environment describes."""
    return create_app(Settings())


def app_for(
    runtime: Runtime,
    *,
    hurry: Hurry = prefect_link.hurry,
    background: Background = in_a_thread,
    deploy: Deploy = prefect_link.deploy,
    closes: bool = False,
) -> FastAPI:
    """The dashboard of an open installation; `closes`: its database is closed at the end."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        prefect_link.warm_up()
        yield
        if closes:
            runtime.database.close()

    encrypted = runtime.settings.public_url.startswith("https://")
    app = FastAPI(
        title="Boekbrug",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=lifespan,
        dependencies=[Depends(checked_form)],
    )
    app.state.site = Site(runtime, Cookies(encrypted=encrypted), hurry, deploy, background)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    pages = (
        *(login, accounts, invitations, overview, documents, errors),
        *(migrations, connections, routes, rules, usual_rules, notifications, runs, members),
    )
    for page in pages:
        app.include_router(page.router)
    app.add_exception_handler(LoginNeededError, _to_login)
    app.add_exception_handler(HTTPException, _failed)
    app.add_exception_handler(RequestValidationError, _failed)
    app.add_exception_handler(StoreUnavailable, _failed)
    app.add_exception_handler(Exception, _broken)
    app.middleware("http")(_remember_visit)
    app.add_middleware(SecurityHeaders, encrypted=encrypted)
    return app


async def _remember_visit(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """Sets the cookie that a stranger's forms are bound to, when a page with a form was made."""
    response = await call_next(request)
    new_visit = getattr(request.state, "new_visit", "")
    if new_visit:
        cookies = request.app.state.site.cookies
        response.set_cookie(cookies.visit, new_visit, httponly=True, secure=cookies.encrypted, samesite="lax", path="/")
    return response


def _to_login(request: Request, _: Exception) -> Response:
    address = str(
        request.url_for("login_page").include_query_params(next=request.url.path).replace(scheme="", netloc="")
    )
    if "hx-request" in request.headers:  # a part of a page: the whole page goes to the login
        return Response(status_code=401, headers={"HX-Redirect": "/login"})
    return RedirectResponse(address, 303)


def _failed(request: Request, problem: Exception) -> Response:
    """Every error has a page in the reader's language that says what to do next."""
    if isinstance(problem, HTTPException):
        status = HTTPStatus(problem.status_code)
    elif isinstance(problem, RequestValidationError):
        in_form = any(error["loc"][0] == "body" for error in problem.errors())
        status = HTTPStatus.UNPROCESSABLE_ENTITY if in_form else HTTPStatus.NOT_FOUND
    else:
        _log.error("%s", problem)
        status = HTTPStatus.SERVICE_UNAVAILABLE
    wording, visitor = plain_wording(request), None
    if status is not HTTPStatus.SERVICE_UNAVAILABLE:
        visitor = present_visitor(request)
        wording = visitor.wording if visitor else wording
    return render(request, "failed.html", wording, status_code=status, status=int(status), visitor=visitor)


def _broken(request: Request, _: Exception) -> Response:
    """A mistake of ours, which the server logs. This answer passes by the middleware, so it brings its own headers."""
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    response = render(request, "failed.html", plain_wording(request), status_code=status, status=int(status))
    response.headers.update(HEADERS)
    return response
