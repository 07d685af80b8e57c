"""GET /api/activity: the log in groups, counted by the server."""

import asyncio
from typing import Any

import httpx
import pytest

from harness.answers import ok, problem
from harness.servers import Database
from orders_api.activity import SPANS
from orders_api.models import ActivityPage, BurstPage

pytestmark = pytest.mark.anyio

INSERT = (
    "INSERT INTO orders (customer_name, product_name) SELECT 'C', 'P' FROM generate_series(1, {})"
)
_NOON = "2026-11-22 12:00:00+00"


def written(database: Database, *statements: str, at: str = "") -> None:
    """Execute statements and take their changes. With ``at``, they happen one second apart."""
    with database.connect() as connection:
        for number, statement in enumerate(statements):
            connection.execute(statement.encode())
            if at:
                connection.execute(
                    "UPDATE order_outbox SET changed_at = %s::timestamptz + %s * interval '1 s'",
                    (at, number),
                )
            while connection.execute("SELECT FROM take_order_events(10000)").rowcount:
                pass


async def activity(api: httpx.AsyncClient, query: str = "") -> dict[str, Any]:
    """Return a page that is valid as OpenAPI describes it."""
    response = await api.get(f"/api/activity?{query}")
    page = ok(response)
    ActivityPage.model_validate_json(response.text)
    return page


async def all_groups(api: httpx.AsyncClient, query: str = "") -> list[dict[str, Any]]:
    """Return the groups of all pages."""
    page = await activity(api, query)
    groups: list[dict[str, Any]] = page["groups"]
    while page["before"] is not None:
        page = await activity(api, f"{query}&before={page['before']}")
        groups += page["groups"]
    return groups


async def test_a_bulk_change_is_one_group(api: httpx.AsyncClient, database: Database) -> None:
    """Changes of one statement are one group with the numbers of events and of rows."""
    update = "UPDATE orders SET quantity = quantity + 1"
    written(
        database, INSERT.format(300), update, update, "DELETE FROM orders WHERE id < 4", at=_NOON
    )
    page = await activity(api)
    assert page["position"] == 903
    assert page["before"] is None
    deleted, updated, inserted = page["groups"]
    assert (inserted["operation"], inserted["events"], inserted["rows"]) == ("INSERT", 300, 300)
    assert (updated["operation"], updated["events"], updated["rows"]) == ("UPDATE", 600, 300)
    assert (updated["first"], updated["last"]) == (301, 900)
    assert updated["columns"] == ["quantity"]
    assert [each["position"] for each in updated["sample"]] == [900]
    assert [each["order_id"] for each in deleted["sample"]] == [3, 2, 1]


async def test_what_differs_is_apart(api: httpx.AsyncClient, database: Database) -> None:
    """Other tables, columns and actors, a pause and another minute begin a group."""
    change = "UPDATE orders SET {} WHERE id = 1"
    written(database, INSERT.format(1), at="2026-11-22 11:00:00+00")
    written(
        database,
        change.format("quantity = 2"),
        change.format("customer_name = 'D'"),
        "SET orders.actor = 'Eve'; " + change.format("quantity = 3"),
        "SET orders.actor = ''; " + change.format("quantity = 4"),
        at="2026-11-22 12:00:58+00",
    )
    assert [each["events"] for each in await all_groups(api)] == [1] * 5
    written(database, change.format("quantity = 5"), change.format("quantity = 6"), at=_NOON)
    newest = (await all_groups(api))[0]
    assert (newest["events"], newest["rows"], newest["actor"]) == (2, 1, None)


async def test_groups_are_the_same_on_pages_of_any_size(
    api: httpx.AsyncClient, database: Database
) -> None:
    """A page ends between two groups where it can; together the pages count every event once."""
    for minute in range(12):
        written(
            database,
            INSERT.format(minute + 1),
            "UPDATE orders SET quantity = quantity + 1",
            "UPDATE orders SET status = 'shipped' WHERE id % 2 = 0",
            "DELETE FROM orders WHERE id % 5 = 0",
            at=f"2026-11-22 12:{minute:02}:00+00",
        )
    whole = await all_groups(api, "limit=100")
    total = (await activity(api))["position"]
    assert sum(each["events"] for each in whole) == total
    for limit in (1, 3, 7):
        assert await all_groups(api, f"limit={limit}") == whole
    assert (await activity(api, f"before={whole[3]['last'] + 1}&limit=100"))["groups"] == whole[3:]


async def test_overlapping_groups_end_a_page_somewhere(
    api: httpx.AsyncClient, database: Database
) -> None:
    """Where all groups overlap a page still ends, and no event counts twice or not at all."""
    columns = [f"c{number}" for number in range(30)]
    with database.connect() as connection:
        for column in columns:
            connection.execute(f"ALTER TABLE orders ADD COLUMN {column} integer".encode())
    changes = [
        f"UPDATE orders SET {column} = {round_}" for round_ in range(3) for column in columns
    ]
    written(database, INSERT.format(1))
    written(database, *changes)
    for limit in (1, 5, 100):
        groups = await all_groups(api, f"limit={limit}")
        assert sum(each["events"] for each in groups) == 91
        assert sum(len(each["sample"]) for each in groups) == 91


async def test_a_burst_larger_than_what_is_examined(
    api: httpx.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page examines a bounded number of events; the parts of a longer burst follow each other."""
    monkeypatch.setattr("orders_api.activity.SPANS", (20, 50, 100))
    written(database, INSERT.format(250), "DELETE FROM orders WHERE id = 7", at=_NOON)
    groups = await all_groups(api)
    assert [(each["operation"], each["events"]) for each in groups] == [
        ("DELETE", 1),
        ("INSERT", 99),
        ("INSERT", 100),
        ("INSERT", 51),
    ]


async def test_operations_are_looked_for(api: httpx.AsyncClient, database: Database) -> None:
    """A filter finds what lies behind many other changes; TRUNCATE is one event."""
    written(database, INSERT.format(20), "DELETE FROM orders WHERE id < 3")
    written(database, "UPDATE orders SET quantity = 9; TRUNCATE orders")
    deleted = await all_groups(api, "operation=DELETE&operation=TRUNCATE")
    assert [(each["operation"], each["events"]) for each in deleted] == [
        ("TRUNCATE", 1),
        ("DELETE", 2),
    ]
    assert [each["rows"] for each in await all_groups(api, "operation=INSERT")] == [20]
    problem(await api.get("/api/activity?operation=LEAVE"), 422)
    problem(await api.get("/api/activity?limit=101"), 422)
    problem(await api.get("/api/activity?table=orders"), 422, "table")


async def test_an_empty_and_a_pruned_log(api: httpx.AsyncClient, database: Database) -> None:
    """An empty log has no groups, a pruned one begins where the log does."""
    assert (await activity(api)) | {"stream": ""} == {
        "stream": "",
        "position": 0,
        "groups": [],
        "before": None,
        "log_first": 1,
        "log_since": None,
    }
    written(database, INSERT.format(10), at=_NOON)
    with database.connect() as connection:
        connection.execute("SELECT prune_order_events(4::bigint)")
    (group,) = await all_groups(api)
    assert (group["events"], group["first"]) == (4, 7)
    page = await activity(api, "before=3")
    assert page["groups"] == []
    assert (page["log_first"], page["log_since"]) == (7, "2026-11-22T12:00:00+00:00")


async def test_large_rows_have_no_sample(api: httpx.AsyncClient, database: Database) -> None:
    """The samples of a page are bounded: large events are counted, not shown."""
    note = "repeat(md5(random()::text), 20000)"
    with database.connect() as connection:
        connection.execute("ALTER TABLE orders ADD COLUMN note text")
    written(database, INSERT.format(1), *[f"UPDATE orders SET note = {note}"] * 5, at=_NOON)
    large, updated, inserted = await all_groups(api)
    assert (large["events"], large["rows"], large["columns"]) == (4, 1, None)
    assert 0 < len(large["sample"]) < 4
    assert (updated["columns"], updated["sample"]) == (["note"], [])
    assert (inserted["events"], inserted["sample"]) == (1, [])


async def test_rows_of_other_tables(api: httpx.AsyncClient, database: Database) -> None:
    """Rows of other tables are told apart by their keys."""
    written(
        database,
        "CREATE TABLE notes (a integer, b text, PRIMARY KEY (a, b), words text);"
        "SELECT watch_table('notes')",
        "INSERT INTO notes SELECT n, 'x' FROM generate_series(1, 9) AS n",
        "UPDATE notes SET words = 'y'",
        "UPDATE notes SET words = 'z' WHERE a < 5",
        at=_NOON,
    )
    updated, inserted = await all_groups(api)
    assert (inserted["table"], inserted["rows"]) == ("notes", 9)
    assert (updated["events"], updated["rows"]) == (13, 9)


async def test_many_requests_at_once(api: httpx.AsyncClient, database: Database) -> None:
    """Requests that have to examine many events take turns, and all are answered."""
    written(database, INSERT.format(SPANS[0] + 10), "DELETE FROM orders WHERE id = 1")
    pages = await asyncio.gather(*(activity(api, "operation=INSERT") for _ in range(10)))
    assert {page["groups"][0]["events"] for page in pages} == {SPANS[0] + 10}


async def events_of(api: httpx.AsyncClient, group: dict[str, Any], limit: int) -> list[int]:
    """Return the positions of a group's events, page by page."""
    path = f"/api/activity/events?first={group['first']}&last={group['last']}&limit={limit}"
    before, found = "", list[int]()
    while True:
        response = await api.get(path + before)
        page = ok(response)
        BurstPage.model_validate_json(response.text)
        assert len(page["events"]) <= limit
        found += [each["position"] for each in page["events"]]
        if page["before"] is None:
            return found
        before = f"&before={page['before']}"


async def test_a_burst_is_opened_page_by_page(api: httpx.AsyncClient, database: Database) -> None:
    """A group's events come newest first, without those of other kinds between them."""
    update = "UPDATE orders SET quantity = quantity + 1"
    written(database, INSERT.format(10), at="2026-11-22 11:00:00+00")
    written(database, f"{update}; DELETE FROM orders WHERE id < 3; {update}", at=_NOON)
    updated, deleted, _ = (await activity(api))["groups"]
    whole = [*range(30, 22, -1), *range(20, 10, -1)]
    assert (updated["events"], deleted["events"]) == (18, 2)
    for limit in (1, 7, 100):
        assert await events_of(api, updated, limit) == whole
    assert await events_of(api, deleted, 1) == [22, 21]
    problem(await api.get("/api/activity/events?first=1&last=31"), 404)
    problem(await api.get("/api/activity/events?first=1"), 422, "last")
    problem(await api.get(f"/api/activity/events?first=1&last={2**63 - 1}"), 404)
    problem(await api.get("/api/activity?until=0.5"), 422, "until")


async def test_large_events_make_several_pages(
    api: httpx.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page of a group ends where it is large enough, or has looked at enough events."""
    monkeypatch.setattr("orders_api.activity.SAMPLE_BYTES", 1000)
    monkeypatch.setattr("orders_api.activity.BURST_SPAN", 25)
    written(database, INSERT.format(60), "DELETE FROM orders WHERE id < 40", at=_NOON)
    deleted, inserted = (await activity(api))["groups"]
    assert await events_of(api, inserted, 100) == [*range(60, 0, -1)]
    assert await events_of(api, deleted, 100) == [*range(99, 60, -1)]


async def test_times_and_positions_bound_the_groups(
    api: httpx.AsyncClient, database: Database
) -> None:
    """Only changes after a position, and of a range of times, are counted, also out of order."""
    for minute in range(0, 30, 10):
        written(database, INSERT.format(9), at=f"2026-11-22 12:{minute:02}:00+00")
    # A transaction that took 20 seconds: its change comes last, but was made before the others.
    written(database, "DELETE FROM orders WHERE id = 1", at="2026-11-22 12:19:40+00")

    async def counted(query: str) -> list[tuple[str, int]]:
        return [(each["operation"], each["events"]) for each in await all_groups(api, query)]

    at = "2026-11-22T12:{}Z".format
    late = [("DELETE", 1), ("INSERT", 9)]
    assert await counted(f"since={at('19:30')}") == late
    assert await counted(f"since={at('19:50')}") == [("INSERT", 9)]
    assert await counted(f"since={at('05:00')}&until={at('20:00')}") == late
    assert await counted(f"until={at('10:00')}") == [("INSERT", 9)]
    assert await counted(f"since={at('30:00')}") == []
    assert await counted(f"since={at('10:00')}&until={at('10:00')}") == []
    assert await counted("after=20") == [("DELETE", 1), ("INSERT", 7)]
    assert await counted("after=28") == []
    for query in (f"since={at('19:30')}", "after=20"):
        assert await all_groups(api, f"{query}&limit=1") == await all_groups(api, query)
    problem(await api.get("/api/activity?since=yesterday"), 422, "since")
    problem(await api.get("/api/activity?since=2026-11-22T12:00:00"), 422, "since")


async def test_by_whom(
    api: httpx.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The changes of one actor are found behind any number of others; the actors are listed."""
    assert ok(await api.get("/api/activity/actors")) == {"actors": []}
    monkeypatch.setattr("orders_api.activity.SPANS", (20, 50, 100))
    written(
        database,
        "SET orders.actor = 'Anna'; " + INSERT.format(3),
        "SET orders.actor = 'Bob'; " + INSERT.format(1),
        "SET orders.actor = ''; " + INSERT.format(500),
        at=_NOON,
    )
    page = await activity(api, "actor=Anna")
    assert [(each["events"], each["actor"]) for each in page["groups"]] == [(3, "Anna")]
    assert page["before"] is None
    assert (await activity(api, "actor=Eve"))["groups"] == []
    assert ok(await api.get("/api/activity/actors"))["actors"] == [
        {"name": "Bob", "changed_at": "2026-11-22T12:00:01+00:00"},
        {"name": "Anna", "changed_at": "2026-11-22T12:00:00+00:00"},
    ]
    problem(await api.get("/api/activity?actor="), 422, "actor")
