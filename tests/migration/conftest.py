from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.migration.world import World, world


@pytest.fixture
def shop_and_books(tmp_path: Path) -> Iterator[World]:
    """Sixty ordinary orders of ninety days, and empty books that take sixty an hour."""
    with world(tmp_path) as found:
        yield found
