"""Parsing of queries for rows: filters on columns, search, order and page. Pure.

``store=Berlin&store=Rome`` accepts any of the values. ``total.gte=100`` compares; ``store.is=null``
accepts rows without a value; ``note.contains=gift`` searches one column. Conditions on different
columns must all hold.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Literal

from orders_api import cursor
from orders_api.columns import read_text, storable
from orders_api.cursor import Bookmark, MalformedCursorError
from orders_api.errors import InvalidInputError
from orders_api.field_errors import message
from orders_contract.filters import MAX_SEARCH_CHARACTERS
from orders_contract.schema import Column, Table
from orders_contract.sorting import Term, read_sort

Attention = Literal["warn", "late"]

PAGING = frozenset({"limit", "cursor", "offset", "include"})
"""Parameters of a page of a list; an export has none of them."""
RESERVED = frozenset({"search", "attention", "sort", "columns", "delimiter", "bom"}) | PAGING
"""Parameters of lists and exports. A column with such a name is filtered as in ``limit.eq=5``."""
OPERATORS = frozenset({"eq", "not", "is", "gte", "gt", "lte", "lt", "contains"})
SEARCHED_KINDS = frozenset({"text", "choice"})
"""Kinds of columns that a search covers."""
MAX_VALUES = 100
MAX_LIMIT = 1000
MAX_LIMIT_INCLUDING = 100
"""Maximum number of rows of a page that includes children."""
DEFAULT_LIMIT = 100
MAX_OFFSET = 100_000_000


@dataclass(slots=True)
class Condition:
    """The conditions of a query on one column.

    ``anyof`` lists the accepted values, and null if ``or_null``; None accepts any value. ``noneof``
    lists refused values. The text must contain ``part``; case and accents are ignored.
    """

    column: Column
    anyof: list[str] | None = None
    or_null: bool = False
    noneof: list[str] = field(default_factory=list)
    not_null: bool = False
    comparisons: dict[str, str] = field(default_factory=dict)
    part: str | None = None


@dataclass(frozen=True, slots=True)
class Sort:
    """The order of a list: by each of ``terms``, then by the key. Without terms: newest first."""

    terms: tuple[Term, ...] = ()

    def __str__(self) -> str:
        return ",".join(map(str, self.terms))


@dataclass(frozen=True, slots=True)
class Selection:
    """A parsed query. ``include`` names child tables.

    A page begins after ``after``, the end of the previous page, or after ``offset`` rows.
    """

    conditions: list[Condition]
    search: str = ""
    attention: Attention | None = None
    """Select only rows that have had a choice for longer than its threshold of this name."""
    sort: Sort = Sort()
    limit: int = DEFAULT_LIMIT
    after: Bookmark | None = None
    offset: int = 0
    include: tuple[str, ...] = ()


def read(
    table: Table,
    parameters: Iterable[tuple[str, str]],
    *,
    paged: bool = True,
    refused: Collection[str] = (),
    children: Collection[str] = (),
) -> Selection:
    """Return the parsed parameters of a query.

    Only a ``paged`` query may have ``sort``, ``limit``, ``cursor``, ``offset`` and ``include``.
    ``include`` may name tables in ``children``. Filters on columns in ``refused`` are errors.

    Raises:
        InvalidInputError: a parameter is unknown, or its value is not valid.

    """
    own: dict[str, str] = {}
    included: list[str] = []
    conditions: dict[str, Condition] = {}
    allowed = {"search", "attention"} | ({"sort", "limit", "cursor", "offset"} if paged else set())
    for name, text in parameters:
        if name in allowed:
            if name in own:
                raise InvalidInputError(name, "must be given once")
            own[name] = text
            continue
        if paged and name == "include":
            included.append(text)
            continue
        column, operator = _column(table, name)
        if column is None or column.name in refused:
            raise InvalidInputError(name[:100], message("unknown"))
        condition = conditions.setdefault(column.name, Condition(column))
        try:
            _add(condition, operator, text)
        except ValueError as exc:
            raise InvalidInputError(name, exc.args[0]) from None
    sort = _sort(table, own.get("sort"))
    include = read_include(included, children)
    return Selection(
        list(conditions.values()),
        _search(own.get("search", "")),
        _attention(own.get("attention")),
        sort,
        _limit(own.get("limit"), MAX_LIMIT_INCLUDING if include else MAX_LIMIT),
        _after(own.get("cursor"), table, sort),
        _offset(own.get("offset"), own.get("cursor")),
        include,
    )


def read_include(texts: Iterable[str], children: Collection[str]) -> tuple[str, ...]:
    """Return the names of child tables; a text may join several by commas.

    Raises:
        InvalidInputError: a table is not one of ``children``.

    """
    found = names_in(texts, children)
    if not all(name in children for name in found):
        known = ", ".join(children) or "none here"
        raise InvalidInputError("include", f"must name tables that refer to this one: {known}")
    return found


def names_in(texts: Iterable[str], known: Collection[str]) -> tuple[str, ...]:
    """Return the names in texts that join them by commas. A text in ``known`` is one name."""
    names = (name for text in texts for name in ([text] if text in known else text.split(",")))
    return tuple(dict.fromkeys(names))


def order_of(table: Table, sort: Sort) -> str:
    """Return what identifies the list of a cursor: the table and the order of its rows."""
    return f"{table.name} {sort}"


def _column(table: Table, name: str) -> tuple[Column | None, str]:
    """Return the column (None if there is none) and the operator that a parameter names."""
    start, _, end = name.rpartition(".")
    if end in OPERATORS and start in table.columns:
        return table.columns[start], end
    return (None if name in RESERVED else table.columns.get(name)), "eq"


def _add(condition: Condition, operator: str, text: str) -> None:
    if operator == "is":
        _add_null(condition, text)
        return
    if operator == "contains":
        _add_part(condition, text)
        return
    value = read_text(condition.column, text)
    match operator:
        case "eq":
            condition.anyof = [*(condition.anyof or []), value]
        case "not":
            condition.noneof.append(value)
        case _ if operator in condition.comparisons:
            raise ValueError("must be given once")
        case _:
            condition.comparisons[operator] = value
    if len(condition.anyof or condition.noneof) > MAX_VALUES:
        raise ValueError(f"must be given at most {MAX_VALUES} times")


def _add_null(condition: Condition, text: str) -> None:
    match text:
        case "null":
            condition.anyof, condition.or_null = condition.anyof or [], True
        case "not_null":
            condition.not_null = True
        case _:
            raise ValueError("must be null or not_null")


def _add_part(condition: Condition, text: str) -> None:
    if condition.column.kind not in SEARCHED_KINDS:
        raise ValueError("must be a column of text, or a choice")
    if condition.part is not None:
        raise ValueError("must be given once")
    condition.part = _searchable(text)


def _searchable(text: str) -> str:
    if len(text) > MAX_SEARCH_CHARACTERS:
        raise ValueError(message("too_long", limit=MAX_SEARCH_CHARACTERS))
    return storable(text)


def _search(text: str) -> str:
    try:
        return _searchable(text)
    except ValueError as exc:
        raise InvalidInputError("search", exc.args[0]) from None


def _attention(text: str | None) -> Attention | None:
    match text:
        case None | "warn" | "late":
            return text
    raise InvalidInputError("attention", "must be warn or late")


def _sort(table: Table, text: str | None) -> Sort:
    if text is None:
        return Sort()
    try:
        terms = read_sort(table, text)
    except ValueError as exc:
        raise InvalidInputError("sort", str(exc)) from None
    if not terms:
        raise InvalidInputError("sort", "must name a column")
    if any(term.column.kind in ("json", "array") for term in terms):
        raise InvalidInputError("sort", "must not be a column of lists or objects")
    return Sort(terms)


def _limit(text: str | None, most: int) -> int:
    return DEFAULT_LIMIT if text is None else _whole("limit", text, 1, most)


def _offset(text: str | None, after: str | None) -> int:
    if text is None:
        return 0
    if after is not None:
        raise InvalidInputError("offset", "must not be given with a cursor")
    return _whole("offset", text, 0, MAX_OFFSET)


def _whole(name: str, text: str, least: int, most: int) -> int:
    digits = text.lstrip("0") or text[:1]
    valid = text.isascii() and text.isdecimal() and len(digits) <= len(str(most))
    if not valid or not least <= int(digits) <= most:
        raise InvalidInputError(name, f"must be a whole number from {least} to {most}")
    return int(digits)


def _after(text: str | None, table: Table, sort: Sort) -> Bookmark | None:
    if text is None:
        return None
    try:
        return cursor.decode(text, order_of(table, sort), len(sort.terms), len(table.key))
    except MalformedCursorError as exc:
        raise InvalidInputError("cursor", str(exc)) from None
