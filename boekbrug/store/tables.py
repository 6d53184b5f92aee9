"""The tables. Rows stay inside the store: its functions take and give domain values.

Choices that hold for all of them: moments are aware and UTC; amounts are whole cents beside their currency; JSON that
no query looks into is text; a status is its word, not a database enumeration, so that a new one needs no migration.
What belongs to a tenant names the tenant, and foreign keys that lead to a tenant's thing include the tenant, so that a
row can never hang on somebody else's.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    ForeignKeyConstraint,
    Index,
    MetaData,
    Text,
    UniqueConstraint,
    literal_column,
    text,
)
from sqlmodel import AutoString, Field, SQLModel

from boekbrug.store.columns import BIG_ID, StorableString, StorableText

# Word for word what the index on errors says: only then does SQLite see that it holds all of them.
IS_ERROR: ColumnElement[bool] = literal_column("status IN ('needs_attention', 'mismatch')")


class Table(SQLModel):
    """The root of all tables. Constraints have names everywhere, so that a migration can drop them by name."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def _of(parent: str, *columns: str) -> ForeignKeyConstraint:
    """A foreign key that includes the tenant."""
    return ForeignKeyConstraint(["tenant_id", *columns], [f"{parent}.tenant_id", f"{parent}.id"])


class TenantRow(Table, table=True):
    """A tenant."""

    __tablename__ = "tenant"

    id: int = Field(default=None, primary_key=True)
    slug: str = Field(unique=True)
    name: str
    time_zone: str
    language: str
    created_at: datetime


class ConnectionRow(Table, table=True):
    """A connection. `removed`: no longer in the tenant's configuration; kept because records hang on it."""

    __tablename__ = "connection"
    __table_args__ = (UniqueConstraint("tenant_id", "slug"), UniqueConstraint("tenant_id", "id"))

    id: int = Field(default=None, primary_key=True)
    tenant_id: int = Field(foreign_key="tenant.id")
    slug: str
    system: str
    settings: str = Field(sa_type=Text)
    removed: bool = False
    broken: bool = False
    reason: str = ""
    since: datetime | None = None


class CredentialRow(Table, table=True):
    """A sealed credential; `key_id` tells which key sealed it without telling the key."""

    __tablename__ = "credential"
    __table_args__ = (_of("connection", "connection_id"), UniqueConstraint("connection_id", "name"))

    id: int = Field(default=None, primary_key=True)
    tenant_id: int
    connection_id: int
    name: str
    key_id: str
    sealed: bytes


class RouteRow(Table, table=True):
    """A route; `version` is its present one."""

    __tablename__ = "route"
    __table_args__ = (
        _of("connection", "source_id"),
        _of("connection", "target_id"),
        UniqueConstraint("tenant_id", "slug"),
        UniqueConstraint("tenant_id", "id"),
    )

    id: int = Field(default=None, primary_key=True)
    tenant_id: int
    slug: str
    source_id: int
    target_id: int
    enabled: bool
    removed: bool = False
    schedule: str
    version: int


class RouteVersionRow(Table, table=True):
    """A route's policy and rules as somebody set them. Either one's change is a new version: both decide what a
    document becomes, so both must be known to tell why it became that."""

    __tablename__ = "route_version"
    __table_args__ = (_of("route", "route_id"), UniqueConstraint("route_id", "version"))

    id: int = Field(default=None, primary_key=True)
    tenant_id: int
    route_id: int
    version: int
    policy: str = Field(sa_type=Text)
    mapping: str = Field(sa_type=Text)
    changed_by: str
    changed_at: datetime


class RecordRow(Table, table=True):
    """A document on a route.

    Findings are JSON on the row: they are read and replaced together with it, and a page of records stays one query.
    `finding_code` repeats the gravest one's code for grouping. The snapshot comes after what is read without it, so
    that SQLite need not walk through it; `search` comes after it because it is read from its index only.
    """

    __tablename__ = "sync_record"
    __table_args__ = (
        _of("route", "route_id"),
        UniqueConstraint("route_id", "source_id", "source_kind", "source_system"),
        # what is due, in its order, without a look at what was put off; counts per status; in flight; not verified yet
        Index(
            "ix_sync_record_due",
            "tenant_id",
            "route_id",
            "status",
            "lane",
            "ordered_at",
            "sequence",
            "id",
            "not_before",
            "claimed_until",
        ),
        # the next of what was put off, which few documents ever are
        Index(
            "ix_sync_record_put_off",
            "tenant_id",
            "route_id",
            "status",
            "lane",
            "not_before",
            sqlite_where=text("not_before IS NOT NULL"),
            postgresql_where=text("not_before IS NOT NULL"),
        ),
        # a page of one status, the newest first; what it leaves out is left out without a look at the document
        Index(
            "ix_sync_record_status",
            "tenant_id",
            "status",
            "id",
            "finding_code",
            "route_id",
            "lane",
            "version",
            "updated_at",
        ),
        # what waits for a person: by cause, and each cause's newest first
        Index(
            "ix_sync_record_error",
            "tenant_id",
            "status",
            "finding_code",
            "id",
            "route_id",
            sqlite_where=IS_ERROR,
            postgresql_where=IS_ERROR,
        ),
        # documents in the books that may be ours
        Index("ix_sync_record_reference", "tenant_id", "route_id", "our_reference"),
        # documents by their ids: without it SQLite walks through all of the tenant's for more than a dozen of them;
        # looking for a piece of text walks through this index alone
        Index("ix_sync_record_search", "tenant_id", "id", "search"),
        Index("ix_sync_record_number", "tenant_id", "number"),
        # a report by the day of the order, and by the day of booking (what is not booked is not in it); whatever it
        # leaves out is left out without a look at the document
        Index("ix_sync_record_ordered", "tenant_id", "ordered_at", "id", "kind", "route_id", "status"),
        Index(
            "ix_sync_record_posted",
            "tenant_id",
            "posted_at",
            "id",
            "route_id",
            "status",
            "kind",
            sqlite_where=text("posted_at IS NOT NULL"),
            postgresql_where=text("posted_at IS NOT NULL"),
        ),
    )

    id: int = Field(default=None, primary_key=True, sa_type=BIG_ID)
    tenant_id: int
    route_id: int
    source_system: str
    source_kind: str
    source_id: str
    kind: str
    number: str
    sequence: int = Field(sa_type=BigInteger)  # the number as a number, so that 9999 goes before 10000
    our_reference: str
    status: str
    wanted: str  # the status that the source's own status last asked for
    version: int  # of the route, when the document was last judged
    lane: int
    fingerprint: str
    source_status: str
    customer_key: str
    ordered_at: datetime | None = None
    gross_cents: int | None = Field(default=None, sa_type=BigInteger)
    currency: str = ""
    reason: str = ""
    skipped_by: str = ""  # the person who skipped it; the source's status does not undo that
    finding_code: str = ""
    target_system: str = ""
    target_kind: str = ""
    target_id: str = ""
    target_number: str = ""
    not_before: datetime | None = None
    claimed_until: datetime | None = None
    created_at: datetime
    updated_at: datetime
    posted_at: datetime | None = None
    verified_at: datetime | None = None
    findings: str = Field(default="[]", sa_type=Text)  # of reading, mapping, posting and of changes afterwards
    differences: str = Field(default="[]", sa_type=Text)  # of the last comparison with the books
    accepted: str = Field(default="[]", sa_type=Text)  # differences that a person has dealt with
    snapshot: str = Field(sa_type=Text)
    search: str = Field(default="", sa_type=Text)  # what it is looked for by: see `searching`


class RecordEventRow(Table, table=True):
    """A step in a document's life: about four short rows per document, never changed."""

    __tablename__ = "record_event"

    id: int = Field(default=None, primary_key=True, sa_type=BIG_ID)
    tenant_id: int
    record_id: int = Field(sa_type=BigInteger, foreign_key="sync_record.id", index=True)
    at: datetime
    status: str
    who: str = ""
    reason: str = ""
    codes: str = ""  # of the findings at that moment, separated by spaces


class AccountRow(Table, table=True):
    """A remote account, which several connections may share, and what the remote side said of it."""

    __tablename__ = "account"

    id: int = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    latest_at: datetime  # the account's own time, which never runs backwards
    blocked_until: datetime | None = None
    # "remaining calls of this budget, not counting what began after that moment", from one answer
    remaining: int | None = None
    remaining_of: str = ""
    remaining_since: datetime | None = None
    remaining_until: datetime | None = None
    remaining_heard_by: int | None = Field(default=None, sa_type=BigInteger)


class AttemptRow(Table, table=True):
    """A remote request under one budget. `ends_at` is the lease's end until the request has ended (`outcome`)."""

    __tablename__ = "attempt"
    __table_args__ = (
        Index("ix_attempt_window", "account_id", "budget", "ends_at"),
        Index("ix_attempt_record", "record_id"),
    )

    id: int = Field(default=None, primary_key=True, sa_type=BIG_ID)
    tenant_id: int = Field(foreign_key="tenant.id")
    record_id: int | None = Field(default=None, sa_type=BigInteger, foreign_key="sync_record.id")
    account_id: int = Field(foreign_key="account.id")
    budget: str
    kind: str
    lane: int
    started_at: datetime
    ends_at: datetime
    outcome: str | None = None


class DebtorRow(Table, table=True):
    """A customer's debtor in the books of a remote account, or the claim of who is looking it up (`target_id` "" as
    yet). Connections that share the account share its debtors, also those of several tenants."""

    __tablename__ = "debtor_link"
    __table_args__ = (UniqueConstraint("account", "customer_key"),)

    id: int = Field(default=None, primary_key=True)
    account: str
    customer_key: str
    target_system: str = ""
    target_kind: str = ""
    target_id: str = ""
    claimed_until: datetime | None = None


class CursorRow(Table, table=True):
    """How far a stream has been read."""

    __tablename__ = "cursor"
    __table_args__ = (_of("connection", "connection_id"), UniqueConstraint("connection_id", "stream"))

    id: int = Field(default=None, primary_key=True)
    tenant_id: int
    connection_id: int
    stream: str
    reached: datetime
    updated_at: datetime


class RunRow(Table, table=True):
    """A run of a route."""

    __tablename__ = "route_run"
    __table_args__ = (
        _of("route", "route_id"),
        Index("ix_route_run_route", "tenant_id", "route_id", "id"),
        Index("ix_route_run_latest", "tenant_id", "id"),
    )

    id: int = Field(default=None, primary_key=True)
    tenant_id: int
    route_id: int
    flow_run_id: str
    started_at: datetime
    ended_at: datetime | None = None
    outcome: str | None = None
    counts: str = Field(default="{}", sa_type=Text)
    message: str = ""


class WaiterRow(Table, table=True):
    """Who wants slots of a budget. While it is here and its lease lasts, no lower lane gets one."""

    __tablename__ = "slot_waiter"
    __table_args__ = (UniqueConstraint("account_id", "budget", "holder"),)

    id: int = Field(default=None, primary_key=True)
    tenant_id: int = Field(foreign_key="tenant.id")
    account_id: int = Field(foreign_key="account.id")
    budget: str
    holder: str  # whatever tells this waiter from others: a route and lane, or one call
    route: str  # slug, for people
    lane: int
    since: datetime
    lease_until: datetime


class ContinuationRow(Table, table=True):
    """The one run that a route's flow has scheduled to go on. `flow_run_id` "": the server was not told yet, or whoever
    told it died before it could say so; `generation` makes telling it again harmless."""

    __tablename__ = "continuation"
    __table_args__ = (_of("route", "route_id"), UniqueConstraint("route_id", "flow"))

    id: int = Field(default=None, primary_key=True)
    tenant_id: int
    route_id: int
    flow: str
    generation: int
    scheduled_at: datetime
    flow_run_id: str = ""
    updated_at: datetime


class MigrationRow(Table, table=True):
    """A bounded piece of history being brought over. `reached_on`: the first day that has not been read yet."""

    __tablename__ = "migration"
    __table_args__ = (
        _of("route", "route_id"),
        UniqueConstraint("tenant_id", "id"),
        Index("ix_migration_route", "tenant_id", "route_id", "state"),
        {"sqlite_autoincrement": True},  # people name migrations by their ids, so no id is given twice
    )

    id: int = Field(default=None, primary_key=True)
    tenant_id: int
    route_id: int
    state: str
    first_on: date
    last_on: date
    window_from: str  # "HH:MM" in the tenant's time zone; both "00:00": all day
    window_to: str
    per_window: int | None = None
    accepts_earlier_periods: bool = False
    reached_on: date
    planned_at: datetime
    planned_by: str
    started_at: datetime | None = None
    started_by: str = ""
    ended_at: datetime | None = None
    ended_by: str = ""
    finishes_at: datetime | None = None
    shop_count: int  # what the source itself counted last
    artifact_id: str = ""
    plan: str = Field(sa_type=Text)
    statement: str = Field(default="", sa_type=Text)
    seen_at: datetime | None = None  # the last sign of life of its planning
    problem: str = Field(default="", sa_type=Text)  # why its planning broke off


class MigrationRecordRow(Table, table=True):
    """A document that a migration met. `was_there`: it stood in the books before the migration came to it."""

    __tablename__ = "migration_record"
    __table_args__ = (
        _of("migration", "migration_id"),
        UniqueConstraint("migration_id", "record_id"),
        Index("ix_migration_record_record", "record_id"),
        # how many it met, and whether it met this one, without a look at the row
        Index("ix_migration_record_met", "migration_id", "record_id", "tenant_id", "was_there"),
    )

    id: int = Field(default=None, primary_key=True, sa_type=BIG_ID)
    tenant_id: int
    migration_id: int
    record_id: int = Field(sa_type=BigInteger, foreign_key="sync_record.id")
    was_there: bool = False


class MigrationBookedRow(Table, table=True):
    """A document with a reference of ours that the books held when a migration was planned or began."""

    __tablename__ = "migration_booked"
    __table_args__ = (_of("migration", "migration_id"), Index("ix_migration_booked", "migration_id", "our_reference"))

    id: int = Field(default=None, primary_key=True, sa_type=BIG_ID)
    tenant_id: int
    migration_id: int
    our_reference: str
    target_system: str
    target_kind: str
    target_id: str
    target_number: str
    booked_on: date | None = None


class UserRow(Table, table=True):
    """A person who signs in to the dashboard. `password_hash` "": nobody chose one yet, so nobody can sign in."""

    __tablename__ = "dashboard_user"

    id: int = Field(default=None, primary_key=True)
    email: str = Field(unique=True)  # in small letters
    password_hash: str = ""
    language: str
    disabled: bool = False
    created_at: datetime


class MembershipRow(Table, table=True):
    """What a user is to a tenant."""

    __tablename__ = "membership"
    __table_args__ = (UniqueConstraint("user_id", "tenant_id"), Index("ix_membership_tenant", "tenant_id"))

    id: int = Field(default=None, primary_key=True)
    tenant_id: int = Field(foreign_key="tenant.id")
    user_id: int = Field(foreign_key="dashboard_user.id")
    role: str


class UserSessionRow(Table, table=True):
    """A browser in which a user is signed in; the token itself is only in its cookie."""

    __tablename__ = "user_session"

    id: int = Field(default=None, primary_key=True)
    token_hash: str = Field(unique=True)
    user_id: int = Field(foreign_key="dashboard_user.id", index=True)
    created_at: datetime
    expires_at: datetime


class InvitationRow(Table, table=True):
    """A link with which somebody becomes a user of a tenant, once."""

    __tablename__ = "invitation"

    id: int = Field(default=None, primary_key=True)
    token_hash: str = Field(unique=True)
    tenant_id: int = Field(foreign_key="tenant.id", index=True)
    email: str
    role: str
    invited_by: str
    created_at: datetime
    expires_at: datetime
    accepted_at: datetime | None = None


class AuditRow(Table, table=True):
    """What somebody changed, and when. Never changed; `before` and `after` are JSON without secrets."""

    __tablename__ = "audit_event"
    __table_args__ = (Index("ix_audit_event_tenant", "tenant_id", "id"),)

    id: int = Field(default=None, primary_key=True, sa_type=BIG_ID)
    tenant_id: int | None = Field(default=None, foreign_key="tenant.id")
    at: datetime
    who: str
    action: str
    subject: str
    before: str = Field(sa_type=Text)
    after: str = Field(sa_type=Text)


class LoginAttemptRow(Table, table=True):
    """Somebody tried to sign in; kept for as long as it counts against the limit."""

    __tablename__ = "login_attempt"
    __table_args__ = (
        Index("ix_login_attempt_email", "email", "at"),
        Index("ix_login_attempt_address", "address", "at"),
    )

    id: int = Field(default=None, primary_key=True, sa_type=BIG_ID)
    at: datetime
    email: str
    address: str


class NotificationChoiceRow(Table, table=True):
    """Whether a user wants a kind of notification over a channel; without a row the channel's default holds."""

    __tablename__ = "notification_choice"
    __table_args__ = (UniqueConstraint("user_id", "kind", "channel"),)

    id: int = Field(default=None, primary_key=True)
    user_id: int = Field(foreign_key="dashboard_user.id")
    kind: str
    channel: str
    wanted: bool


class NotificationAddressRow(Table, table=True):
    """The address, sealed as credentials are, of the service over which a user wants notifications besides e-mail."""

    __tablename__ = "notification_address"

    id: int = Field(default=None, primary_key=True)
    user_id: int = Field(foreign_key="dashboard_user.id", unique=True)
    key_id: str
    sealed: bytes


class NotificationRow(Table, table=True):
    """A notification that was begun: announced (`claimed_at`) before it is sent, noted (`sent_at`) afterwards. Without
    `claimed_at` it certainly did not go, for the reason `problem`. `subject` is the day of a digest, or names what is
    told at once; `told_until` is the moment up to which its kind was told of."""

    __tablename__ = "notification"
    __table_args__ = (UniqueConstraint("user_id", "kind", "channel", "subject"),)

    id: int = Field(default=None, primary_key=True, sa_type=BIG_ID)
    user_id: int = Field(foreign_key="dashboard_user.id")
    kind: str
    channel: str
    subject: str
    told_until: datetime
    claimed_at: datetime | None = None
    sent_at: datetime | None = None
    problem: str = Field(default="", sa_type=Text)


class ContactRow(Table, table=True):
    """A contact of a route's source, and the relation in the books that it is. `fingerprint` is of what was carried
    over last; "" before the first time."""

    __tablename__ = "contact_link"
    __table_args__ = (
        _of("route", "route_id"),
        UniqueConstraint("route_id", "source_id", "source_kind", "source_system"),
        Index("ix_contact_link_finding", "tenant_id", "finding_code"),
    )

    id: int = Field(default=None, primary_key=True)
    tenant_id: int
    route_id: int
    source_system: str
    source_kind: str
    source_id: str
    code: str = ""  # as the source's people know it
    name: str = ""
    target_system: str = ""
    target_kind: str = ""
    target_id: str = ""
    fingerprint: str = ""
    finding_code: str = ""
    findings: str = Field(default="[]", sa_type=Text)
    updated_at: datetime


class PaymentRow(Table, table=True):
    """A payment in the books that a route's source is told of, or knew of already. `state` is `intended` from before it
    is told until the outcome is known; then `registered` or `known`."""

    __tablename__ = "payment"
    __table_args__ = (
        _of("route", "route_id"),
        UniqueConstraint("record_id", "target_id", "target_kind", "target_system"),
        Index("ix_payment_state", "tenant_id", "route_id", "state"),
    )

    id: int = Field(default=None, primary_key=True, sa_type=BIG_ID)
    tenant_id: int
    route_id: int
    record_id: int = Field(sa_type=BigInteger, foreign_key="sync_record.id")
    target_system: str
    target_kind: str
    target_id: str  # of the paying entry
    amount_cents: int = Field(sa_type=BigInteger)
    open_before_cents: int = Field(sa_type=BigInteger)
    currency: str
    paid_on: date
    state: str
    claimed_until: datetime | None = None
    created_at: datetime
    updated_at: datetime


class PaymentNoteRow(Table, table=True):
    """What is the matter with the payments of a document, as of the last time they were looked at."""

    __tablename__ = "payment_note"
    __table_args__ = (
        _of("route", "route_id"),
        UniqueConstraint("record_id"),
        Index("ix_payment_note_route", "tenant_id", "route_id"),
    )

    id: int = Field(default=None, primary_key=True, sa_type=BIG_ID)
    tenant_id: int
    route_id: int
    record_id: int = Field(sa_type=BigInteger, foreign_key="sync_record.id")
    findings: str = Field(sa_type=Text)
    updated_at: datetime


for _table in Table.metadata.tables.values():
    for _column in _table.columns:
        if isinstance(_column.type, Text | AutoString):
            _column.type = StorableText() if isinstance(_column.type, Text) else StorableString()
