"""Metrics of a service in Prometheus's text format, for ``GET /metrics``.

Most values exist anyway for health pages; they are read only when Prometheus requests them. Names
are an interface (docs/operations.md).
"""

from collections.abc import Callable, Iterable, Mapping

from prometheus_client import Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric

Read = Callable[[], Iterable[Metric]]
"""Returns metrics with their current values."""

Values = Mapping[tuple[str, ...], float]
"""A metric's values by the values of its labels."""

_DELAY_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Exposition:
    """The metrics of one process."""

    def __init__(self, *reads: Read) -> None:
        self._reads = reads

    def collect(self) -> Iterable[Metric]:
        """Yield all metrics; the encoders of prometheus_client call this."""
        for read in self._reads:
            yield from read()

    def page(self, accept: str = "") -> tuple[str, bytes]:
        """Return content type and content, in the newest format that an ``Accept`` header names."""
        encode, content_type = choose_encoder(accept)
        return content_type, encode(self)


def process() -> Read:
    """Return the usual ``process_`` metrics of this process: CPU time, memory, file descriptors."""
    return ProcessCollector(registry=None).collect


def delays(name: str, description: str, labels: tuple[str, ...] = ()) -> Histogram:
    """Return a histogram of seconds for delays between a millisecond and ten seconds."""
    return Histogram(name, description, labels, buckets=_DELAY_BUCKETS_S, registry=None)


def gauge(name: str, description: str, value: float | None) -> Iterable[Metric]:
    """Yield a gauge; nothing if its value is not known."""
    if value is not None:
        yield GaugeMetricFamily(name, description, value)


def gauges(name: str, description: str, labels: tuple[str, ...], values: Values) -> Metric:
    """Return a gauge with labels."""
    metric = GaugeMetricFamily(name, description, labels=labels)
    for each, value in values.items():
        metric.add_metric(each, value)
    return metric


def counter(name: str, description: str, value: float) -> Metric:
    """Return a counter; its name ends in ``_total``."""
    return CounterMetricFamily(name, description, value)


def counters(name: str, description: str, labels: tuple[str, ...], values: Values) -> Metric:
    """Return a counter with labels; its name ends in ``_total``."""
    metric = CounterMetricFamily(name, description, labels=labels)
    for each, value in values.items():
        metric.add_metric(each, value)
    return metric
