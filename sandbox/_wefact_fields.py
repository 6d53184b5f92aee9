"""Reads what a request to the simulated WeFact says. Numbers may come as JSON numbers or as text; forms send text.

Of the texts of refusals only those in the reference are the real ones; the others follow their wording.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

Sent = Mapping[str, object]
_TOO_LARGE = Decimal(10) ** 12


class Refused(Exception):
    """The action is refused; the texts go out under ``errors``."""

    def __init__(self, *errors: str) -> None:
        super().__init__(*errors)
        self.errors = list(errors)


def read_text(name: str, value: object) -> str:
    """A text; a number will do."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise Refused(f"Invalid type for '{name}'")
    return str(value)


def read_strict_text(name: str, value: object) -> str:
    """A text; a number will not do."""
    if not isinstance(value, str):
        raise Refused(f"Invalid type for '{name}'")
    return value


def read_number(name: str, value: object) -> Decimal:
    """A finite number with a decimal point."""
    try:
        number = Decimal(read_text(name, value))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or abs(number) >= _TOO_LARGE:
        raise Refused(f"Invalid value for '{name}'")
    return number


def read_whole(name: str, value: object) -> int:
    """A whole number."""
    number = read_number(name, value)
    if number != number.to_integral_value():
        raise Refused(f"Invalid value for '{name}'")
    return int(number)


def read_day(name: str, value: object) -> date | None:
    """A day ``YYYY-MM-DD``, or nothing."""
    text = read_text(name, value)
    if text in ("", "0000-00-00"):
        return None
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        raise Refused(f"Invalid value for '{name}'")
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Refused(f"Invalid value for '{name}'") from error


def read_moment(name: str, value: object) -> tuple[datetime, bool]:
    """A moment ``YYYY-MM-DD HH:MM:SS`` on the wall, and whether the time was said; a bare day is its start."""
    text = read_text(name, value)
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}( \d{2}:\d{2}:\d{2})?", text):
        raise Refused(f"Invalid value for '{name}'")
    try:
        return datetime.fromisoformat(text), " " in text
    except ValueError as error:
        raise Refused(f"Invalid value for '{name}'") from error


def read_choice(name: str, value: object, choices: Sequence[str]) -> str:
    """One of the words (or codes) that exist."""
    text = read_text(name, value)
    if text not in choices:
        raise Refused(f"Invalid value for '{name}'")
    return text


def read_flag(name: str, value: object) -> bool:
    """``yes``/``no``, ``1``/``0``."""
    return read_choice(name, value, ("yes", "no", "1", "0")) in ("yes", "1")


def read_list(name: str, value: object) -> list[object]:
    """An array; of a form a group with the keys 0, 1, 2…"""
    if isinstance(value, dict):
        return list(value.values())
    if not isinstance(value, list):
        raise Refused(f"Invalid type for '{name}'")
    return value


def read_group(name: str, value: object) -> Sent:
    """An object."""
    if not isinstance(value, dict):
        raise Refused(f"Invalid type for '{name}'")
    return value
