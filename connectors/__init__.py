"""One module per remote system. A connector alone knows remote field names; it knows no accounts and no database."""

from connectors._base import (
    BookingTarget,
    Capability,
    CheckItem,
    Connector,
    ConnectorSettings,
    ConnectorType,
    Credentials,
    LimitSignal,
    Meter,
    OrderSource,
    SourceDocument,
    TargetSettings,
    Unmetered,
    VatNumberRegister,
)

__all__ = [
    "BookingTarget",
    "Capability",
    "CheckItem",
    "Connector",
    "ConnectorSettings",
    "ConnectorType",
    "Credentials",
    "LimitSignal",
    "Meter",
    "OrderSource",
    "SourceDocument",
    "TargetSettings",
    "Unmetered",
    "VatNumberRegister",
]
