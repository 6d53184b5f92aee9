"""A change of the sealing key, through the command."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from boekbrug.settings import Settings
from boekbrug.store import credentials, notifications, tenants, users
from boekbrug.store.credentials import KEY_FILE, SealingKey, load_key
from boekbrug.store.database import Database
from tests.cli.conftest import Cli
from tests.world import MOKKENHUIS, World

ADDRESS = SecretStr("ntfys://ntfy.example.nl/geheim")
JO = "jo@example.com"


@pytest.fixture
def sealed(shop: World) -> SealingKey:
    """The key in use, with which a tenant's credentials and a user's address are sealed."""
    key, database = load_key(Settings()), Database(Settings().database)
    with database.write() as session:
        user = users.add_user(session, JO, language="nl", now=shop.clock.now())
        notifications.save_address(session, key, user.id, ADDRESS)
    database.close()
    return key


def opened(key: SealingKey) -> tuple[SecretStr | None, dict[str, SecretStr]]:
    database = Database(Settings().database)
    try:
        with database.read() as session:
            tenant = tenants.tenant_by_slug(session, MOKKENHUIS)
            row = tenants.connection_by_slug(session, tenant.id, "winkel")
            address = notifications.read_address(session, key, users.user_by_email(session, JO).id)
            return address, credentials.read_credentials(session, key, tenant.id, row.id)
    finally:
        database.close()


def test_a_new_key_takes_the_files_place_and_opens_everything(cli: Cli, sealed: SealingKey) -> None:
    before = opened(sealed)
    assert before[0] == ADDRESS and before[1]
    done = cli("key", "change")
    assert done.code == 0 and "1 messengers' addresses" in done.out
    new = load_key(Settings())
    assert new.id != sealed.id
    assert opened(new) == before
    path = Settings().home / KEY_FILE
    assert path.stat().st_mode & 0o777 == 0o600 and not path.with_name("key.next").exists()
    assert path.read_text() not in done.out
    assert cli("connection", "check", MOKKENHUIS).code == 0


def test_whoever_died_before_the_file_was_replaced_goes_on_with_the_same_key(
    cli: Cli, sealed: SealingKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = opened(sealed)

    def dies(_: Settings) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr("boekbrug.cli.keys.take_next_key", dies)
        with pytest.raises(RuntimeError, match="killed"):
            cli("key", "change")
    assert load_key(Settings()).id == sealed.id
    assert cli("key", "change").code == 0
    assert opened(load_key(Settings())) == before


def test_a_key_from_the_environment_is_changed_to_one_in_a_file(
    cli: Cli, sealed: SealingKey, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = opened(sealed)
    path = Settings().home / KEY_FILE
    monkeypatch.setenv("BOEKBRUG_SECRET_KEY", path.read_text())
    assert cli("key", "change").code == 3
    assert cli("key", "change", "--to", str(tmp_path / "none")).code == 3
    assert opened(sealed) == before
    file = tmp_path / "new"
    file.write_text(SealingKey.generate().get_secret_value())
    assert cli("key", "change", "--to", str(file)).code == 0
    monkeypatch.setenv("BOEKBRUG_SECRET_KEY", file.read_text())
    assert opened(load_key(Settings())) == before
