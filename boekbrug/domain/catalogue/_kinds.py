"""What an entry of the catalogue is made of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How much a finding matters."""

    ERROR = "error"  # the document does not go over until a person acted
    MISMATCH = "mismatch"  # the document went over, and the books differ from the shop
    WARNING = "warning"  # the document went over; worth a look
    NOTICE = "notice"  # for the record


@dataclass(frozen=True, slots=True)
class FindingText:
    """The sentences of one finding in one language; `{names}` are filled from the finding's values."""

    sentence: str
    suggestion: str


@dataclass(frozen=True, slots=True)
class FindingKind:
    """One entry of the catalogue."""

    code: str
    level: Level
    nl: FindingText
    en: FindingText


def kind(code: str, level: Level, nl: tuple[str, str], en: tuple[str, str]) -> FindingKind:
    return FindingKind(code, level, FindingText(*nl), FindingText(*en))
