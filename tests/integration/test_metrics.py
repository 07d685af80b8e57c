"""The metrics of listener, gateway and API, as a scrape sees them."""

import re
from pathlib import Path

import httpx

from harness.follower import Follower
from harness.pipeline import Pipeline, health, scrape
from harness.waiting import until

DOCUMENT = Path(__file__).parents[2] / "docs" / "operations.md"
INSERT = "INSERT INTO orders (customer_name, product_name) VALUES ('Ada', 'Laptop')"


def documented() -> set[str]:
    """Return the names of metrics in the table of the document."""
    rows = [row for row in DOCUMENT.read_text("utf-8").splitlines() if row.startswith("| `orders_")]
    return {name for row in rows for name in re.findall(r"`(orders_\w+)`", row.split("|")[1])}


def exposed(ports: list[int]) -> set[str]:
    """Return the names of the metrics that services expose; of a histogram the name itself."""
    names = {name for port in ports for (name, *_) in scrape(port) if name.startswith("orders_")}
    return {re.sub(r"_(bucket|count|sum|created)$", "", name) for name in names}


def served(port: int) -> tuple[int, int]:
    """Return how many clients are connected to a gateway, and how many of them are live."""
    page = health(port)[1]
    return page["connections"], page["live"]


def test_a_change_is_seen_in_every_service(pipeline: Pipeline) -> None:
    """Events, deliveries, delays, clients, resets and refusals are counted, as documented."""
    gateway, listener, api = pipeline.gateway(), pipeline.listener().ready(), pipeline.api()
    gateway.ready()
    with (
        Follower(gateway.ws_url) as follower,
        Follower(gateway.ws_url, after=0),
        httpx.stream("GET", f"{gateway.url}/sse") as stream,
        pipeline.database.connect() as sql,
    ):
        lines = stream.iter_lines()
        next(lines)
        unknown = "00000000-0000-0000-0000-000000000000"
        with Follower(gateway.ws_url, after=0, stream=unknown) as another:
            assert another.next("reset")["reason"] == "unknown_stream"
        assert httpx.get(f"{gateway.url}/sse?after=x").status_code == 400
        until(lambda: served(gateway.port) == (3, 3), what="those who stay are live, alone")
        for position in (1, 2):
            sql.execute(INSERT)
            follower.until(position)
        until(lambda: scrape(gateway.port)["orders_gateway_delivery_seconds_count",] == 2)
        until(lambda: scrape(gateway.port)["orders_gateway_connections", "websocket"] == 2)
        there = scrape(gateway.port)
        assert there["orders_gateway_connections", "sse"] == 1
        opened = "orders_gateway_connections_opened_total"
        assert there[opened, "false", "websocket"] == 1
        assert there[opened, "true", "websocket"] == 2
        assert there["orders_gateway_events_total",] == 2
        assert there["orders_gateway_deliveries_total", "live"] == 6
        assert there["orders_gateway_sent_bytes_total", "live"] > 6 * 100
        assert 0 < there["orders_gateway_delivery_seconds_sum",] < 20
        assert there["orders_gateway_resets_total", "unknown_stream"] == 1
        assert there["orders_gateway_refused_total", "bad_request"] == 1
        assert there["orders_gateway_position",] == 2
        assert there["orders_gateway_lag_events",] == 0
        assert there["orders_redis_up",] == there["orders_gateway_serving",] == 1

        until(lambda: scrape(listener.port)["orders_listener_position",] == 2)
        published = scrape(listener.port)
        assert published["orders_listener_events_total",] == 2
        assert published["orders_listener_batches_total",] == 2
        assert published["orders_listener_publish_seconds_count",] == 2
        assert published["orders_listener_position",] == 2
        assert published["orders_listener_leading",] == published["orders_listener_healthy",] == 1

        assert httpx.get(f"{api.url}/api/orders").status_code == 200
        assert httpx.get(f"{api.url}/api/orders/77").status_code == 404
        seen = scrape(api.port)
        assert seen["orders_api_request_seconds_count", "GET", "200"] >= 1
        assert seen["orders_api_request_seconds_count", "GET", "404"] == 1
        assert seen["orders_database_up",] == seen["orders_redis_up",] == 1
        assert seen["orders_lag_events",] == seen["orders_outbox_waiting",] == 0
        assert seen["orders_gateways",] == 1
    assert exposed([gateway.port, listener.port, api.port]) == documented()


def test_a_frame_for_nobody_is_no_delivery(pipeline: Pipeline) -> None:
    """A gateway without clients counts the events, but no delay of a delivery."""
    gateway = pipeline.gateway()
    pipeline.listener().ready()
    gateway.ready()
    with pipeline.database.connect() as sql:
        sql.execute(INSERT)
    until(lambda: scrape(gateway.port)["orders_gateway_events_total",] == 1)
    assert scrape(gateway.port)["orders_gateway_delivery_seconds_count",] == 0


def test_what_cannot_be_reached_is_down(pipeline: Pipeline) -> None:
    """Without Redis, gateway and API say so; the changes that wait are counted."""
    gateway, api = pipeline.gateway(), pipeline.api()
    pipeline.listener().ready()
    gateway.ready()
    pipeline.valkey.stop()
    with pipeline.database.connect() as sql:
        sql.execute(INSERT)
    until(lambda: scrape(gateway.port)["orders_redis_up",] == 0)
    seen = scrape(api.port)
    assert (seen["orders_database_up",], seen["orders_redis_up",]) == (1, 0)
    assert ("orders_lag_events",) not in seen
    assert ("orders_gateways",) not in seen
