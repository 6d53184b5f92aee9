"""The form for a route's policy: the settings that matter between its two ends, with what the source lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from starlette.datastructures import FormData

from boekbrug.domain.tenants import RoutePolicy
from boekbrug.store import tenants
from connectors import Capability
from connectors.registry import CONNECTORS
from dashboard import words
from dashboard.model_forms import FormField, fields_of, sent_values
from tasks.configuring import Listed

# Settings that only one kind of source or of books knows; all others matter everywhere.
_ONLY_FOR = {
    "credit_orders": Capability.ORDER_SOURCE,
    "delivery": Capability.BOOKING_TARGET,
    "reference_label": Capability.BOOKING_TARGET,
    "number_prefix": Capability.LEDGER_TARGET,
    "receivable_account": Capability.LEDGER_TARGET,
    "payable_account": Capability.LEDGER_TARGET,
    "foreign_currency": Capability.LEDGER_TARGET,
    "payment_days": Capability.LEDGER_TARGET,
    "carry_contact_changes": Capability.INVOICE_SOURCE,
}
_MOVES = {
    "orders": {Capability.ORDER_SOURCE},
    "debtors": {Capability.INVOICE_SOURCE},
    "invoices": {Capability.INVOICE_SOURCE},
    "creditors": {Capability.INVOICE_SOURCE, Capability.LEDGER_TARGET},
    "purchases": {Capability.INVOICE_SOURCE, Capability.LEDGER_TARGET},
    "payments": {Capability.PAYMENT_TARGET, Capability.LEDGER_TARGET},
}


def policy_fields(
    route: tenants.Route, values: Mapping[str, object], listed: Listed, problems: Mapping[str, str] | None = None
) -> list[FormField]:
    """The fields that matter on the route. Statuses are offered as the source lists them; of what can move, what its
    two ends can do, and what is chosen already."""
    statuses = [(status.name, status.name) for status in listed.statuses]
    can = _capabilities(route)
    made = []
    for one in fields_of(RoutePolicy, values, words.POLICY, problems):
        if one.name not in _asked(can):
            continue
        if one.name in ("statuses", "skip_statuses"):
            made.append(one.offering(statuses))
        elif one.name == "moves":
            options = tuple(option for option in one.options if _MOVES[option[0]] <= can or option[0] in one.values)
            made.append(replace(one, options=options))
        else:
            made.append(one)
    return made


def sent_policy(route: tenants.Route, form: FormData) -> dict[str, object]:
    """What was filled in; what the form does not ask for stays as it is."""
    asked, sent = _asked(_capabilities(route)), sent_values(RoutePolicy, form)
    kept = route.policy.model_dump(exclude_unset=True)
    return {name: value for name, value in kept.items() if name not in asked} | {
        name: value for name, value in sent.items() if name in asked
    }


def _asked(can: frozenset[Capability]) -> set[str]:
    return {name for name in RoutePolicy.model_fields if name not in _ONLY_FOR or _ONLY_FOR[name] in can}


def _capabilities(route: tenants.Route) -> frozenset[Capability]:
    """What the two ends can do together; of a system that is no longer known: nothing."""
    ends = [CONNECTORS[one.system].capabilities for one in (route.source, route.target) if one.system in CONNECTORS]
    return frozenset().union(*ends)
