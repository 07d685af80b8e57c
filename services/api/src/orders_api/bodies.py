"""Rows in request bodies: JSON, checked against the table's columns. Pure."""

import hashlib
import json
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any, NotRequired, Required

from pydantic import ConfigDict, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from orders_api.columns import json_type
from orders_api.errors import InvalidInputError, UnsupportedMediaTypeError
from orders_api.validation import field_errors
from orders_contract.schema import Column, Table


@dataclass(frozen=True, slots=True)
class Body:
    """A row, or some of its columns, that a client sends.

    ``text`` is the JSON as it came: PostgreSQL reads the values from it, so all digits survive.
    """

    text: str
    values: dict[str, Any] = field(repr=False)
    columns: tuple[str, ...]

    def digest(self) -> bytes:
        """Return a hash of the content; the order of the columns does not matter."""
        return hashlib.sha256(repr(sorted(self.values.items())).encode(errors="replace")).digest()


class RowFormat:
    """What a body for ``table`` may hold: a whole new row, or changes of some columns."""

    def __init__(self, table: Table, *, changes: bool) -> None:
        self._table = table
        self._changes = changes

    @cached_property
    def adapter(self) -> TypeAdapter[dict[str, Any]]:
        """The pydantic type of the body, made from the table's columns."""
        fields = {
            column.name: Required[kind] if self._is_required(column) else NotRequired[kind]
            for column in self._table.columns.values()
            if column.writable
            for kind in [json_type(column)]
        }
        make: Any = TypedDict
        model = make(self.title, fields)
        model.__pydantic_config__ = ConfigDict(extra="forbid")
        model.__doc__ = (
            "New values for some columns; what is not sent stays as it is."
            if self._changes
            else "A row to create; what is not sent gets the column's default."
        )
        return TypeAdapter(model)

    @property
    def title(self) -> str:
        """The name of the type in the API's description."""
        return ("Changes" if self._changes else "New") + f" ({self._table.name})"

    def read(self, body: bytes, content_type: str) -> Body:
        """Read a body.

        Raises:
            UnsupportedMediaTypeError: it is not sent as JSON.
            InvalidInputError: it is not a JSON object, or a value does not fit its column.

        """
        media_type = content_type.partition(";")[0].strip().lower()
        if not (media_type == "application/json" or media_type.endswith("+json")):
            raise UnsupportedMediaTypeError
        text, content = _parse(body)
        try:
            values = self.adapter.validate_python(content)
        except ValidationError as exc:
            found = field_errors(exc.errors(include_url=False), self._explanation)
            raise InvalidInputError(*found[0], *found[1:]) from None
        columns = tuple(name for name in self._table.columns if name in values)
        if self._changes and not columns:
            raise InvalidInputError("body", "must contain at least one column")
        return Body(text, values, columns)

    def _is_required(self, column: Column) -> bool:
        return not (self._changes or column.nullable or column.default)

    def _explanation(self, unknown: str) -> str | None:
        """Say why a field that the adapter does not know cannot be written."""
        return "cannot be written" if unknown in self._table.columns else None


def _parse(body: bytes) -> tuple[str, Any]:
    try:
        text = body.decode(json.detect_encoding(body))
        return text, _DECODER.decode(text)
    except (ValueError, ArithmeticError, RecursionError):
        raise InvalidInputError("body", "cannot be read as JSON") from None


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


_DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=_refuse)
