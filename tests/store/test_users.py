from datetime import timedelta

import pytest
from pydantic import SecretStr
from sqlmodel import Session, select

from boekbrug.domain.errors import SettingsInvalid
from boekbrug.domain.users import Right, Role
from boekbrug.store import audit, passwords, sessions, users
from boekbrug.store.tables import InvitationRow, UserSessionRow
from tests.store.samples import NOW, add_tenant

HOUR = timedelta(hours=1)
RIGHT_ONE = SecretStr("correct horse battery")


def add(session: Session, email: str = "jo@example.com") -> users.User:
    return users.add_user(session, email, language="nl", now=NOW)


def test_a_user_is_made_once_whatever_the_capitals(writing: Session) -> None:
    assert add(writing, "Jo@Example.com ").id == add(writing).id
    assert users.user_by_email(writing, "JO@example.com").email == "jo@example.com"


@pytest.mark.parametrize("email", ["", "jo", "jo@", "@example.com", "jo smit@example.com"])
def test_what_is_no_address_is_refused(writing: Session, email: str) -> None:
    with pytest.raises(SettingsInvalid, match="not an e-mail address"):
        add(writing, email)


def test_passwords_are_kept_as_argon2id_and_nobody_has_the_empty_one() -> None:
    kept = passwords.hash_password(RIGHT_ONE)
    assert kept.startswith("$argon2id$") and RIGHT_ONE.get_secret_value() not in kept
    assert passwords.is_right(kept, RIGHT_ONE)
    assert not passwords.is_right(kept, SecretStr("correct horse battery "))
    assert not passwords.is_right("", SecretStr("nobody's"))
    with pytest.raises(SettingsInvalid, match="12 to 200"):
        passwords.hash_password(SecretStr("too short"))


def test_a_user_sees_only_the_tenants_that_admitted_them(writing: Session) -> None:
    acme, other = add_tenant(writing, "acme"), add_tenant(writing, "other")
    jo, kim = add(writing), add(writing, "kim@example.com")
    users.admit(writing, acme.tenant_id, jo.id, Role.SHOPKEEPER)
    users.admit(writing, other.tenant_id, kim.id, Role.SHOPKEEPER)
    assert [m.tenant.slug for m in users.memberships(writing, jo.id)] == ["acme"]
    assert users.membership(writing, jo.id, "other") is None
    assert users.membership(writing, jo.id, "nobody") is None
    assert users.members(writing, acme.tenant_id) == [(jo, Role.SHOPKEEPER)]

    users.admit(writing, acme.tenant_id, jo.id, Role.ACCOUNTANT)
    (mine,) = users.memberships(writing, jo.id)
    assert mine.may(Right.PROCESS) and not mine.may(Right.CONNECT)
    assert not users.dismiss(writing, other.tenant_id, jo.id)
    assert users.dismiss(writing, acme.tenant_id, jo.id)
    assert users.memberships(writing, jo.id) == []


def test_an_invitation_works_once_and_for_a_week(writing: Session) -> None:
    acme = add_tenant(writing)
    token = users.invite(writing, acme.tenant_id, "Jo@example.com", Role.ACCOUNTANT, who="kim", now=NOW)
    assert token not in str(writing.exec(select(InvitationRow.token_hash).where(InvitationRow.tenant_id == 1)).all())
    assert users.open_invitation(writing, token + "x", NOW) is None
    assert users.open_invitation(writing, token, NOW + timedelta(days=7)) is None
    invitation = users.open_invitation(writing, token, NOW)
    assert invitation is not None and invitation.email == "jo@example.com"
    jo = add(writing)
    assert users.accept(writing, invitation, jo.id, NOW)
    assert not users.accept(writing, invitation, jo.id, NOW)
    assert users.open_invitation(writing, token, NOW) is None
    assert users.membership(writing, jo.id, "acme") is not None


def test_a_session_ends_by_time_by_signing_out_and_with_its_user(writing: Session) -> None:
    jo = add(writing)

    def signed_in(token: str, at: timedelta = timedelta(0)) -> bool:
        return sessions.session_of(writing, token, NOW + at) is not None

    token = sessions.start_session(writing, jo.id, NOW, HOUR)
    assert token not in str(writing.exec(select(UserSessionRow.token_hash)).all())
    assert signed_in(token) and not signed_in(token, HOUR) and not signed_in("")
    present = sessions.session_of(writing, token, NOW)
    assert present is not None
    sessions.prolong(writing, present, NOW + HOUR / 2, HOUR)
    assert signed_in(token, HOUR) and not signed_in(token, 2 * HOUR)
    sessions.prolong(writing, present, NOW, 2 * sessions.LONGEST)
    assert not signed_in(token, sessions.LONGEST)
    sessions.end_session(writing, present.id)
    assert not signed_in(token)

    for end in (
        lambda: users.disable(writing, jo.id),
        lambda: users.set_password(writing, jo.id, passwords.hash_password(RIGHT_ONE)),
    ):
        users.disable(writing, jo.id, disabled=False)
        token = sessions.start_session(writing, jo.id, NOW, HOUR)
        assert signed_in(token)
        end()
        assert not signed_in(token)


def test_who_is_disabled_cannot_sign_in(writing: Session) -> None:
    jo = add(writing)
    assert users.password_hash_of(writing, "JO@example.com") == (jo.id, "")
    users.disable(writing, jo.id)
    assert users.password_hash_of(writing, "jo@example.com") is None


def test_failed_logins_are_limited_and_the_limit_passes(writing: Session) -> None:
    def attempt(email: str = "jo", address: str = "::1", at: timedelta = timedelta(0)) -> int | None:
        return sessions.count_login(writing, email, address, NOW + at)

    for _ in range(sessions.PER_PERSON_AND_ADDRESS):
        good = attempt()
        assert good is not None
        sessions.login_succeeded(writing, good)
    for _ in range(sessions.PER_PERSON_AND_ADDRESS):
        assert attempt() is not None
    assert attempt() is None
    assert attempt(address="::2") is not None, "whoever guesses elsewhere does not lock the person out here"
    assert attempt(at=sessions.LOGIN_WINDOW - timedelta(seconds=1)) is None
    assert attempt(at=sessions.LOGIN_WINDOW) is not None


def test_an_address_that_tries_many_persons_is_limited(writing: Session) -> None:
    tried = [sessions.count_login(writing, f"user{n}", "::1", NOW) for n in range(sessions.PER_ADDRESS + 1)]
    assert tried[-1] is None and None not in tried[:-1]


def test_the_audit_log_tells_who_changed_what_of_a_tenant(writing: Session) -> None:
    acme, other = add_tenant(writing, "acme"), add_tenant(writing, "other")
    audit.note(writing, acme.tenant_id, NOW, who="jo", action="skip", subject="10001", after={"reason": "proef"})
    audit.note(writing, other.tenant_id, NOW, who="kim", action="retry", subject="1")
    audit.note(writing, None, NOW, who="jo", action="login")
    (event,) = audit.audit_events(writing, acme.tenant_id)
    assert (event.who, event.action, event.subject, event.after) == ("jo", "skip", "10001", {"reason": "proef"})
    assert audit.audit_events(writing, acme.tenant_id, before_id=event.id) == []
