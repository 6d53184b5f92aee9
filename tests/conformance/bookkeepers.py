"""People who work in the books besides us, by the simulated system's own interface."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, Protocol
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from boekbrug.domain.documents import Side


class Bookkeeper(Protocol):
    """Somebody in the first tenant's books. Contacts are meant by their code; amounts include VAT."""

    def book(self, side: Side, number: str, contact: str, amount: Decimal, on: date) -> None: ...

    def pay(self, side: Side, number: str, contact: str, amount: Decimal, on: date) -> None: ...

    def note(self, contact: str) -> None:
        """Writes down about the contact what no source knows."""

    def notes(self, contact: str) -> dict[str, Any]:
        """What stands there now."""
        ...


class EboekhoudenBookkeeper:
    """By the REST interface, whatever interface the connector speaks."""

    NOTES: ClassVar = {"note": "Belt altijd\nop maandag", "mobilePhoneNumber": "06-99", "freeText3": "klant sinds 1999"}

    def __init__(self, root: str) -> None:
        self._root = root
        self._token = ""
        self._token = self._call("POST", "session", {"accessToken": "demo1-token", "source": "Anders"})["token"]
        self._ledger = {row["code"]: row["id"] for row in self._call("GET", "ledger?limit=2000")["items"]}

    def _call(self, method: str, path: str, body: object = None) -> Any:
        content = None if body is None else json.dumps(body, default=str).encode()
        headers = {"Content-Type": "application/json"}
        for form in ("{}", "Bearer {}"):
            if self._token:
                headers["Authorization"] = form.format(self._token)
            try:
                with urlopen(Request(f"{self._root}/v1/{path}", content, headers, method=method)) as answer:
                    text = answer.read()
                    return json.loads(text) if text else None
            except OSError as error:
                if getattr(error, "code", 0) != 401:
                    raise
        raise AssertionError("the bookkeeper is not let in")

    def _relation(self, code: str) -> int:
        [found] = self._call("GET", "relation?" + urlencode({"code": code}))["items"]
        return found["id"]

    def book(self, side: Side, number: str, contact: str, amount: Decimal, on: date) -> None:
        sales = side is Side.SALES
        row = {"ledgerId": self._ledger["8000" if sales else "4300"], "vatCode": "GEEN", "amount": float(amount)}
        self._call("POST", "mutation", {
            "type": "2" if sales else "1", "date": on, "ledgerId": self._ledger["1300" if sales else "1600"],
            "invoiceNumber": number, "relationId": self._relation(contact), "termOfPayment": 14, "inExVat": "EX",
            "description": "met de hand", "rows": [row],
        })  # fmt: skip

    def pay(self, side: Side, number: str, contact: str, amount: Decimal, on: date) -> None:
        sales = side is Side.SALES
        row = {
            "ledgerId": self._ledger["1300" if sales else "1600"], "vatCode": "GEEN", "amount": float(amount),
            "invoiceNumber": number, "relationId": self._relation(contact),
        }  # fmt: skip
        self._call("POST", "mutation", {
            "type": "3" if sales else "4", "date": on, "ledgerId": self._ledger["1010"], "inExVat": "EX",
            "description": "bank", "rows": [row],
        })  # fmt: skip

    def note(self, contact: str) -> None:
        relation = self._relation(contact)
        name = self._call("GET", f"relation/{relation}")["name"]
        self._call("PATCH", f"relation/{relation}", {"name": name, **self.NOTES})

    def notes(self, contact: str) -> dict[str, Any]:
        found = self._call("GET", f"relation/{self._relation(contact)}")
        return {name: found.get(name) for name in self.NOTES}
