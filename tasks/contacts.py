"""Carry-contacts: customers and suppliers of an invoicing program become relations in the books: found or created, and
changed there where the route says so."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from boekbrug.domain.documents import Contact, Side
from boekbrug.domain.errors import NeedsAttention, OutcomeUnknown, RemoteUnavailable, RetryLater
from boekbrug.domain.snapshots import contact_fingerprint
from boekbrug.domain.tenants import Move
from boekbrug.store import contacts, cursors
from connectors import InvoiceSource, LedgerTarget
from mappings.source_documents import kept_contact_key
from tasks.debtors import account_for
from tasks.fetching import changed_since, cursor_of
from tasks.progress import Progress, unwatched
from tasks.route_work import RouteWork

MOVES: dict[Side, Move] = {Side.SALES: "debtors", Side.PURCHASES: "creditors"}
# Long before any contact of today was made.
EVER = datetime(1990, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class ContactResult:
    """How many contacts were read, came into the books' view for the first time, were changed there, cannot be carried
    over, and are to be tried again by the next run."""

    read: int = 0
    linked: int = 0
    changed: int = 0
    refused: int = 0
    later: int = 0


def carry_contacts(work: RouteWork, progress: Progress = unwatched, *, everything: bool = False) -> ContactResult:
    """Carries over what was made or changed since the last run; with `everything`, all there is."""
    result = ContactResult()
    if not isinstance(work.source, InvoiceSource) or not isinstance(work.target, LedgerTarget):
        return result
    for side, move in MOVES.items():
        if not work.carries(move):
            continue
        stream, began, put_off = f"contacts-{side}", work.now(), result.later
        since = EVER if everything else changed_since(work, stream)
        for page in work.source.read_changed_contacts(side, since):
            _carry_page(work, work.target, page, result)
            progress("contacts", result.read, None)
        if result.later == put_off:
            with work.runtime.database.write() as session:
                cursor = cursor_of(work, stream)
                cursors.move_cursor(session, work.tenant.id, work.route.source.id, cursor, to=began, now=work.now())
    return result


def _carry_page(work: RouteWork, target: LedgerTarget, page: Sequence[Contact], result: ContactResult) -> None:
    kept = {contact.source_ref: contact for contact in page if contact.source_ref is not None}
    with work.runtime.database.read() as session:
        links = contacts.contact_links(session, work.tenant.id, work.route.id, kept)
    carrying = _Carrying(work, target, result)
    with ThreadPoolExecutor(work.target_settings.concurrency) as pool:
        for done in [pool.submit(carrying.carry, contact, links.get(ref)) for ref, contact in kept.items()]:
            done.result()
    result.read += len(kept)


class _Carrying:
    """A page of contacts on its way, on several threads."""

    def __init__(self, work: RouteWork, target: LedgerTarget, result: ContactResult) -> None:
        self._work, self._target, self._result = work, target, result
        self._lock = threading.Lock()

    def carry(self, contact: Contact, link: contacts.ContactLink | None) -> None:
        """One contact. Raises what stops the connection as a whole."""
        try:
            for what in self._carried(contact, link):
                self._count(what)
        except NeedsAttention as problem:
            self._keep(contact, link, problem)
            self._count("refused")
        except RemoteUnavailable:
            raise
        except (OutcomeUnknown, RetryLater):
            self._count("later")  # the next run finds it in the books, or creates it

    def _carried(self, contact: Contact, link: contacts.ContactLink | None) -> Iterator[str]:
        work, fingerprint = self._work, contact_fingerprint(contact)
        if link is None or link.target_ref is None or link.findings:
            account_for(work, contact, kept_contact_key(contact, work.source_name))
            yield "linked"
        elif link.fingerprint != fingerprint and work.route.policy.carry_contact_changes:
            account = self._target.read_contact(link.target_ref.id)
            if account is None:  # removed from the books since
                account_for(work, contact, kept_contact_key(contact, work.source_name))
                yield "linked"
                return
            self._target.update_contact(account, contact)
            kept = replace(link, code=contact.code, name=contact.display_name, fingerprint=fingerprint)
            work.runtime.database.change(
                lambda session: contacts.keep_contact(session, work.tenant.id, kept, work.now())
            )
            yield "changed"

    def _keep(self, contact: Contact, link: contacts.ContactLink | None, problem: NeedsAttention) -> None:
        work = self._work
        assert contact.source_ref is not None
        kept = contacts.ContactLink(
            route_id=work.route.id,
            source_ref=contact.source_ref,
            code=contact.code,
            name=contact.display_name,
            target_ref=link.target_ref if link else None,
            fingerprint=link.fingerprint if link else "",
            findings=problem.findings,
        )
        work.runtime.database.change(lambda session: contacts.keep_contact(session, work.tenant.id, kept, work.now()))

    def _count(self, what: str) -> None:
        with self._lock:
            setattr(self._result, what, getattr(self._result, what) + 1)
