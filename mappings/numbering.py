"""Whether the invoice numbers of several routes, and those that the package makes itself, can collide in the books.

Numbers of sales must be unique in an administration. Two ranges collide when they can hold the same number: that is
told from the shape of their numbers (F2026-0001 is F#-#), or, where no number is known yet, from their prefixes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from boekbrug.domain.findings import Finding, finding

_DIGITS = re.compile(r"\d+")
_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberRange:
    """The numbers that one route gives to its sales invoices in the books.

    `owner` is how people call the route; `samples` are numbers of its source, without the prefix: the more the better,
    none when nothing was read yet.
    """

    owner: str
    prefix: str
    samples: tuple[str, ...] = ()

    @property
    def shapes(self) -> frozenset[str]:
        """What its numbers look like in the books, as far as the samples tell."""
        return frozenset(shape_of(self.prefix + sample) for sample in self.samples)


def shape_of(number: str) -> str:
    """A number with # for every run of digits, in capitals: packages do not tell f1 from F1."""
    return _DIGITS.sub("#", number.strip()).upper()


def range_problems(ranges: Sequence[NumberRange]) -> tuple[Finding, ...]:
    """Which routes into one administration can give the same number."""
    found = []
    for index, one in enumerate(ranges):
        for other in ranges[index + 1 :]:
            if _overlap(one, other):
                values = {"owner": one.owner, "prefix": one.prefix or "-", "other": other.owner}
                found.append(finding("NUMBER_RANGE_OVERLAPS", other_prefix=other.prefix or "-", **values))
    return tuple(found)


def own_number_problems(one: NumberRange, numbers: Iterable[str]) -> tuple[Finding, ...]:
    """Whether the route's range holds numbers that stand in the books without being ours: the package's own invoicing,
    or what a person or another program booked."""
    taken = list(dict.fromkeys(number for number in numbers if _within(one, number)))
    if not taken:
        return ()
    shown = ", ".join(taken[:_SHOWN]) + (", …" if len(taken) > _SHOWN else "")
    return (finding("NUMBER_RANGE_TAKEN", owner=one.owner, prefix=one.prefix or "-", numbers=shown, count=len(taken)),)


def _overlap(one: NumberRange, other: NumberRange) -> bool:
    if one.samples and other.samples:
        return not one.shapes.isdisjoint(other.shapes)
    return any(_begins(longer, shorter) for longer, shorter in ((one, other), (other, one)))


def _begins(longer: NumberRange, shorter: NumberRange) -> bool:
    """Whether numbers of `shorter` may begin with the prefix of `longer`."""
    rest = longer.prefix.upper().removeprefix(shorter.prefix.upper())
    if not longer.prefix.upper().startswith(shorter.prefix.upper()):
        return False
    return not rest or not shorter.samples or any(s.strip().upper().startswith(rest) for s in shorter.samples)


def _within(one: NumberRange, number: str) -> bool:
    if one.samples:
        return shape_of(number) in one.shapes
    return number.strip().upper().startswith(one.prefix.upper())
