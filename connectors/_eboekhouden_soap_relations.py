"""Relations of e-Boekhouden.nl over SOAP: found, created, changed. Everything refers to one by its code."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

from boekbrug.domain.documents import Contact, ContactAccount
from boekbrug.domain.errors import BoekbrugError, DocumentInvalid, OutcomeUnknown, RemoteUnavailable
from boekbrug.domain.findings import blocking, finding
from connectors._eboekhouden import TITLE, by_match, codes_for, contact_findings, is_same, understood
from connectors._eboekhouden_soap_calls import NAME, Calls
from connectors._eboekhouden_soap_wire import changed_relation_to_wire, new_relation_to_wire, relation_from_wire
from connectors._soap import Argument
from connectors._wire import Fields

_FEW = 20  # relations that are asked for one by one


class Relations:
    """The relations of one administration, those that were read before kept. Thread-safe."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._lock = threading.RLock()
        self._known: dict[str, ContactAccount] = {}
        self._all_known = False

    def find(self, contact: Contact) -> Sequence[ContactAccount]:
        """Relations that are this contact, by the searches there are: for code, e-mail address and name. Numbers for
        VAT and of the register of companies can only be found by reading all relations, once."""
        searches: list[dict[str, Argument]] = [{"Code": code} for code in codes_for(contact)]
        searches += [{"Trefwoord": text} for text in (contact.email.strip(), contact.display_name.strip()) if text]
        found = {account.contact.code: account for search in searches for account in self._search(search)}
        matches = by_match(found.values(), contact)
        if not matches and (contact.vat_number or contact.company_number):
            matches = by_match(self.all().values(), contact)
        return matches

    def read(self, number: str) -> ContactAccount | None:
        """The relation with that code."""
        if not number:
            return None
        with self._lock:
            known = self._known.get(number)
        return known or next(
            (account for account in self._search({"Code": number}) if account.contact.code == number), None
        )

    def create(self, contact: Contact) -> ContactAccount:
        """Creates a relation under a code that is not taken, the same one every time, and reads it back."""
        if obstacles := blocking(contact_findings(contact)):
            raise DocumentInvalid(
                f"{contact.display_name or 'the contact'} cannot be created in {TITLE}", findings=obstacles, system=NAME
            )
        code = ""
        for code in codes_for(contact):
            taken = next((row for row in self._search({"Code": code}) if row.contact.code == code), None)
            if taken is None:
                break
            if is_same(taken, contact):
                return taken
        today = self._calls.today()
        sent = new_relation_to_wire(code, contact, today)
        reply = self._calls.make("AddRelatie", {"oRel": sent}, document="")
        try:
            made = [row for row in self._search({"Code": code}) if row.contact.code == code and is_same(row, contact)]
        except BoekbrugError as error:
            raise _unconfirmed() from error
        if made:
            return made[0]
        if reply.code:
            raise reply.refusal()
        raise _unconfirmed()

    def update(self, code: str, contact: Contact) -> ContactAccount:
        """Reads the relation, changes what the contact says, and writes all of it back, for what is not given is
        emptied. Safe to repeat."""
        with understood(NAME, f"relation {code}"):
            present = self._relation(code)
            if present is None:
                raise DocumentInvalid(
                    f"{TITLE} no longer has relation {code}",
                    findings=(finding("DEBTOR_NOT_IN_BOOKS", debtor=code),),
                    system=NAME,
                )
            changed = changed_relation_to_wire(present, contact)
        try:
            reply = self._calls.make("UpdateRelatie", {"oRel": changed}, document="")
        except OutcomeUnknown as error:
            raise RemoteUnavailable(f"{error}; changing it again is safe", system=NAME) from error
        if reply.code:
            raise reply.refusal()
        with understood(NAME, f"relation {code}"):
            written = self._relation(code)
            if written is None:
                raise RemoteUnavailable(f"{TITLE} does not show relation {code} just changed", system=NAME)
            return self._remember([written])[0]

    def _relation(self, code: str) -> Fields | None:
        reply = self._calls.make("GetRelaties", {"cFilter": {"ID": 0, "Code": code}})
        return next((row for row in reply.rows("Relaties", "cRelatie") if row.text("Code") == code), None)

    def _search(self, search: Mapping[str, Argument]) -> list[ContactAccount]:
        reply = self._calls.make("GetRelaties", {"cFilter": {"ID": 0, **search}})
        with understood(NAME, "relations"):
            return self._remember(reply.rows("Relaties", "cRelatie"))

    def _remember(self, found: Sequence[Fields]) -> list[ContactAccount]:
        accounts = [relation_from_wire(row).account for row in found if row.text("Code")]
        with self._lock:
            self._known |= {account.contact.code: account for account in accounts}
        return accounts

    def all(self) -> Mapping[str, ContactAccount]:
        """Every relation, read once while the connection is open."""
        with self._lock:
            if not self._all_known:
                self._search({})
                self._all_known = True
            return dict(self._known)

    def contact(self, code: str) -> Contact:
        """What the relation with that code says; just the code when there is none."""
        account = self.read(code)
        return account.contact if account else Contact(code=code)

    def prepare(self, codes: set[str]) -> None:
        """These codes will be asked for: many are read by one list."""
        with self._lock:
            unknown = codes - self._known.keys()
        if len(unknown) > _FEW:
            self.all()


def _unconfirmed() -> OutcomeUnknown:
    return OutcomeUnknown(f"{TITLE} did not confirm the relation: it may or may not have been made", system=NAME)
