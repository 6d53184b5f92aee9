import copy
import os
import pickle
import stat
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from pydantic import SecretStr
from sqlalchemy import update
from sqlmodel import Session, col, select

from boekbrug.domain.errors import SettingsInvalid
from boekbrug.settings import Settings
from boekbrug.store.credentials import (
    SealingKey,
    create_key,
    credential_names,
    load_key,
    read_credentials,
    reseal,
    save_credentials,
)
from boekbrug.store.tables import CredentialRow
from tests.store.samples import add_tenant

SECRET = "s3cr3t-value"


@pytest.fixture
def key() -> SealingKey:
    return SealingKey(SealingKey.generate())


def save(session: Session, key: SealingKey, tenant_id: int, connection_id: int, **values: str) -> None:
    save_credentials(session, key, tenant_id, connection_id, {name: SecretStr(v) for name, v in values.items()})


def opened(session: Session, key: SealingKey, tenant_id: int, connection_id: int) -> dict[str, str]:
    return {n: v.get_secret_value() for n, v in read_credentials(session, key, tenant_id, connection_id).items()}


def test_credentials_come_back_and_others_stay(writing: Session, key: SealingKey) -> None:
    route = add_tenant(writing)
    save(writing, key, route.tenant_id, route.target.id, user="eva", password=SECRET)
    save(writing, key, route.tenant_id, route.target.id, password="new")
    assert opened(writing, key, route.tenant_id, route.target.id) == {"user": "eva", "password": "new"}
    assert credential_names(writing, route.tenant_id, route.target.id) == ["password", "user"]
    assert opened(writing, key, route.tenant_id, route.source.id) == {}


def test_what_is_stored_shows_nothing(writing: Session, key: SealingKey) -> None:
    route = add_tenant(writing)
    for name in ("one", "two"):
        save(writing, key, route.tenant_id, route.target.id, **{name: SECRET})
    sealed = writing.exec(select(CredentialRow.sealed).where(CredentialRow.tenant_id == route.tenant_id)).all()
    assert SECRET.encode() not in b"".join(sealed)
    assert len(set(sealed)) == 2


@pytest.mark.parametrize("moved_to", ["tenant", "connection", "name"])
def test_a_sealed_value_opens_only_where_it_belongs(writing: Session, key: SealingKey, moved_to: str) -> None:
    mine, theirs = add_tenant(writing, "mine"), add_tenant(writing, "theirs")
    save(writing, key, theirs.tenant_id, theirs.target.id, password=SECRET)
    stolen = writing.exec(select(CredentialRow.sealed).where(CredentialRow.tenant_id == theirs.tenant_id)).one()
    tenant_id, connection_id, name = {
        "tenant": (mine.tenant_id, mine.target.id, "password"),
        "connection": (theirs.tenant_id, theirs.source.id, "password"),
        "name": (theirs.tenant_id, theirs.target.id, "user"),
    }[moved_to]
    save(writing, key, tenant_id, connection_id, **{name: "x"})
    writing.exec(
        update(CredentialRow)
        .where(col(CredentialRow.tenant_id) == tenant_id, col(CredentialRow.connection_id) == connection_id)
        .where(col(CredentialRow.name) == name)
        .values(sealed=stolen)
    )
    with pytest.raises(SettingsInvalid, match="belongs to another connection") as caught:
        read_credentials(writing, key, tenant_id, connection_id)
    assert SECRET not in str(caught.value)


def test_binding_cannot_be_shifted_between_its_parts(key: SealingKey) -> None:
    with pytest.raises(InvalidTag):
        key.open(key.seal(SecretStr(SECRET), b"1/12/x"), b"11/2/x")


def test_another_key_is_told_from_a_changed_value(writing: Session, key: SealingKey) -> None:
    route = add_tenant(writing)
    save(writing, key, route.tenant_id, route.target.id, password=SECRET)
    with pytest.raises(SettingsInvalid, match="sealed with another key"):
        read_credentials(writing, SealingKey(SealingKey.generate()), route.tenant_id, route.target.id)


def test_the_key_shows_nothing_and_stays_in_its_process() -> None:
    text = SealingKey.generate()
    key = SealingKey(text)
    assert text.get_secret_value() not in f"{key!r}{key}{key.id}"
    assert key.id not in repr(text)
    with pytest.raises(TypeError):
        pickle.dumps(key)
    with pytest.raises(TypeError):
        copy.copy(key)
    with pytest.raises(AttributeError):
        vars_of = key.__dict__  # noqa: F841


@pytest.mark.parametrize("text", ["", "short", "!" * 44, "é"])
def test_a_key_that_is_none_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(SettingsInvalid, match="32 bytes in base64url") as caught:
        SealingKey(SecretStr(text))
    assert not text or text not in str(caught.value)


def test_rotation_seals_all_anew_and_can_be_repeated(writing: Session, key: SealingKey) -> None:
    new = SealingKey(SealingKey.generate())
    routes = [add_tenant(writing, slug) for slug in ("one", "two")]
    for route in routes:
        save(writing, key, route.tenant_id, route.target.id, password=SECRET + route.target.slug)
    assert reseal(writing, key, new) == 2
    assert reseal(writing, key, new) == 0
    for route in routes:
        assert opened(writing, new, route.tenant_id, route.target.id) == {"password": SECRET + "books"}
        with pytest.raises(SettingsInvalid):
            read_credentials(writing, key, route.tenant_id, route.target.id)


def test_rotation_with_the_wrong_old_key_changes_nothing(writing: Session, key: SealingKey) -> None:
    route = add_tenant(writing)
    save(writing, key, route.tenant_id, route.target.id, password=SECRET)
    with pytest.raises(SettingsInvalid):
        reseal(writing, SealingKey(SealingKey.generate()), SealingKey(SealingKey.generate()))
    assert opened(writing, key, route.tenant_id, route.target.id) == {"password": SECRET}


def test_the_key_file_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "new")
    with pytest.raises(SettingsInvalid, match="BOEKBRUG_SECRET_KEY"):
        load_key(settings)
    path = create_key(settings)
    assert path is not None
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    first = load_key(settings).id
    assert create_key(settings) is None
    assert load_key(settings).id == first
    assert [file.name for file in path.parent.iterdir()] == ["key"]


def test_the_key_of_the_environment_comes_first(tmp_path: Path) -> None:
    create_key(Settings(home=tmp_path))
    text = SealingKey.generate()
    settings = Settings(home=tmp_path, secret_key=text)
    assert load_key(settings).id == SealingKey(text).id
    assert create_key(Settings(home=tmp_path / "other", secret_key=text)) is None
