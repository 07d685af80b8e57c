"""Servers whose settings make NOTIFY fail: no writer fails, and no event waits (I5)."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import psycopg
import pytest

from harness.follower import Follower
from harness.pipeline import Pipeline, health
from harness.redis_log import INSERT, positions
from harness.servers import Database, Postgres
from harness.valkey import Valkey
from harness.waiting import until

ORDER = {"customer_name": "Ada", "product_name": "Laptop"}
NOTIFYING_TRIGGER = """
    CREATE FUNCTION notify() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN NOTIFY other; RETURN NULL; END';
    CREATE TRIGGER notify AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION notify();
"""
FILL = "SELECT pg_notify('other', repeat('x', 7000) || n) FROM generate_series(1, %s) AS n"


@contextmanager
def pipeline_on(valkey: Valkey, **options: str) -> Iterator[Pipeline]:
    """Offer listeners, gateways and API around a server with these settings."""
    server = Postgres(options=options)
    try:
        database = server.create_database()
        with Pipeline(database, valkey) as pipeline:
            yield pipeline
        server.drop_database(database)
    finally:
        server.close()


@contextmanager
def queue_kept(database: Database) -> Iterator[None]:
    """LISTEN and stay idle in a transaction until the queue takes no more notifications."""
    with database.connect(autocommit=False) as hoarder, database.connect() as writer:
        hoarder.execute("LISTEN orders_changes")
        hoarder.commit()
        hoarder.execute("SELECT 1")
        writer.execute(FILL, [55])
        with pytest.raises(psycopg.errors.ProgramLimitExceeded, match="too many notifications"):
            writer.execute(FILL, [60])
        yield
        hoarder.rollback()


def test_a_full_queue_stops_no_writer(redis_url: Valkey) -> None:
    """I5: while another session keeps the queue full, inserts succeed, and are events within 2 s.

    Health says why changes are late.
    """
    with pipeline_on(redis_url, max_notify_queue_pages="64") as pipeline:
        api, gateway = pipeline.api(), pipeline.gateway()
        pipeline.listener().ready()
        with (
            Follower(gateway.ready().ws_url) as follower,
            pipeline.database.connect() as writer,
        ):
            writer.execute(INSERT)
            follower.until(1, 5)
            with queue_kept(pipeline.database):
                for number in range(2, 5):
                    writer.execute(INSERT)
                    follower.until(number, 2)
                status, page = health(api.port, "/api/health")
                assert (status, page["status"]) == (200, "degraded")
                assert "NOTIFY queue" in page["checks"]["database"]["reason"]
                writer.execute(NOTIFYING_TRIGGER)
                refused = httpx.post(f"{api.url}/api/orders", json=ORDER)
                assert refused.status_code == 503  # not the client's fault
            assert httpx.post(f"{api.url}/api/orders", json=ORDER).status_code == 201
            until(lambda: health(api.port, "/api/health")[1]["status"] == "ok", 5)


def test_a_prepared_transaction_makes_events(redis_url: Valkey) -> None:
    """I1, I5: a transaction may be prepared while the listener waits, and delays only itself."""
    with pipeline_on(redis_url, max_prepared_transactions="5") as pipeline:
        listener = pipeline.listener().ready()
        with pipeline.database.connect() as one, pipeline.database.connect() as other:
            for turn in range(3):
                one.execute("BEGIN")
                one.execute(INSERT)
                one.execute("PREPARE TRANSACTION 'unusual'")
                other.execute(INSERT)
                until(lambda: len(positions(redis_url)) == 2 * turn + 1, 2)  # noqa: B023
                one.execute("COMMIT PREPARED 'unusual'")
                until(lambda: len(positions(redis_url)) == 2 * turn + 2, 2)  # noqa: B023
        assert health(listener.port)[1]["sessions"] == 1
