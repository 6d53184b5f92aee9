"""What statuses, roles and the like are called on the pages. `N_` marks a message for the catalogues."""

from __future__ import annotations

from boekbrug.domain.documents import DocumentKind
from boekbrug.domain.migrations import MigrationState
from boekbrug.domain.records import AttemptOutcome, Lane, SyncStatus
from boekbrug.domain.users import Role
from boekbrug.store.runs import RunOutcome


def N_(message: str) -> str:
    """The message itself."""
    return message


STATUS = {
    SyncStatus.HELD: N_("Not due yet"),
    SyncStatus.PENDING: N_("Waiting"),
    SyncStatus.IN_FLIGHT: N_("Being booked"),
    SyncStatus.POSTED: N_("Booked"),
    SyncStatus.VERIFIED: N_("Booked and verified"),
    SyncStatus.MISMATCH: N_("Booked, but different"),
    SyncStatus.NEEDS_ATTENTION: N_("Needs attention"),
    SyncStatus.SKIPPED: N_("Left out"),
}
TONE = {
    SyncStatus.HELD: "quiet",
    SyncStatus.PENDING: "waiting",
    SyncStatus.IN_FLIGHT: "waiting",
    SyncStatus.POSTED: "good",
    SyncStatus.VERIFIED: "good",
    SyncStatus.MISMATCH: "bad",
    SyncStatus.NEEDS_ATTENTION: "bad",
    SyncStatus.SKIPPED: "quiet",
}
KIND = {
    DocumentKind.INVOICE: N_("Invoice"),
    DocumentKind.CREDIT_NOTE: N_("Credit note"),
    DocumentKind.PURCHASE_INVOICE: N_("Purchase invoice"),
    DocumentKind.PURCHASE_CREDIT_NOTE: N_("Purchase credit note"),
}
ROLE = {
    Role.SHOPKEEPER: N_("Shopkeeper"),
    Role.ACCOUNTANT: N_("Accountant"),
    Role.INTEGRATOR: N_("Integrator"),
}
RUN = {
    RunOutcome.COMPLETED: N_("Completed"),
    RunOutcome.WAITING: N_("Goes on later"),
    RunOutcome.FAILED: N_("Failed"),
}
MIGRATION = {
    MigrationState.DRAFT: N_("Being planned"),
    MigrationState.PLANNED: N_("Planned"),
    MigrationState.RUNNING: N_("Going over"),
    MigrationState.PAUSED: N_("Paused"),
    MigrationState.COMPLETED: N_("Completed"),
    MigrationState.CANCELLED: N_("Cancelled"),
}
MIGRATION_TONE = {
    MigrationState.DRAFT: "waiting",
    MigrationState.PLANNED: "quiet",
    MigrationState.RUNNING: "waiting",
    MigrationState.PAUSED: "bad",
    MigrationState.COMPLETED: "good",
    MigrationState.CANCELLED: "quiet",
}
ATTEMPT = {
    AttemptOutcome.WRITTEN: N_("Written"),
    AttemptOutcome.REFUSED: N_("Refused"),
    AttemptOutcome.UNKNOWN: N_("Outcome unknown"),
}
LANE = {Lane.RUSH: N_("Rush"), Lane.DAILY: N_("Daily"), Lane.MIGRATION: N_("Migration")}
MATCH = {
    "tax_category": N_("VAT category"),
    "rate": N_("rate"),
    "country": N_("country"),
    "oss": N_("one-stop shop"),
    "product_group": N_("product group"),
    "line_kind": N_("kind of line"),
    "payment_method": N_("payment method"),
    "business": N_("business"),
    "side": N_("side of the books"),
    "band": N_("VAT band"),
    "tax_code": N_("VAT code of the source"),
    "cost_category": N_("cost category"),
    "contact_group": N_("group of the customer or supplier"),
}
COUNTED = {
    "posted": N_("booked"),
    "verified": N_("verified"),
    "mismatch": N_("different"),
    "needs_attention": N_("need attention"),
    "waiting": N_("waiting"),
}
