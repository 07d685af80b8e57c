"""RETENTION: the leading listener removes old events from the log."""

from harness.pipeline import Pipeline, scrape
from harness.redis_log import positions, write
from harness.waiting import until

FORGET = "order_events_forget(uuid, bigint, bigint, interval, bigint, integer)"


def take(pipeline: Pipeline, orders: int) -> None:
    """Write orders and take them into the log, without publishing them."""
    write(pipeline, orders)
    with pipeline.database.connect() as sql:
        sql.execute("SELECT first FROM take_order_events()")


def first(pipeline: Pipeline) -> int:
    with pipeline.database.connect() as sql:
        row = sql.execute("SELECT min(position) FROM order_events").fetchone()
    assert row is not None
    return int(row[0])


def test_what_redis_lacks_is_published_before_it_is_removed(pipeline: Pipeline) -> None:
    """I7: retention removes published events only; each run is one line, and counted."""
    take(pipeline, 3)
    listener = pipeline.listener().ready()
    assert listener.process.stop() == 0
    take(pipeline, 12)
    listener = pipeline.listener(RETENTION="5").ready()
    until(lambda: first(pipeline) == 11)
    assert positions(pipeline.valkey) == list(range(1, 16))
    until(lambda: "pruned" in listener.process.output())
    assert scrape(listener.port)["orders_listener_pruned_events_total",] == 10
    assert listener.process.output().count("pruned") == 1


def test_events_flow_while_pruning_fails(pipeline: Pipeline) -> None:
    """I3: a step that is refused is tried again, later and later; nothing else suffers."""
    take(pipeline, 12)
    with pipeline.database.connect() as sql:
        sql.execute(f"REVOKE EXECUTE ON FUNCTION {FORGET} FROM orders_listener".encode())
        listener = pipeline.listener(RETENTION="5").ready()
        until(lambda: "prune_failed" in listener.process.output())
        write(pipeline, 1)
        until(lambda: listener.position() == 13)
        sql.execute(f"GRANT EXECUTE ON FUNCTION {FORGET} TO orders_listener".encode())
    until(lambda: first(pipeline) in (8, 9), deadline_s=30)
