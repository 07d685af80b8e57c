"""The proof finds every planted bug, without any fault."""

import re
from collections.abc import AsyncIterator, Callable
from typing import LiteralString

import httpx
import pytest

from harness.servers import Postgres
from prove import system
from prove.clients import Follow
from prove.faults import (
    Fault,
    listener_half_open,
    notify_queue_full,
    stream_replaced,
)
from prove.run import Plan, prove
from prove.weather import FAULTS, Faults
from real_time_orders import Event, OrderBook, OrdersClient, Snapshot, follow
from real_time_orders.items import Item

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

BUGS = [
    ("orders_listener", "publishes_nothing", r"I7: .* holds"),
    ("orders_listener", "skips_a_position", r"I2: the log goes from"),
    ("orders_listener", "publishes_before_commit", r"I3: saw .* the log (has|ends)"),
    ("orders_gateway", "delivers_twice", r"I7: told twice"),
    ("orders_gateway", "drops_a_frame", r"I7: a (gap in a connection|heartbeat at)"),
    ("orders_gateway", "forgets_scope", r"scope: event \d+ tells of"),
    ("orders_gateway", "forgets_leave", r"I7: at a quiet moment, of orders: .* too many"),
]


OLD_COLUMNS: LiteralString = """
    CREATE FUNCTION planted_old_columns() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.changed := (SELECT coalesce(json_object_agg(key, value), '{}')
                          FROM json_each(NEW.changed)
                         WHERE key IN ('customer_name', 'product_name', 'quantity', 'status'));
        RETURN NEW;
    END $$;
    CREATE TRIGGER planted_old_columns BEFORE INSERT ON order_events
        FOR EACH ROW WHEN (NEW.operation = 'UPDATE') EXECUTE FUNCTION planted_old_columns();
"""


LOST_CASCADE: LiteralString = """
    CREATE FUNCTION planted_lost_cascade() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        -- Within a foreign key's action, which runs in the trigger of the referenced table.
        RETURN CASE WHEN pg_trigger_depth() <= 2 THEN NEW END;
    END $$;
    CREATE TRIGGER planted_lost_cascade BEFORE INSERT ON order_outbox
        FOR EACH ROW WHEN (NEW.operation = 'DELETE' AND NEW."table" = 'order_lines')
        EXECUTE FUNCTION planted_lost_cascade();
"""
TORN_TABLE: LiteralString = """
    CREATE FUNCTION planted_torn_table() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.key := json_build_object('place', NEW.key ->> 'place', 'item', 1);
        RETURN NEW;
    END $$;
    CREATE TRIGGER planted_torn_table BEFORE INSERT ON order_outbox
        FOR EACH ROW WHEN (NEW.operation = 'DELETE' AND NEW."table" = 'stock')
        EXECUTE FUNCTION planted_torn_table();
"""


NOTIFIES_ALWAYS: LiteralString = """
    CREATE OR REPLACE FUNCTION order_writer_silent() RETURNS boolean LANGUAGE sql VOLATILE
    RETURN pg_try_advisory_xact_lock_shared(order_lock('silent'))
       AND pg_try_advisory_lock_shared(order_lock('asleep'))
       AND pg_advisory_unlock_shared(order_lock('asleep'));
"""


def only(fault: Fault) -> Faults:
    """Return one fault of ``FAULTS``."""
    return [each for each in FAULTS if each[1][0] is fault]


async def found(
    postgres: Postgres,
    planted: dict[str, str],
    *,
    planted_sql: LiteralString = "",
    following: Follow = follow,
    faults: Faults = (),
    restores: float = 0,
    seconds: float = 40,
) -> list[str]:
    """Return the findings of a short run, which ends with the first one."""
    plan = Plan(
        seed=7,
        seconds=seconds,
        clients=10,
        writers=5,
        quiet_after_s=3,
        fault_pause_s=0.5,
        planted=planted,
        planted_sql=planted_sql,
        following=following,
        faults=faults,
        restores=restores,
        settled_within_s=15,
        stops_at_finding=True,
    )
    return (await prove(plan, postgres, quiet=True)).findings


@pytest.mark.parametrize(("service", "bug", "finding"), BUGS, ids=[bug for _, bug, _ in BUGS])
async def test_a_planted_bug_is_found(
    provable_postgres: Postgres, service: str, bug: str, finding: str
) -> None:
    """A bug in a service is found, with a finding that describes it."""
    findings = await found(provable_postgres, {service: f"prove.planted.{bug}"})
    assert any(re.search(finding, each) for each in findings), findings


async def test_an_old_list_of_columns_is_found(provable_postgres: Postgres) -> None:
    """I10: ``changed`` computed from a list of columns that is no longer current is found."""
    findings = await found(provable_postgres, {}, planted_sql=OLD_COLUMNS)
    assert any(re.search(r"I1: event .* changed is", each) for each in findings), findings


async def test_a_cascade_without_events_is_found(provable_postgres: Postgres) -> None:
    """I1: rows that a foreign key deletes without an event are found."""
    findings = await found(provable_postgres, {}, planted_sql=LOST_CASCADE)
    expected = (
        r"I1: (the log of order_lines replayed|writer .* committed .*'order_lines', 'DELETE')"
    )
    assert any(re.search(expected, each) for each in findings), findings


async def test_a_wrong_key_is_found(provable_postgres: Postgres) -> None:
    """I1: an event under the key of another row is found, in a table with a key of two columns."""
    findings = await found(provable_postgres, {}, planted_sql=TORN_TABLE)
    assert any(re.search(r"I1: event .* DELETE of stock", each) for each in findings), findings


async def test_a_writer_that_fails_with_the_queue_is_found(provable_postgres: Postgres) -> None:
    """I5: writers that notify although the queue is full fail, which is found."""
    findings = await found(
        provable_postgres,
        {},
        planted_sql=NOTIFIES_ALWAYS,
        faults=only(notify_queue_full),
        seconds=120,
    )
    assert any(re.search(r"I5: .* too many notifications", each) for each in findings), findings


async def test_a_listener_that_waits_for_ever_is_found(
    provable_postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I3: a listener that does not end a half-open session delivers nothing, which is found."""
    monkeypatch.setattr(system, "WELL_AGAIN_WITHIN_S", 12.0)
    findings = await found(
        provable_postgres,
        {"orders_listener": "prove.planted.waits_for_ever"},
        faults=only(listener_half_open),
    )
    stuck = r"not well .* listener-|I7: not told everything by now: the outbox"
    assert any(re.search(stuck, each) for each in findings), findings


async def test_a_client_that_ignores_a_reset_is_found(provable_postgres: Postgres) -> None:
    """I7: a client that fetches no snapshot after a reset has an unexplained gap."""
    findings = await found(
        provable_postgres, {}, following=ignoring_resets, faults=only(stream_replaced)
    )
    assert any("nothing explains it" in each for each in findings), findings


async def test_a_client_that_mixes_in_an_older_backup_is_found(provable_postgres: Postgres) -> None:
    """I7: a client that keeps its rows after a restore shows orders that do not exist."""
    findings = await found(provable_postgres, {}, following=ignoring_resets, restores=1)
    assert any("I7: at a quiet moment" in each for each in findings), findings


async def ignoring_resets(
    client: OrdersClient,
    api: httpx.AsyncClient,
    book: OrderBook,
    *,
    on_trouble: Callable[[str, float], None],
) -> AsyncIterator[Item | Snapshot]:
    """Follow as the client package does, but ignore resets."""
    if book.place is None:
        async for item in follow(client, api, book, on_trouble=on_trouble):
            yield item
            break
    async for event in client:
        if isinstance(event, Event) and book.apply(event):
            yield event
