"""The rows that a client holds, and how an event changes them. Pure."""

from collections.abc import Mapping
from typing import Any

from orders_contract.schema import ORDERS
from real_time_orders.items import Event, Place, Row, Snapshot, Tables, row_key


class OrderBook:
    """Rows by table and primary key: a snapshot, then every event after its place.

    ``tables`` holds the filters by table, ``filter`` is short for ``{"orders": filter}``; without
    either the book has all orders and no other table. The server decides which rows match: snapshot
    and stream hold only those.
    """

    def __init__(
        self,
        filter: Mapping[str, Any] | None = None,  # noqa: A002  the protocol's word for it
        *,
        tables: Tables | None = None,
    ) -> None:
        self.tables: Tables = {ORDERS: filter or {}} if tables is None else tables
        self.rows: dict[str, dict[Any, Row]] = {name: {} for name in self.tables}
        self.place: Place | None = None
        """The place up to which all events are included; None before the first snapshot."""
        self.schema = ""
        """The version of the schema when the snapshot was fetched."""

    @property
    def orders(self) -> dict[Any, Row]:
        """The orders by id."""
        return self.rows[ORDERS]

    def load(self, snapshot: Snapshot) -> None:
        """Replace all rows by those of a snapshot."""
        self.rows = {name: dict(snapshot.rows.get(name, {})) for name in self.tables}
        self.place = snapshot.place
        self.schema = "" if snapshot.schema is None else snapshot.schema.version

    def apply(self, event: Event) -> bool:
        """Apply the next event of the stream; return False if it was included already."""
        if self.place is None or event.position <= self.place.position:
            return False
        self.place = Place(self.place.stream, event.position)
        rows = self.rows.get(event.table)
        if rows is None:
            return True
        if event.operation == "TRUNCATE":
            rows.clear()
        elif event.key is not None and event.row is None:
            rows.pop(row_key(event.key), None)
        elif event.key is not None and event.row is not None:
            key = row_key(event.key)
            if event.conflated or _is_newer(event.row, rows.get(key)):
                rows[key] = event.row
        return True


def _is_newer(row: Row, known: Row | None) -> bool:
    """Return whether a row replaces the known one.

    A snapshot may be ahead of its place, so an event may hold an older version, which is ignored.
    Conflated events are not compared, because a DELETE and a new INSERT of the key may have been
    left out. In a table without versions the older row is shown until the next events.
    """
    version, known_version = row.get("version"), (known or {}).get("version")
    if not isinstance(version, int) or not isinstance(known_version, int):
        return True
    return version > known_version
