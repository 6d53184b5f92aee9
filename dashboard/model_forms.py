"""Forms made from pydantic models: a field per setting, with what the model itself says of it."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from starlette.datastructures import FormData

Option = tuple[str, str]
"""A value, and how it is called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormField:
    """One field of a form. `kind`: text, tick, choice (one of the options) or several. `values` are those chosen."""

    name: str
    label: str
    help: str = ""
    kind: str = "text"
    values: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    default: str = ""
    needed: bool = False
    problem: str = ""

    @property
    def value(self) -> str:
        """The only value."""
        return self.values[0] if self.values else ""

    def offering(self, options: Sequence[Option]) -> FormField:
        """The same with a choice of these; what is chosen already stays a choice. Without options: as it was."""
        if not options:
            return self
        known = {value for value, _ in options}
        unknown = tuple((value, value) for value in self.values if value and value not in known)
        kind = "several" if self.kind in ("several", "lines") else "choice"
        return replace(self, kind=kind, options=(*options, *unknown))


def fields_of(
    model: type[BaseModel],
    values: Mapping[str, object],
    labels: Mapping[str, str] | None = None,
    problems: Mapping[str, str] | None = None,
) -> list[FormField]:
    """The model's fields with these values. Without a label the description is the label. Tables (dict) are left out:
    they are no matter for a form."""
    made = []
    for name, info in model.model_fields.items():
        kind, options = _kind(info)
        if kind == "table":
            continue
        description = info.description or ""
        label = (labels or {}).get(name, "") or description or name
        default = () if info.is_required() else _texts(info.get_default(call_default_factory=True))
        made.append(
            FormField(
                name=name,
                label=label,
                help=description if description != label else "",
                kind=kind,
                values=_texts(values[name]) if name in values else default,
                options=tuple((option, option) for option in options),
                default=", ".join(default),
                needed=info.is_required(),
                problem=(problems or {}).get(name, ""),
            )
        )
    return made


def sent_values(model: type[BaseModel], form: FormData, prefix: str = "") -> dict[str, object]:
    """What was filled in, for the model to read; what was left empty is left out."""
    sent: dict[str, object] = {}
    for name, info in model.model_fields.items():
        kind, _ = _kind(info)
        given = [str(value).strip() for value in form.getlist(prefix + name)]
        if kind == "tick":
            sent[name] = bool(given)
        elif kind in ("several", "lines"):
            parts = given if kind == "several" else [part.strip() for text in given for part in text.split(",")]
            sent[name] = [part for part in parts if part]
        elif kind != "table" and given and given[0]:
            sent[name] = given[0]
        elif kind == "text" and given and info.default is not None and _is_optional(info):
            sent[name] = None  # emptied: none at all, where leaving it out would mean the default
    return sent


def _kind(info: FieldInfo) -> tuple[str, tuple[str, ...]]:
    wanted = info.annotation
    optional = False
    if get_origin(wanted) in (types.UnionType, typing.Union):
        (wanted, *_) = [one for one in get_args(wanted) if one is not type(None)]
        optional = True
    if get_origin(wanted) is typing.Annotated:
        wanted = get_args(wanted)[0]
    if wanted is bool:
        return ("choice", ("", "true", "false")) if optional else ("tick", ())
    if get_origin(wanted) is Literal:
        return "choice", (*([""] if optional else []), *map(str, get_args(wanted)))
    if isinstance(wanted, type) and issubclass(wanted, Enum):
        return "choice", (*([""] if optional else []), *(str(one.value) for one in wanted))
    if get_origin(wanted) is tuple:
        inner = get_args(wanted)[0]
        return ("several", tuple(map(str, get_args(inner)))) if get_origin(inner) is Literal else ("lines", ())
    return ("table", ()) if get_origin(wanted) is dict else ("text", ())


def _is_optional(info: FieldInfo) -> bool:
    return type(None) in get_args(info.annotation)


def _texts(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, bool):
        return ("true" if value else "false",)
    if isinstance(value, Enum):
        return (str(value.value),)
    if isinstance(value, list | tuple):
        return tuple(str(one.value) if isinstance(one, Enum) else str(one) for one in value)
    return (str(value),)
