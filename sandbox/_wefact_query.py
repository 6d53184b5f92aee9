"""Lists of the simulated WeFact: filters, search, order and pages, over rows as they go over the wire."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import cast

from sandbox._app import JsonObject
from sandbox._wefact_fields import Refused, Sent, read_choice, read_day, read_group, read_moment, read_text, read_whole
from sandbox._wefact_options import WefactOptions

_NUMERIC = frozenset(
    ("Identifier", "Debtor", "Creditor", "AmountExcl", "AmountIncl", "AmountPaid", "AmountOutstanding", "Term",
     "Status", "Sent", "PriceExcl", "TaxPercentage")
)  # fmt: skip
_FILTERS = ("searchat", "searchfor", "created", "modified", "date", "paybefore", "paydate", "status", "group", "type",
            "sort", "order")  # fmt: skip
#: Parameter → field; windows of days are known of invoices only.
_DAY_WINDOWS = {"date": "Date", "paybefore": "PayBefore", "paydate": "PayDate"}


@dataclass(frozen=True)
class Entry:
    """A record in a list: its row, and everything else it has (for search), made when asked for."""

    row: JsonObject
    everything: Callable[[], JsonObject]
    groups: frozenset[int] = frozenset()

    def text(self, name: str) -> str:
        found = self.row[name] if name in self.row else self.everything().get(name, "")
        return found if isinstance(found, str) else str(found)


@dataclass(frozen=True)
class Listing:
    """What is particular to one controller. ``key`` names the rows; without a sort they come in ``order``."""

    key: str
    search: Sequence[str]
    order: tuple[str, bool]
    days: bool = False
    status: bool = False


def found_rows(entries: Sequence[Entry], sent: Sent, listing: Listing, options: WefactOptions) -> list[JsonObject]:
    """All rows that pass, in order. Raises Refused."""
    passing = [_search(sent, listing, options)] if sent.get("searchfor") not in (None, "") else []
    passing += [_stamps(name, sent[name], options) for name in ("created", "modified") if name in sent]
    if listing.days:
        passing += [_days(name, sent[name]) for name in _DAY_WINDOWS if name in sent]
    if listing.status and sent.get("status") not in (None, ""):
        passing.append(_equal("Status", read_text("status", sent["status"])))
    if sent.get("group") not in (None, ""):
        passing.append(_in_group(read_whole("group", sent["group"])))
    return [entry.row for entry in _sorted([entry for entry in entries if all(passes(entry) for passes in passing)],
                                           sent, listing, options)]  # fmt: skip


def page_of(
    rows: Sequence[JsonObject], sent: Sent, key: str, options: WefactOptions, count: Callable[[int], str | int]
) -> JsonObject:
    """One page with its counts; an empty one has no rows key at all. Raises Refused."""
    offset = max(0, read_whole("offset", sent.get("offset", 0)))
    wanted = read_whole("limit", sent.get("limit", options.page_limit))
    limit = min(wanted, options.page_limit) if wanted > 0 else options.page_limit
    page = rows[offset : offset + limit]
    filters = {name: sent[name] for name in _FILTERS if name in sent}
    return {
        "totalresults": count(len(rows)),
        "currentresults": count(len(page)),
        "offset": count(offset),
        **({"filters": filters} if filters else {}),
        **({key: list(page)} if page else {}),
    }


def _search(sent: Sent, listing: Listing, options: WefactOptions) -> Callable[[Entry], bool]:
    names = read_text("searchat", sent.get("searchat")).split("|") if sent.get("searchat") else listing.search
    wanted, whole = read_text("searchfor", sent["searchfor"]).casefold(), options.search_match == "whole"

    def passes(entry: Entry) -> bool:
        texts = [entry.text(name).casefold() for name in names]
        return wanted in texts if whole else any(wanted in text for text in texts)

    return passes


def _stamps(name: str, window: object, options: WefactOptions) -> Callable[[Entry], bool]:
    """Wall clocks are compared: the hour that a night in October has twice is one hour."""
    bounds = read_group(name, window)
    field, least, most = name.capitalize(), datetime.min, datetime.max  # noqa: DTZ901
    if bounds.get("from") not in (None, ""):
        least, _ = read_moment(f"{name}.from", bounds["from"])
    if bounds.get("to") not in (None, ""):
        most, timed = read_moment(f"{name}.to", bounds["to"])
        if not timed and options.bare_date_until == "end":
            most += timedelta(days=1, seconds=-1)
    return lambda entry: least <= datetime.fromisoformat(entry.text(field)) <= most


def _days(name: str, window: object) -> Callable[[Entry], bool]:
    bounds, field = read_group(name, window), _DAY_WINDOWS[name]
    first = read_day(f"{name}.from", bounds.get("from"))
    last = read_day(f"{name}.to", bounds.get("to"))

    def passes(entry: Entry) -> bool:
        day = read_day(field, entry.text(field))
        return day is not None and (first is None or first <= day) and (last is None or day <= last)

    return passes


def _equal(field: str, wanted: str) -> Callable[[Entry], bool]:
    return lambda entry: entry.text(field) == wanted


def _in_group(group: int) -> Callable[[Entry], bool]:
    return lambda entry: group in entry.groups


def _sorted(entries: list[Entry], sent: Sent, listing: Listing, options: WefactOptions) -> list[Entry]:
    """By the field asked for, else as the list comes by itself; equals by Identifier."""
    name, downwards = listing.order
    asked = read_text("sort", sent.get("sort"))
    known = not entries or asked in entries[0].row
    if asked and known and (asked != "Modified" or options.sort_by_modified):
        name, downwards = asked, False
    elif asked and options.unknown_sort == "refuse":
        raise Refused(f"Invalid value for 'sort': {asked}")
    if "order" in sent:
        downwards = read_choice("order", read_text("order", sent["order"]).upper(), ("ASC", "DESC")) == "DESC"

    def key(entry: Entry) -> tuple[Decimal | str, int]:
        text = entry.text(name)
        value = Decimal(text) if name in _NUMERIC else text.casefold()
        return value, int(cast(str, entry.row["Identifier"]))

    return sorted(entries, key=key, reverse=downwards)
