"""Live rows and events of Real-Time Orders, as ``docs/client.md`` describes them.

Rows that are always current, and writes that do not overwrite other changes::

    async with connect("http://localhost:3000") as live:
        orders = live.table("orders", filter={"status": ["pending"]}, limit=100)
        async for rows in orders:
            print(orders.state.status, len(rows))

Every change once and in order, also after a restart::

    async with connect("http://localhost:3000") as live:
        async for event in live.events(store=FileStore("place.json")):
            print(event.operation, event.table, event.row)

``real_time_orders.sync`` has the same without ``async``. ``OrdersClient`` is the stream itself.
"""

from real_time_orders.book import OrderBook
from real_time_orders.bulk import Outcome
from real_time_orders.client import OrdersClient
from real_time_orders.errors import (
    ClientError,
    ConflictError,
    RefusedError,
    SnapshotError,
    WriteError,
)
from real_time_orders.events import Events, FileStore, MissedEventsError, Store
from real_time_orders.items import (
    Event,
    Phase,
    Place,
    Reset,
    Row,
    SchemaChanged,
    Snapshot,
    State,
    Tables,
)
from real_time_orders.kinds import Kind
from real_time_orders.live import Live, connect
from real_time_orders.snapshots import follow
from real_time_orders.table import LiveTable, Status, TableState

__all__ = [
    "ClientError",
    "ConflictError",
    "Event",
    "Events",
    "FileStore",
    "Kind",
    "Live",
    "LiveTable",
    "MissedEventsError",
    "OrderBook",
    "OrdersClient",
    "Outcome",
    "Phase",
    "Place",
    "RefusedError",
    "Reset",
    "Row",
    "SchemaChanged",
    "Snapshot",
    "SnapshotError",
    "State",
    "Status",
    "Store",
    "TableState",
    "Tables",
    "WriteError",
    "connect",
    "follow",
]
