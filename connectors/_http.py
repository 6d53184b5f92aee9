"""HTTP: the one place where a remote call is made, and where its failure becomes an error that says what happens next.

Reading and writing fail differently. A read that got no good answer changed nothing, so it is asked once more and is
then unavailable. A write that got no good answer may have been carried out, so its outcome is unknown, unless it is
certain that it never left. No error, and nothing logged, holds an address or a secret.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, TypeAlias, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import httpx
from pydantic import SecretStr
from tenacity import RetryCallState, Retrying, retry_if_result, stop_after_attempt, stop_after_delay, wait_exponential

from boekbrug import __version__
from boekbrug.domain.clock import Clock, SystemClock
from boekbrug.domain.errors import (
    BoekbrugError,
    DocumentInvalid,
    NotAuthenticated,
    NotPermitted,
    OutcomeUnknown,
    RateLimited,
    RemoteUnavailable,
    SettingsInvalid,
)
from boekbrug.domain.findings import finding
from connectors._answers import Answer, LimitRule, usual_limits
from connectors._base import ConnectorSettings, Meter
from connectors._lines import Lines
from connectors._login import Login, spellings_of
from connectors._wire import Body, Json, JsonOut, clean, json_body, parse_json, plain

LARGEST_ANSWER = 64 * 1024 * 1024  # bytes; a year of invoices in one list is well below it
READ_ATTEMPTS = 3
READ_PAUSE = 0.5  # seconds before a read is asked again; doubled the next time
_LOGGERS = ("httpx", *(f"httpcore.{part}" for part in ("connection", "http11", "http2", "proxy", "socks")))


class _NoAddresses(logging.Filter):
    """The HTTP libraries log every address and header below WARNING, and those hold secrets."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno >= logging.WARNING


_NO_ADDRESSES = _NoAddresses()


def _json_of(answer: Answer) -> Json:
    return parse_json(answer.body.decode("utf-8-sig"))


Headers: TypeAlias = Mapping[str, SecretStr]  # of one call, and secret


@dataclass(frozen=True, slots=True)
class _NoAnswer:
    """No usable answer came. `sent` is False only when it is certain that the call never left."""

    problem: str
    sent: bool = True
    retry_after: float | None = None


_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Value(Generic[_T]):
    of: _T


class Session:
    """The calls of one connection: its address, its login, its own pool, its meter. Thread-safe; close it.

    Paths are relative to the base address; whoever builds one quotes what stands in it (`quoted`).
    """

    def __init__(
        self,
        title: str,
        system: str,
        settings: ConnectorSettings,
        meter: Meter,
        *,
        login: Login | None = None,
        limits: LimitRule = usual_limits,
        clock: Clock | None = None,
    ) -> None:
        self._title = title
        self._system = system
        self._host = urlsplit(settings.base_url).hostname or ""
        self._address = httpx.URL(settings.base_url)
        self._timeout = settings.timeout
        self._meter = meter
        self._limits = limits
        self._clock = clock or SystemClock()
        login = login or Login()
        self._spellings = login.spellings()
        self._in_body = {name: secret.get_secret_value() for name, secret in login.body.items()}
        for name in _LOGGERS:
            logging.getLogger(name).addFilter(_NO_ADDRESSES)
        self._secret_query = login.in_query()
        usual = {"Accept": "application/json", "Accept-Encoding": "gzip, deflate", **login.in_headers()}
        host = self._address.netloc.decode()
        self._usual_headers = {"Host": host, "User-Agent": f"Boekbrug/{__version__}", **usual}
        self._headers = httpx.Headers(self._usual_headers)
        self._time_out = httpx.Timeout(settings.timeout).as_dict()
        self._lines = Lines(settings)
        self._reading = Retrying(
            stop=stop_after_attempt(READ_ATTEMPTS) | stop_after_delay(self._timeout),
            wait=wait_exponential(multiplier=READ_PAUSE, max=5),
            retry=retry_if_result(lambda answer: isinstance(answer, _NoAnswer) and answer.retry_after is None),
            retry_error_callback=_last_result,
            sleep=self._clock.sleep,
        )

    def __repr__(self) -> str:
        return f"<Session {self._system} at {self._host}>"

    def close(self) -> None:
        """Lets go of the connections."""
        self._lines.close()

    def hide(self, secret: SecretStr) -> None:
        """Keeps out of every error a secret that was come by while the session is open."""
        self._spellings = spellings_of({*self._spellings, secret.get_secret_value()})

    def read(self, path: str, params: Mapping[str, str] | None = None, *, headers: Headers | None = None) -> Json:
        """GET. Raises RemoteUnavailable, RateLimited, NotAuthenticated, NotPermitted; SettingsInvalid for a 404, since
        what is read like this is always there."""
        return self._present(self._read("GET", path, _json_of, params=params, headers=headers))

    def read_with(self, path: str, parse: Callable[[Answer], _T], *, accept: str) -> _T:
        """GET of something in another format; errors as with `read`. `parse` reads a 2xx answer, and raises ValueError
        for one that is not sound."""
        return self._present(self._read("GET", path, parse, headers={"Accept": SecretStr(accept)}))

    def look_up(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        absent: Container[int] = (404,),
        headers: Headers | None = None,
    ) -> Json:
        """GET of something that may not be there: None when the answer's status is one of `absent`."""
        value = self._read("GET", path, _json_of, params=params, absent=absent, headers=headers)
        return value.of if value else None

    def ask(self, path: str, body: JsonOut) -> Json:
        """POST of a question that changes nothing; errors as with `read`."""
        return self.ask_with(path, self._json(body), _json_of)

    def ask_with(self, path: str, body: Body | None, parse: Callable[[Answer], _T]) -> _T:
        """The same in any format. `parse` reads a 2xx answer, and raises ValueError for one that is not sound."""
        return self._present(self._read("POST", path, parse, body=body))

    def write(self, path: str, body: JsonOut, *, document: str = "") -> str:
        """POST, once. Returns the text of a 2xx answer; whether it is a good one is for the caller to judge.

        Raises OutcomeUnknown when it may have been carried out; and, when certainly nothing was written,
        RemoteUnavailable, RateLimited, NotAuthenticated, NotPermitted, or DocumentInvalid with what the answer says.
        """
        answer = self.submit("POST", path, self._json(body), document=document)
        if 200 <= answer.status < 300:
            return answer.text
        raise self.refused(answer, document)

    def submit(
        self,
        method: str,
        path: str,
        body: Body | None,
        *,
        document: str = "",
        headers: Headers | None = None,
        judged: Container[int] = (),
    ) -> Answer:
        """One call that may write. Returns a 2xx answer, one that refuses what was sent (4xx), and those whose status
        the caller judges himself. Raises as `write`, but for DocumentInvalid."""
        answer = self._exchange(method, path, None, body, headers, writes=True)
        if isinstance(answer, _NoAnswer):
            if answer.sent:
                raise self._unknown(answer.problem, document)
            raise self._unavailable(answer, document)
        if error := self._refusal(answer, document):
            raise error
        if answer.status in judged or 200 <= answer.status < 300:
            return answer
        if 400 <= answer.status < 500 and answer.status != 408:
            return answer
        raise self._unknown(f"answered {answer.status}", document)

    def refused(self, answer: Answer, document: str = "") -> DocumentInvalid:
        """The error for an answer that refuses what was sent, with what it says."""
        said = self.said(answer)
        return DocumentInvalid(
            f"{self._title} refused the document ({answer.status}): {said}",
            findings=(finding("REFUSED_BY_BOOKS", answer=said),),
            system=self._system,
            document=document,
        )

    def said(self, answer: Answer) -> str:
        """What the answer says to a person."""
        return plain(self.scrubbed(answer.text)) or str(answer.status)

    def _json(self, body: JsonOut) -> Body | None:
        return json_body({**self._in_body, **body} if isinstance(body, Mapping) else body)

    def _present(self, value: _Value[_T] | None) -> _T:
        if value is None:
            raise SettingsInvalid(
                f"{self._title} at {self._host} has no page for this (404): check the setting base_url",
                system=self._system,
            )
        return value.of

    def _read(
        self,
        method: str,
        path: str,
        parse: Callable[[Answer], _T],
        *,
        params: Mapping[str, str] | None = None,
        body: Body | None = None,
        headers: Headers | None = None,
        absent: Container[int] = (404,),
    ) -> _Value[_T] | None:
        def once() -> _Value[_T] | Answer | _NoAnswer:
            answer = self._exchange(method, path, params, body, headers)
            if isinstance(answer, _NoAnswer):
                return answer
            if answer.status >= 500:
                return _NoAnswer(f"answered {answer.status}", retry_after=answer.retry_after)
            if not 200 <= answer.status < 300:
                return answer
            try:
                return _Value(parse(answer))
            except ValueError:
                return _NoAnswer("sent an answer that cannot be read")

        answer: _Value[_T] | Answer | _NoAnswer = self._reading(once)
        if isinstance(answer, _Value):
            return answer
        if isinstance(answer, _NoAnswer):
            raise self._unavailable(answer)
        if error := self._refusal(answer):
            raise error
        if answer.status in absent:
            return None
        said = plain(self.scrubbed(answer.text))
        raise self._unavailable(_NoAnswer(f"answered {answer.status} {said}".rstrip()))

    def _exchange(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None,
        body: Body | None,
        secret_headers: Headers | None,
        *,
        writes: bool = False,
    ) -> Answer | _NoAnswer:
        """One call, metered. Failures are returned, not raised: an exception raised while another is handled would
        carry that one along, and with it the address."""
        query = "&".join(part for part in (urlencode(params or {}), self._secret_query) if part)
        headers, content = self._headers, body.content if body else b""
        if body or secret_headers or method != "GET":
            own = {name: secret.get_secret_value() for name, secret in (secret_headers or {}).items()}
            length = {"Content-Length": str(len(content))} if content or method != "GET" else {}
            headers = httpx.Headers({**self._usual_headers, **(body.headers if body else {}), **own, **length})
        target = self._address.raw_path + (f"{path}?{query}" if query else path).encode("ascii")
        # The address is taken apart once, and with it as the target and a stream httpx adds nothing of its own.
        request = httpx.Request(
            method,
            self._address,
            headers=headers,
            stream=httpx.ByteStream(content),
            extensions={"timeout": self._time_out, "target": target},
        )
        with self._meter.call(body.counts_as if body else "", writes=writes):
            answer = self._send(request)
        if isinstance(answer, Answer) and (signal := self._limits(answer)):
            self._meter.heard(signal)
        return answer

    def _send(self, request: httpx.Request) -> Answer | _NoAnswer:
        try:
            with self._lines.one() as transport:
                patience = time.monotonic() + 3 * self._timeout  # against an answer that drips in
                # Past httpx's client, which would look for redirects, cookies, a login and hooks in every call.
                response = transport.handle_request(request)
                try:
                    body = bytearray()
                    assert isinstance(response.stream, httpx.SyncByteStream)
                    packed = "Content-Encoding" in response.headers
                    for part in response.iter_bytes() if packed else response.stream:
                        body += part
                        if len(body) > LARGEST_ANSWER:
                            return _NoAnswer("sent an answer that is too large")
                        if time.monotonic() > patience:
                            return _NoAnswer("did not finish its answer in time")
                finally:
                    response.close()
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
            return _NoAnswer(f"could not be reached ({self._reason(error)})", sent=False)
        except httpx.TimeoutException:
            return _NoAnswer(f"did not answer within {self._timeout:g} seconds")
        except httpx.HTTPError as error:
            return _NoAnswer(f"broke off the call ({type(error).__name__})")
        names = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, names, bytes(body), self._clock.now())

    def _reason(self, error: httpx.HTTPError) -> str:
        return clean(self.scrubbed(str(error)), 120) or type(error).__name__

    def scrubbed(self, text: str) -> str:
        """The text without any secret of the login."""
        for spelling in self._spellings:
            text = text.replace(spelling, "***")
        return text

    def _refusal(self, answer: Answer, document: str = "") -> BoekbrugError | None:
        """What the answer says of the login or the limit, if that is what is the matter."""
        signal = self._limits(answer)
        if signal and signal.retry_after is not None:
            return RateLimited(
                f"{self._title} takes no more calls for now",
                not_before=answer.at + timedelta(seconds=signal.retry_after),
                system=self._system,
                document=document,
            )
        if answer.status == 401:
            return NotAuthenticated(
                f"{self._title} does not accept the credentials (401): are they right, active and not expired?",
                system=self._system,
                document=document,
            )
        if answer.status == 403:
            return NotPermitted(
                f"{self._title} accepts the credentials but not this call (403): do they have the rights?",
                system=self._system,
                document=document,
            )
        return None

    def _unavailable(self, failure: _NoAnswer, document: str = "") -> RemoteUnavailable:
        not_before = None
        if failure.retry_after is not None:
            not_before = self._clock.now() + timedelta(seconds=failure.retry_after)
        return RemoteUnavailable(
            f"{self._title} {failure.problem}", not_before=not_before, system=self._system, document=document
        )

    def _unknown(self, problem: str, document: str) -> OutcomeUnknown:
        return OutcomeUnknown(
            f"{self._title} {problem}; what was sent may or may not have been written",
            system=self._system,
            document=document,
        )


def _last_result(state: RetryCallState) -> object:
    assert state.outcome is not None
    return state.outcome.result()


def quoted(text: str) -> str:
    """The text as one part of a path."""
    return quote(text, safe="")
