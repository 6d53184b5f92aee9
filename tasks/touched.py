"""Which documents a run did something with, as far as its table shows them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import nsmallest

# Beyond so many rows a table is no longer read; that there are more is said.
ROWS = 1000


class Touched:
    """Ids of documents, of which it keeps the lowest: a run may have any number."""

    def __init__(self, record_ids: Iterable[int] = ()) -> None:
        self._lowest: set[int] = set()
        self.add(record_ids)

    def add(self, record_ids: Iterable[int]) -> None:
        """These, too."""
        self._lowest.update(record_ids)
        if len(self._lowest) > 2 * ROWS:
            self._lowest = set(nsmallest(ROWS + 1, self._lowest))

    def __iter__(self) -> Iterator[int]:
        """The ids that are kept: those of the table, and at least one more if there are more."""
        return iter(self._lowest)

    @property
    def shown(self) -> list[int]:
        """The rows of the table, the lowest id first."""
        return sorted(self._lowest)[:ROWS]

    @property
    def are_more(self) -> bool:
        """Whether there are more than the table shows."""
        return len(self._lowest) > ROWS
