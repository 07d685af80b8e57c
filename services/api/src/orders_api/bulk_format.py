"""Requests that write many rows of a table: parsing keys, versions and new values. Pure."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property, partial
from types import GenericAlias
from typing import Annotated, Any, NotRequired, Required

from pydantic import Field, PlainValidator, TypeAdapter, ValidationError, WithJsonSchema

from orders_api.bodies import Body, RowFormat, parsed, typed_dict
from orders_api.columns import json_type, read_text, version_of
from orders_api.errors import InvalidInputError
from orders_api.field_errors import message
from orders_api.validation import Location, invalid_input
from orders_contract.schema import Column, Table

MAX_ROWS = 1000
"""Maximum number of rows of one request."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One row to write. ``number`` is its index in the request, from 0.

    ``key`` has the parts of the key as texts, ``sent`` as the client sent them. ``version`` is the
    version that the row must have, None for any. ``body`` has the new values, None for a DELETE.
    """

    number: int
    key: tuple[str, ...]
    sent: Mapping[str, Any]
    version: str | None
    body: Body | None = field(repr=False)

    @property
    def shape(self) -> tuple[tuple[str, ...], bool]:
        """The columns, and whether the row has its own values. A statement writes one shape."""
        return (self.body.columns, len(self.body.path) > 1) if self.body else ((), False)


@dataclass(frozen=True)
class BulkBody:
    """The rows that a request names, and its text, from which PostgreSQL reads the values."""

    text: str
    rows: Sequence[Wanted]

    @cached_property
    def digest(self) -> bytes:
        """A hash of the method and the text of the request."""
        kind = "DELETE" if self.rows[0].body is None else "PATCH"
        return hashlib.sha256(f"{kind}\n{self.text}".encode(errors="replace")).digest()


class BulkFormat:
    """The format of a body that names many rows of ``table``.

    An example is ``{"rows": [{"key": {"id": 1}, "version": 3}], "set": {"status": "shipped"}}``.
    ``version`` is the version that the row must have. A row may have a ``set`` of its own, which
    replaces the common one. Without ``changes`` the body is for a DELETE and has no ``set``.
    """

    def __init__(self, table: Table, *, changes: bool) -> None:
        self._table = table
        self._values = RowFormat(table, changes=True) if changes else None
        self._version = version_of(table)

    @cached_property
    def adapter(self) -> TypeAdapter[dict[str, Any]]:
        """The pydantic type of the body."""
        name = self._table.name
        parts = {each: Required[_key_type(self._table.columns[each])] for each in self._table.key}
        key = typed_dict(f"Key ({name})", parts, "The columns of the primary key.")
        values = {} if self._values is None else {"set": NotRequired[self._values.type]}
        fields: dict[str, Any] = {"key": Required[key], **values}
        if self._version is not None:
            fields["version"] = NotRequired[json_type(self._version)]
        row = typed_dict(f"Named row ({name})", fields, "A row, and the version that it must have.")
        rows = GenericAlias(list, (row,))
        listed = Required[Annotated[rows, Field(min_length=1, max_length=MAX_ROWS)]]
        what = "Changes" if values else "Deletions"
        doc = "Rows, each named once. `set` has the new values of all rows without their own `set`."
        return TypeAdapter(
            typed_dict(
                f"{what} of rows ({name})",
                {"rows": listed, **values},
                doc if values else "Rows, each named once.",
            )
        )

    def read(self, body: bytes, content_type: str) -> BulkBody:
        """Read a body. Raises the errors of ``RowFormat.read``, for all invalid rows together."""
        text, content = parsed(body, content_type)
        try:
            values = self.adapter.validate_python(content)
        except ValidationError as exc:
            raise invalid_input(exc.errors(include_url=False), self._explanation) from None
        rows = [
            Wanted(
                number,
                tuple(row["key"][column] for column in self._table.key),
                content["rows"][number]["key"],
                str(row["version"]) if row.get("version") is not None else None,
                self._body(text, values, row, number),
            )
            for number, row in enumerate(values["rows"])
        ]
        _require_distinct(rows)
        return BulkBody(text, rows)

    def _body(
        self, text: str, values: Mapping[str, Any], row: Mapping[str, Any], number: int
    ) -> Body | None:
        if self._values is None:
            return None
        own = row.get("set")
        place = "set" if own is None else f"rows[{number}].set"
        found = values.get("set") if own is None else own
        if found is None:
            raise InvalidInputError(f"rows[{number}].set", "is required, here or for all rows")
        columns = tuple(name for name in self._table.columns if name in found)
        if not columns:
            raise InvalidInputError(place, "must contain at least one column")
        path = ("set",) if own is None else ("rows", str(number), "set")
        return Body(text, found, columns, path)

    def _explanation(self, location: Location) -> str | None:
        """Return why a member is not allowed; None if there is no special reason."""
        *place, name = location
        if name == "version" and self._version is None and len(place) == 2:
            return "cannot be given: rows of this table have none"
        is_column = place[-1:] == ["set"] and name in self._table.columns
        return message("not_writable") if is_column else None


def _require_distinct(rows: Sequence[Wanted]) -> None:
    known: dict[tuple[str, ...], int] = {}
    for row in rows:
        first = known.setdefault(row.key, row.number)
        if first != row.number:
            raise InvalidInputError(
                f"rows[{row.number}].key", f"is the same as that of rows[{first}]"
            )


def _key_type(column: Column) -> Any:
    schema = TypeAdapter(json_type(column)).json_schema()
    return Annotated[Any, PlainValidator(partial(_part, column)), WithJsonSchema(schema)]


def _part(column: Column, value: object) -> str:
    """Return a part of a key as text, in the form that paths use."""
    if not isinstance(value, str | int | Decimal):
        raise ValueError("must be a value of the column")  # noqa: TRY004  pydantic expects it
    text = read_text(column, str(value).lower() if isinstance(value, bool) else str(value))
    return str(int(text)) if column.kind == "integer" else text
