"""What the systems themselves list, kept for a few minutes so that turning pages costs no calls."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from threading import Lock

from boekbrug.domain.bookings import LedgerAccount, VatCode
from boekbrug.store import tenants
from dashboard.model_forms import Option
from tasks.configuring import Listed, listed
from tasks.runtime import Runtime

_KEPT = timedelta(minutes=5)
_KEPT_PROBLEM = timedelta(seconds=30)
_MOST = 500  # connections


def vat_code_options(codes: Iterable[VatCode]) -> list[Option]:
    """VAT codes to choose from. Some packages call a code by nothing but its rate."""
    return [
        (one.code, one.name if one.name.startswith(one.code) else f"{one.code} {one.name}".strip()) for one in codes
    ]


def account_options(accounts: Iterable[LedgerAccount]) -> list[Option]:
    """Accounts to choose from, by name and number."""
    return [(one.code, f"{one.name} ({one.number or one.code})") for one in accounts]


class Offers:
    """Per connection what its system lists; asked for again after five minutes, or after half a minute when it could
    not be reached."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int, str], tuple[datetime, Listed]] = {}
        self._lock = Lock()

    def of(self, run: Runtime, row: tenants.Connection) -> Listed:
        """What the connection's system lists."""
        key = _key(row)
        now = run.clock.now()
        with self._lock:
            at, found = self._known.get(key, (None, None))
        if at is not None and found is not None and now - at < (_KEPT_PROBLEM if found.problem else _KEPT):
            return found
        if row.is_broken:
            return Listed(problem=row.reason)
        found = listed(run, row)
        with self._lock:
            while len(self._known) >= _MOST:
                self._known.pop(next(iter(self._known)))
            self._known[key] = (now, found)
        return found

    def lately(self, row: tenants.Connection) -> Listed:
        """What it listed when it was last asked, for pages that ask nothing; empty when that was too long ago."""
        with self._lock:
            at, found = self._known.get(_key(row), (None, None))
        return found if at is not None and found is not None and not found.problem else Listed()

    def forget(self, row: tenants.Connection) -> None:
        """The connection has changed."""
        with self._lock:
            for key in [key for key in self._known if key[:2] == (row.tenant_id, row.id)]:
                del self._known[key]


def account_names(listed: Listed) -> dict[str, str]:
    """What the books call their accounts, by code."""
    books = listed.reference_data
    return {account.code: account.name for account in books.ledger_accounts} if books else {}


def choice_names(listed: Listed) -> dict[str, dict[str, str]]:
    """What the source calls what rules can ask for, by field and id."""
    known = listed.choices
    if known is None:
        return {}
    fields = {
        "product_group": known.product_groups,
        "cost_category": known.cost_categories,
        "tax_code": known.tax_codes,
        "contact_group": (*known.customer_groups, *known.supplier_groups),
    }
    return {name: {choice.id: choice.name for choice in several} for name, several in fields.items()}


def _key(row: tenants.Connection) -> tuple[int, int, str]:
    return row.tenant_id, row.id, json.dumps(dict(row.settings), sort_keys=True)
