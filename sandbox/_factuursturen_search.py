"""Search in the simulated Factuursturen: a text anywhere in one field of a record, or in all of them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar, cast

from sandbox._app import JsonObject
from sandbox._factuursturen_books import Books, Client, Invoice
from sandbox._factuursturen_options import FactuursturenOptions
from sandbox._factuursturen_wire import client_wire, invoice_wire

R = TypeVar("R")
BLOCK = 500  # records


@dataclass(frozen=True)
class Wanted:
    """What is looked for: a text in lower case, in one field or in ``all`` but those ``without``."""

    text: str
    field: str
    without: Sequence[str] = ()
    whole: bool = False


@dataclass(frozen=True)
class Searchable:
    """A record as search sees it: the texts of its fields and of its reference, in lower case."""

    wire: JsonObject
    texts: Mapping[str, Sequence[str]]

    @classmethod
    def of(cls, wire: JsonObject) -> "Searchable":
        texts = {name: [value.casefold()] for name, value in wire.items() if isinstance(value, str)}
        if "reference" in wire:
            reference = cast(dict[str, str], wire["reference"])
            texts["reference"] = [line.casefold() for line in reference.values()]
        return cls(wire, texts)

    def text_of(self, field: str) -> str:
        """The texts of a field, or of ``all``, one per line."""
        found = self.texts.values() if field == "all" else [self.texts.get(field, ())]
        return "\n".join(text for texts in found for text in texts)

    def has(self, wanted: Wanted) -> bool:
        names = [name for name in self.texts if name not in wanted.without] if wanted.field == "all" else [wanted.field]
        texts = (text for name in names for text in self.texts.get(name, ()))
        return any(text == wanted.text if wanted.whole else wanted.text in text for text in texts)


@dataclass
class _Block:
    """Some records and, per field that was searched, the texts of all of them: most blocks need no closer look."""

    records: list[Searchable] = field(default_factory=list)
    _texts: dict[str, str] = field(default_factory=dict)

    def put(self, at: int, record: Searchable) -> None:
        self.records[at : at + 1] = [record]
        self._texts.clear()

    def has(self, wanted: Wanted) -> bool:
        text = self._texts.get(wanted.field)
        if text is None:
            text = self._texts[wanted.field] = "\n".join(record.text_of(wanted.field) for record in self.records)
        return wanted.text in text


class _Index(Generic[R]):
    """Records in the order they came."""

    def __init__(self, wire: Callable[[R], JsonObject]) -> None:
        self._wire = wire
        self._places: dict[R, int] = {}
        self._records: list[R] = []
        self._blocks: list[_Block] = []

    def put(self, records: Iterable[R]) -> None:
        """Records that are new or have changed."""
        for record in records:
            place = self._places.setdefault(record, len(self._records))
            if place == len(self._records):
                self._records.append(record)
            block, at = divmod(place, BLOCK)
            if block == len(self._blocks):
                self._blocks.append(_Block())
            self._blocks[block].put(at, Searchable.of(self._wire(record)))

    def find(self, wanted: Wanted) -> Iterator[tuple[R, JsonObject]]:
        for number, block in enumerate(self._blocks):
            if block.has(wanted):
                for at, found in enumerate(block.records):
                    if found.has(wanted):
                        yield self._records[number * BLOCK + at], found.wire


class Search:
    """Finds the records of an account by a text. Nobody else may take what the books say has changed."""

    def __init__(self, books: Books, options: FactuursturenOptions) -> None:
        self._books = books
        self._clients = _Index[Client](client_wire)
        self._invoices = _Index[Invoice](lambda invoice: invoice_wire(invoice, options))
        books.changed = dict.fromkeys((*books.clients.values(), *books.invoices.values()))

    def clients(self, wanted: Wanted) -> list[JsonObject]:
        """The clients that have the text, the oldest first."""
        self._look_again()
        clients = self._books.clients
        return [wire for client, wire in self._clients.find(wanted) if clients.get(client.nr) is client]

    def invoices(self, wanted: Wanted) -> list[JsonObject]:
        """The invoices that have the text, the oldest first."""
        self._look_again()
        invoices = self._books.invoices
        return [wire for invoice, wire in self._invoices.find(wanted) if invoices.get(invoice.id) is invoice]

    def _look_again(self) -> None:
        changed = self._books.changed
        self._clients.put(record for record in changed if isinstance(record, Client))
        self._invoices.put(record for record in changed if isinstance(record, Invoice))
        changed.clear()
