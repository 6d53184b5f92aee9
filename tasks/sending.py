"""Sending notifications: by e-mail with the standard library, and by what Apprise offers."""

from __future__ import annotations

import ipaddress
import smtplib
import ssl
from collections.abc import Collection
from contextlib import closing, suppress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from urllib.parse import unquote, urlsplit

import apprise
from pydantic import SecretStr

from boekbrug.domain.clock import Clock
from boekbrug.domain.errors import SettingsInvalid
from boekbrug.domain.notices import Channel, Message
from boekbrug.settings import Settings
from tasks.notifying import NotSentError, Sender

_TIMEOUT = 30  # seconds without an answer of a mail server
_ACCEPTED = (250, 251)
_WIRE = SMTP.clone(cte_type="7bit")  # what every server takes


def senders(settings: Settings, clock: Clock) -> dict[Channel, Sender]:
    """The channels of the installation. Raises SettingsInvalid when e-mail is set up wrongly."""
    found: dict[Channel, Sender] = {Channel.OTHER: messenger(allowed_services(settings))}
    if settings.smtp_url is not None:
        found[Channel.MAIL] = mailer(settings.smtp_url, settings.mail_from, clock)
    return found


def mailer(url: SecretStr, mail_from: str, clock: Clock) -> Sender:
    """Sends by e-mail. Raises SettingsInvalid for an address that is none."""
    parts = urlsplit(url.get_secret_value())
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or "@" not in mail_from:
        raise SettingsInvalid(
            "e-mail needs BOEKBRUG_SMTP_URL (smtp://USER:PASSWORD@HOST:PORT or smtps://…) and BOEKBRUG_MAIL_FROM"
        )
    host, port = parts.hostname, parts.port or (465 if parts.scheme == "smtps" else 587)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")

    def connect() -> smtplib.SMTP:
        if parts.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=_TIMEOUT, context=ssl.create_default_context())
        else:
            server = smtplib.SMTP(host, port, timeout=_TIMEOUT)
        encrypted = parts.scheme == "smtps"
        server.ehlo_or_helo_if_needed()
        if not encrypted and server.has_extn("starttls"):
            server.starttls(context=ssl.create_default_context())
            server.ehlo()
            encrypted = True
        if user and not encrypted and not _is_loopback(host):
            server.close()
            raise NotSentError(f"{host} offers no encryption, and the password is not sent without it")
        if user:
            server.login(user, password)
        return server

    def send(to: SecretStr, sent: Message, message_id: str) -> None:
        mail = EmailMessage(policy=_WIRE)
        mail["From"], mail["To"], mail["Subject"] = mail_from, to.get_secret_value(), sent.subject
        mail["Date"] = format_datetime(clock.now())
        mail["Message-ID"] = f"<{message_id}@{mail_from.rpartition('@')[2].rstrip('>')}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(sent.text)
        envelope_from = parseaddr(mail_from)[1]
        try:
            server = connect()
        except OSError as problem:  # smtplib's own errors are some
            raise NotSentError(_said(host, problem)) from None
        try:
            for answer in (server.mail(envelope_from), server.rcpt(to.get_secret_value())):
                if answer[0] not in _ACCEPTED:
                    raise NotSentError(_said(host, smtplib.SMTPResponseException(*answer)))
        except OSError as problem:
            server.close()
            raise NotSentError(_said(host, problem)) from None
        # From here on a line that breaks tells nothing: the server may have taken it.
        with closing(server):
            try:
                answer = server.data(mail.as_bytes())
            except smtplib.SMTPDataError as problem:
                raise NotSentError(_said(host, problem)) from None
            if answer[0] not in _ACCEPTED:
                raise NotSentError(_said(host, smtplib.SMTPResponseException(*answer)))
            with suppress(OSError):
                server.quit()

    return send


def messenger(services: Collection[str]) -> Sender:
    """Sends by Apprise, to addresses of these services. It tells only whether all went well, so that after a failure
    nobody knows."""

    def send(to: SecretStr, sent: Message, message_id: str) -> None:
        try:
            service = _service(to, services)
        except SettingsInvalid as problem:
            raise NotSentError(problem.message) from None
        group = apprise.Apprise()
        group.add(service)
        if not group.notify(body=sent.text, title=sent.subject, body_format=apprise.NotifyFormat.TEXT):
            raise OSError("the service did not take the message, or did not say so")

    return send


def check_address(address: SecretStr, services: Collection[str]) -> None:
    """Raises SettingsInvalid for an address that is none of Apprise's, or of a service that is not allowed."""
    _service(address, services)


def allowed_services(settings: Settings) -> frozenset[str]:
    """The services that users may choose, by the beginning of their addresses."""
    return frozenset(part.strip().lower() for part in settings.notify_services.split(",") if part.strip())


def _service(address: SecretStr, services: Collection[str]) -> apprise.NotifyBase:
    schema, _, rest = address.get_secret_value().strip().partition("://")
    if schema.lower() not in services or not rest:
        raise SettingsInvalid(
            f"the address must begin with one of: {', '.join(f'{one}://' for one in sorted(services))}"
        )
    made = apprise.Apprise.instantiate(address.get_secret_value().strip(), suppress_exceptions=True)
    if not isinstance(made, apprise.NotifyBase):
        raise SettingsInvalid(f"this is no address of {schema.lower()}")
    return made


def _said(host: str, problem: OSError) -> str:
    """What a mail server or the line to it said, without what we sent."""
    if isinstance(problem, smtplib.SMTPResponseException):
        text = problem.smtp_error
        answer = text.decode(errors="replace") if isinstance(text, bytes) else str(text)
        return f"{host}: {problem.smtp_code} {answer}"[:300]
    return f"{host}: {type(problem).__name__} {problem}"[:300]


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
