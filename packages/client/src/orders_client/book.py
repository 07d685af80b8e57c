"""The orders a client knows, and how an event changes them. Pure."""

from orders_client.items import Event, Place, Row, Snapshot
from orders_contract.messages import Filter


def admits(wanted: Filter | None, order: Row) -> bool:
    """Tell whether an order matches every key of a filter."""
    return wanted is None or (
        (wanted.status is None or order["status"] in wanted.status)
        and (wanted.customer_name is None or order["customer_name"] in wanted.customer_name)
        and (wanted.order_id is None or order["id"] in wanted.order_id)
    )


class OrderBook:
    """Orders by id under a filter: a snapshot, then every event after its place."""

    def __init__(self, wanted: Filter | None = None) -> None:
        self.wanted = wanted
        self.orders: dict[int, Row] = {}
        self.place: Place | None = None
        """Everything up to here is in; None before the first snapshot."""

    def load(self, snapshot: Snapshot) -> None:
        """Begin anew: only what the snapshot shows is known."""
        self.orders = {row["id"]: row for row in snapshot.orders if admits(self.wanted, row)}
        self.place = snapshot.place

    def apply(self, event: Event) -> bool:
        """Take in the next event of the book's stream; False if it was known already."""
        if self.place is None or event.position <= self.place.position:
            return False
        self.place = Place(self.place.stream, event.position)
        if event.operation == "TRUNCATE":
            self.orders.clear()
        elif event.order is None:
            self.orders.pop(event.order_id or 0, None)
        else:
            self._take(event.order, newest=event.conflated)
        return True

    def _take(self, order: Row, *, newest: bool) -> None:
        known = self.orders.get(order["id"])
        # A snapshot may be ahead of its place, so an older row would be a step back. Not so in a
        # conflated frame: a DELETE and a new INSERT of the same id may have been left out of it.
        if known is not None and not newest and order["version"] <= known["version"]:
            return
        if admits(self.wanted, order):
            self.orders[order["id"]] = order
        else:
            self.orders.pop(order["id"], None)
