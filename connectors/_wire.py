"""JSON that others write: read without trusting it, and written without losing a digit.

Remote systems send numbers as text, `[]` for an empty object and a bare object for a list of one. `Fields` takes all of
that; what it cannot understand is `Unreadable`, never a guess.
"""

from __future__ import annotations

import html
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TypeAlias

from boekbrug.domain.money import LARGEST_AMOUNT, Money
from boekbrug.domain.rounding import rounded

Json: TypeAlias = "bool | int | Decimal | str | list[Json] | dict[str, Json] | None"
JsonOut: TypeAlias = "bool | int | Decimal | str | Sequence[JsonOut] | Mapping[str, JsonOut] | None"

LONGEST_TEXT = 1000
_LONGEST_NUMBER = 30
_NUMBER = re.compile(r"[+-]?[0-9]{1,20}(\.[0-9]{1,30})?")
# What binary floating point on the other side may leave behind; far below a cent.
_NOISE = Decimal("0.000001")
_JOINERS = "\u200c\u200d"  # invisible, but part of how names and emoji are written


class Unreadable(ValueError):
    """A value that cannot be understood: where it stands and what is the matter with it."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem


def parse_json(text: str) -> Json:
    """The JSON value, numbers with a fraction as Decimal. Raises ValueError for anything that is not sound JSON.

    A number that nobody can mean is sound: it must not make the rest of a list unreadable. `Fields` refuses it.
    """
    try:
        value: Json = _DECODER.decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return value


def _fraction(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:  # its exponent alone is beyond all numbers
        return Decimal("NaN")


def _whole(text: str) -> int | Decimal:
    return int(text) if len(text) <= _LONGEST_NUMBER else Decimal(text)


def _no_number(text: str) -> Json:
    raise ValueError(f"{text} is not JSON")


_DECODER = json.JSONDecoder(parse_float=_fraction, parse_int=_whole, parse_constant=_no_number)


_ENCODER = json.JSONEncoder(ensure_ascii=False)


def to_json(value: JsonOut) -> str:
    """The value as JSON text; a Decimal as a number with exactly its digits. Raises TypeError for a float."""
    match value:
        case str() | None | bool() | int():
            return _ENCODER.encode(value)
        case Decimal():
            return f"{value:f}"
        case Mapping():
            return "{" + ", ".join(f"{_ENCODER.encode(key)}: {to_json(member)}" for key, member in value.items()) + "}"
        case Sequence():
            return "[" + ", ".join(to_json(member) for member in value) + "]"
        case _:
            raise TypeError(f"{type(value).__name__} cannot be written as JSON")


@dataclass(frozen=True, slots=True)
class Body:
    """What is sent along: its bytes, the headers that say what they are, and what the remote account counts the call as
    (`Meter.call`)."""

    content: bytes
    headers: Mapping[str, str]
    counts_as: str = ""


def json_body(value: JsonOut) -> Body | None:
    """A body of JSON; none for None."""
    return None if value is None else Body(to_json(value).encode(), {"Content-Type": "application/json"})


def clean(text: str, limit: int = LONGEST_TEXT) -> str:
    """The text on one line, without control characters and other invisible ones, at most `limit` long."""
    if len(text) <= limit and text.isascii() and text.isprintable() and "  " not in text:
        return text.strip(" ")  # nearly every text, and the rest is slow
    text = text[: 4 * limit]
    if not text.isprintable():
        invisible = ("Cc", "Cf", "Cs")  # control, format (such as text direction), half of a surrogate pair
        text = "".join(c for c in text if c.isspace() or c in _JOINERS or unicodedata.category(c) not in invisible)
    # Last, for letters and accents may only now stand side by side.
    return " ".join(unicodedata.normalize("NFC", text).split())[:limit].rstrip()


def folded(text: str) -> str:
    """The text for comparing names: without case, accents, spaces and signs."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if c.isalnum())


def plain(answer: str, limit: int = 200) -> str:
    """What an error answer says to a person: its message when it is JSON, its words when it is HTML."""
    try:
        value = parse_json(answer)
    except ValueError:
        value = None
    if isinstance(value, dict):
        said = [value.get(name) for name in ("title", "message", "error", "description", "detail")]
        answer = ". ".join(text for text in said if isinstance(text, str) and text) or answer
    answer = answer[: 20 * limit]
    answer = re.sub(r"<(script|style)\b.*?</\1>", " ", answer, flags=re.DOTALL | re.IGNORECASE)
    return clean(html.unescape(re.sub(r"<[^<>]*>", " ", answer)), limit)


def shown(value: object) -> str:
    """A value from outside, short enough for a sentence."""
    if isinstance(value, str):
        return f"'{clean(value, 40)}'"
    if isinstance(value, int | Decimal):
        return f"{value}" if isinstance(value, bool) or _number(value) is not None else "a huge number"
    return "a list" if isinstance(value, list) else "an object" if isinstance(value, dict) else "nothing"


def _number(value: Json) -> Decimal | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        text = value.strip()
        return Decimal(text) if _NUMBER.fullmatch(text) else None
    if isinstance(value, int | Decimal):
        number = Decimal(value)
        # adjusted(): the size without computing it, since 1e999999 is cheap to write and dear to work with
        return number if number.is_finite() and -_LONGEST_NUMBER < number.adjusted() <= _LONGEST_NUMBER else None
    return None


def without_zeros(number: Decimal) -> Decimal:
    """The number without zeros at its end: 2.0000 is 2, 10 stays 10."""
    return Decimal(f"{number:f}".rstrip("0").rstrip(".")) if "." in f"{number:f}" else number


class Fields:
    """The members of a JSON object from outside, by name. Every method raises Unreadable for what it cannot take."""

    def __init__(self, value: Json, where: str = "") -> None:
        if value is None or value in ("", []):
            value = {}
        if not isinstance(value, dict):
            raise Unreadable(where or "document", f"{shown(value)} is not an object")
        self._members = value
        self._where = where

    def __bool__(self) -> bool:
        return bool(self._members)

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def value(self, name: str) -> Json:
        """The member as it came; None when there is none."""
        return self._members.get(name)

    def fingerprint(self) -> str:
        """A text that only an equal object has."""
        return json.dumps(self._members, sort_keys=True, default=str)

    def path(self, name: str) -> str:
        """Where the member stands, for a person."""
        return f"{self._where}.{name}" if self._where else name

    def _problem(self, name: str, problem: str) -> Unreadable:
        return Unreadable(self.path(name), problem)

    def text(self, name: str, limit: int = LONGEST_TEXT) -> str:
        """The text, cleaned; "" when there is none (which some write as false)."""
        value = self._members.get(name)
        if value is True or (isinstance(value, list | dict) and value):
            raise self._problem(name, f"{shown(value)} is not text")
        if isinstance(value, int | Decimal) and value is not False:
            number = _number(value)
            if number is None:
                raise self._problem(name, f"{shown(value)} is not text")
            return f"{number:f}"
        return clean(value, limit) if isinstance(value, str) else ""

    def verbatim(self, name: str) -> str:
        """The text as it was given, to be given back; "" when there is none."""
        value = self._members.get(name)
        return value if isinstance(value, str) else ""

    def required_text(self, name: str) -> str:
        """The text, which must be there."""
        text = self.text(name)
        if not text:
            raise self._problem(name, "is missing")
        return text

    def day(self, name: str) -> date:
        """A date, with or without a time, which is left out. Raises Unreadable."""
        text = self.required_text(name)
        try:
            return date.fromisoformat(text[:10])
        except ValueError:
            raise self._problem(name, f"'{text}' is not a day") from None

    def number(self, name: str, decimals: int) -> Decimal:
        """The number, rounded half up to `decimals`, with exactly so many digits behind the point."""
        value = self._members.get(name)
        if value is None or value in ("", []):
            raise self._problem(name, "is missing")
        number = _number(value)
        if number is None:
            raise self._problem(name, f"{shown(value)} is not a number")
        if number.copy_abs() > LARGEST_AMOUNT:
            raise self._problem(name, f"{shown(value)} is too large to be meant")
        return rounded(number, decimals) + 0  # + 0: no negative zero

    def exact_number(self, name: str, decimals: int) -> Decimal:
        """The number, which must have no more than `decimals` digits behind the point."""
        number = self.number(name, decimals)
        given = _number(self._members[name])
        if given is None or (given - number).copy_abs() > _NOISE:
            raise self._problem(name, f"{shown(self._members[name])} has more than {decimals} decimals")
        return number

    def money(self, name: str, currency: str) -> Money:
        """The amount in whole cents."""
        return Money(self.exact_number(name, 2), currency)

    def whole(self, name: str) -> int:
        """The whole number."""
        return int(self.exact_number(name, 0))

    def flag(self, name: str, *, default: bool) -> bool:
        """Yes or no, however it is written; the default when nothing is."""
        value = self._members.get(name)
        text = str(value).strip().lower()
        if value is None or text == "":
            return default
        if text in ("true", "1", "yes"):
            return True
        if text in ("false", "0", "no"):
            return False
        raise self._problem(name, f"{shown(value)} is not yes or no")

    def object(self, name: str) -> Fields:
        """The object; an empty one when there is none."""
        return Fields(self._members.get(name), self.path(name))

    def objects(self, name: str) -> list[Fields]:
        """The objects of a list. One that is not in a list counts as a list of one."""
        value = self._members.get(name)
        members = value if isinstance(value, list) else [value] if value else []
        return [Fields(member, f"{self.path(name)}[{index}]") for index, member in enumerate(members)]

    def numbered(self, name: str) -> list[Fields]:
        """The objects of a list that is written as an object (`{"line1": …, "line2": …}`), in its order."""
        value = self._members.get(name)
        if isinstance(value, dict):
            return [Fields(member, f"{self.path(name)}.{key}") for key, member in value.items()]
        return self.objects(name)
