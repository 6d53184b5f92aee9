"""The columns' own types."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import BigInteger, Dialect, Integer, Text, TypeDecorator
from sqlalchemy.types import TypeEngine
from sqlmodel import AutoString

# Records, events and attempts outgrow 32 bits; SQLite numbers rows by itself only for INTEGER, which has 64 there.
BIG_ID = BigInteger().with_variant(Integer(), "sqlite")

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class StorableText(TypeDecorator[str]):
    """Text as every column takes it.

    PostgreSQL knows no NUL in text, and neither database half a surrogate pair, though JSON from outside may hold
    both. They become the replacement character, as undecodable bytes do; a whole run must not end on one."""

    impl: type[TypeEngine[Any]] = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """The text without what cannot be stored."""
        return value if value is None or not _UNSTORABLE.search(value) else _UNSTORABLE.sub("\ufffd", value)


class StorableString(StorableText):
    """The same for columns that are a `str` of a table class."""

    impl = AutoString
    cache_ok = True
