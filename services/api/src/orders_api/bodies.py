"""Rows in request bodies: JSON, checked against the table's columns. Pure."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from types import GenericAlias
from typing import Annotated, Any, NotRequired, Required

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from orders_api.columns import json_type
from orders_api.errors import InvalidInputError, UnsupportedMediaTypeError
from orders_api.field_errors import message
from orders_api.validation import Location, invalid_input
from orders_contract.schema import Column, Table

MAX_NESTED_ROWS = 200
"""Maximum number of rows of one child table in the body of a new order."""


@dataclass(frozen=True, slots=True)
class Body:
    """A row, or some of its columns, that a client sends.

    ``text`` is the whole JSON as received, and ``path`` leads to the row in ``text``. PostgreSQL
    reads the values from there, so no digits are lost. ``nested`` are child rows to create with
    the row, each with the name of its table; ``place`` names a child row in errors.
    """

    text: str
    values: Mapping[str, Any] = field(repr=False)
    columns: tuple[str, ...]
    path: tuple[str, ...] = ()
    nested: tuple[tuple[str, "Body"], ...] = ()
    place: str = ""

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters of a statement that writes the row."""
        # An empty array is passed as the text {}, because the driver is slow with lists.
        return {"row": self.text, "path": list(self.path) or "{}"}

    @property
    def nested_tables(self) -> tuple[str, ...]:
        """The tables of the child rows."""
        return tuple(dict.fromkeys(table for table, _ in self.nested))

    def field(self, column: str | None = None) -> str:
        """Return the name of a column, or of the row itself, as errors for clients show it."""
        return ".".join(each for each in (self.place, column) if each) or "body"

    def digest(self) -> bytes:
        """Return a hash of the content; the order of the columns does not matter."""
        return hashlib.sha256(repr(sorted(self.values.items())).encode(errors="replace")).digest()


class RowFormat:
    """The format of a body for ``table``: a new row or, with ``changes``, some columns of a row.

    A new row may contain lists of child rows, by the names of the tables in ``children``. The
    child rows leave out the column that refers to the new row.
    """

    def __init__(
        self, table: Table, *, changes: bool, children: Mapping[str, Table] | None = None
    ) -> None:
        self._table = table
        self._changes = changes
        self._children = children or {}

    @cached_property
    def adapter(self) -> TypeAdapter[dict[str, Any]]:
        """The pydantic type of the body."""
        return TypeAdapter(self.type)

    @cached_property
    def type(self) -> Any:
        """The type of a row, made from the columns of the tables."""
        fields = self._fields(self._table)
        for name, child in self._children.items():
            rows = GenericAlias(list, (self._child(child),))
            fields[name] = NotRequired[Annotated[rows, Field(max_length=MAX_NESTED_ROWS)]]
        doc = (
            "New values for some columns; the others keep their values."
            if self._changes
            else "A row to create; columns that are not sent get their defaults."
        )
        return typed_dict(self.title, fields, doc)

    @property
    def title(self) -> str:
        """The name of the type in the API's description."""
        return ("Changes" if self._changes else "New") + f" ({self._table.name})"

    def read(self, body: bytes, content_type: str) -> Body:
        """Read a body.

        Raises:
            UnsupportedMediaTypeError: the content type is not JSON.
            InvalidInputError: the body is not a JSON object, or a value does not fit its column.

        """
        text, content = parsed(body, content_type)
        try:
            values = self.adapter.validate_python(content)
        except ValidationError as exc:
            raise invalid_input(exc.errors(include_url=False), self._explanation) from None
        columns = tuple(name for name in self._table.columns if name in values)
        if self._changes and not columns:
            raise InvalidInputError("body", "must contain at least one column")
        return Body(text, values, columns, nested=tuple(self._nested(text, values)))

    def _nested(self, text: str, values: Mapping[str, Any]) -> Iterator[tuple[str, Body]]:
        for name, child in self._children.items():
            for number, row in enumerate(values.get(name, ())):
                columns = tuple(column for column in child.columns if column in row)
                place = f"{name}[{number}]"
                yield name, Body(text, row, columns, (name, str(number)), place=place)

    def _child(self, child: Table) -> Any:
        fields = self._fields(child)
        if child.parent is not None:
            fields.pop(child.parent.column, None)
        return typed_dict(f"New ({child.name})", fields, "A child row to create with its order.")

    def _fields(self, table: Table) -> dict[str, Any]:
        return {
            column.name: Required[kind] if self._is_required(column) else NotRequired[kind]
            for column in table.columns.values()
            if column.writable
            for kind in [json_type(column)]
        }

    def _is_required(self, column: Column) -> bool:
        return not (self._changes or column.nullable or column.default)

    def _explanation(self, location: Location) -> str | None:
        """Return why a field cannot be written; None if the table has no such column."""
        *place, name = location
        table = self._children[str(place[0])] if place else self._table
        if place and table.parent is not None and name == table.parent.column:
            return "is set by the order that the row is created with"
        return message("not_writable") if name in table.columns else None


def typed_dict(title: str, fields: Mapping[str, Any], doc: str) -> Any:
    """Return the pydantic type of a JSON object that may have only the members in ``fields``."""
    make: Any = TypedDict
    model = make(title, fields)
    model.__pydantic_config__ = ConfigDict(extra="forbid")
    model.__doc__ = doc
    return model


def parsed(body: bytes, content_type: str) -> tuple[str, Any]:
    """Return a body as text and as parsed JSON. Raises the errors of ``RowFormat.read``."""
    media_type = content_type.partition(";")[0].strip().lower()
    if not (media_type == "application/json" or media_type.endswith("+json")):
        raise UnsupportedMediaTypeError
    try:
        text = body.decode(json.detect_encoding(body))
        return text, _DECODER.decode(text)
    except (ValueError, ArithmeticError, RecursionError):
        raise InvalidInputError("body", "cannot be read as JSON") from None


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


_DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=_refuse)
