"""A migration: a bounded piece of a shop's history that is brought over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from boekbrug.domain.windows import DailyWindow


class MigrationState(StrEnum):
    """Where a migration is in its life."""

    DRAFT = "draft"  # being planned, or its planning broke off
    PLANNED = "planned"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


LIVE = frozenset({MigrationState.RUNNING, MigrationState.PAUSED})
ENDED = frozenset({MigrationState.COMPLETED, MigrationState.CANCELLED})


class MigrationPlan(BaseModel):
    """What planning found: how many of the source's documents would become what. Counts per reason are by code."""

    model_config = ConfigDict(frozen=True)

    shop_count: int = Field(0, description="What the source itself counts")
    read: int = Field(0, description="What reading it gave")
    to_post: dict[date, int] = Field(default_factory=dict, description="Documents to be posted, by day of the order")
    was_there: int = Field(0, description="In the books already")
    with_daily: int = Field(0, description="Waiting in the daily run already")
    skipped: dict[str, int] = Field(default_factory=dict)
    refused: dict[str, int] = Field(default_factory=dict)
    earlier_to_post: dict[date, int] = Field(
        default_factory=dict,
        description="Documents of an earlier VAT period than the books would date them in: posted only with a yes",
    )
    earlier_refused: dict[str, int] = Field(default_factory=dict, description="Those of them that would be refused")

    @property
    def earlier_periods(self) -> int:
        """How many are of an earlier VAT period."""
        return sum(self.earlier_to_post.values()) + sum(self.earlier_refused.values())

    def posting(self, *, earlier_periods: bool, placed_from: date = date.min) -> int:
        """How many of the orders placed on that day or later would be posted."""
        counted = [self.to_post, self.earlier_to_post] if earlier_periods else [self.to_post]
        return sum(count for days in counted for day, count in days.items() if day >= placed_from)


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """A migration as it is kept. `reached_on` is the first day that has not been read yet; `seen_at` the last sign of
    life of its planning, `problem` why that broke off."""

    id: int
    tenant_id: int
    route_id: int
    state: MigrationState
    first_on: date
    last_on: date
    window: DailyWindow
    per_window: int | None
    accepts_earlier_periods: bool
    reached_on: date
    planned_at: datetime
    planned_by: str
    started_at: datetime | None
    started_by: str
    ended_at: datetime | None
    ended_by: str
    finishes_at: datetime | None
    shop_count: int
    artifact_id: str
    plan: MigrationPlan
    statement: str
    seen_at: datetime | None = None
    problem: str = ""

    @property
    def all_read(self) -> bool:
        """True when every day has been read."""
        return self.reached_on > self.last_on


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationCounts:
    """Where the documents that a migration met are now."""

    met: int
    was_there: int  # in the books before the migration came to them
    posted: int  # since; `mismatch` of them differ from the shop
    mismatch: int
    waiting: int
    skipped: Mapping[str, int]  # by reason; those whose status does not go over yet are among them
    needs_attention: Mapping[str, int]  # by finding
