"""Relations of e-Boekhouden.nl over REST: lists name no more than id, type and code."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from boekbrug.domain.documents import Contact, ContactAccount
from boekbrug.domain.errors import NeedsAttention, RemoteUnavailable
from connectors._eboekhouden import TITLE, codes_for, understood
from connectors._eboekhouden_relations import Relations
from connectors._eboekhouden_rest_calls import NAME, Calls
from connectors._eboekhouden_rest_wire import REST_LENGTHS, relation_from_wire, relation_to_wire
from connectors._wire import Fields, JsonOut

_PATH = "v1/relation"


class RestRelations(Relations):
    """Every relation is read on its own, and at most `most` of those that a search gives."""

    def __init__(self, calls: Calls, *, most: int) -> None:
        super().__init__(NAME, REST_LENGTHS)
        self._calls = calls
        self._most = most
        self._codes: dict[int, str] = {}
        self._ids: dict[str, int] = {}

    def id_of(self, code: str) -> int | None:
        """The id behind a code; None when there is no such relation."""
        with self._lock:
            known = self._ids.get(code)
        if known is None and code:
            self._with_code(code)
            with self._lock:
                known = self._ids.get(code)
        return known

    def code_of(self, relation_id: int) -> str:
        """The code behind an id; "" when there is no such relation."""
        with self._lock:
            known = self._codes.get(relation_id)
        if known is None and (relation := self._detail(relation_id)):
            return relation.contact.code
        return known or ""

    def _listed(self, *searches: dict[str, str]) -> list[Fields]:
        """What the first of the searches gives that is taken; all relations when none is."""
        with understood(NAME, "relations"):
            results = (self._calls.sought(_PATH, search) for search in searches)
            listed = next((result for result in results if result is not None), None)
            listed = self._calls.items(_PATH, {}) if listed is None else listed
            found = [item for item in listed if item.text("code")]
            with self._lock:
                self._codes |= {item.whole("id"): item.text("code") for item in found}
                self._ids |= {item.text("code"): item.whole("id") for item in found}
            return found

    def _detail(self, relation_id: int) -> ContactAccount | None:
        with understood(NAME, f"relation {relation_id}"):
            answer = self._calls.look_up(f"{_PATH}/{relation_id}")
            if answer is None:
                return None
            relation = relation_from_wire(Fields(answer, "relation"))
            with self._lock:
                self._codes[relation_id] = relation.code
                self._ids[relation.code] = relation_id
            return self._remember([relation])[0]

    def _details(self, listed: Iterable[Fields]) -> list[ContactAccount]:
        """The relations behind the items of lists; those that were read before are not read again."""
        with self._lock:
            unknown = {item.whole("id") for item in listed if item.text("code") not in self._known}
            found = [self._known[item.text("code")] for item in listed if item.text("code") in self._known]
        if len(unknown) > self._most:
            raise RemoteUnavailable(
                f"{TITLE} would have to be asked for {len(unknown)} relations one by one, and {self._most} are allowed "
                "(setting relations_read)",
                system=NAME,
            )
        return found + [account for relation_id in sorted(unknown) if (account := self._detail(relation_id))]

    def _with_code(self, code: str) -> ContactAccount | None:
        for item in self._listed({"code": code}):
            if item.text("code") == code and (account := self._detail(item.whole("id"))):
                return account
        return None

    def _alike(self, contact: Contact) -> Collection[ContactAccount]:
        email, name = contact.email.strip(), contact.display_name.strip()
        listed = [
            item for code in codes_for(contact) for item in self._listed({"code": code}) if item.text("code") == code
        ]
        for text in dict.fromkeys((email, email.lower())):
            # Named so in descriptions of the list, and like the relation's own field.
            listed += self._listed({"email": text}, {"emailAddress": text}) if text else []
        listed += self._listed({"name": name}) if name else []
        return {account.contact.code: account for account in self._details(listed)}.values()

    def _everyone(self) -> Collection[ContactAccount]:
        return self._details(self._listed())

    def _add(self, code: str, contact: Contact) -> NeedsAttention | None:
        sent: dict[str, JsonOut] = {**relation_to_wire(contact), "code": code}
        answer = self._calls.submit("POST", _PATH, sent)
        return None if answer.status < 300 else self._calls.refused(answer)

    def _change(self, code: str, contact: Contact) -> None:
        relation_id = self.id_of(code)
        if relation_id is None:
            raise self._gone(code)
        changed = relation_to_wire(contact)
        if "name" not in changed:  # it is compulsory, also where it does not change
            changed["name"] = self.contact(code).display_name
        answer = self._calls.submit("PATCH", f"{_PATH}/{relation_id}", changed)
        if answer.status >= 300:
            raise self._calls.refused(answer)
