"""The parsed events of a batch, each with its original text. Pure.

Events are forwarded as the text that PostgreSQL rendered. They are parsed only to decide which
clients see an event. Values that a client must not see are replaced in the text, so the rest stays
exactly the same: numbers that no float holds, unpaired surrogates, duplicate keys in ``json``.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from orders_contract.batches import Batch, MalformedPayloadError
from orders_contract.matching import View, replaced, table_of
from orders_contract.schema import ORDERS

Scan = Callable[[str, int], tuple[Any, int]]

UNREADABLE = object()
"""Stands for a value in a row that Python cannot hold. No filter matches it."""

_scan: Scan = json.JSONDecoder(parse_float=Decimal).raw_decode
_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
_UNREADABLE = (RecursionError, ValueError, InvalidOperation)
"""The errors of the parser for values that Python cannot hold, and for malformed JSON."""
_BLANKS = re.compile(r"[\s,]*")
_NAME = re.compile(r'[\s,]*"((?:[^"\\]++|\\.)*+)"\s*:\s*', re.DOTALL)
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"|([{\[])|([}\]])', re.DOTALL)
_DEPTH = {None: 0, 1: 1, 2: -1}
"""The change of the nesting depth, by the group of ``_TOKEN`` that matched."""
_SCALAR = re.compile(r"[^\s,:\]}{\[\"]+")
_MAX_INT_DIGITS = 4000
_ROWS = {"order", "row", "key", "changed"}


@dataclass(slots=True)
class OpenedEvent:
    """A parsed event, with numbers that are not whole as ``Decimal``, and its text."""

    event: dict[str, Any]
    text: str
    _leave: str = ""

    def seen_as(self, view: View) -> str:
        """Return the text of the event for clients that have this view of it."""
        if view is View.CONFINED:
            return _with_replaced(self.text, replaced(self.event, view))
        if view is View.LEAVE:
            self._leave = self._leave or self._without_row()
            return self._leave
        return self.text

    def _without_row(self) -> str:
        values = replaced(self.event, View.LEAVE)
        if table_of(self.event) == ORDERS:
            # The other values are integers and times. Rendering them anew takes a third of the
            # time of replacing values in the text.
            return _encode({**self.event, **values})
        return _with_replaced(self.text, values)


def open_batch(batch: Batch) -> Iterator[OpenedEvent]:
    """Parse the events of a batch one after another.

    Raises:
        MalformedPayloadError: the events are not a JSON array of objects.

    """
    return open_events(batch.events)


def open_events(rendered: bytes) -> Iterator[OpenedEvent]:
    """Parse a rendered JSON array of events; see ``open_batch``."""
    # Bytes that are not UTF-8 come from a database without an encoding. They are kept as they are.
    array = rendered.decode("utf-8", "surrogateescape")
    at = _after_blanks(array, 1)
    try:
        while array[at] != "]":
            try:
                event, end = _scan(array, at)
            except _UNREADABLE:
                event, end = _scan_deep(array, at)
            if event.__class__ is not dict:
                raise MalformedPayloadError("events hold something that is not an object")
            yield OpenedEvent(event, array[at:end])
            at = _after_blanks(array, end)
    except IndexError as exc:
        raise MalformedPayloadError("events end before their array does") from exc


def packed(texts: Iterable[str]) -> bytes:
    """Return the texts of events as one rendered JSON array."""
    return f"[{','.join(texts)}]".encode("utf-8", "surrogateescape")


def _with_replaced(text: str, values: Mapping[str, Any]) -> str:
    """Return the text of an object with some members' values replaced, otherwise unchanged."""
    parts: list[str] = []
    kept = 0
    for name, start, end in _members(text, 0):
        if name in values:
            parts += text[kept:start], _encode(values[name])
            kept = end
    return "".join([*parts, text[kept:]])


def _members(text: str, at: int) -> Iterator[tuple[str, int, int]]:
    """Yield name, begin and end of the value of each member of the object that begins at ``at``."""
    end = at + 1
    while (found := _NAME.match(text, end)) is not None:
        name, start = found[1], found.end()
        try:
            _, end = _scan(text, start)
        except _UNREADABLE:
            end = _end(text, start)
        yield _unescaped(name) if "\\" in name else name, start, end


def _unescaped(name: str) -> str:
    try:
        unescaped: str = json.loads(f'"{name}"')
    except ValueError as exc:
        raise MalformedPayloadError("events hold a malformed name") from exc
    return unescaped


def _end(text: str, at: int) -> int:
    """Return where the value that begins at ``at`` ends, however deep it is nested."""
    if text[at] not in '{["':
        return _end_of(_SCALAR.match(text, at))
    depth = 0
    for token in _TOKEN.finditer(text, at):
        depth += _DEPTH[token.lastindex]
        if depth == 0:
            return token.end()
    raise MalformedPayloadError("events end inside of a value")


def _end_of(found: re.Match[str] | None) -> int:
    if found is None:
        raise MalformedPayloadError("events are not JSON")
    return found.end()


def _scan_deep(text: str, at: int) -> tuple[dict[str, Any], int]:
    """Parse an event with values that Python cannot hold; these become UNREADABLE."""
    if text[at] != "{":
        raise MalformedPayloadError("events hold something that is not an object")
    event: dict[str, Any] = {}
    end = at + 1
    for name, start, end in _members(text, at):
        if name in _ROWS and text[start] == "{":
            columns = _members(text, start)
            event[name] = {column: _value(text[begin:stop]) for column, begin, stop in columns}
        else:
            event[name] = _value(text[start:end])
    end = _after_blanks(text, end)
    if text[end] != "}":
        raise MalformedPayloadError("events hold an object that does not end")
    return event, end + 1


def _value(text: str) -> Any:
    try:
        return json.loads(text, parse_int=_whole, parse_float=Decimal)
    except _UNREADABLE:
        return UNREADABLE


def _whole(digits: str) -> int | Decimal:
    """Return a whole number of any length; Python's int() refuses those of over 4,300 digits."""
    return int(digits) if len(digits) <= _MAX_INT_DIGITS else Decimal(digits)


def _after_blanks(text: str, at: int) -> int:
    return _end_of(_BLANKS.match(text, at))
