"""The API's metrics: its requests, and the state of the system in PostgreSQL and Redis.

The names of the metrics are an interface; docs/operations.md lists them.
"""

import os
from collections.abc import Iterator

from fastapi import FastAPI, Request, Response
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector

from orders_access.limits import Buckets
from orders_api.health import Presence
from orders_api.records import Backlog
from orders_api.requests import parts
from orders_service.metrics import Exposition, Read, counter, delays, gauge, process

PATH = "/metrics"
SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Environment variable of prometheus_client: the folder of counters that processes share."""

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class RequestTimes:
    """Counts requests and their durations, in total for all processes that share the port."""

    def __init__(self) -> None:
        self._seconds = delays(
            "orders_api_request_seconds",
            "From the arrival of a request to the beginning of its answer.",
            ("method", "status"),
        )

    def note(self, method: str, status: int, seconds: float) -> None:
        """Count a request when its answer begins."""
        known = method if method in _METHODS else "other"
        self._seconds.labels(known, str(status)).observe(seconds)

    @property
    def reads(self) -> tuple[Read, ...]:
        """The functions to read at a scrape. CPU and memory are left out with several processes."""
        if SHARED_FOLDER in os.environ:
            collector = MultiProcessCollector(None)  # type: ignore[no-untyped-call]
            return (collector.collect,)
        return self._seconds.collect, process()


def install(app: FastAPI, times: RequestTimes, requests: Buckets) -> None:
    """Add the page ``/metrics``, which the edge does not pass on to clients."""

    @app.get(PATH, include_in_schema=False)
    async def page(request: Request) -> Response:
        presence, backlog = await parts(request).probe.look()
        exposition = Exposition(*times.reads, lambda: system(presence, backlog, requests.refused))
        content_type, body = exposition.page(request.headers.get("accept", ""))
        return Response(body, media_type=content_type)


def system(presence: Presence | str, backlog: Backlog | str, refused: int) -> Iterator[Metric]:
    """Yield metrics of the state of the system. If an argument is a text, its part is left out."""
    waits = backlog if isinstance(backlog, Backlog) else None
    seen = presence if isinstance(presence, Presence) else None
    yield counter("orders_api_refused_total", "Requests over a rate limit.", refused)
    yield from gauge("orders_database_up", "1 if PostgreSQL answers.", waits is not None)
    yield from gauge("orders_redis_up", "1 if Redis answers.", seen is not None)
    if waits is not None:
        yield from gauge(
            "orders_outbox_waiting",
            "Changes that wait to be taken into the log; counted to 10,001.",
            waits.waiting,
        )
        yield from gauge(
            "orders_lag_events",
            "Events of the log that Redis has not been given.",
            waits.unpublished,
        )
        yield from gauge(
            "orders_lag_seconds", "Age of the oldest change not yet published.", waits.seconds
        )
        yield from gauge(
            "orders_notification_queue_ratio",
            "How full PostgreSQL's queue of notifications is.",
            waits.notifications,
        )
        yield from gauge(
            "orders_outbox_bytes",
            "Size of the outbox with its index, dead rows included.",
            waits.storage.outbox_bytes,
        )
        yield from gauge(
            "orders_log_bytes", "Size of the log with its indexes.", waits.storage.log_bytes
        )
    if seen is not None:
        yield from gauge("orders_listener_present", "1 while a listener leads.", seen.listener)
        yield from gauge("orders_gateways", "Gateways that are present in Redis.", seen.gateways)
