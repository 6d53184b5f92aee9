"""Lists of e-Boekhouden.nl's REST interface: pages, filters in their two spellings, and the shape of errors."""

import re
from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from fnmatch import fnmatchcase
from uuid import NAMESPACE_URL, uuid5

from starlette.datastructures import QueryParams

from sandbox._app import JsonObject, Refusal
from sandbox._eboekhouden_options import EBoekhoudenOptions

_OPERATORS = ("eq", "not_eq", "like", "not_like", "gt", "gte", "lt", "lte", "range")
_IN_KEY = re.compile(r"(\w+)\[(\w+)\]")
_IN_VALUE = re.compile(r"\[(\w+)\](.*)", re.DOTALL)

Filter = tuple[str, str, str]
"""Field, operator and value."""


def problem(code: str, text: str, status: int = 400, *, field: str = "", kind: str = "validation") -> JsonObject:
    """An error's body; ``code`` is what one goes by."""
    named: JsonObject = {"propertyName": field} if field else {}
    trace = uuid5(NAMESPACE_URL, code + field + text).hex
    rest: JsonObject = {"code": code, "title": text, "message": text, "status": status, "traceId": trace}
    return {"type": kind} | named | rest


class Page:
    """What a list call asks for.

    Raises:
        Refusal: PAGE_001: limit, PAGE_002: offset; ERR_001: a filter that cannot be understood.
    """

    def __init__(
        self, query: QueryParams, filters: set[str], others: frozenset[str], options: EBoekhoudenOptions
    ) -> None:
        self._options = options
        self._limit = _between(query.get("limit", "100"), 1, 2000, "PAGE_001")
        self._offset = _between(query.get("offset", "0"), 0, 10**9, "PAGE_002")
        self._filters: list[Filter] = []
        for name, value in query.multi_items():
            if name not in {"limit", "offset", *others}:
                self._add(name, value, filters)

    def _add(self, name: str, value: str, known: set[str]) -> None:
        spelling, operator = self._options.filters, "eq"
        if spelling in ("key", "both") and (found := _IN_KEY.fullmatch(name)):
            name, operator = found.groups()
        elif spelling in ("value", "both") and (found := _IN_VALUE.fullmatch(value)):
            operator, value = found.groups()
        if name in known and operator in _OPERATORS:
            self._filters.append((name, operator, value))
        elif self._options.unknown_parameter == "refuse":
            raise Refusal(400, problem("ERR_001", f"Unknown filter {name}", field=name))

    def of(
        self, items: Sequence[JsonObject], shown: Callable[[JsonObject], JsonObject] = lambda item: item
    ) -> JsonObject:
        """The page of these items; ``shown`` cuts an item down to what a list tells."""
        found = [item for item in items if all(_passes(item.get(name), *how) for name, *how in self._filters)]
        page = [shown(item) for item in found[self._offset : self._offset + self._limit]]
        return {"items": page, "count": len(page) if self._options.count == "page" else len(found)}


def _between(value: str, least: int, most: int, code: str) -> int:
    if not re.fullmatch("[0-9]{1,10}", value) or not least <= int(value) <= most:
        raise Refusal(400, problem(code, f"A number from {least} to {most} is expected"))
    return int(value)


def _passes(value: object, operator: str, wanted: str) -> bool:
    """Whether an item's value passes one filter; dates compare by their day."""
    text = "" if value is None else str(value).removesuffix("T00:00:00")
    match operator:
        case "eq":
            return text.casefold() == wanted.casefold()
        case "not_eq":
            return text.casefold() != wanted.casefold()
        case "like" | "not_like":
            fits = fnmatchcase(text.casefold(), wanted.casefold().replace("[", "[[]").replace("%", "*"))
            return fits == (operator == "like")
        case "range":
            first, _, last = wanted.partition(",")
            return _comparable(first) <= _comparable(text) <= _comparable(last)
    ours, theirs = _comparable(text), _comparable(wanted)
    return {"gt": ours > theirs, "gte": ours >= theirs, "lt": ours < theirs, "lte": ours <= theirs}[operator]


def _comparable(text: str) -> tuple[int, Decimal, str]:
    """Numbers by their value, everything else (dates) as text."""
    try:
        return 0, Decimal(text), ""
    except InvalidOperation:
        return 1, Decimal(0), text
