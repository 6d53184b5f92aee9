"""A report's choices as they stand in an address, and its rows as they are shown and exported."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import chain
from pathlib import Path
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import xlsxwriter
from starlette.datastructures import QueryParams

from boekbrug.domain.documents import DocumentKind
from boekbrug.domain.records import SyncRecord, SyncStatus
from boekbrug.store import tenants
from boekbrug.store.reports import DateKind, Place, ReportFilter
from dashboard import words
from dashboard.i18n import Wording
from dashboard.words import N_

MOST_TEXT = 100
SHEET_ROWS = 1_000_000
"""A sheet holds 1,048,576; what is more goes on in the next one."""
COLUMNS = (
    N_("Number"),
    N_("Date"),
    N_("Kind"),
    N_("Customer or supplier"),
    N_("E-mail"),
    N_("Amount"),
    N_("Currency"),
    N_("Status"),
    N_("Number in the books"),
    N_("Booked"),
    N_("Verified"),
    N_("Route"),
    N_("What is the matter"),
)
_MONEY_COLUMN = 5
# What a spreadsheet would take for a formula: a customer's name must not become one.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What a person chose. Anything in the address that is no choice of ours is as if it was not there."""

    by: DateKind = DateKind.ORDERED
    newest_first: bool = True
    first: date | None = None
    last: date | None = None
    statuses: frozenset[SyncStatus] = field(default_factory=frozenset)
    kinds: frozenset[DocumentKind] = field(default_factory=frozenset)
    route: str = ""
    text: str = ""
    in_all: bool = False

    @classmethod
    def of(cls, query: QueryParams) -> Choices:
        """As the address says."""
        return cls(
            by=DateKind.POSTED if query.get("by") == DateKind.POSTED else DateKind.ORDERED,
            newest_first=query.get("order") != "oldest",
            first=_day(query.get("first", "")),
            last=_day(query.get("last", "")),
            statuses=frozenset(s for s in SyncStatus if s.value in query.getlist("status")),
            kinds=frozenset(k for k in DocumentKind if k.value in query.getlist("kind")),
            route=query.get("route", ""),
            text=query.get("text", "").strip()[:MOST_TEXT],
            in_all=query.get("all") == "1",
        )

    @property
    def narrows(self) -> bool:
        """True when more than a text was chosen."""
        return bool(replace(self, text="", in_all=False).address())

    def address(self, **changes: str) -> str:
        """The choices as an address says them."""
        said: list[tuple[str, str]] = [("by", self.by)] if self.by is not DateKind.ORDERED else []
        said += [] if self.newest_first else [("order", "oldest")]
        said += [(name, day.isoformat()) for name, day in (("first", self.first), ("last", self.last)) if day]
        said += [("status", status.value) for status in SyncStatus if status in self.statuses]
        said += [("kind", kind.value) for kind in DocumentKind if kind in self.kinds]
        said += [(name, text) for name, text in (("route", self.route), ("text", self.text)) if text]
        said += [("all", "1")] if self.in_all else []
        kept = [(name, text) for name, text in said if name not in changes]
        return urlencode([*kept, *((name, text) for name, text in changes.items() if text)])

    def filter(self, routes: Iterable[tenants.Route], zone: ZoneInfo) -> ReportFilter:
        """The choices as the store takes them; days are days of the tenant's calendar."""
        chosen = {route.slug: route.id for route in routes}
        return ReportFilter(
            by=self.by,
            newest_first=self.newest_first,
            since=datetime.combine(self.first, time.min, zone) if self.first else None,
            until=datetime.combine(self.last + timedelta(days=1), time.min, zone) if self.last else None,
            statuses=self.statuses or frozenset(SyncStatus),
            kinds=self.kinds or frozenset(DocumentKind),
            route_id=chosen.get(self.route),
            text=self.text,
            in_all=self.in_all,
        )


def place_to_text(place: Place) -> str:
    """Where a page ended, for an address."""
    return f"{place.moment.isoformat() if place.moment else ''}~{place.record_id}"


def place_from_text(text: str) -> Place | None:
    """The place; None when the text names none."""
    moment, _, record_id = text.partition("~")
    try:
        at = datetime.fromisoformat(moment) if moment else None
        return Place(at, int(record_id)) if at is None or at.tzinfo else None
    except ValueError:
        return None


def customer_of(record: SyncRecord) -> str:
    """Who the document is for, as its source says it."""
    return _contact_of(record)[0]


def sentences(record: SyncRecord, language: str) -> list[str]:
    """What was found about it."""
    return [finding.sentence(language) for finding in record.findings]


def rows(found: Iterable[SyncRecord], routes: dict[int, str], wording: Wording) -> Iterator[list[str]]:
    """A row per document, for a spreadsheet: days as ISO writes them, amounts with a point."""
    _ = wording.gettext
    for record in found:
        name, email = _contact_of(record)
        yield [
            record.number,
            _iso(record.ordered_at, wording.zone),
            _(words.KIND[record.kind]),
            name,
            email,
            str(record.gross.amount) if record.gross else "",
            record.gross.currency if record.gross else "",
            _(words.STATUS[record.status]),
            record.target_number,
            _iso(record.posted_at, wording.zone),
            _iso(record.verified_at, wording.zone),
            routes.get(record.route_id, ""),
            " ".join([record.reason, *sentences(record, wording.language)]).strip(),
        ]


def as_csv(found: Iterator[list[str]], titles: list[str]) -> Iterator[bytes]:
    """A CSV file, piece by piece: with semicolons and a byte-order mark, as spreadsheets here expect."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";")
    writer.writerow(titles)
    yield b"\xef\xbb\xbf"
    for row in found:
        writer.writerow([_harmless(cell, column) for column, cell in enumerate(row)])
        if text.tell() > 64_000:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


def as_xlsx(found: Iterator[list[str]], titles: list[str]) -> Path:
    """An XLSX file in the temporary folder, to be removed by the caller; written row by row."""
    with tempfile.NamedTemporaryFile(suffix=".xlsx", delete=False) as file:
        path = Path(file.name)
    with xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_formulas": False}) as book:
        bold, cents = book.add_format({"bold": True}), book.add_format({"num_format": "#,##0.00"})
        for number, row in enumerate(chain([titles], found)):
            line = number % SHEET_ROWS
            if line == 0:
                sheet = book.add_worksheet()
                sheet.freeze_panes(1 if number == 0 else 0, 0)
                sheet.set_column(0, len(titles) - 1, 18)
            for column, cell in enumerate(row):
                if column == _MONEY_COLUMN and cell and number:
                    sheet.write_number(line, column, Decimal(cell), cents)
                else:
                    sheet.write_string(line, column, cell, bold if number == 0 else None)
    return path


def _contact_of(record: SyncRecord) -> tuple[str, str]:
    snapshot = json.loads(record.snapshot or "{}")
    contact = snapshot.get("customer") or snapshot.get("contact") or {}
    address = contact.get("address") or {}
    email = contact.get("email", "")
    return address.get("company") or address.get("name") or email, email


def _harmless(cell: str, column: int) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) and column != _MONEY_COLUMN else cell


def _iso(moment: datetime | None, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}" if moment else ""


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
