"""Another key for everything that is sealed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import SecretStr
from sqlmodel import Session

from boekbrug.domain.errors import SettingsInvalid
from boekbrug.store import credentials, notifications, users
from boekbrug.store.credentials import SealingKey
from boekbrug.store.sealing import Resealed, reseal_everything
from boekbrug.store.tables import Table
from tests.store.samples import add_tenant

ADDRESS = SecretStr("ntfys://ntfy.example.nl/geheim")


@pytest.fixture
def old() -> SealingKey:
    return SealingKey(SealingKey.generate())


@pytest.fixture
def new() -> SealingKey:
    return SealingKey(SealingKey.generate())


def sealed(session: Session, key: SealingKey) -> tuple[int, int, int]:
    """Ids of tenant, connection and user of what is sealed."""
    route = add_tenant(session)
    user = users.add_user(session, "jo@example.com", language="nl", now=datetime.now(UTC))
    credentials.save_credentials(session, key, route.tenant_id, route.target.id, {"password": SecretStr("geheim")})
    notifications.save_address(session, key, user.id, ADDRESS)
    return route.tenant_id, route.target.id, user.id


def test_credentials_and_addresses_open_with_the_new_key_only(
    writing: Session, old: SealingKey, new: SealingKey
) -> None:
    tenant_id, connection_id, user_id = sealed(writing, old)
    assert reseal_everything(writing, old, new) == Resealed(credentials=1, addresses=1)
    assert reseal_everything(writing, old, new) == Resealed(credentials=0, addresses=0)
    assert credentials.read_credentials(writing, new, tenant_id, connection_id) == {"password": SecretStr("geheim")}
    assert notifications.read_address(writing, new, user_id) == ADDRESS
    with pytest.raises(SettingsInvalid):
        notifications.read_address(writing, old, user_id)


def test_the_wrong_old_key_is_told(writing: Session, old: SealingKey, new: SealingKey) -> None:
    sealed(writing, old)
    with pytest.raises(SettingsInvalid):
        notifications.reseal(writing, new, SealingKey(SealingKey.generate()))


def test_there_is_no_other_table_with_sealed_values() -> None:
    """A table that is new here belongs in `reseal_everything`."""
    tables = {name for name, table in Table.metadata.tables.items() if "sealed" in table.columns}
    assert tables == {"credential", "notification_address"}
