"""The sides of a comparison of write speed."""

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import sql

from bench.bench import Bench
from bench.pgbench import write
from harness.servers import Database, Postgres

_ALWAYS_NOTIFY = """
CREATE FUNCTION orders_always_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('orders_baseline', json_build_object(
        'operation', TG_OP, 'order', row_to_json(NEW))::text);
    RETURN NULL;
END $$;
CREATE TRIGGER orders_always_notify AFTER INSERT ON orders
    FOR EACH ROW EXECUTE FUNCTION orders_always_notify()
"""

_LEAST_OUTBOX = """
CREATE TABLE orders_least_outbox (id bigint);
CREATE FUNCTION orders_least_outbox() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO orders_least_outbox VALUES (NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER orders_least_outbox AFTER INSERT ON orders
    FOR EACH ROW EXECUTE FUNCTION orders_least_outbox()
"""


@dataclass(frozen=True)
class Side:
    """A database to write to, and its name in the results."""

    name: str
    server: Postgres
    database: Database

    def speed(self, seconds: int, clients: int = 64) -> float:
        """Write into an empty table; return orders per second."""
        with self.database.connect() as connection:
            connection.execute("TRUNCATE orders")
            connection.execute("TRUNCATE order_outbox")
        with self.server.administrator() as administrator:
            administrator.execute("CHECKPOINT")
        return write(self.server, self.database, seconds=seconds, clients=clients).per_second


def plain(server: Postgres) -> Side:
    """Return a table with the same columns and indexes, and no trigger."""
    database = server.create_database()
    _drop_triggers(database)
    return Side("plain", server, database)


def always_notify(server: Postgres) -> Side:
    """Return the same table with a trigger that sends each row in a notification.

    No session listens, which is the best case for this side.
    """
    return _with("always notify", server, _ALWAYS_NOTIFY)


def least_outbox(server: Postgres) -> Side:
    """Return the same table with the smallest possible trigger of an outbox.

    It inserts an id into a table without an index; no process reads it or is notified.
    """
    return _with("least outbox", server, _LEAST_OUTBOX)


def _with(name: str, server: Postgres, trigger: str) -> Side:
    side = plain(server)
    with side.database.connect() as connection:
        connection.execute(trigger.encode())
    return Side(name, server, side.database)


def _drop_triggers(database: Database) -> None:
    with database.connect() as connection:
        names = connection.execute(
            "SELECT tgname FROM pg_trigger WHERE tgrelid = 'orders'::regclass AND NOT tgisinternal"
        ).fetchall()
        for (name,) in names:
            connection.execute(
                sql.SQL("DROP TRIGGER {} ON orders").format(sql.Identifier(str(name)))
            )


def rounds(
    bench: Bench, sides: Sequence[Side], *, seconds: int, repeats: int
) -> dict[str, list[float]]:
    """Measure all sides in turns, after a warm-up of each."""
    found: dict[str, list[float]] = {side.name: [] for side in sides}
    for side in sides:
        bench.step(f"warm-up, {side.name}")
        side.speed(1)
    for number in range(repeats):
        for side in sides if number % 2 else reversed(sides):
            bench.step(f"round {number + 1} of {repeats}, {side.name}")
            found[side.name].append(side.speed(seconds))
    return found


def ratios(above: Sequence[float], below: Sequence[float]) -> list[float]:
    """Return the ratio of each pair."""
    return [over / under for over, under in zip(above, below, strict=True)]


def report(bench: Bench, found: dict[str, list[float]], least: tuple[float, float]) -> None:
    """Record speeds, and ours as a share of plain and as a multiple of always notify."""
    for name, speeds in found.items():
        bench.figure(f"64 clients, {name}", "orders/s", *speeds)
    plain_least, always_least = least
    shares = ratios(found["ours"], found["plain"])
    bench.figure("ours / plain", "", *shares, at_least=plain_least)
    multiples = ratios(found["ours"], found["always notify"])
    bench.figure("ours / always notify", "", *multiples, at_least=always_least)
    bench.figure("least outbox / plain", "", *ratios(found["least outbox"], found["plain"]))
