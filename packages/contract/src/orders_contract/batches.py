"""Batches of events between listener and gateways: a small header and a body left unparsed. Pure.

A batch on the channel (``RedisNames.changes``) is one JSON document with its keys in this order::

    {"stream":"<uuid>","first":8,"last":9,"events":[...]}

so that a reader cuts the header off and never parses the events (I4). A head is
``{"stream":"<uuid>","position":9,"schema":"<version>"}``. Readers ignore keys that they do not
know, so that listeners and gateways of neighbouring versions work together; a later version may
add keys before ``events``.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt, ValidationError

_SEAM = b',"events":'
CLOSING = b"}"
# This key is the last one of an event, so no value of a row can match here.
_NEWEST_CHANGE = re.compile(rb'"changed_at":"([^"]{19,40})"}]\Z')
_TAIL_BYTES = 64


class MalformedPayloadError(ValueError):
    """A payload is not a batch or head, or its events are not JSON."""


class _Header(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class _BatchHeader(_Header):
    stream: str
    first: PositiveInt
    last: PositiveInt


class _HeadHeader(_Header):
    stream: str
    position: NonNegativeInt
    schema_version: str = Field("", alias="schema")


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the stream: nothing after ``position`` has been published.

    ``schema`` is the version of the schema that Redis holds; empty if it is not known.
    """

    stream: str
    position: int
    schema: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """The events from ``first`` to ``last``, without a gap, as a JSON array left unparsed."""

    stream: str
    first: int
    last: int
    events: bytes

    def __len__(self) -> int:
        """Return the number of events."""
        return self.last - self.first + 1


def newest_change_s(batch: Batch) -> float | None:
    """Return the time of a batch's last change in Unix seconds of PostgreSQL's clock, or None.

    Searches only the end of the text, so the events stay unparsed (I4).
    """
    found = _NEWEST_CHANGE.search(batch.events[-_TAIL_BYTES:])
    try:
        return found and datetime.fromisoformat(found[1].decode()).timestamp()
    except ValueError:
        return None


def of_log_entry(entry_id: bytes, fields: Mapping[bytes, bytes]) -> Batch:
    """Return the batch in an entry of Redis's log, whose id is ``<last position>-0``."""
    last = int(entry_id.partition(b"-")[0])
    return Batch(fields[b"stream"].decode(), int(fields[b"first"]), last, fields[b"events"])


def merge(batches: list[Batch]) -> Batch:
    """Return consecutive batches of one stream as one batch, without parsing their events."""
    if len(batches) == 1:
        return batches[0]
    events = b"[" + b",".join(batch.events[1:-1] for batch in batches) + b"]"
    return Batch(batches[0].stream, batches[0].first, batches[-1].last, events)


def decode(payload: bytes) -> Batch | Head:
    """Read a payload of the changes channel without parsing the events.

    Raises:
        MalformedPayloadError: the payload is not a batch or head.

    """
    header, seam, events = payload.partition(_SEAM)
    try:
        if not seam:
            head = _HeadHeader.model_validate_json(payload)
            return Head(head.stream, head.position, head.schema_version)
        batch = _BatchHeader.model_validate_json(header + b"}")
    except ValidationError as exc:
        # The error's own text would quote the payload, which may hold rows.
        raise MalformedPayloadError(f"neither batch nor head: {len(payload)} bytes") from exc
    if batch.last < batch.first:
        raise MalformedPayloadError(f"last {batch.last} comes before first {batch.first}")
    # More cannot be checked without parsing. A truncated payload is refused here.
    if not (events.startswith(b"[") and events.endswith(b"]}")):
        raise MalformedPayloadError("events are not a whole JSON array")
    return Batch(batch.stream, batch.first, batch.last, events[:-1])


def encode(message: Batch | Head) -> bytes:
    """Return the payload for the changes channel; the inverse of ``decode``."""
    if isinstance(message, Head):
        head = {
            "stream": message.stream,
            "position": message.position,
            "schema": message.schema,
        }
        return json.dumps(head, separators=(",", ":")).encode()
    return opening(message) + message.events + CLOSING


def opening(batch: Batch) -> bytes:
    """Return the part of a batch's payload before its events; ``CLOSING`` follows them."""
    header = {"stream": batch.stream, "first": batch.first, "last": batch.last}
    return json.dumps(header, separators=(",", ":")).encode()[:-1] + _SEAM
