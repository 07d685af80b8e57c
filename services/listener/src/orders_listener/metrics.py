"""The listener's metrics. Their names are an interface: docs/operations.md."""

import time
from collections.abc import Iterator

from prometheus_client.metrics_core import Metric

from orders_listener.status import Status
from orders_service.health import Answer, Page
from orders_service.metrics import Exposition, counter, gauge, process


def page(status: Status) -> Page:
    """Return the page of a listener's metrics."""
    exposition = Exposition(lambda: read(status), status.publish_seconds.collect, process())

    def current() -> Answer:
        content_type, body = exposition.page()
        return Answer(200, content_type, body)

    return current


def read(status: Status) -> Iterator[Metric]:
    """Yield the metrics of a listener's status."""
    now, published, since = time.monotonic(), status.published, status.waiting_since
    yield from gauge(
        "orders_listener_healthy",
        "1 while PostgreSQL and Redis answer and changes flow.",
        status.healthy(now),
    )
    yield from gauge(
        "orders_listener_leading", "1 while this listener leads.", status.role == "leader"
    )
    yield from gauge(
        "orders_listener_position",
        "Position up to which this listener has published.",
        None if published is None else published.position,
    )
    yield from gauge(
        "orders_listener_waiting_seconds",
        "For how long the oldest change in the outbox has been seen to wait; 0 without one.",
        0.0 if since is None else now - since,
    )
    yield counter("orders_listener_events_total", "Events published.", status.events)
    yield counter("orders_listener_batches_total", "Batches published.", status.batches)
    yield counter(
        "orders_listener_published_bytes_total",
        "Bytes of the published events.",
        status.event_bytes,
    )
    yield counter(
        "orders_listener_pruned_events_total",
        "Events removed from the log by RETENTION.",
        status.pruned,
    )
    yield counter(
        "orders_listener_sessions_total",
        "Sessions begun with PostgreSQL and Redis; each after the first is a reconnection.",
        status.sessions,
    )
