"""House rule 6: every query names the tenant. Hung on the engine, it raises for a statement that does not."""

from collections.abc import Iterator

from sqlalchemy import Connection, Delete, FromClause, Join, Select, TableClause, Update
from sqlalchemy.sql import ClauseElement, operators, visitors
from sqlalchemy.sql.elements import BinaryExpression, BindParameter, ColumnClause, TextClause
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import Alias

from boekbrug.store.database import ACROSS_TENANTS


class UnfilteredError(AssertionError):
    """A statement looks at several tenants' rows."""


def refuse_unfiltered(
    connection: Connection, statement: ClauseElement, multiparams: object, params: object, options: dict[str, object]
) -> None:
    if isinstance(statement, TextClause):
        raise UnfilteredError(f"written by hand, so nothing can be said about it: {statement}")
    if ACROSS_TENANTS.items() <= options.items():
        return
    for part in visitors.iterate(statement):
        if isinstance(part, Select | Update | Delete):
            filtered = _filtered(part)
            missing = [name for name in _tenant_tables(part) if name not in filtered]
            if missing:
                raise UnfilteredError(f"no tenant is named for {', '.join(missing)} in: {statement}")


def _tenant_tables(statement: Select[object] | Update | Delete) -> Iterator[str]:
    sources = statement.get_final_froms() if isinstance(statement, Select) else [statement.table]
    while sources:
        source: FromClause = sources.pop()
        if isinstance(source, Join):
            sources += [source.left, source.right]
        elif isinstance(source, TableClause | Alias) and "tenant_id" in source.c:
            yield source.name


def _filtered(statement: Select[object] | Update | Delete) -> set[str]:
    """The tables whose tenant_id must equal a value, or another table's whose must."""
    conditions = list(statement._where_criteria)
    if isinstance(statement, Select):
        conditions += [join[1] for join in statement._setup_joins if isinstance(join[1], ClauseElement)]
    named: set[str] = set()
    links: list[tuple[str, str]] = []
    for condition in conditions:
        for part in _all_of(condition):
            if isinstance(part, BinaryExpression) and part.operator is operators.eq:
                ends = [_tenant_column(part.left), _tenant_column(part.right)]
                if ends[0] and ends[1]:
                    links.append((ends[0], ends[1]))
                elif ends[0] and isinstance(part.right, BindParameter):
                    named.add(ends[0])
    for _ in links:
        named |= {b for a, b in links if a in named} | {a for a, b in links if b in named}
    return named


def _all_of(condition: ClauseElement) -> Iterator[ClauseElement]:
    """The parts that must all hold: an OR around the tenant filters nothing."""
    if getattr(condition, "operator", None) is operators.and_:
        for part in condition.get_children():
            yield from _all_of(part)
    elif condition.__class__.__name__ == "Grouping":
        yield from _all_of(condition.element)  # type: ignore[attr-defined]
    else:
        yield condition


def _tenant_column(side: ClauseElement) -> str:
    if isinstance(side, FunctionElement) and getattr(side, "name", "") == "coalesce":  # see `rows.unindexed`
        side = next(iter(side.clauses))
    if isinstance(side, ColumnClause) and side.name == "tenant_id" and side.table is not None:
        return str(side.table.name)
    return ""
