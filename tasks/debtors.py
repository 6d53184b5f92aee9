"""The contact of a document in the books: found there, or created once. What is there is never changed here."""

from __future__ import annotations

from boekbrug.domain.documents import Contact, ContactAccount, ExternalRef, Invoice
from boekbrug.domain.errors import ConnectionBroken, DocumentInvalid, NeedsAttention, RetryLater
from boekbrug.domain.findings import Finding, blocking, finding
from boekbrug.domain.snapshots import contact_fingerprint
from boekbrug.store import contacts, debtors
from mappings.bookings import debtor_number_for, debtor_settings_for
from tasks.route_work import RouteWork


def debtor_for(work: RouteWork, document: Invoice, customer_key: str) -> tuple[ContactAccount, tuple[Finding, ...]]:
    """The debtor that a route's rule names; else the contact's own.

    Raises NeedsAttention when it cannot be created as it is, RetryLater while another process creates it,
    OutcomeUnknown when it may have been created.
    """
    number = debtor_number_for(document, work.route.mapping)
    if number is not None:
        named = work.target.read_contact(number)
        if named is None:
            raise _invalid(document.number, finding("DEBTOR_NOT_IN_BOOKS", debtor=number))
        return named, ()
    prices_include_tax, reverse_charged = debtor_settings_for(document)
    return account_for(
        work,
        document.contact,
        customer_key,
        prices_include_tax=prices_include_tax,
        reverse_charged=reverse_charged,
        wanted_for=document.number,
    )


def account_for(
    work: RouteWork,
    contact: Contact,
    key: str,
    *,
    prices_include_tax: bool = False,
    reverse_charged: bool = False,
    wanted_for: str = "",
) -> tuple[ContactAccount, tuple[Finding, ...]]:
    """The contact in the books: the one it is known to be; else the one that is the same; else a new one. `wanted_for`
    is the number of a document that needs it.

    Raises as `debtor_for` does.
    """
    ref, linked = contact.source_ref, relation_of(work, contact)
    if linked is not None:
        account = work.target.read_contact(linked.id)
        if account is not None:
            return account, ()
    found = work.target.find_contacts(contact)
    warnings: tuple[Finding, ...] = ()
    if found:
        account = found[0]
        if len(found) > 1:
            warnings = (finding("DEBTOR_AMBIGUOUS", count=len(found), debtor=account.target_ref.id),)
    else:
        account, warnings = _create(work, contact, key, (prices_include_tax, reverse_charged), wanted_for)
    if ref is not None and work.keeps_contacts:
        link = contacts.ContactLink(
            route_id=work.route.id,
            source_ref=ref,
            code=contact.code,
            name=contact.display_name,
            target_ref=account.target_ref,
            fingerprint=contact_fingerprint(contact),
        )
        work.runtime.database.change(lambda session: contacts.keep_contact(session, work.tenant.id, link, work.now()))
    return account, warnings


def relation_of(work: RouteWork, contact: Contact) -> ExternalRef | None:
    """What a contact that the source keeps is in the books; None when it was not carried over yet."""
    ref = contact.source_ref
    if ref is None or not work.keeps_contacts:
        return None
    with work.runtime.database.read() as session:
        known = contacts.contact_links(session, work.tenant.id, work.route.id, [ref]).get(ref)
    return known.target_ref if known else None


def _create(
    work: RouteWork, contact: Contact, key: str, settings: tuple[bool, bool], wanted_for: str
) -> tuple[ContactAccount, tuple[Finding, ...]]:
    """Creates the contact under a claim, so that two processes never create the same one."""
    problems = work.target.check_contact(contact)
    if blocking(problems):
        raise _invalid(wanted_for or contact.code, *blocking(problems))
    claim = work.runtime.database.change(
        lambda session: debtors.claim_debtor(
            session, work.target_account, key, now=work.now(), lease_seconds=work.lease_seconds
        )
    )
    if isinstance(claim, debtors.Busy):
        raise RetryLater("another run is creating this debtor", not_before=claim.until, document=wanted_for)
    if isinstance(claim, debtors.Known):
        known = work.target.read_contact(claim.ref.id)
        if known is not None:
            return known, ()
        # It was removed from the books since: whoever comes next may create it.
        _forget(work, key, claim)
        raise RetryLater("the debtor is no longer in the books", not_before=work.now(), document=wanted_for)
    if claim.abandoned:
        # Whoever had the claim before may have created it just after we looked.
        again = work.target.find_contacts(contact)
        if again:
            _forget(work, key, claim)
            return again[0], ()
    prices_include_tax, reverse_charged = settings
    try:
        with work.writing_under(claim.until):
            created = work.target.create_contact(
                contact, prices_include_tax=prices_include_tax, reverse_charged=reverse_charged
            )
    except (NeedsAttention, RetryLater, ConnectionBroken):
        _forget(work, key, claim)
        raise
    # After any other error it may have been created: the claim stays until its lease ends. Then it counts as abandoned
    # and the books are asked.
    work.runtime.database.change(
        lambda session: debtors.remember_debtor(session, work.target_account, key, created.target_ref)
    )
    return created, problems


def _forget(work: RouteWork, key: str, seen: debtors.Known | debtors.Claimed) -> None:
    with work.runtime.database.write() as session:
        debtors.forget_debtor(session, work.target_account, key, seen)


def _invalid(wanted_for: str, *findings: Finding) -> DocumentInvalid:
    return DocumentInvalid("the contact cannot be used in the books", findings=findings, document=wanted_for)
