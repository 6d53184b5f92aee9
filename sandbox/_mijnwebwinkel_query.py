"""How Mijnwebwinkel reads what it is asked: query parameters, the body of a change, and the ways it refuses."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import NoReturn

from sandbox._app import Call, JsonObject, Refusal
from sandbox._mijnwebwinkel_settings import CREDIT_STATUSES, LANGUAGES, STATUS_NUMBERS
from sandbox._mijnwebwinkel_shop import Filter

Parameter = Callable[[str], object]


def _integer(text: str) -> int:
    if not re.fullmatch(r"\d{1,9}", text):
        raise ValueError("a whole number is expected")
    return int(text)


def _page_size(text: str) -> int:
    if not 1 <= (size := _integer(text)) <= 100:
        raise ValueError("between 1 and 100 is expected")
    return size


def boolean(text: str) -> bool:
    """A flag as the API takes it."""
    if text not in {"0", "1", "false", "true"}:
        raise ValueError("0, 1, false or true is expected")
    return text in {"1", "true"}


def _day(text: str) -> str:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        raise ValueError("yyyy-mm-dd is expected")
    date.fromisoformat(text)
    return text


def _moment(text: str) -> str:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", text):
        raise ValueError("yyyy-mm-dd hh:mm:ss is expected")
    datetime.fromisoformat(text)
    return text


def one_of(*values: str) -> Parameter:
    """A text out of a fixed set."""

    def parse(text: str) -> str:
        if text not in values:
            raise ValueError(f"one of {', '.join(values)} is expected")
        return text

    return parse


_COMMON: dict[str, Parameter] = {
    "partner_token": str, "token": str, "format": one_of("json"), "language": one_of(*LANGUAGES),
}  # fmt: skip
#: The filters of ``/orders/count``, and those of ``/orders``.
COUNTED: dict[str, Parameter] = {
    "start_date": _day, "end_date": _day, "status_changed_start_date": _moment, "status_changed_end_date": _moment,
    "status_id": _integer, "archived": boolean, "test": boolean,
}  # fmt: skip
LISTED = COUNTED | {
    "limit": _page_size, "offset": _integer, "debtor_email": str, "debtor_id": str, "ordering": one_of("asc", "desc"),
}  # fmt: skip
#: Query parameters in the API's words → fields of `Filter`.
_FILTERS = {
    "start_date": "first_day", "end_date": "last_day", "status_changed_start_date": "changed_from",
    "status_changed_end_date": "changed_until", "status_id": "status", "archived": "archived", "test": "test",
    "debtor_email": "email", "debtor_id": "debtor_id",
}  # fmt: skip
PATCHING: dict[str, Parameter] = {
    "mutate_stock": boolean, "override_stock": boolean, "override_minimum": boolean,
}  # fmt: skip


def refuse(status: int, message: str, description: str, headers: Mapping[str, str] | None = None) -> NoReturn:
    """How the older endpoints refuse."""
    raise Refusal(status, {"code": status, "message": message, "description": description}, headers)


def problem(status: int, title: str, detail: str) -> NoReturn:
    """How the newer endpoints refuse: RFC 7807."""
    raise Refusal(status, {"type": "about:blank", "title": title, "detail": detail, "status": status})


def parsed_query(call: Call, known: Mapping[str, Parameter], *, newer: bool = False) -> dict[str, object]:
    """The query parameters, parsed; an unknown one or a bad value is refused, the newer endpoints' way if told so."""
    parsed: dict[str, object] = {}
    for name, text in call.query.multi_items():
        try:
            if name not in known and name not in _COMMON:
                raise ValueError("there is no such parameter")
            parsed[name] = (known.get(name) or _COMMON[name])(text)
        except ValueError as error:
            if newer:
                problem(422, "Unprocessable Entity", f"{name}: {error}")
            refuse(400, "Bad Request", f"{name}: {error}")
    return parsed


def filter_of(query: Mapping[str, object]) -> Filter:
    """The list filter that a parsed query asks for."""
    return Filter(**{name: query[given] for given, name in _FILTERS.items() if given in query})  # type: ignore[arg-type]


def check_patch(changes: JsonObject, wire: JsonObject) -> None:
    """Refuse what may not be changed on an order, or not so."""
    status, comments, reference = changes.get("status"), changes.get("comments", {}), changes.get("reference", "")
    location = changes.get("offline_location_id")
    faults = {
        "only archived, status, comments, reference and offline_location_id can be changed":
            bool(changes.keys() - {"archived", "status", "comments", "reference", "offline_location_id"}),
        "archived: a boolean is expected": not isinstance(changes.get("archived", False), bool),
        "status: unknown": "status" in changes and (type(status) is not int or status not in STATUS_NUMBERS),
        "status: not allowed for this order":
            status is not None and (status in CREDIT_STATUSES) != ("credited_order_number" in wire),
        "comments: only internal can be changed, a string":
            not isinstance(comments, dict) or not comments.keys() <= {"internal"}
            or not isinstance(comments.get("internal", ""), str),
        "reference: at most 255 characters, only for B2B":
            "reference" in changes
            and (wire.get("business_model") != "B2B" or not isinstance(reference, str) or len(reference) > 255),
        "offline_location_id: a string is expected": location is not None and not isinstance(location, str),
    }  # fmt: skip
    for description, wrong in faults.items():
        if wrong:
            refuse(400, "Bad Request", description)
