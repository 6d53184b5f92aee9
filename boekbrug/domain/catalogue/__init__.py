"""The catalogue: everything that a finding can say, in Dutch and English, with its level and suggestion.

It is the one place where these stand; the page `docs/findings.md` is generated from it.
"""

from __future__ import annotations

from collections.abc import Mapping

from boekbrug.domain.catalogue import afterwards, books, documents, entries, mapping, paid, sources, staying, vat
from boekbrug.domain.catalogue._kinds import FindingKind, FindingText, Level

__all__ = ["CATALOGUE", "ENTRIES", "FindingKind", "FindingText", "Level"]

ENTRIES = (
    *documents.ENTRIES,
    *vat.ENTRIES,
    *mapping.ENTRIES,
    *books.ENTRIES,
    *entries.ENTRIES,
    *sources.ENTRIES,
    *staying.ENTRIES,
    *afterwards.ENTRIES,
    *paid.ENTRIES,
)

CATALOGUE: Mapping[str, FindingKind] = {kind.code: kind for kind in ENTRIES}
