"""Whether every document of a period is accounted for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Completeness:
    """Where all documents of a period are; `shop` is what the shop itself counts."""

    shop: int
    booked: int
    excluded: int
    waiting: int
    failed: int

    @property
    def missing(self) -> int:
        """Documents that the shop counts and we know nothing of; below zero, we know more than the shop has."""
        return self.shop - self.booked - self.excluded - self.waiting - self.failed

    @property
    def is_complete(self) -> bool:
        """True when every document the shop counts is accounted for."""
        return self.missing == 0
