"""No row of a permitted writer stops the stream or reaches the wrong client (I11)."""

import json
from collections.abc import Iterator

import pytest
from websockets.sync.client import ClientConnection, connect

from harness.follower import Follower
from harness.pipeline import Pipeline, Service, listening
from harness.servers import Postgres

MIB = 1024 * 1024


@pytest.fixture(scope="module")
def pipeline(postgres: Postgres) -> Iterator[Pipeline]:
    """Start a listener on a database whose orders hold anything."""
    with listening(
        postgres, "ALTER TABLE orders ADD COLUMN total numeric, ADD COLUMN extra json"
    ) as started:
        yield started


@pytest.fixture(scope="module")
def gateway(pipeline: Pipeline) -> Service:
    """Start a gateway that keeps few events, so that older ones come from Redis."""
    return pipeline.gateway(RING_MAX_EVENTS="2").ready()


NUMBER = "12345678901234567890123456789012345678.90"

VALUES = {
    "digits": '{"n": 1e400, "i": 9007199254740993, "z": 1.50}',
    "a long integer": '{"n": ' + "7" * 5000 + "}",
    "nesting": "[" * 90 + "]" * 90,
    "duplicate keys": '{"a": 1, "a": 2}',
}


@pytest.mark.parametrize("name", VALUES)
def test_every_digit_survives_a_filter(pipeline: Pipeline, gateway: Service, name: str) -> None:
    """Live and resumed, filtered and not, the row's text is the one PostgreSQL rendered."""
    extra = VALUES[name]
    with connect(gateway.ws_url, compression=None) as plain, Follower(gateway.ws_url) as at:
        with connect(gateway.ws_url, compression=None) as filtered:
            filtered.send('{"type":"subscribe","filter":{"customer_name":["Ada"]}}')
            for each in (plain, filtered):
                json.loads(each.recv(10))
            json.loads(filtered.recv(10))
            with pipeline.database.connect() as sql:
                for customer in ("Ada", "Bob", "Cid", "Dan", "Eve"):
                    sql.execute(
                        "INSERT INTO orders (customer_name, product_name, total, extra)"
                        " VALUES (%s, 'Desk', %s, %s)",
                        [customer, NUMBER, extra],
                    )
            whole = texts(plain, at.position + 5)
            assert f'"total":{NUMBER}' in whole
            assert whole.count(extra) == 5
            live = texts(filtered, at.position + 1)
            assert extra in live
            assert "Bob" not in live
        with connect(f"{gateway.ws_url}?after={at.position}", compression=None) as resumed:
            json.loads(resumed.recv(10))
            assert texts(resumed, at.position + 5).count(extra) == 5


def texts(client: ClientConnection, position: int) -> str:
    """Return all that a client gets up to a position, as text."""
    found = ""
    while True:
        text = client.recv(20, decode=True)
        found += text
        # The head of a message is read without its events, which Python may be unable to parse.
        head = json.loads(text.partition(',"events":')[0].rstrip("}") + "}")
        if head.get("last", head.get("position", 0)) >= position:
            return found


def test_a_message_stays_below_one_mebibyte(pipeline: Pipeline, gateway: Service) -> None:
    """Orders with 160 kB each in one transaction come in messages below 1 MiB, live and resumed."""
    with Follower(gateway.ws_url, max_size=MIB) as follower, pipeline.database.connect() as sql:
        before = follower.position
        sql.execute(
            "INSERT INTO orders (customer_name, product_name, extra)"
            " SELECT 'Ada', 'Desk', to_json(repeat('x', 160000)) FROM generate_series(1, 100)"
        )
        follower.until(before + 100, 30)
        with Follower(gateway.ws_url, after=before, max_size=MIB) as resumed:
            resumed.until(before + 100, 30)
        assert len(resumed.events) == len(follower.events) == 100
