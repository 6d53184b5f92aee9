"""What other parts of the program say in English only, in the reader's language: details of a connection's check, and
what a model says of a wrong setting. A sentence that is not known here is shown as it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from pydantic import ValidationError

from dashboard.words import N_

Gettext = Callable[[str], str]

# Sentences of connectors and models; what stands at a %(name)s is a name or a number.
_SENTENCES = (
    # -- checks of connections
    N_("key and IP address accepted; the administration does not say its name"),
    N_("key and IP address accepted; %(names)s"),
    N_("%(sales)s sales, %(purchases)s purchases in the last 30 days"),
    N_("not told"),
    N_("the access token is accepted"),
    N_("its name is not told"),
    N_("user name and security codes are accepted"),
    N_("the one that this login belongs to; the interface tells its name to accountants only"),
    N_("none is listed"),
    N_("%(count)s ledger accounts"),
    N_("%(count)s relations"),
    N_("%(debtors)s of debtors, %(creditors)s of creditors"),
    N_("%(count)s recognised"),
    N_("%(shop)s: %(currency)s, prices including VAT"),
    N_("%(shop)s: %(currency)s, prices excluding VAT"),
    N_("%(count)s in the last 30 days"),
    # -- settings
    N_("is not an address; an example is %(example)s"),
    N_("must be a whole address, such as %(example)s"),
    N_("must be a whole address that begins with https://"),
    N_("must begin with https://"),
    N_("must hold no login, query or fragment: credentials are given apart"),
    N_("must hold no login, key or token: whoever sees the page sees it"),
    N_("must hold {number} or {id}, after the host, where the document's own stands"),
    N_("must be 1 to 500 printable characters"),
    N_("%(value)s is not a slug: small letters, digits and hyphens, 1 to 48, no hyphen at the ends"),
    N_("%(value)s is not a time zone; an example is Europe/Amsterdam"),
    N_(
        "route %(route)s: schedule %(schedule)s is no cron expression; five fields are needed (minute, hour, day, "
        'month, weekday), such as "0 6 * * 1-5" for every working day at six'
    ),
    N_(
        "route %(route)s: reserve is %(reserve)s, but the target takes %(limit)s documents per period; it "
        "can be 0 to %(most)s"
    ),
)
# What pydantic says, by the type of the mistake.
_MISTAKES = {
    "missing": N_("This is needed."),
    "string_too_long": N_("At most %(max_length)s characters."),
    "string_too_short": N_("At least %(min_length)s characters."),
    "string_pattern_mismatch": N_("This is not written as it should be: see the explanation."),
    "greater_than": N_("More than %(gt)s."),
    "greater_than_equal": N_("At least %(ge)s."),
    "less_than": N_("Less than %(lt)s."),
    "less_than_equal": N_("At most %(le)s."),
    "int_parsing": N_("This must be a whole number."),
    "int_from_float": N_("This must be a whole number."),
    "float_parsing": N_("This must be a number, with a point before its decimals."),
    "decimal_parsing": N_("This must be a number, with a point before its decimals."),
    "decimal_type": N_("This must be a number, with a point before its decimals."),
    "date_parsing": N_("This must be a day, such as 2026-01-31."),
    "date_from_datetime_parsing": N_("This must be a day, such as 2026-01-31."),
    "bool_parsing": N_("Choose one of those that are offered."),
    "literal_error": N_("Choose one of those that are offered."),
    "enum": N_("Choose one of those that are offered."),
    "extra_forbidden": N_("There is no such setting."),
}
_NAMED = re.compile(r"%\((\w+)\)s")


def translated(text: str, gettext: Gettext) -> str:
    """The sentence in the reader's language; as it is when it is none of those known here."""
    for template, pattern in _patterns():
        if found := pattern.fullmatch(text):
            return _filled(gettext(template), found.groupdict())
    return text


def problems_of(error: ValidationError, gettext: Gettext) -> dict[str, str]:
    """What is wrong, by field, in the reader's language."""
    return {
        ".".join(str(part) for part in one["loc"] if isinstance(part, str)): _mistake(one, gettext)
        for one in error.errors(include_url=False, include_input=False)
    }


def _mistake(one: Any, gettext: Gettext) -> str:
    known = _MISTAKES.get(one["type"])
    if known is not None:
        return _filled(gettext(known), {name: str(value) for name, value in one.get("ctx", {}).items()})
    return translated(str(one["msg"]).removeprefix("Value error, "), gettext)


def _filled(template: str, values: Mapping[str, str]) -> str:
    return _NAMED.sub(lambda found: values.get(found.group(1), "…"), template)


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    made = []
    for template in _SENTENCES:
        parts = _NAMED.split(template)
        texts = [re.escape(part) if at % 2 == 0 else f"(?P<{part}>.+?)" for at, part in enumerate(parts)]
        made.append((template, re.compile("".join(texts), re.DOTALL)))
    return tuple(made)
