"""Reads clients and invoices as sent: documented lengths, types and enumerations; unknown fields dropped.

Factuursturen takes numbers and booleans as JSON values or as text, because forms are welcome too.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Literal, TypeVar, cast

from sandbox._factuursturen_seed import country_id
from sandbox._factuursturen_totals import HUNDRED, Discount, Line

Fields = Mapping[str, object]
V = TypeVar("V")
_TOO_LARGE = Decimal(10) ** 12


class Invalid(Exception):
    """What was sent is refused; the text names the field."""


@dataclass(frozen=True)
class Reader:
    """Reads one kind of value; ``truncate`` says what happens to a text that is too long."""

    truncate: bool

    def text(self, name: str, value: object, limit: int | None = None) -> str:
        if value is None:
            return ""
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
            raise Invalid(f"{name}: a text is expected")
        text = str(value)
        if limit is not None and len(text) > limit:
            if not self.truncate:
                raise Invalid(f"{name}: at most {limit} characters, not {len(text)}")
            return text[:limit]
        return text


def read_flag(name: str, value: object) -> bool:
    match str(value).lower():
        case "true" | "1":
            return True
        case "false" | "0" | "" | "none":
            return False
    raise Invalid(f"{name}: true or false is expected, not {value!r}")


def read_number(name: str, value: object) -> Decimal:
    if isinstance(value, str | int | Decimal) and not isinstance(value, bool):
        try:
            number = Decimal(value)
        except InvalidOperation:
            number = Decimal("NaN")
        if number.is_finite() and abs(number) < _TOO_LARGE:
            return number
    raise Invalid(f"{name}: a number is expected, not {value!r}")


def read_whole(name: str, value: object) -> int:
    number = read_number(name, value)
    if number != number.to_integral_value():
        raise Invalid(f"{name}: a whole number is expected, not {value!r}")
    return int(number)


def read_day(name: str, value: object) -> date | None:
    if value in ("", None):
        return None
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        raise Invalid(f"{name}: a date YYYY-MM-DD is expected, not {value!r}")
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise Invalid(f"{name}: {value!r} is not a day of the calendar") from error


def read_choice(name: str, value: object, choices: Sequence[str]) -> str:
    if not isinstance(value, str) or value not in choices:
        raise Invalid(f"{name}: one of {', '.join(choices)} is expected, not {value!r}")
    return value


def read_reference(value: object, reader: Reader) -> tuple[str, str, str]:
    if value in ("", None, []):
        return ("", "", "")
    if not isinstance(value, dict):
        raise Invalid("reference: an object with line1, line2 and line3 is expected")
    line1, line2, line3 = (reader.text(f"reference.{name}", value.get(name)) for name in ("line1", "line2", "line3"))
    return (line1, line2, line3)


SEND_METHODS = ("mail", "email", "printcenter")

_LENGTHS: dict[str, int | None] = {
    "contact": 50, "company": 50, "address": 50, "address_addon": 50, "city": 50, "zipcode": 7, "phone": 13,
    "mobile": 13, "email": 255, "email_reminder": 255, "addon": 255, "bankcode": 32, "biccode": 32,
    "taxnumber": 18, "mailintro": 128, "notes": None, "mandate_id": None, "custom_1": None,
    "custom_2": None, "custom_3": None,
}  # fmt: skip
_FLAGS = ("showcontact", "tax_shifted", "notes_on_invoice", "active")
_CHOICES: dict[str, Sequence[str]] = {
    "tax_type": ("intax", "extax"),
    "sendmethod": SEND_METHODS,
    "paymentmethod": ("bank", "autocollect"),
    "default_doclang": ("", "nl", "en", "de", "fr", "es"),
    "collecttype": ("OOFF", "FRST", "RCUR"),
    "currency": ("EUR", "USD", "GBP", "CHF", "NOK", "SEK", "DKK"),
}
_WHOLES = ("top", "stddiscount", "default_email", "default_category")

CLIENT_DEFAULTS: dict[str, str] = dict.fromkeys(_LENGTHS, "") | {
    "showcontact": "true", "tax_shifted": "false", "notes_on_invoice": "false", "active": "true",
    "country": "146", "sendmethod": "mail", "paymentmethod": "bank", "default_doclang": "",
    "collecttype": "FRST", "currency": "EUR", "top": "14", "stddiscount": "0",
    "mailintro": "Geachte heer/mevrouw,", "default_email": "0", "default_category": "0", "mandate_date": "",
}  # fmt: skip
"""What a client is made with; ``tax_type`` is a switch."""


def read_client(sent: Fields, reader: Reader) -> dict[str, str]:
    """The known fields of a client as Factuursturen writes them back: text; booleans ``true``, ``false``.

    Raises:
        Invalid: a field breaks its documented length, type or enumeration.
    """
    read = {name: _read_client_field(name, value, reader) for name, value in sent.items()}
    client = {name: value for name, value in read.items() if value is not None}
    if client.get("email") and not re.fullmatch(r"[^@\s]+@[^@\s]+", client["email"]):
        raise Invalid(f"email: {client['email']!r} is not an e-mail address")
    if not 0 <= int(client.get("stddiscount", 0)) <= HUNDRED:
        raise Invalid("stddiscount: 0 to 100 is expected")
    return client


def _read_client_field(name: str, value: object, reader: Reader) -> str | None:
    """None for a field that Factuursturen does not know."""
    if name in _LENGTHS:
        return reader.text(name, value, _LENGTHS[name])
    if name in _FLAGS:
        return "true" if read_flag(name, value) else "false"
    if name in _CHOICES:
        return read_choice(name, value, _CHOICES[name])
    if name in _WHOLES:
        return str(read_whole(name, value))
    if name == "mandate_date":
        day = read_day(name, value)
        return day.isoformat() if day else ""
    return _read_country(name, value) if name == "country" else None


def _read_country(name: str, value: object) -> str:
    found = country_id(str(value))
    if found is None:
        raise Invalid(f"{name}: {value!r} is not in the country list")
    return found


@dataclass(frozen=True)
class Draft:
    """An invoice as it was sent, well-formed, before the books have looked at it."""

    clientnr: int
    reference: tuple[str, str, str]
    lines: tuple[Line, ...]
    action: Literal["send", "save", "repeat"]
    sendmethod: str
    profile: int | None
    category: int | None
    discount: Discount | None
    paymentcondition: str
    paymentperiod: int | None
    savename: str
    overwrite: bool
    already_paid: Decimal | Literal["full"] | None
    already_paid_method: str
    number: int | None
    sent: date | None
    repeats: Mapping[str, str]


_FREQUENCIES = (
    "weekly",
    "biweekly",
    "fourweekly",
    "monthly",
    "bimonthly",
    "quarterly",
    "halfyearly",
    "yearly",
)


def read_invoice(sent: Fields, reader: Reader) -> Draft:
    """An invoice as posted.

    Raises:
        Invalid: a field is missing or breaks its documented length, type or enumeration.
    """
    if sent.get("clientnr") in (None, ""):
        raise Invalid("clientnr: required")
    action = cast(Literal["send", "save", "repeat"],
                  read_choice("action", sent.get("action"), ("send", "save", "repeat")))  # fmt: skip
    sendmethod = ""
    if action == "send" or sent.get("sendmethod") not in (None, ""):
        sendmethod = read_choice("sendmethod", sent.get("sendmethod"), SEND_METHODS)
    savename = reader.text("savename", sent.get("savename"), 20)
    if action != "send" and not savename:
        raise Invalid(f"savename: required with action {action}")
    lines = read_lines(sent.get("lines"), reader)
    if action == "send" and not any(line.charges for line in lines):
        raise Invalid("lines: an invoice needs a line with an amount")
    read_flag("convert_prices_to_euro", sent.get("convert_prices_to_euro"))
    return Draft(
        clientnr=read_whole("clientnr", sent["clientnr"]),
        reference=read_reference(sent.get("reference"), reader),
        lines=lines,
        action=action,
        sendmethod=sendmethod,
        profile=_optional(read_whole, sent, "profile"),
        category=_optional(read_whole, sent, "category"),
        discount=_read_discount(sent),
        paymentcondition=reader.text("paymentcondition", sent.get("paymentcondition")),
        paymentperiod=_optional(read_whole, sent, "paymentperiod"),
        savename=savename,
        overwrite=read_flag("overwrite_if_exist", sent.get("overwrite_if_exist")),
        already_paid=_read_already_paid(sent),
        already_paid_method=reader.text("alreadypaidmethod", sent.get("alreadypaidmethod"), 32),
        number=_optional(read_whole, sent, "invoicenr"),
        sent=_optional(read_day, sent, "sent"),
        repeats=_read_repeats(sent) if action == "repeat" else {},
    )


def read_lines(value: object, reader: Reader) -> tuple[Line, ...]:
    """An array, or an object ``line1 … lineN`` in its own order."""
    if value in (None, "", [], {}):
        return ()
    lines = list(value.values()) if isinstance(value, dict) else value
    if not isinstance(lines, list) or not all(isinstance(line, dict) for line in lines):
        raise Invalid("lines: an array or object of lines is expected")
    return tuple(_read_line(f"lines.line{at}", line, reader) for at, line in enumerate(lines, 1))


def _read_line(where: str, sent: Fields, reader: Reader) -> Line:
    description = reader.text(f"{where}.description", sent.get("description"))
    layout = sent.get("type")
    if layout not in (None, ""):
        choices = ("subtotal", "page_separator", "bundle_start", "bundle_end")
        return Line(description, type=read_choice(f"{where}.type", layout, choices))
    if all(sent.get(name) in (None, "") for name in ("amount", "price", "tax_rate")):
        if not description:
            raise Invalid(f"{where}: neither a text nor an amount, a price and a tax_rate")
        return Line(description)
    missing = [name for name in ("amount", "price", "tax_rate") if sent.get(name) in (None, "")]
    if missing:
        raise Invalid(f"{where}.{missing[0]}: required in a line with a price")
    discount = sent.get("discount_pct")
    line = Line(
        description=description,
        amount=read_number(f"{where}.amount", sent["amount"]),
        amount_desc=reader.text(f"{where}.amount_desc", sent.get("amount_desc")),
        price=read_number(f"{where}.price", sent["price"]),
        tax_rate=read_number(f"{where}.tax_rate", sent["tax_rate"]),
        discount_pct=None if discount in (None, "") else read_number(f"{where}.discount_pct", discount),
        tax_country=read_flag(f"{where}.tax_country", sent.get("tax_country")),
    )
    if line.discount_pct is not None and not 0 <= line.discount_pct <= HUNDRED:
        raise Invalid(f"{where}.discount_pct: 0 to 100 is expected")
    return line


def _optional(read: Callable[[str, object], V], sent: Fields, name: str) -> V | None:
    value = sent.get(name)
    return None if value in (None, "") else read(name, value)


def _read_discount(sent: Fields) -> Discount | None:
    value = _optional(read_number, sent, "discount")
    if value is None:
        return None
    kind = read_choice("discounttype", sent.get("discounttype"), ("amount", "percentage"))
    if value < 0 or (kind == "percentage" and value > HUNDRED):
        raise Invalid(f"discount: {value} is not a discount")
    return Discount(cast(Literal["amount", "percentage"], kind), value)


def _read_already_paid(sent: Fields) -> Decimal | Literal["full"] | None:
    return "full" if sent.get("alreadypaid") == "full" else _optional(read_number, sent, "alreadypaid")


def _read_repeats(sent: Fields) -> dict[str, str]:
    days = {name: read_day(name, sent.get(name)) for name in ("initialdate", "finalsenddate")}
    if days["initialdate"] is None:
        raise Invalid("initialdate: required with action repeat")
    return {
        **{name: day.isoformat() if day else "" for name, day in days.items()},
        "frequency": read_choice("frequency", sent.get("frequency"), _FREQUENCIES),
        "repeattype": read_choice("repeattype", sent.get("repeattype"), ("auto", "manual")),
    }
