"""How relations of e-Boekhouden.nl are found, created and changed, on either interface: everything refers to one by its
code."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping

from boekbrug.domain.documents import Contact, ContactAccount
from boekbrug.domain.errors import BoekbrugError, DocumentInvalid, NeedsAttention, OutcomeUnknown, RemoteUnavailable
from boekbrug.domain.findings import blocking, finding
from connectors._eboekhouden import LENGTHS, TITLE, Relation, by_match, codes_for, contact_findings, is_same

_FEW = 20  # relations that are asked for one by one


class Relations(ABC):
    """The relations of one administration; those that were read are kept. Thread-safe."""

    def __init__(self, system: str, lengths: Mapping[str, int] = LENGTHS) -> None:
        self._system = system
        self._lengths = lengths
        self._lock = threading.RLock()
        self._known: dict[str, ContactAccount] = {}
        self._all_known = False

    # -- what an interface can do

    @abstractmethod
    def _with_code(self, code: str) -> ContactAccount | None:
        """Asks for the relation with exactly that code."""

    @abstractmethod
    def _alike(self, contact: Contact) -> Collection[ContactAccount]:
        """Asks by the searches there are; may hold others too."""

    @abstractmethod
    def _everyone(self) -> Collection[ContactAccount]:
        """Asks for all relations."""

    @abstractmethod
    def _add(self, code: str, contact: Contact) -> NeedsAttention | None:
        """Writes a new relation; the refusal if it was refused. Raises OutcomeUnknown, RetryLater."""

    @abstractmethod
    def _change(self, code: str, contact: Contact) -> None:
        """Writes what the contact says over the relation, and keeps the rest. Raises NeedsAttention, OutcomeUnknown."""

    # -- what follows from it

    def find(self, contact: Contact) -> list[ContactAccount]:
        """Relations that are this contact, in the order of `by_match`. Neither interface searches by VAT number or
        number in the register of companies: for those all relations are read, once."""
        matches = by_match(self._alike(contact), contact)
        if not matches and (contact.vat_number or contact.company_number):
            matches = by_match(self.all().values(), contact)
        return matches

    def read(self, code: str) -> ContactAccount | None:
        """The relation with that code."""
        with self._lock:
            known = self._known.get(code)
        return known or (self._with_code(code) if code else None)

    def contact(self, code: str) -> Contact:
        """What the relation with that code says; just the code when there is none."""
        account = self.read(code)
        return account.contact if account else Contact(code=code)

    def create(self, contact: Contact) -> ContactAccount:
        """Creates a relation under a code that is not taken, the same one every time, and reads it back."""
        if obstacles := blocking(contact_findings(contact, self._lengths)):
            raise DocumentInvalid(
                f"{contact.display_name or 'the contact'} cannot be created in {TITLE}",
                findings=obstacles,
                system=self._system,
            )
        code = ""
        for code in codes_for(contact):
            taken = self._with_code(code)
            if taken is None:
                break
            if is_same(taken, contact):
                return taken
        refusal = self._add(code, contact)
        try:
            made = self._with_code(code)
        except BoekbrugError as error:
            raise self._unconfirmed() from error
        if made is not None and is_same(made, contact):
            return made
        raise refusal or self._unconfirmed()

    def update(self, code: str, contact: Contact) -> ContactAccount:
        """Writes what the contact says over the relation and reads it back. Safe to repeat."""
        try:
            self._change(code, contact)
        except OutcomeUnknown as error:
            raise RemoteUnavailable(f"{error}; changing it again is safe", system=self._system) from error
        written = self._with_code(code)
        if written is None:
            raise RemoteUnavailable(f"{TITLE} does not show relation {code} just changed", system=self._system)
        return written

    def all(self) -> Mapping[str, ContactAccount]:
        """Every relation by its code, read once while the connection is open."""
        with self._lock:
            if not self._all_known:
                self._everyone()
                self._all_known = True
            return dict(self._known)

    def prepare(self, codes: set[str]) -> None:
        """These codes will be asked for: many are read by one list."""
        with self._lock:
            unknown = codes - self._known.keys()
        if len(unknown) > _FEW:
            self.all()

    def _remember(self, relations: Iterable[Relation]) -> list[ContactAccount]:
        accounts = [relation.account for relation in relations]
        with self._lock:
            self._known |= {account.contact.code: account for account in accounts}
        return accounts

    def _gone(self, code: str) -> DocumentInvalid:
        return DocumentInvalid(
            f"{TITLE} no longer has relation {code}",
            findings=(finding("DEBTOR_NOT_IN_BOOKS", debtor=code),),
            system=self._system,
        )

    def _unconfirmed(self) -> OutcomeUnknown:
        return OutcomeUnknown(
            f"{TITLE} did not confirm the relation: it may or may not have been made", system=self._system
        )
