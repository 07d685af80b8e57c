"""Checks one client against the promises of the protocol, message by message."""

import time
from collections import Counter, deque
from typing import Any

from orders_contract.messages import SERVER_MESSAGE
from prove.exact import digest
from prove.filters import Scope
from prove.oracle import Sighting
from prove.tables import ORDERS
from real_time_orders import Event, Reset, SchemaChanged, Snapshot, State
from real_time_orders.items import row_key

Message = dict[str, Any]
_STORY_LINES = 4000


class Audit:
    """Checks what one client receives; keeps findings and a log of the client (its story)."""

    def __init__(
        self, name: str, began: float, *, filtered: bool, scope: Scope | None = None
    ) -> None:
        """Start with nothing received. ``scope`` is what the client's token is restricted to."""
        self.name = name
        self._began = began
        self._filtered = filtered
        self._scope = scope
        self._partial = filtered or scope is not None
        self._connected_at: int | None = None
        """The connection has delivered everything up to here; None until that is known."""
        self._last: int | None = None
        """Position of the last event that the client yielded; None after a reset."""
        self._lossy = False
        """The last event came in a conflated frame, which may cover later positions."""
        self.schema: str | None = ""
        """The version of the schema that was announced last; None if the client does not say."""
        self.sightings: deque[Sighting] = deque()
        self.by_value = False
        """The client's numbers are doubles where these hold them: 12.50 is 12.5."""
        self.seen: Counter[str] = Counter()
        self.findings: list[str] = []
        self.story: deque[str] = deque(maxlen=_STORY_LINES)

    def note(self, line: str) -> None:
        """Add a line to the story."""
        self.story.append(f"{time.monotonic() - self._began:8.3f}  {line}")

    def complain(self, finding: str) -> None:
        """Record a finding."""
        self.findings.append(f"{self.name}: {finding}")
        self.note(f"FINDING {finding}")

    def tell(self, state: State) -> None:
        """Record a change of the client's state."""
        self.seen[f"state {state.phase}"] += 1
        self.note(
            f"{state.phase} {state.url} {state.gateway or ''} at {state.position} {state.reason}"
        )

    def hear(self, message: Message) -> None:
        """Check a message from the gateway."""
        kind = message["type"]
        if kind == "events":
            self._hear_events(message)
            return
        SERVER_MESSAGE.validate_python(message)
        self.note(f"heard {message!r:.200}")
        match kind:
            case "hello":
                self.schema = message.get("schema", "")
                self._connected_at = None if self._filtered else message["position"]
            case "subscribed" | "reset":
                self._connected_at = message["position"]
            case "schema":
                self.schema = message["version"]
            case "heartbeat":
                self._hear_heartbeat(message["position"])

    def _hear_heartbeat(self, position: int) -> None:
        at = self._connected_at
        if at is None:
            return
        if position < at:
            self.complain(f"I7: a heartbeat at {position} after {at}")
        if position > at and not self._partial:
            self.complain(f"I7: a heartbeat at {position}, and the last event was {at}")
        self._connected_at = max(at, position)

    def _hear_events(self, frame: Message) -> None:
        first, last, at = frame["first"], frame["last"], self._connected_at
        positions = [event["position"] for event in frame["events"]]
        conflated = bool(frame.get("conflated"))
        self.note(f"heard {first}-{last}: {len(positions)} {'conflated' if conflated else ''}")
        self.seen["frames conflated" if conflated else "frames"] += 1
        self._look_for_others(frame["events"])
        if at is None:
            return
        self._connected_at = max(at, last)
        if first > at + 1:
            self.complain(f"I7: a gap in a connection: {first}-{last} after {at}")
        if last <= at or (positions and positions[0] <= at):
            self.complain(f"I7: told twice: {first}-{last} {positions[:3]} after {at}")
        if positions != sorted(set(positions)) or (positions and positions[-1] > last):
            self.complain(f"I2: out of order: {first}-{last} {positions[:20]}")
        if not (self._partial or conflated) and positions != list(range(at + 1, last + 1)):
            self.complain(f"I7: {at + 1}-{last} holds {positions[:5]}...{positions[-5:]}")

    def _look_for_others(self, events: list[Message]) -> None:
        if self._scope is None:
            return
        for event in events:
            for row in (event.get("order"), event.get("row"), event["changed"]):
                hidden = {
                    column: row.get(column)
                    for column, values in self._scope.items()
                    if row is not None
                    and (column in row or event["table"] != ORDERS)
                    and row.get(column) not in values
                }
                if hidden:
                    self.complain(f"scope: event {event['position']} tells of {hidden!r}")

    def take(self, item: Event | Reset | SchemaChanged | Snapshot) -> None:
        """Check an item that the client yielded."""
        if isinstance(item, Event):
            self._take_event(item)
        elif isinstance(item, Reset):
            self.seen[f"reset {item.reason}"] += 1
            self.note(f"reset {item.reason} {item.place}")
            self._last = None
        elif isinstance(item, SchemaChanged):
            self.seen["schemas"] += 1
        else:
            self.seen["snapshots"] += 1
            counts = {name: len(rows) for name, rows in item.rows.items()}
            self.note(f"snapshot {item.place}: {counts}")
            self._last = item.place.position

    def resume(self, position: int | None) -> None:
        """Record that the client continues from an earlier position."""
        self.note(f"resumes after {position}")
        self._last = position

    def _take_event(self, event: Event) -> None:
        self.seen["events conflated" if event.conflated else "events"] += 1
        version = None if event.row is None else event.row.get("version")
        key = None if event.key is None else row_key(event.key)
        fact = (event.table, event.operation, key, version)
        row, changed = digest(event.row), digest(event.changed)
        self.sightings.append(
            Sighting(
                event.position, fact, row, changed, self._partial, event.conflated, self.by_value
            )
        )
        last, self._last = self._last, event.position
        if last is None:
            self.complain(f"I7: event {event.position} after a reset and before a snapshot")
        elif event.position <= last:
            self.complain(f"I7: got {event.position} after {last}")
        elif not (self._partial or event.conflated or self._lossy) and event.position != last + 1:
            self.complain(f"I7: got {event.position} after {last}, and nothing explains it")
        self._lossy = event.conflated
