"""Who may do what in the dashboard."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a user is to a tenant."""

    SHOPKEEPER = "shopkeeper"
    ACCOUNTANT = "accountant"
    INTEGRATOR = "integrator"


class Right(StrEnum):
    """What a page or an action asks for. Who belongs to a tenant sees everything of it."""

    PROCESS = "process"  # have documents tried again, skip them, mark them as handled
    CONFIGURE = "configure"  # mapping rules, policies, schedules, migrations
    CONNECT = "connect"  # connections and their credentials
    INVITE = "invite"  # see who belongs to the tenant, invite others, change or withdraw what they are
    DISABLE = "disable"  # keep a user from signing in anywhere
    FOUND = "found"  # new administrations
    TRACE = "trace"  # from a run to the workflow server that ran it


RIGHTS: dict[Role, frozenset[Right]] = {
    Role.SHOPKEEPER: frozenset({Right.PROCESS, Right.CONFIGURE, Right.CONNECT, Right.INVITE}),
    # An accountant decides how things are booked, and leaves the shop's own logins alone.
    Role.ACCOUNTANT: frozenset({Right.PROCESS, Right.CONFIGURE, Right.INVITE}),
    Role.INTEGRATOR: frozenset(Right),
}


def may_give(own: Role, role: Role) -> bool:
    """Whether who has the one role may give the other, or take it away: nobody gives a right that is not theirs, so
    that nobody can raise themselves by way of another."""
    return RIGHTS[role] <= RIGHTS[own]
