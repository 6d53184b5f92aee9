"""Findings: what checks, mapping and verification report. A finding is a code of the catalogue and the values that fill
its sentences: see `boekbrug.domain.catalogue`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from boekbrug.domain.catalogue import CATALOGUE, FindingKind, FindingText, Level

__all__ = [
    "CATALOGUE",
    "PERSONAL_VALUES",
    "Finding",
    "FindingKind",
    "FindingText",
    "Level",
    "blocking",
    "finding",
    "in_general",
]

# Values that may hold personal data: a customer's own, or free text from elsewhere that may repeat them.
PERSONAL_VALUES = frozenset(
    {"answer", "changes", "email", "in_books", "in_shop", "postcode", "problem", "text", "vat_number"}
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found about one document. `values` fill the catalogue's sentences; they hold no secrets.

    Raises KeyError at once for a code that the catalogue does not know.
    """

    code: str
    values: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        CATALOGUE[self.code]

    def __hash__(self) -> int:
        return hash((self.code, *sorted(self.values.items())))

    @property
    def level(self) -> Level:
        """How much it matters."""
        return CATALOGUE[self.code].level

    @property
    def blocks(self) -> bool:
        """True when the document must not go over."""
        return self.level is Level.ERROR

    def sentence(self, language: str = "en") -> str:
        """What is the matter, in `nl` or `en`."""
        return self._text(language).sentence.format_map(_Values(self.values))

    def suggestion(self, language: str = "en") -> str:
        """What to do about it, in `nl` or `en`."""
        return self._text(language).suggestion.format_map(_Values(self.values))

    def public_sentence(self, language: str = "en") -> str:
        """The sentence without personal data, for places that more people see than the tenant: logs and artifacts."""
        return self._text(language).sentence.format_map(self._public)

    def public_suggestion(self, language: str = "en") -> str:
        """The suggestion without personal data, for the same places."""
        return self._text(language).suggestion.format_map(self._public)

    @property
    def _public(self) -> _Values:
        return _Values({name: "…" if name in PERSONAL_VALUES else value for name, value in self.values.items()})

    def _text(self, language: str) -> FindingText:
        kind = CATALOGUE[self.code]
        return kind.nl if language == "nl" else kind.en


def in_general(code: str, language: str) -> tuple[str, str]:
    """What is the matter and what to do, of no document in particular. Raises KeyError for an unknown code."""
    kind = CATALOGUE[code]
    text = kind.nl if language == "nl" else kind.en
    return text.sentence.format_map(_Blanks()), text.suggestion.format_map(_Blanks())


class _Blanks(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return "…"


class _Values(dict[str, str]):
    """Values for a sentence; one that was not given shows as a dash instead of breaking the page."""

    def __missing__(self, key: str) -> str:
        return "-"


def finding(code: str, /, **values: object) -> Finding:
    """A finding with its values as text."""
    return Finding(code, {name: str(value) for name, value in values.items()})


def blocking(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Those that keep the document from going over."""
    return tuple(f for f in findings if f.blocks)
