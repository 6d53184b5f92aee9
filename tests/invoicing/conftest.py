from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.invoicing.world import InvoicingWorld, invoicing_world
from tests.world import migrated_database


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return migrated_database(tmp_path_factory.mktemp("invoicing"))


@pytest.fixture
def world(tmp_path: Path, template: Path) -> Iterator[InvoicingWorld]:
    """The demo's tenant without documents."""
    with invoicing_world(tmp_path, template) as made:
        made.demo_tenant()
        yield made
