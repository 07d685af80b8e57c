"""How metrics are rendered."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from orders_service.metrics import Exposition, counter, counters, delays, gauge, gauges, process


def test_values_are_read_when_they_are_asked_for() -> None:
    """Each page shows the values of its moment."""
    seen = 0
    exposition = Exposition(lambda: [counter("orders_seen_total", "Seen.", seen)])
    assert b"orders_seen_total 0.0" in exposition.page()[1]
    seen = 3
    assert b"orders_seen_total 3.0" in exposition.page()[1]


def test_all_kinds_are_rendered() -> None:
    """Gauges, counters and histograms keep their names, labels and units."""
    delay = delays("orders_delay_seconds", "A delay.")
    delay.observe(0.002)
    exposition = Exposition(
        lambda: gauge("orders_up", "Up.", value=True),
        lambda: gauge("orders_unknown", "Nobody knows.", value=None),
        lambda: [gauges("orders_open", "Open.", ("kind",), {("sse",): 2})],
        lambda: [counters("orders_sent_bytes_total", "Sent.", ("path",), {("live",): 7})],
        delay.collect,
        process(),
    )
    content_type, body = exposition.page()
    assert content_type.startswith("text/plain")
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(body.decode())
        for sample in family.samples
    }
    assert samples["orders_up",] == 1
    assert ("orders_unknown",) not in samples
    assert samples["orders_open", "sse"] == 2
    assert samples["orders_sent_bytes_total", "live"] == 7
    assert samples["orders_delay_seconds_bucket", "0.001"] == 0
    assert samples["orders_delay_seconds_bucket", "0.0025"] == 1
    assert samples["process_resident_memory_bytes",] > 0


@pytest.mark.parametrize("accept", ["application/openmetrics-text; version=1.0.0", "*/*", ""])
def test_the_format_follows_the_request(accept: str) -> None:
    """OpenMetrics is sent to who asks for it."""
    content_type, body = Exposition(process()).page(accept)
    assert content_type.startswith("application/openmetrics" if "open" in accept else "text/plain")
    assert body.endswith(b"# EOF\n") is ("open" in accept)
