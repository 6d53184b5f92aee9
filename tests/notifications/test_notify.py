"""What users are told, over a real mail server on loopback and a real web address for Apprise."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from pydantic import SecretStr

from boekbrug.domain.errors import SettingsInvalid
from boekbrug.domain.migrations import MigrationPlan, MigrationState
from boekbrug.domain.notices import Channel, Message, NoticeKind
from boekbrug.domain.records import SyncStatus
from boekbrug.domain.users import Role
from boekbrug.domain.windows import DailyWindow
from boekbrug.store import notifications, order_migrations, tenants, users
from tasks import notifying
from tasks.notifying import NotifyResult, notify_users
from tasks.sending import check_address, mailer, messenger
from tests.smtp import MailServer, mail_server
from tests.world import DE_BIE, MOKKENHUIS, World, new_world

MINE, ACCOUNTANT = "winkel@example.com", "boek@example.com"
NOON = datetime(2026, 3, 3, 11, tzinfo=UTC)


@pytest.fixture
def world(tmp_path: Path, database_template: Path) -> Iterator[World]:
    """Two tenants, one of which has an order whose payment method has no rule, and a customer with a secret."""
    with new_world(tmp_path / "home", database_template, now=NOON, patience_seconds=0) as made:
        for slug in (MOKKENHUIS, DE_BIE):
            made.demo_tenant(slug, books={"documents_per_period": None})
        made.order("unknown_payment")
        made.order("plain")
        made.run()
        made.clock.advance(timedelta(minutes=2))
        with made.runtime.database.write() as session:
            for email, slugs in ((MINE, [MOKKENHUIS]), (ACCOUNTANT, [MOKKENHUIS, DE_BIE])):
                language = "nl" if email == MINE else "en"
                user = users.add_user(session, email, language=language, now=made.clock.now())
                users.set_password(session, user.id, "x")
                for slug in slugs:
                    users.admit(session, user_id=user.id, role=Role.SHOPKEEPER, tenant_id=tenant_id(made, slug))
        yield made


def tenant_id(world: World, slug: str) -> int:
    with world.runtime.database.read() as session:
        return tenants.tenant_by_slug(session, slug).id


def user_id(world: World, email: str = MINE) -> int:
    with world.runtime.database.read() as session:
        return users.user_by_email(session, email).id


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with mail_server() as served:
        yield served


def tell(world: World, mail: MailServer) -> NotifyResult:
    world.clock.advance(timedelta(minutes=2))
    send = mailer(SecretStr(mail.url), "Boekbrug <boekbrug@example.com>", world.clock)
    return notify_users(world.runtime, {Channel.MAIL: send})


def to(mail: MailServer, address: str) -> list[str]:
    return [str(one["Subject"]) for one in mail.mails if one["To"] == address]


def break_connection(world: World, slug: str = MOKKENHUIS) -> None:
    with world.runtime.database.write() as session:
        tenant = tenants.tenant_by_slug(session, slug)
        row = tenants.connection_by_slug(session, tenant.id, "boeken")
        tenants.pause_connection(session, tenant.id, row.id, reason="key 12345 revoked", now=world.clock.now())


def test_errors_are_told_once_a_day_in_the_readers_language(world: World, mail: MailServer) -> None:
    assert tell(world, mail).sent == 2
    (number,) = world.records(MOKKENHUIS, SyncStatus.NEEDS_ATTENTION)
    assert to(mail, MINE) == ["1 documenten vragen aandacht: Het Mokkenhuis"]
    assert to(mail, ACCOUNTANT) == ["1 documents need attention: Het Mokkenhuis"]
    text = mail.mails[0].get_content()
    assert number in text and f"/t/{MOKKENHUIS}/errors" in text and "/notifications" in text
    assert mail.mails[0]["Auto-Submitted"] == "auto-generated" and mail.envelopes[0][0] == "boekbrug@example.com"
    world.order("unknown_payment")
    world.run()
    assert tell(world, mail).sent == 0  # gathered for tomorrow
    world.clock.advance(timedelta(days=1))
    assert tell(world, mail).sent == 2
    assert "nieuw 1" in mail.mails[3].get_content() and "totaal 2" in mail.mails[3].get_content()
    world.clock.advance(timedelta(days=1))
    assert tell(world, mail).sent == 0  # nothing new
    world.order("unknown_payment")
    world.run()
    world.clock.advance(timedelta(hours=13))  # at night
    assert tell(world, mail).sent == 0
    world.clock.advance(timedelta(hours=7))
    assert tell(world, mail).sent == 2


def test_no_mail_holds_anything_of_a_customer(world: World, mail: MailServer) -> None:
    break_connection(world)
    tell(world, mail)
    said = "".join(f"{one['Subject']}{one.get_content()}" for one in mail.mails)
    for record in world.records(MOKKENHUIS).values():
        assert record.customer_key and record.customer_key not in said
    assert "12345" not in said and "bitcoin" not in said


def test_a_broken_connection_is_told_at_once_and_once(world: World, mail: MailServer) -> None:
    tell(world, mail)
    mail.mails.clear()
    break_connection(world)
    assert tell(world, mail).sent == 2
    assert to(mail, MINE) == ["Koppeling staat stil: Het Mokkenhuis"]
    assert tell(world, mail).sent == 0
    with world.runtime.database.write() as session:
        tenant = tenants.tenant_by_slug(session, MOKKENHUIS)
        row = tenants.connection_by_slug(session, tenant.id, "boeken")
        tenants.resume_connection(session, tenant.id, row.id)
    world.clock.advance(timedelta(minutes=5))
    break_connection(world)
    break_connection(world, DE_BIE)
    assert tell(world, mail).sent == 2
    assert to(mail, ACCOUNTANT)[-1] == "Connections paused in 2 administrations"
    assert to(mail, MINE)[-1] == "Koppeling staat stil: Het Mokkenhuis"


def test_a_finished_migration_is_told(world: World, mail: MailServer) -> None:
    tell(world, mail)
    with world.runtime.database.write() as session:
        tenant = tenants.tenant_by_slug(session, MOKKENHUIS)
        (route,) = tenants.list_routes(session, tenant.id)
        now = world.clock.now()
        days = {"first_on": now.date() - timedelta(days=9), "last_on": now.date() - timedelta(days=8)}
        made = order_migrations.draft(
            session, tenant.id, route.id, **days, window=DailyWindow(), per_window=None, shop_count=0, who="t", now=now
        )
        order_migrations.keep_plan(session, tenant.id, made, MigrationPlan(), None)
        order_migrations.change_state(
            session, tenant.id, made, MigrationState.COMPLETED, among=[MigrationState.PLANNED], ended_at=now
        )
    assert tell(world, mail).sent == 2
    assert to(mail, MINE)[-1] == "Migratie klaar: Het Mokkenhuis"
    world.clock.advance(timedelta(days=1))
    assert tell(world, mail).sent == 0


def test_what_a_server_refuses_is_tried_again(world: World, mail: MailServer) -> None:
    mail.refuse = "RCPT"
    assert tell(world, mail).failed == 2
    with world.runtime.database.read() as session:
        (one,) = notifications.recent(session, user_id(world))
    assert "550 no such mailbox" in one.problem and one.sent_at is None and one.claimed_at is None
    mail.refuse = ""
    assert tell(world, mail).sent == 2 and len(mail.mails) == 2
    assert tell(world, mail).sent == 0


def test_a_server_that_is_away_is_tried_again(world: World, mail: MailServer) -> None:
    gone = mailer(SecretStr("smtp://127.0.0.1:9"), "a@example.com", world.clock)
    assert notify_users(world.runtime, {Channel.MAIL: gone}).failed == 2
    assert tell(world, mail).sent == 2


def test_a_line_that_breaks_after_the_mail_makes_no_second_one(world: World, mail: MailServer) -> None:
    mail.hang_up = True
    assert tell(world, mail).unknown == 2
    mail.hang_up = False
    assert tell(world, mail) == NotifyResult()
    assert len(mail.mails) == 2
    with world.runtime.database.read() as session:
        (one,) = notifications.recent(session, user_id(world))
    assert one.sent_at is None and one.claimed_at is not None


def test_who_dies_between_sending_and_noting_sends_no_second_one(
    world: World, mail: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(notifying.notifications, "note_sent", dies)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            tell(world, mail)
    monkeypatch.undo()
    tell(world, mail)
    assert len(mail.mails) == 2 and {one["To"] for one in mail.mails} == {MINE, ACCOUNTANT}


def test_choices_and_who_may_not_sign_in_count(world: World, mail: MailServer) -> None:
    with world.runtime.database.write() as session:
        notifications.choose(session, user_id(world), {(NoticeKind.ERRORS, Channel.MAIL): False})
        users.disable(session, user_id(world, ACCOUNTANT))
    assert tell(world, mail) == NotifyResult()
    break_connection(world)
    assert tell(world, mail).sent == 1 and to(mail, MINE)


def test_a_password_goes_along_on_loopback_only(world: World, mail: MailServer) -> None:
    url = SecretStr(mail.url.replace("smtp://", "smtp://user:p%40ss@"))
    mailer(url, "a@example.com", world.clock)(SecretStr(MINE), Message("s", "t"), "1")
    assert mail.logins and len(mail.mails) == 1
    for wrong in ("http://x", "smtp://"):
        with pytest.raises(SettingsInvalid):
            mailer(SecretStr(wrong), "a@example.com", world.clock)
    with pytest.raises(SettingsInvalid):
        mailer(url, "", world.clock)


def test_a_messenger_gets_it_too(world: World) -> None:
    told: list[bytes] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = SecretStr(f"json://127.0.0.1:{server.server_port}/hook")
        with world.runtime.database.write() as session:
            notifications.save_address(session, world.runtime.sealing_key, user_id(world), address)
        assert notify_users(world.runtime, {Channel.OTHER: messenger({"json"})}).sent == 1
        assert notify_users(world.runtime, {Channel.OTHER: messenger({"json"})}) == NotifyResult()
        server.shutdown()
    assert len(told) == 1 and b"vragen aandacht" in told[0]
    assert str(server.server_port) not in repr(world.dump()["notification_address"])


@pytest.mark.parametrize("address", ["json://127.0.0.1/x", "file:///etc/passwd", "tgram://", "", "tgram"])
def test_an_address_that_is_not_allowed_is_refused(address: str) -> None:
    with pytest.raises(SettingsInvalid):
        check_address(SecretStr(address), {"tgram", "slack"})
