"""The gateway's metrics. Their names are an interface: docs/operations.md."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Protocol, get_args

from prometheus_client import Histogram
from prometheus_client.metrics_core import Metric

from orders_contract.batches import Head
from orders_contract.messages import ResetReason
from orders_service.metrics import counter, counters, delays, gauge, gauges

TRANSPORTS = ("websocket", "sse")
_REFUSALS = (
    "not_serving",
    "unauthorized",
    "foreign_origin",
    "bad_request",
    "full",
    "address",
    "subject",
)
"""Reasons that are shown from the start, as 0; others appear with their first refusal."""


def _delivery_seconds() -> Histogram:
    return delays(
        "orders_gateway_delivery_seconds",
        "From the newest change of a frame, by PostgreSQL's clock, until the kernel has the frame"
        " for every live client; one observation for each frame that a client gets.",
    )


@dataclass(slots=True)
class Counts:
    """Counters that only the metrics use. Deliveries are added up once per frame."""

    open: Counter[str] = field(default_factory=Counter)
    """Clients connected now, by transport."""
    opened: Counter[tuple[str, ...]] = field(default_factory=Counter)
    """Clients admitted, by transport and whether they brought a position."""
    refused: Counter[str] = field(default_factory=Counter)
    """Clients refused, by reason; ``capacity`` and ``door`` count refusals for other reasons."""
    shed: int = 0
    """Clients sent to other gateways to even out shares."""
    events: int = 0
    live_messages: int = 0
    live_bytes: int = 0
    catch_up_messages: int = 0
    catch_up_bytes: int = 0
    delivery_seconds: Histogram = field(default_factory=_delivery_seconds)


class Stream(Protocol):
    """The attributes of ``source.Source`` that metrics read."""

    subscriptions: int
    """How often a subscription began."""
    is_subscribed: bool
    announced: Head | None
    """The end of the stream as last read from Redis."""

    def is_fresh(self) -> bool:
        """Return whether a message came in the last seconds."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Current values that the gateway also needs for its work."""

    is_serving: bool
    is_full: bool
    head: Head | None
    """The end of the ring."""
    resets: Mapping[ResetReason, int]
    refused: Mapping[str, int]
    """Clients refused, by reason."""


def read(counts: Counts, facts: Facts, source: Stream) -> Iterator[Metric]:
    """Yield the metrics of a gateway."""
    yield from _clients(counts, facts)
    yield from _deliveries(counts)
    yield from _stream(facts, source)


def _clients(counts: Counts, facts: Facts) -> Iterator[Metric]:
    yield gauges(
        "orders_gateway_connections",
        "Clients connected now.",
        ("transport",),
        {(each,): counts.open[each] for each in TRANSPORTS},
    )
    yield counters(
        "orders_gateway_connections_opened_total",
        "Clients admitted. resumed: they brought a position, as all do that reconnect.",
        ("transport", "resumed"),
        {each: counts.opened[each] for each in product(TRANSPORTS, ("false", "true"))},
    )
    yield counters(
        "orders_gateway_refused_total",
        "Clients refused.",
        ("reason",),
        {(reason,): n for reason, n in {**dict.fromkeys(_REFUSALS, 0), **facts.refused}.items()},
    )
    yield counter(
        "orders_gateway_shed_total",
        "Clients sent to other gateways to even out shares.",
        counts.shed,
    )
    yield counters(
        "orders_gateway_resets_total",
        "Clients told to fetch a snapshot.",
        ("reason",),
        {(reason,): facts.resets.get(reason, 0) for reason in get_args(ResetReason)},
    )
    yield from gauge("orders_gateway_serving", "1 while clients are admitted.", facts.is_serving)
    yield from gauge("orders_gateway_full", "1 without room for another client.", facts.is_full)


def _deliveries(counts: Counts) -> Iterator[Metric]:
    yield counter(
        "orders_gateway_events_total",
        "Events taken from Redis, for whatever clients there are.",
        counts.events,
    )
    yield counters(
        "orders_gateway_deliveries_total",
        "Messages with events, times the clients that got them. catch_up: not live.",
        ("path",),
        {("live",): counts.live_messages, ("catch_up",): counts.catch_up_messages},
    )
    yield counters(
        "orders_gateway_sent_bytes_total",
        "Bytes of these messages, as written to sockets.",
        ("path",),
        {("live",): counts.live_bytes, ("catch_up",): counts.catch_up_bytes},
    )
    yield from counts.delivery_seconds.collect()


def _stream(facts: Facts, source: Stream) -> Iterator[Metric]:
    head, announced = facts.head, source.announced
    lag = None
    if head is not None and announced is not None and head.stream == announced.stream:
        lag = max(0, announced.position - head.position)
    yield from gauge(
        "orders_gateway_position",
        "Position up to which events were passed on.",
        None if head is None else head.position,
    )
    yield from gauge(
        "orders_gateway_lag_events",
        "Events that Redis has and this gateway has not passed on.",
        lag,
    )
    yield from gauge("orders_redis_up", "1 while subscribed in Redis.", source.is_subscribed)
    yield counter(
        "orders_gateway_subscriptions_total",
        "Subscriptions begun in Redis; each after the first is a reconnection.",
        source.subscriptions,
    )
