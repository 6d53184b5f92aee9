"""Relations of e-Boekhouden.nl over SOAP."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from boekbrug.domain.documents import Contact, ContactAccount
from boekbrug.domain.errors import NeedsAttention
from connectors._eboekhouden import codes_for, understood
from connectors._eboekhouden_relations import Relations
from connectors._eboekhouden_soap_calls import NAME, Calls
from connectors._eboekhouden_soap_wire import changed_relation_to_wire, new_relation_to_wire, relation_from_wire
from connectors._wire import Fields

if TYPE_CHECKING:
    from connectors._soap import Argument


class SoapRelations(Relations):
    """Lists give whole relations; how many at most is not documented, so a list proves nothing by what it lacks."""

    def __init__(self, calls: Calls) -> None:
        super().__init__(NAME)
        self._calls = calls

    def _rows(self, **search: Argument) -> list[Fields]:
        return self._calls.make("GetRelaties", {"cFilter": {"ID": 0, **search}}).rows("Relaties", "cRelatie")

    def _search(self, **search: Argument) -> list[ContactAccount]:
        with understood(NAME, "relations"):
            return self._remember(relation_from_wire(row) for row in self._rows(**search) if row.text("Code"))

    def _with_code(self, code: str) -> ContactAccount | None:
        return next((account for account in self._search(Code=code) if account.contact.code == code), None)

    def _alike(self, contact: Contact) -> Collection[ContactAccount]:
        words = [text for text in (contact.email.strip(), contact.display_name.strip()) if text]
        found = [account for code in codes_for(contact) for account in self._search(Code=code)]
        found += [account for word in dict.fromkeys(words) for account in self._search(Trefwoord=word)]
        return {account.contact.code: account for account in found}.values()

    def _everyone(self) -> Collection[ContactAccount]:
        return self._search()

    def _add(self, code: str, contact: Contact) -> NeedsAttention | None:
        sent = new_relation_to_wire(code, contact, self._calls.today())
        reply = self._calls.make("AddRelatie", {"oRel": sent}, document="")
        return reply.refusal() if reply.code else None

    def _change(self, code: str, contact: Contact) -> None:
        with understood(NAME, f"relation {code}"):
            present = next((row for row in self._rows(Code=code) if row.text("Code") == code), None)
            if present is None:
                raise self._gone(code)
            changed = changed_relation_to_wire(present, contact)
        reply = self._calls.make("UpdateRelatie", {"oRel": changed}, document="")
        if reply.code:
            raise reply.refusal()
