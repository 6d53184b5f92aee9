"""What documents are looked for by: one normalised text per document, which an index holds."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from sqlalchemy import ColumnElement
from sqlmodel import col

from boekbrug.store.tables import RecordRow

_MOST = 400  # characters: PostgreSQL refuses an entry of an index above 2,700 bytes


def search_text(parts: Iterable[str]) -> str:
    """The parts that say something, each on a line of its own, so that nothing is found across two of them."""
    return "\n".join(dict.fromkeys(said for part in parts if (said := normalised(part))))[:_MOST]


def normalised(text: str) -> str:
    """The text without its accents, its capitals and what is more than one space: "José  Smit" is found by "jose s"."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(sign for sign in decomposed if not unicodedata.combining(sign)).split())


def matching(text: str) -> list[ColumnElement[bool]]:
    """The conditions on a document that has every word of the text in it."""
    return [col(RecordRow.search).contains(word, autoescape=True) for word in normalised(text).split()]
