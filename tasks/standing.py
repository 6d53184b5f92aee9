"""How far a migration is, and what a person does with it."""

from __future__ import annotations

from dataclasses import dataclass

from boekbrug.domain.errors import SettingsInvalid
from boekbrug.domain.findings import finding
from boekbrug.domain.migrations import LIVE, Migration, MigrationCounts, MigrationState
from boekbrug.store import migration_records, order_migrations
from mappings.completeness import Completeness
from tasks.route_work import RouteWork
from tasks.runtime import Runtime


@dataclass(slots=True)
class Standing:
    """How far a migration is."""

    migration: Migration
    counts: MigrationCounts

    @property
    def progress(self) -> float:
        """Per cent of the documents that the source counts and that need nothing more of the migration."""
        if self.migration.state is MigrationState.COMPLETED:
            return 100.0
        total = max(self.migration.shop_count, self.counts.met, 1)
        return round(100 * (self.counts.met - self.counts.waiting) / total, 1)

    @property
    def completeness(self) -> Completeness:
        """The source's own count, and where its documents are."""
        counts = self.counts
        return Completeness(
            shop=self.migration.shop_count,
            booked=counts.posted + counts.was_there,
            excluded=sum(counts.skipped.values()),
            waiting=counts.waiting,
            failed=sum(counts.needs_attention.values()),
        )


def read_migration(work: RouteWork, migration_id: int) -> Migration:
    """The migration as it is now."""
    with work.runtime.database.read() as session:
        return order_migrations.migration_by_id(session, work.tenant.id, migration_id)


def read_standing(work: RouteWork, migration_id: int) -> Standing:
    """How far the migration is. Its documents are counted, so not for every batch of them."""
    with work.runtime.database.read() as session:
        migration = order_migrations.migration_by_id(session, work.tenant.id, migration_id)
        return Standing(migration, migration_records.counts(session, work.tenant.id, migration_id))


def start(runtime: Runtime, tenant_id: int, migration_id: int, *, accepts_earlier_periods: bool, who: str) -> Migration:
    """A person starts what was planned. Raises SettingsInvalid when it is not a plan, or another one is running."""
    with runtime.database.write() as session:
        migration = order_migrations.migration_by_id(session, tenant_id, migration_id)
        live = order_migrations.live_on_route(session, tenant_id, migration.route_id)
        if live is not None and live.id != migration_id:
            raise SettingsInvalid(f"migration {live.id} of this route is {live.state}; let it end, or cancel it")
        order_migrations.change_state(
            session,
            tenant_id,
            migration_id,
            MigrationState.RUNNING,
            among=[MigrationState.PLANNED],
            started_at=runtime.clock.now(),
            started_by=who,
            accepts_earlier_periods=accepts_earlier_periods or migration.accepts_earlier_periods,
        )
        return order_migrations.migration_by_id(session, tenant_id, migration_id)


def pause(runtime: Runtime, tenant_id: int, migration_id: int) -> None:
    """A person stops it before the next document. Raises SettingsInvalid when it does not run."""
    with runtime.database.write() as session:
        order_migrations.change_state(
            session, tenant_id, migration_id, MigrationState.PAUSED, among=[MigrationState.RUNNING]
        )


def resume(runtime: Runtime, tenant_id: int, migration_id: int) -> None:
    """A person lets it go on where it was; also one that runs. Raises SettingsInvalid when it ended or is a plan."""
    with runtime.database.write() as session:
        order_migrations.change_state(session, tenant_id, migration_id, MigrationState.RUNNING, among=LIVE)


def cancel(runtime: Runtime, tenant_id: int, migration_id: int, *, who: str) -> int:
    """A person ends it: what is not written yet is skipped, what is being written is let go over. How many."""
    now = runtime.clock.now()
    among = [MigrationState.PLANNED, MigrationState.RUNNING, MigrationState.PAUSED]
    with runtime.database.write() as session:
        order_migrations.change_state(
            session, tenant_id, migration_id, MigrationState.CANCELLED, among=among, ended_at=now, ended_by=who
        )
        order_migrations.forget_booked(session, tenant_id, migration_id)
        migration_records.hand_over(session, tenant_id, migration_id, now)
        reason = f"migration {migration_id} was cancelled"
        return migration_records.put_off(session, tenant_id, migration_id, now, reason=reason, who=who)


def statement(standing: Standing, language: str) -> str:
    """The migration's account as Markdown: the source's own count is the sum of where its documents are."""
    migration, counts, complete = standing.migration, standing.counts, standing.completeness
    rows = [
        ("posted", counts.posted, f"{counts.mismatch} of them differ" if counts.mismatch else ""),
        ("there already", counts.was_there, ""),
        *(("skipped", count, _said(code, language)) for code, count in sorted(counts.skipped.items())),
        *(("needs attention", count, _said(code, language)) for code, count in sorted(counts.needs_attention.items())),
    ]
    if counts.waiting:
        rows.append(("waiting", counts.waiting, ""))
    if complete.missing:
        rows.append(
            ("not given by the source", complete.missing, "the source counts them, but its list does not hold them")
        )
    title = f"Documents of {migration.first_on} to {migration.last_on}"
    lines = [f"**{title}**: {migration.state}, {standing.progress:g}%", "", "| | documents | |", "|---|---:|---|"]
    lines += [f"| {name} | {count} | {why} |" for name, count, why in rows]
    lines.append(f"| **the source's own count** | **{complete.shop}** | {'' if complete.is_complete else 'differs'} |")
    return "\n".join(lines)


def _said(code: str, language: str) -> str:
    """The code, with the catalogue's word for it where it is one."""
    try:
        return f"{code}: {finding(code).public_sentence(language)}"
    except KeyError:
        return code
