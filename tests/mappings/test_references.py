"""References are short, stable and tell shops apart; one customer is one key."""

import re

from hypothesis import given
from hypothesis import strategies as st

from boekbrug.domain.documents import Address, Contact, ExternalRef
from mappings.references import customer_key, our_reference

REF = ExternalRef("mijnwebwinkel", "order", "1042")


@given(st.text(), st.text(), st.text())
def test_any_document_gets_a_short_reference(kind, id_, scope):
    reference = our_reference(ExternalRef("s", kind, id_), scope)
    assert re.fullmatch(r"BB-[0-9A-HJKMNP-TV-Z]{13}", reference)
    assert reference == our_reference(ExternalRef("s", kind, id_), scope)


def test_a_reference_never_changes_between_versions():
    assert our_reference(REF, "shop-1") == "BB-YCXZXH1BSXQQ2"


def test_shops_and_documents_are_told_apart():
    refs = {
        our_reference(ExternalRef(system, kind, str(number)), scope)
        for system in ("a", "b")
        for kind in ("order", "credit")
        for number in range(500)
        for scope in ("one", "two")
    }
    assert len(refs) == 4000
    assert our_reference(ExternalRef("a", "bc", "1"), "s") != our_reference(ExternalRef("ab", "c", "1"), "s")


def test_customers():
    home = Address(name="Jo de Vries", postcode="1234 AB", street="Dorpsstraat 1")
    same = Address(name="JO DE VRIES", postcode="1234ab", street="Dorpsstraat  1.")
    assert customer_key(Contact(email=" Jo@Example.ORG ", address=home)) == "jo@example.org"
    assert customer_key(Contact(address=home)) == customer_key(Contact(address=same))
    assert customer_key(Contact(address=home)) != customer_key(Contact(address=Address(name="Jo de Vries")))
