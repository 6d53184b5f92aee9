"""The debtor of a document: found in the books, or created once. A debtor that is there is never changed."""

from __future__ import annotations

from boekbrug.domain.documents import ContactAccount, Invoice
from boekbrug.domain.errors import ConnectionBroken, DocumentInvalid, NeedsAttention, RetryLater
from boekbrug.domain.findings import Finding, blocking, finding
from boekbrug.store import debtors
from mappings.bookings import debtor_number_for, debtor_settings_for
from tasks.route_work import RouteWork


def debtor_for(work: RouteWork, document: Invoice, customer_key: str) -> tuple[ContactAccount, tuple[Finding, ...]]:
    """The debtor that a route's rule names; else the one with the customer's e-mail address; else a new one.

    Raises NeedsAttention when the debtor cannot be created as it is, RetryLater while another process creates it,
    OutcomeUnknown when it may have been created.
    """
    number = debtor_number_for(document, work.route.mapping)
    if number is not None:
        named = work.target.read_contact(number)
        if named is None:
            raise _invalid(document, finding("DEBTOR_NOT_IN_BOOKS", debtor=number))
        return named, ()
    found = work.target.find_contacts(document.contact)
    if len(found) > 1:
        return found[0], (finding("DEBTOR_AMBIGUOUS", count=len(found), debtor=found[0].target_ref.id),)
    if found:
        return found[0], ()
    return _create(work, document, customer_key)


def _create(work: RouteWork, document: Invoice, customer_key: str) -> tuple[ContactAccount, tuple[Finding, ...]]:
    """Creates the debtor under a claim, so that two processes never create the same one."""
    problems = work.target.check_contact(document.contact)
    if blocking(problems):
        raise _invalid(document, *blocking(problems))
    claim = work.runtime.database.change(
        lambda session: debtors.claim_debtor(
            session, work.target_account, customer_key, now=work.now(), lease_seconds=work.lease_seconds
        )
    )
    if isinstance(claim, debtors.Busy):
        raise RetryLater("another run is creating this debtor", not_before=claim.until, document=document.number)
    if isinstance(claim, debtors.Known):
        known = work.target.read_contact(claim.ref.id)
        if known is not None:
            return known, ()
        # It was removed from the books since: whoever comes next may create it.
        _forget(work, customer_key, claim)
        raise RetryLater("the debtor is no longer in the books", not_before=work.now(), document=document.number)
    if claim.abandoned:
        # Whoever had the claim before may have created it just after we looked.
        again = work.target.find_contacts(document.contact)
        if again:
            _forget(work, customer_key, claim)
            return again[0], ()
    prices_include_tax, reverse_charged = debtor_settings_for(document)
    try:
        created = work.target.create_contact(
            document.contact, prices_include_tax=prices_include_tax, reverse_charged=reverse_charged
        )
    except (NeedsAttention, RetryLater, ConnectionBroken):
        _forget(work, customer_key, claim)
        raise
    # After any other error it may have been created: the claim stays until its lease ends. Then it counts as abandoned
    # and the books are asked.
    work.runtime.database.change(
        lambda session: debtors.remember_debtor(session, work.target_account, customer_key, created.target_ref)
    )
    return created, problems


def _forget(work: RouteWork, customer_key: str, seen: debtors.Known | debtors.Claimed) -> None:
    with work.runtime.database.write() as session:
        debtors.forget_debtor(session, work.target_account, customer_key, seen)


def _invalid(document: Invoice, *findings: Finding) -> DocumentInvalid:
    return DocumentInvalid(
        f"the contact of document {document.number} cannot be used", findings=findings, document=document.number
    )
