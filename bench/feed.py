"""Publish batches at a steady rate, to Valkey as a listener does, or to another server."""

import json
import threading
import time
from typing import Protocol, Self

from bench.load.customers import customer_name
from bench.stage import STREAM
from harness.valkey import Valkey
from orders_contract.batches import Batch, Head, encode
from orders_contract.names import CHANGES_CHANNEL, HEAD_KEY

_BEAT_S = 1.0


class Outlet(Protocol):
    """The server that batches are published to."""

    def publish(self, batch: Batch) -> None:
        """Publish a batch."""

    def beat(self, position: int) -> None:
        """Publish the position of the stream; called once a second."""

    def close(self) -> None:
        """End the connection."""


class ValkeyOutlet:
    """Valkey, which gateways subscribe to."""

    def __init__(self, valkey: Valkey) -> None:
        self._redis = valkey.connect()
        self._redis.hset(HEAD_KEY, mapping={"stream": STREAM, "position": 0})

    def publish(self, batch: Batch) -> None:
        """Publish a batch and move the head."""
        pipe = self._redis.pipeline()
        pipe.hset(HEAD_KEY, "position", str(batch.last))
        pipe.publish(CHANGES_CHANNEL, encode(batch))
        pipe.execute()

    def beat(self, position: int) -> None:
        """Publish the head."""
        self._redis.publish(CHANGES_CHANNEL, encode(Head(STREAM, position)))

    def close(self) -> None:
        """End the connection."""
        self._redis.close()


class Feed:
    """A thread that publishes until its block ends; its rate can be changed."""

    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet
        self._over = threading.Event()
        self._position = 0
        self._batches_per_s = 0.0
        self._events_per_batch = 1
        self.customers = 0
        """How many customers' orders are published in turn; 0: always the same customer."""
        self._thread = threading.Thread(target=self._run, daemon=True)

    def rate(self, batches_per_s: float, events_per_batch: int = 1) -> None:
        """Set the rate; 0 stops."""
        self._events_per_batch = events_per_batch
        self._batches_per_s = batches_per_s

    @property
    def position(self) -> int:
        """The number of published events."""
        return self._position

    def _run(self) -> None:
        due = beat_due = time.monotonic()
        while not self._over.is_set():
            now = time.monotonic()
            if now >= beat_due:
                self._outlet.beat(self._position)
                beat_due = now + _BEAT_S
            rate = self._batches_per_s
            if rate == 0:
                due = now
                time.sleep(0.005)  # between two checks of the rate
            elif now >= due:
                self._publish()
                due = max(due, now - 0.1) + 1 / rate
            else:
                time.sleep(min(due - now, 0.005))  # until the next batch is due

    def _publish(self) -> None:
        first, last = self._position + 1, self._position + self._events_per_batch
        rows = ",".join(event(position, self.customers) for position in range(first, last + 1))
        self._position = last
        self._outlet.publish(Batch(STREAM, first, last, f"[{rows}]".encode()))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._over.set()
        self._thread.join()
        self._outlet.close()


def event(position: int, customers: int = 0) -> str:
    """Return an event as PostgreSQL renders it, some 350 bytes."""
    customer = customer_name(position % customers) if customers else "Alfreds Futterkiste"
    at = f"2026-11-22T11:12:52.{position % 1_000_000:06}+00:00"
    order = {
        "id": position,
        "customer_name": customer,
        "product_name": "Queso Manchego La Pastora",
        "quantity": position % 100 + 1,
        "status": "pending",
        "version": 1,
        "created_at": at,
        "updated_at": at,
    }
    content = {
        "position": position,
        "table": "orders",
        "operation": "INSERT",
        "order_id": position,
        "order": order,
        "changed": None,
        "actor": None,
        "changed_at": at,
    }
    return json.dumps(content, separators=(",", ":"))
