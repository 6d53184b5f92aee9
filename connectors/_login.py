"""The secrets of a connection, and every way in which they could show up in a text."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus, urlencode

from pydantic import SecretStr


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """The secrets that go with every call, and where they stand in it: `body` are members of every JSON object that is
    sent, `inside` those that whoever makes a call puts into its body."""

    basic: tuple[SecretStr, SecretStr] | None = None
    query: Mapping[str, SecretStr] = field(default_factory=dict)
    headers: Mapping[str, SecretStr] = field(default_factory=dict)
    body: Mapping[str, SecretStr] = field(default_factory=dict)
    inside: tuple[SecretStr, ...] = ()

    def in_headers(self) -> dict[str, str]:
        """The headers that go with every call."""
        sent = {name: secret.get_secret_value() for name, secret in self.headers.items()}
        if self.basic:
            sent["Authorization"] = f"Basic {self._encoded(*self.basic)}"
        return sent

    def in_query(self) -> str:
        """The parameters that go with every call, as they stand in an address."""
        return urlencode({name: secret.get_secret_value() for name, secret in self.query.items()})

    @staticmethod
    def _encoded(user: SecretStr, password: SecretStr) -> str:
        return b64encode(f"{user.get_secret_value()}:{password.get_secret_value()}".encode()).decode()

    def spellings(self) -> list[str]:
        """Every way in which a secret could show up in a text, the longest first."""
        parts = (*self.query.values(), *self.headers.values(), *self.body.values(), *self.inside)
        secrets = [secret.get_secret_value() for secret in parts]
        if self.basic:
            secrets += [self.basic[1].get_secret_value(), self._encoded(*self.basic)]
        return spellings_of(secrets)


def spellings_of(secrets: Iterable[str]) -> list[str]:
    """The secrets, each also as it stands in an address, the longest first."""
    spellings = {spelling for secret in secrets for spelling in (secret, quote(secret, safe=""), quote_plus(secret))}
    return sorted(spellings - {""}, key=len, reverse=True)
