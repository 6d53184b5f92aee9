"""Names by which documents and customers are found again."""

from __future__ import annotations

import hashlib
import re

from boekbrug.domain.documents import REFERENCE_PREFIX, Contact, ExternalRef

# Crockford's base 32: no letters that are read as digits or as each other.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH = 13  # of five bits each: among ten million documents two alike are less likely than one in 700,000


def our_reference(source_ref: ExternalRef, scope: str) -> str:
    """The reference a document carries in the books: `BB-` and 13 letters and digits, 16 characters in all.

    It follows from the document alone, so it is the same in every run. `scope` names the shop's own account, so that
    two shops with the same order numbers can share the books.
    """
    text = "\x1f".join((scope, source_ref.system, source_ref.kind, source_ref.id))
    number = int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")
    return REFERENCE_PREFIX + "".join(_ALPHABET[number >> 5 * place & 31] for place in range(_LENGTH))


def customer_key(contact: Contact) -> str:
    """What two documents of one customer have in common: the e-mail address, else name, company and address.

    Debtors are made one at a time per key, so that two orders of a new customer do not make two debtors.
    """
    if contact.email.strip():
        return contact.email.strip().casefold()
    address = contact.address
    parts = (address.name, address.company, address.postcode, address.street)
    return "|".join(re.sub(r"\W", "", part.casefold()) for part in parts)
