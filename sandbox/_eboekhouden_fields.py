"""How long the texts of e-Boekhouden.nl's SOAP interface may be, and how its values are read and written."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from sandbox._eboekhouden_books import PAYMENTS, Mutation, Relation, euros
from sandbox._eboekhouden_rules import MOST, Refused
from sandbox._eboekhouden_wire import Content, Malformed, Tree, text

_ADDRESS = {"Adres": 150, "Postcode": 50, "Plaats": 50, "Land": 50}
RELATION = (
    {"Code": 15, "Bedrijf": 100, "Contactpersoon": 150, "Geslacht": 1}
    | _ADDRESS
    | {f"{name}2": length for name, length in _ADDRESS.items()}
    | {"Telefoon": 50, "GSM": 50, "FAX": 50, "Email": 150, "Site": 50, "Notitie": 40_000, "Bankrekening": 50}
    | {"Girorekening": 50, "BTWNummer": 50, "KvkNummer": 50, "Aanhef": 50, "IBAN": 50, "BIC": 50, "BP": 1}
    | {f"Def{number}": 100 for number in range(1, 11)}
    | {"LA": 1}
)
"""The fields of a relation and their lengths."""
RELATION_UPDATE = RELATION | {"Contactpersoon": 50}
"""The manual gives the contact another length when a relation is changed."""

MUTATION = {
    "Rekening": (10, "CMUT001"), "RelatieCode": (15, "CMUT017"), "Factuurnummer": (50, "CMUT013"),
    "Boekstuk": (50, "CMUT005"), "Omschrijving": (200, "CMUT005"), "Betalingstermijn": (4, "CMUT014"),
    "Betalingskenmerk": (50, "CMUT005"), "InExBTW": (2, "CMUT003.1"),
}  # fmt: skip
"""The texts of a mutation, their lengths, and the code of one that is too long (INFERRED: the field's own)."""
LINE = {"BTWCode": (12, "CMUT033"), "TegenrekeningCode": (10, "CMUT012")}


def limited(sent: Tree, name: str, length: int, code: str, *, truncate: bool) -> str:
    """A text within its length.

    Raises:
        Refused: it is longer, and that is not to be cut.
    """
    value = text(sent, name)
    if len(value) > length and not truncate:
        raise Refused(code, f"{name} is langer dan {length} tekens")
    return value[:length]


def limited_all(sent: Tree, limits: Mapping[str, tuple[int, str]], *, truncate: bool) -> dict[str, str]:
    """All texts of a table, each within its length. Raises Refused."""
    return {name: limited(sent, name, length, code, truncate=truncate) for name, (length, code) in limits.items()}


def number(sent: Tree, name: str) -> int:
    """A whole number; 0 when it is not there, which is what the vendor takes for "none"."""
    return int(text(sent, name) or 0)


def amount(sent: Tree, name: str) -> Decimal:
    """A decimal or double; 0 when it is not there.

    Raises:
        Malformed: not a number, infinite, or beyond what books hold.
    """
    value = Decimal(text(sent, name) or 0)
    if not value.is_finite() or abs(value) >= MOST:
        raise Malformed(f"{name} is not an amount")
    return value


def truth(sent: Tree, name: str) -> bool:
    """A boolean; false when it is not there."""
    return text(sent, name) in ("1", "true")


def day(sent: Tree, name: str) -> date | None:
    """A date without its time; None when it is nil or not there.

    Raises:
        Malformed: there is no such day.
    """
    value = text(sent, name)
    try:
        return date.fromisoformat(value[:10]) if value else None
    except ValueError as error:
        raise Malformed(f"{name}: there is no day {value}") from error


def moment(on: date) -> str:
    """A day as answers carry it."""
    return f"{on.isoformat()}T00:00:00"


def double(in_cents: int, *, noisy: bool = False) -> str:
    """An amount as ``xs:double`` is written: no superfluous zeros; at will with the noise of binary fractions."""
    value = Decimal(in_cents) / 100
    if noisy:
        return f"{value + Decimal('0.000000000001'):f}"
    return f"{value.normalize():f}"


def booking_day(asked: Tree) -> date:
    """The day of a mutation. Raises Refused: CMUT004."""
    try:
        on = day(asked, "Datum")
    except Malformed as error:
        raise Refused("CMUT004", "De datum is ongeldig") from error
    if on is None:
        raise Refused("CMUT004", "De datum ontbreekt")
    return on


def relation_wire(relation: Relation) -> Content:
    """A relation as it is listed."""
    texts = {name: relation.fields.get(name, "") for name in RELATION}
    numbers = {"ID": relation.id, "Gb_ID": 0, "GeenEmail": 0, "NieuwsbriefgroepenCount": 0}
    return texts | numbers | {"AddDatum": moment(relation.added_on)}


def mutation_wire(mutation: Mutation, *, payment_header: bool) -> Content:
    """A mutation as it is listed; the payment reference is not among what is given back."""
    relation, number = mutation.relation, mutation.invoice_number
    if mutation.kind in PAYMENTS:
        paid = {(row.invoice_number, row.relation.id if row.relation else 0) for row in mutation.rows}
        named = payment_header and len(paid) == 1
        relation, number = (mutation.rows[0].relation, mutation.rows[0].invoice_number) if named else (None, "")
    rows = [
        {"BedragInvoer": euros(row.entered), "BedragExclBTW": euros(row.net), "BedragBTW": euros(row.vat),
         "BedragInclBTW": euros(row.gross), "BTWCode": row.vat_code.code, "BTWPercentage": f"{row.percentage:.2f}",
         "Factuurnummer": row.invoice_number, "TegenrekeningCode": row.ledger.code, "KostenplaatsID": row.cost_centre}
        for row in mutation.rows
    ]  # fmt: skip
    return {
        "MutatieNr": mutation.number, "Soort": mutation.kind, "Datum": moment(mutation.day),
        "Rekening": mutation.ledger.code, "RelatieCode": relation.code if relation else "", "Factuurnummer": number,
        "Boekstuk": mutation.entry_number,
        "Omschrijving": mutation.description, "Betalingstermijn": "" if mutation.term is None else mutation.term,
        "InExBTW": "IN" if mutation.includes_vat else "EX", "MutatieRegels": rows,
    }  # fmt: skip
