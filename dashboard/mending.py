"""From what was found to where it is mended: the rule that is missing, with what is known of it filled in."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from sqlmodel import Session

from boekbrug.domain.findings import Finding
from boekbrug.domain.records import SyncRecord, SyncStatus
from boekbrug.store import records, tenants

# By what a missing rule is told from others, and the kind of rule that is missing.
_MISSING = {
    "VAT_RULE_MISSING": ("vat", ("tax",)),
    "COST_RULE_MISSING": ("cost", ("tax", "category")),
    "PAYMENT_RULE_MISSING": ("payment", ("method",)),
    "LEDGER_ACCOUNTS_MIXED": ("mixed", ()),
}
# Which choice of a rule is wrong.
_WRONG = {
    "VAT_CODE_NOT_IN_BOOKS": "vat_code",
    "VAT_CODE_OTHER_RATE": "vat_code",
    "VAT_CODE_OTHER_COUNTRY": "vat_code",
    "VAT_CODE_OTHER_SIDE": "vat_code",
    "VAT_CODE_OTHER_REASON": "vat_code",
    "VAT_CODE_NOT_VALID_THEN": "vat_code",
    "LEDGER_ACCOUNT_NOT_IN_BOOKS": "ledger_account",
    "LEDGER_ACCOUNT_WRONG_KIND": "ledger_account",
}
NO_PAYMENT_RULE = "PAYMENT_RULE_MISSING"
_TAX = re.compile(r"([A-Z]{1,2}) ([\d.]+)%(?: ([A-Z]{2}) \(OSS\))?")
_SEPARATOR = "|"
MOST = 5000
MOST_LOOKED_AT = 200
"""Of a cause, the latest documents, to tell what there is to mend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mend:
    """A way to mend something: what it is about, for how many documents, and where."""

    about: str
    count: int
    address: str


def value_of(finding: Finding) -> str:
    """What tells this finding from others with its code, as far as mending goes."""
    _, names = _MISSING.get(finding.code, ("", (_WRONG.get(finding.code, ""),)))
    return _SEPARATOR.join(finding.values.get(name, "") for name in names)


def prefilled(code: str, value: str) -> tuple[str, dict[str, str]]:
    """The kind of the missing rule, and what it has to ask for; ("", {}) for what no new rule mends."""
    kind, names = _MISSING.get(code, ("", ()))
    known = dict(zip(names, value.split(_SEPARATOR), strict=False))
    asked: dict[str, str] = {}
    if tax := _TAX.fullmatch(known.get("tax", "")):
        category, rate, country = tax.groups()
        asked = {"tax_category": category, **({"rate": rate} if category == "S" else {})}
        # Sales under the one-stop shop have codes of their own: a rule for the one must not take the other.
        asked |= {"country": country, "oss": "true"} if country else {"oss": "false"} if category == "S" else {}
    if known.get("method", "-") != "-":
        asked["payment_method"] = known["method"]
    if known.get("category", "-") != "-":
        asked["cost_category"] = known["category"]
    return kind, asked


def address_of(root: str, route: tenants.Route, finding: Finding) -> str:
    """Where it is mended; "" for what no rule mends."""
    query = urlencode({"code": finding.code, "value": value_of(finding)})
    rules = f"{root}/routes/{route.slug}/rules"
    if finding.code in _MISSING:
        return f"{rules}/new?{query}"
    for index, rule in enumerate(route.mapping):
        if finding.code == "ACCOUNT_NOT_CHOSEN" and str(rule) == finding.values.get("rule"):
            return f"{rules}/{index}?{query}"
        given = _WRONG.get(finding.code)
        if given and getattr(rule.gives, given) == finding.values.get(given):
            return f"{rules}/{index}?{query}"
    return ""


def mends(root: str, routes: Iterable[tenants.Route], found: Iterable[SyncRecord], code: str) -> list[Mend]:
    """How these documents, with that finding, are mended; the most frequent first."""
    by_id = {route.id: route for route in routes}
    counted: dict[tuple[str, str], int] = {}
    for record in found:
        for one in record.findings:
            if one.code == code and (address := address_of(root, by_id[record.route_id], one)):
                about = value_of(one).replace(_SEPARATOR, ", ")
                counted[about, address] = counted.get((about, address), 0) + 1
    ordered = sorted(counted.items(), key=lambda item: -item[1])
    return [Mend(about=about, count=count, address=address) for (about, address), count in ordered]


def waiting_for(session: Session, tenant_id: int, route_id: int, code: str, value: str) -> list[SyncRecord]:
    """The route's documents that wait for a person because of this."""
    return waiting_by_value(session, tenant_id, route_id, code).get(value, [])


def waiting_by_value(session: Session, tenant_id: int, route_id: int, code: str) -> dict[str, list[SyncRecord]]:
    """The same for everything that is found with that code, by what tells one from the other."""
    waiting: dict[str, list[SyncRecord]] = {}
    if code not in _MISSING and code not in _WRONG and code != "ACCOUNT_NOT_CHOSEN":
        return waiting
    found = records.listing(session, tenant_id, route_id=route_id, statuses=(SyncStatus.NEEDS_ATTENTION,), limit=MOST)
    for record in found:
        for value in {value_of(one) for one in record.findings if one.code == code}:
            waiting.setdefault(value, []).append(record)
    return waiting
