"""A URL-encoded form as PHP reads it: brackets in a name make groups and lists."""

import re
from urllib.parse import parse_qsl

Value = str | dict[str, "Value"]


class Tangled(ValueError):
    """A name is used both for a value and for a group."""


def read_form(text: str) -> dict[str, Value]:
    """``lines[0][description]=Mok&tags[]=a`` as nested groups; a list is a group with the keys 0, 1, 2…

    Raises:
        Tangled: see there.
    """
    content: dict[str, Value] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        base, brackets = re.match(r"([^\[]*)((?:\[[^\]]*\])*)", name).groups()  # type: ignore[union-attr]
        *parents, last = [base, *re.findall(r"\[([^\]]*)\]", brackets)]
        place = content
        for parent in parents:
            inner = place.setdefault(parent or str(len(place)), {})
            if not isinstance(inner, dict):
                raise Tangled(f"{name} is both a value and a group")
            place = inner
        place[last or str(len(place))] = value
    return content
