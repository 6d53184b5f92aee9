"""One module per remote system. A connector alone knows remote field names; it knows no accounts and no database."""

from connectors._base import (
    CallLimit,
    CheckItem,
    ConnectorSettings,
    Credentials,
    LimitSignal,
    Meter,
    TargetSettings,
    Unmetered,
)
from connectors._capabilities import (
    BookingTarget,
    Books,
    Capability,
    Connector,
    ConnectorType,
    InvoiceSource,
    LedgerTarget,
    OrderSource,
    PaymentTarget,
    SourceDocument,
    VatNumberRegister,
)
from connectors._pages import DocumentPages

__all__ = [
    "BookingTarget",
    "Books",
    "CallLimit",
    "Capability",
    "CheckItem",
    "Connector",
    "ConnectorSettings",
    "ConnectorType",
    "Credentials",
    "DocumentPages",
    "InvoiceSource",
    "LedgerTarget",
    "LimitSignal",
    "Meter",
    "OrderSource",
    "PaymentTarget",
    "SourceDocument",
    "TargetSettings",
    "Unmetered",
    "VatNumberRegister",
]
