"""The connectors there are, by name, and how one is opened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel, JsonValue, SecretStr, ValidationError

from boekbrug.domain.errors import SettingsInvalid
from connectors import eboekhouden_rest, eboekhouden_soap, factuursturen, mijnwebwinkel, wefact
from connectors._base import ConnectorSettings, Credentials, Meter
from connectors._capabilities import Connector, ConnectorType

CONNECTORS: Mapping[str, ConnectorType] = {
    "eboekhouden-rest": eboekhouden_rest.CONNECTOR,
    "eboekhouden-soap": eboekhouden_soap.CONNECTOR,
    "factuursturen": factuursturen.CONNECTOR,
    "mijnwebwinkel": mijnwebwinkel.CONNECTOR,
    "wefact": wefact.CONNECTOR,
}

_Model = TypeVar("_Model", bound=BaseModel)


def connector_type(system: str) -> ConnectorType:
    """The connector with that name. Raises SettingsInvalid, naming those there are."""
    if system not in CONNECTORS:
        raise SettingsInvalid(f"There is no system {system!r}; there are: {', '.join(sorted(CONNECTORS))}")
    return CONNECTORS[system]


def same_books(one: str, other: str) -> bool:
    """Whether two systems are interfaces to one package, so that a document of the one is found by the other."""
    return one == other or (connector_type(one).books == connector_type(other).books != "")


def read_settings(system: str, settings: Mapping[str, JsonValue]) -> ConnectorSettings:
    """The settings as the connector takes them. Raises SettingsInvalid, naming the setting and what is valid."""
    return _validated(connector_type(system).settings, settings, system, "setting")


def read_credentials(system: str, credentials: Mapping[str, SecretStr]) -> Credentials:
    """The credentials as the connector takes them. Raises SettingsInvalid, naming the credential, never its value."""
    return _validated(connector_type(system).credentials, credentials, system, "credential")


def open_connector(
    system: str, settings: Mapping[str, JsonValue], credentials: Mapping[str, SecretStr], meter: Meter
) -> Connector:
    """An open connection; close it. Nothing is sent yet. Raises SettingsInvalid."""
    kind = connector_type(system)
    return kind.open(read_settings(system, settings), read_credentials(system, credentials), meter)


def remote_account(system: str, settings: Mapping[str, JsonValue], credentials: Mapping[str, SecretStr]) -> str:
    """The stable name, without secrets, of the remote account that budgets belong to. Raises SettingsInvalid."""
    kind = connector_type(system)
    return kind.account(read_settings(system, settings), read_credentials(system, credentials))


def _validated(model: type[_Model], values: Mapping[str, object], system: str, what: str) -> _Model:
    problems: list[str] = []
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        for problem in error.errors(include_url=False, include_input=False, include_context=False):
            name = ".".join(str(part) for part in problem["loc"])
            if problem["type"] == "extra_forbidden":
                problems.append(f"there is no {what} {name!r} (there are: {', '.join(model.model_fields)})")
            elif problem["type"] == "missing":
                problems.append(f"{what} {name!r} is missing")
            else:
                problems.append(f"{what} {name!r}: {problem['msg'].removeprefix('Value error, ')}")
    # Outside the handler: pydantic's error holds the values, and would be carried along as the context.
    raise SettingsInvalid(f"{CONNECTORS[system].title}: {'; '.join(problems)}", system=system)
