"""Which contact of a source is which relation in the books."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import Session

from boekbrug.domain.documents import ExternalRef
from boekbrug.domain.findings import finding
from boekbrug.store import tenants
from boekbrug.store.contacts import (
    ContactLink,
    contact_errors,
    contact_links,
    count_contacts,
    forget_contacts,
    keep_contact,
)
from tests.store.samples import NOW, add_tenant


def ref(number: int, kind: str = "debtor") -> ExternalRef:
    return ExternalRef("wefact", kind, str(number))


def link(route: tenants.Route, number: int, **changes: object) -> ContactLink:
    values: dict[str, object] = {"source_ref": ref(number), "code": f"DB{number}", "name": f"Klant {number} é"}
    return ContactLink(route_id=route.id, **(values | changes))  # type: ignore[arg-type]


def test_a_contact_is_kept_once_and_replaced(writing: Session) -> None:
    route = add_tenant(writing)
    first = link(route, 1, findings=(finding("CUSTOMER_UNKNOWN"),))
    keep_contact(writing, route.tenant_id, first, NOW)
    assert contact_links(writing, route.tenant_id, route.id, [ref(1)]) == {ref(1): first}
    there = link(route, 1, target_ref=ExternalRef("eboekhouden", "relation", "7"), fingerprint="as it is")
    keep_contact(writing, route.tenant_id, there, NOW + timedelta(hours=1))
    assert contact_links(writing, route.tenant_id, route.id, [ref(1)]) == {ref(1): there}
    assert count_contacts(writing, route.tenant_id, route.id) == (1, 0)


def test_a_debtor_and_a_creditor_with_one_id_are_two(writing: Session) -> None:
    route = add_tenant(writing)
    both = [link(route, 1), link(route, 1, source_ref=ref(1, "creditor"), code="CD1")]
    for one in both:
        keep_contact(writing, route.tenant_id, one, NOW)
    assert contact_links(writing, route.tenant_id, route.id, [ref(1, "creditor")]) == {ref(1, "creditor"): both[1]}
    assert count_contacts(writing, route.tenant_id, route.id) == (0, 2)


def test_thousands_are_found_at_once(writing: Session) -> None:
    route = add_tenant(writing)
    for number in range(40):
        keep_contact(writing, route.tenant_id, link(route, number), NOW)
    found = contact_links(writing, route.tenant_id, route.id, [ref(number) for number in range(3000)])
    assert set(found) == {ref(number) for number in range(40)}


def test_errors_are_those_that_block_the_latest_first(writing: Session) -> None:
    route = add_tenant(writing)
    for number, code in enumerate(("CUSTOMER_UNKNOWN", "DEBTOR_AMBIGUOUS", "COUNTRY_NOT_IN_BOOKS")):
        keep_contact(writing, route.tenant_id, link(route, number, findings=(finding(code),)), NOW)
    assert [one.code for one in contact_errors(writing, route.tenant_id)] == ["DB2", "DB0"]
    assert [one.code for one in contact_errors(writing, route.tenant_id, limit=1)] == ["DB2"]


def test_another_tenants_contacts_stay(writing: Session) -> None:
    mine, other = add_tenant(writing, "mine"), add_tenant(writing, "other")
    for route in (mine, other):
        keep_contact(writing, route.tenant_id, link(route, 1), NOW)
    assert contact_links(writing, mine.tenant_id, other.id, [ref(1)]) == {}
    forget_contacts(writing, mine.tenant_id, mine.id)
    assert count_contacts(writing, mine.tenant_id, mine.id) == (0, 0)
    assert count_contacts(writing, other.tenant_id, other.id) == (0, 1)
