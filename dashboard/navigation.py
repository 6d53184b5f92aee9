"""The pages that a tenant's navigation leads to. A new page adds its line here."""

from __future__ import annotations

from dataclasses import dataclass

from boekbrug.domain.users import Right
from dashboard.words import N_


@dataclass(frozen=True, slots=True)
class Destination:
    """A page of the navigation: its path below the tenant's, its name, and the right that it asks for, if any."""

    path: str
    title: str
    right: Right | None = None


NAVIGATION = (
    Destination("", N_("Overview")),
    Destination("/documents", N_("Report")),
    Destination("/errors", N_("Errors")),
    Destination("/migrations", N_("Migration")),
    Destination("/routes", N_("Configuration"), Right.CONFIGURE),
    Destination("/connections", N_("Connections"), Right.CONNECT),
    Destination("/users", N_("Users"), Right.INVITE),
)
