"""Where a system's own pages show a document: an address that a person fills in, as no package says it in its API."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, quote, urlsplit

from pydantic import BaseModel, Field, field_validator

from boekbrug.domain.documents import DocumentKind, Side

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_KNOWN = {"number", "id"}
_LIKE_A_SECRET = re.compile(r"token|key|secret|passw|wachtwoord|sess|auth", re.IGNORECASE)


def _checked(value: str) -> str:
    text = value.strip()
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError("is not an address; an example is https://example.org/orders/{number}") from None
    if parts.scheme != "https" or not host or not text.isprintable() or " " in text:
        raise ValueError("must be a whole address that begins with https://")
    asked = set(_PLACEHOLDER.findall(text))
    if not asked or asked - _KNOWN or "{" in host or "{" in parts.netloc:
        raise ValueError("must hold {number} or {id}, after the host, where the document's own stands")
    # The address stands on pages and in browsers' histories.
    fields = [*parse_qsl(parts.query), *parse_qsl(parts.fragment.rpartition("?")[2])]
    fixed = [name for name, given in fields if not _PLACEHOLDER.fullmatch(given)]
    if parts.username is not None or any(_LIKE_A_SECRET.search(name) for name in fixed):
        raise ValueError("must hold no login, key or token: whoever sees the page sees it")
    return text


class DocumentPages(BaseModel):
    """Settings of a connector whose system shows its documents on pages of its own. Comes before the others' settings
    among a class's bases, so that its fields stand last."""

    document_url: str = Field(
        "",
        max_length=500,
        description="Address of a document's page in the system itself, with {number} or {id} where the document's own "
        "stands: shown as a link; empty: no link",
    )

    @field_validator("document_url", mode="after")
    @classmethod
    def _safe_template(cls, value: str) -> str:
        return _checked(value)

    def document_address(self, kind: DocumentKind, *, number: str, id: str) -> str:
        """Where a person sees the document in the system itself; "" where that is not known."""
        return filled(self.document_url, number=number, id=id)


class PagesOfBothSides(DocumentPages):
    """The same where documents of suppliers have pages of their own."""

    purchase_url: str = Field(
        "",
        max_length=500,
        description="The same of an invoice from a supplier; empty: no link",
    )

    @field_validator("purchase_url", mode="after")
    @classmethod
    def _safe_purchase_template(cls, value: str) -> str:
        return _checked(value)

    def document_address(self, kind: DocumentKind, *, number: str, id: str) -> str:
        """As above, by the document's side."""
        template = self.purchase_url if kind.side is Side.PURCHASES else self.document_url
        return filled(template, number=number, id=id)


def filled(template: str, **values: str) -> str:
    """The address of one document; "" when the template asks for what the document does not have."""
    asked = _PLACEHOLDER.findall(template)
    if any(not values.get(name) for name in asked):
        return ""
    return _PLACEHOLDER.sub(lambda found: quote(values[found.group(1)], safe=""), template)
