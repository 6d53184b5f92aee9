"""Values of e-Boekhouden.nl's REST interface: read strictly, and written as answers carry them.

No source names the codes REL_001, MUT_105, MUT_107, MUT_108, ERR_404; they are ours.
"""

import re
from datetime import date
from decimal import Decimal

from sandbox._app import JsonObject, Refusal
from sandbox._eboekhouden_books import Books, Ledger, Relation, Row
from sandbox._eboekhouden_query import problem
from sandbox._eboekhouden_rules import MOST

RELATION_NAMES = {
    "code": "Code", "name": "Bedrijf", "type": "BP", "contact": "Contactpersoon", "gender": "Geslacht",
    "address": "Adres", "postalCode": "Postcode", "city": "Plaats", "country": "Land", "phoneNumber": "Telefoon",
    "mobilePhoneNumber": "GSM", "faxNumber": "FAX", "emailAddress": "Email", "website": "Site", "note": "Notitie",
    "vatNumber": "BTWNummer", "companyRegistrationNumber": "KvkNummer", "iban": "IBAN", "bic": "BIC",
    "emailAddressInvoice": "EmailFactuur", "emailAddressReminder": "EmailHerinnering", "peppolId": "PeppolID",
    "termOfPayment": "Betalingstermijn",
} | {f"freeText{number}": f"Def{number}" for number in range(1, 11)}  # fmt: skip
"""Property → the field of the books; the last four are unknown to the SOAP interface."""

RELATION_LENGTHS = {
    "code": 15, "name": 100, "type": 1, "gender": 1, "address": 150, "emailAddress": 150, "emailAddressInvoice": 150,
    "emailAddressReminder": 150, "note": 40_000, "bic": 20,
} | {f"freeText{number}": 100 for number in range(1, 11)}  # fmt: skip
"""Of all other properties the length is 50."""


def refusal(code: str, field: str, text: str) -> Refusal:
    """An error of status 400."""
    return Refusal(400, problem(code, text, field=field))


def missing(what: str) -> Refusal:
    """The answer to an unknown id."""
    return Refusal(404, problem("ERR_404", f"{what} not found", 404))


def read_day(value: object, field: str, absent: date) -> date:
    """A day, or what stands for an absent one. Raises Refusal."""
    if value is None:
        return absent
    try:
        if not isinstance(value, str) or len(value) != 10:
            raise ValueError(value)
        return date.fromisoformat(value)
    except ValueError as error:
        raise refusal("MUT_003", field, "The date is invalid") from error


def read_whole(value: object, field: str, code: str) -> int:
    """A whole number. Raises Refusal."""
    if type(value) is not int:
        raise refusal(code, field, "A whole number is expected")
    return value


def read_decimal(value: object, field: str) -> Decimal:
    """A number with at most two decimals. Raises Refusal."""
    number = Decimal(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else None
    if number is None or abs(number) >= MOST or number != round(number, 2):
        raise refusal("MUT_105", field, "An amount with two decimals is expected")
    return number


def read_text(asked: JsonObject, name: str, length: int, code: str) -> str:
    """A text of at most so many characters, empty when it is absent. Raises Refusal."""
    value = asked.get(name, "")
    if not isinstance(value, str) or len(value) > length:
        raise refusal(code, name, f"Not a text of at most {length} characters")
    return value


def in_euros(in_cents: int) -> Decimal:
    """An amount as answers carry it."""
    return Decimal(in_cents) / 100


def filled(content: JsonObject) -> JsonObject:
    """Without what is empty, which answers leave out."""
    return {name: value for name, value in content.items() if value not in (None, "")}


def administration_wire(books: Books) -> JsonObject:
    """An administration."""
    return {"id": books.guid, "name": books.company}


def ledger_wire(ledger: Ledger) -> JsonObject:
    """An account."""
    return {
        "id": ledger.id, "code": ledger.code, "description": ledger.description, "category": ledger.category,
        "group": ledger.group,
    }  # fmt: skip


def relation_wire(relation: Relation) -> JsonObject:
    """A relation with all its properties."""
    texts: JsonObject = {name: relation.fields.get(field) for name, field in RELATION_NAMES.items()}
    term: JsonObject = {"termOfPayment": int(relation.fields.get("Betalingstermijn", 0)) or None}
    return filled({"id": relation.id} | texts | term)


def row_wire(row: Row) -> JsonObject:
    """A line of a mutation."""
    return filled({
        "ledgerId": row.ledger.id, "vatCode": row.vat_code.code, "amount": in_euros(row.entered),
        "invoiceNumber": row.invoice_number, "relationId": row.relation.id if row.relation else None,
        "costCenterId": row.cost_centre or None, "description": row.description,
    })  # fmt: skip


def relation_texts(asked: JsonObject) -> dict[str, str]:
    """The fields of the books that a sent relation fills. Raises Refusal."""
    for name, value in asked.items():
        if name == "termOfPayment":
            read_whole(value, name, "REL_030")
        elif not isinstance(value, str) or len(value) > RELATION_LENGTHS.get(name, 50):
            raise refusal("ERR_001", name, "Not a text, or too long")
    if "name" not in asked:
        raise refusal("REL_001", "name", "Name is required")
    if asked.get("type", "B") not in ("B", "P") or asked.get("gender", "m") not in ("m", "v", "a"):
        raise refusal("ERR_001", "type", "Type or gender is invalid")
    if not re.fullmatch(r"[0-9]*", str(asked.get("companyRegistrationNumber", ""))):
        raise refusal("REL_008", "companyRegistrationNumber", "Only digits are allowed")
    if "@" not in str(asked.get("emailAddress", "@")):
        raise refusal("REL_023", "emailAddress", "The e-mail address is invalid")
    return {RELATION_NAMES[name]: str(value) for name, value in asked.items() if name in RELATION_NAMES}
