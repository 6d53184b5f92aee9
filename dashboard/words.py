"""What statuses, roles and the like are called on the pages. `N_` marks a message for the catalogues."""

from __future__ import annotations

from boekbrug.domain.documents import DocumentKind
from boekbrug.domain.migrations import MigrationState
from boekbrug.domain.notices import NoticeKind
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
NOTICE = {
    NoticeKind.BROKEN: N_("A connection does not work"),
    NoticeKind.ERRORS: N_("Documents that need attention"),
    NoticeKind.MISMATCH: N_("Booked documents that differ"),
    NoticeKind.MIGRATION: N_("A migration has finished"),
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
BAND = {
    "high": N_("the high rate"),
    "low": N_("the low rate"),
    "other": N_("zero rate at home, exempt, reverse-charged at home"),
    "eu": N_("to or from a business elsewhere in the EU"),
    "outside_eu": N_("outside the EU"),
}
WORDED = frozenset({"tax_category", "band", "side", "line_kind"})
"""What a rule asks for in words that have a name among the options."""
COUNTED = {
    "posted": N_("booked"),
    "verified": N_("verified"),
    "mismatch": N_("different"),
    "needs_attention": N_("need attention"),
    "waiting": N_("waiting"),
}
RULE_KIND = {
    "vat": N_("VAT of sales"),
    "cost": N_("VAT and costs of purchases"),
    "account": N_("Another account for some lines"),
    "payment": N_("Payment methods"),
    "mixed": N_("Invoices whose lines have several accounts"),
}
GIVES = {
    "vat_code": N_("VAT code in the books"),
    "ledger_account": N_("Ledger account or category in the books"),
    "debtor": N_("Debtor number that takes these documents"),
    "payment_name": N_("Name of the payment on the invoice"),
    "paid": N_("Paid when it goes over"),
}
POLICY = {
    "statuses": N_("Statuses that go over"),
    "skip_statuses": N_("Statuses that never go over"),
    "home_country": N_("Country of the business"),
    "books_currency": N_("Currency of the books"),
    "delivery": N_("What the package does with a finished invoice"),
    "tolerance": N_("Accepted difference per total"),
    "rounding_limit": N_("Largest rounding line"),
    "tax_per_rate_tolerance": N_("Accepted difference of the VAT per rate"),
    "credit_orders": N_("Credit orders become credit notes"),
    "shipping_without_vat": N_("Shipping costs without VAT"),
    "vies": N_("Check VAT numbers in VIES"),
    "oss": N_("One-stop shop"),
    "small_business": N_("Small-business scheme (KOR)"),
    "start_on": N_("First day"),
    "first_number": N_("First number"),
    "reserve": N_("Documents kept free for the daily run"),
    "vat_period": N_("VAT period"),
    "reference_label": N_("Word before the order number"),
    "moves": N_("What goes over"),
    "number_prefix": N_("Prefix of invoice numbers"),
    "receivable_account": N_("Debtors' account"),
    "payable_account": N_("Creditors' account"),
    "foreign_currency": N_("Invoices in another currency"),
    "carry_contact_changes": N_("Carry changes of contacts over"),
    "payment_days": N_("Payment term in days"),
}
OPTION = {
    "S": N_("S: taxed"),
    "Z": N_("Z: zero rate"),
    "E": N_("E: exempt"),
    "AE": N_("AE: reverse charge at home"),
    "K": N_("K: to a business in the EU"),
    "G": N_("G: export"),
    "O": N_("O: outside VAT"),
    "high": N_("high rate"),
    "low": N_("low rate"),
    "other": N_("other"),
    "eu": N_("EU, with VAT number"),
    "outside_eu": N_("outside the EU"),
    "sales": N_("sales"),
    "purchases": N_("purchases"),
    "article": N_("article"),
    "shipping": N_("shipping"),
    "payment_costs": N_("payment costs"),
    "discount": N_("discount"),
    "rounding": N_("rounding"),
    "none": N_("nothing"),
    "email": N_("send by e-mail"),
    "print": N_("print and post"),
    "refuse": N_("wait for a person"),
    "accept": N_("accept"),
    "convert": N_("convert"),
    "accounting": N_("by the bookkeeping package"),
    "wire": N_("bank transfer"),
    "cash": N_("cash"),
    "card": N_("card"),
    "auth": N_("direct debit"),
    "various": N_("several"),
    "month": N_("month"),
    "quarter": N_("quarter"),
    "year": N_("year"),
    "orders": N_("orders"),
    "debtors": N_("debtors"),
    "invoices": N_("invoices"),
    "creditors": N_("creditors"),
    "payments": N_("payments"),
    "true": N_("yes"),
    "false": N_("no"),
}
CHECK = (
    N_("login"),
    N_("administration"),
    N_("accounts"),
    N_("relations"),
    N_("open items"),
    N_("VAT rates"),
    N_("categories"),
    N_("countries"),
    N_("order statuses"),
    N_("shop"),
    N_("settings"),
    N_("tax codes"),
    N_("invoices"),
    N_("limits"),
    N_("orders"),
)
VERDICT = {
    "book": N_("is booked"),
    "refuse": N_("waits for a person"),
    "wait": N_("not due yet"),
    "skip": N_("left out"),
}
ROUTE_HELP = {
    "start_on": N_("What is of before this day does not go over by itself; a migration can bring it over later."),
}
ROUTE = {
    "source": N_("From"),
    "target": N_("To the books"),
    "slug": N_("Short name"),
    "start_on": N_("First day"),
    "daily_at": N_("Every day at"),
    "schedule": N_("Otherwise (cron: minute, hour, day, month, weekday)"),
}
