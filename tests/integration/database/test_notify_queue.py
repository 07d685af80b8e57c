"""A NOTIFY queue that another session keeps full stops no writer (I5)."""

import psycopg
import pytest

from harness.servers import Postgres


def test_writers_stay_silent_when_the_queue_is_full() -> None:
    """I5: inserts succeed, and are taken, although the queue accepts no more notifications."""
    server = Postgres(options={"max_notify_queue_pages": "64"})
    try:
        database = server.create_database()
        with (
            database.connect(autocommit=False) as hoarder,
            database.connect() as listener,
            database.connect() as writer,
        ):
            hoarder.execute("LISTEN orders_changes")
            hoarder.commit()
            hoarder.execute("SELECT 1")  # idle in transaction: the queue cannot be emptied
            assert listener.execute("SELECT order_listener_sleep()").fetchone() == (True,)
            listener.execute("SELECT order_writers_settled()")
            fill = (
                "SELECT pg_notify('other', repeat('x', 7000) || n) FROM generate_series(1, %s) AS n"
            )
            writer.execute(fill, [55])
            with pytest.raises(psycopg.errors.ProgramLimitExceeded, match="too many notifications"):
                writer.execute(fill, [60])
            listener.execute("SELECT order_writers_settled()")
            writer.execute("INSERT INTO orders (customer_name, product_name) VALUES ('a', 'b')")
            assert listener.execute("SELECT last FROM take_order_events()").fetchone() == (1,)
            hoarder.rollback()
        server.drop_database(database)
    finally:
        server.close()
