"""Choices, watched tables and the deployment, as admins see and change them."""

import asyncio
from typing import Any

import httpx
import pytest

from harness.answers import ok, problem
from harness.roles import API_ROLE
from harness.servers import Database, Postgres
from harness.waiting import until_async

pytestmark = pytest.mark.anyio
STATUS = "/api/settings/choices/orders/status"
LET_ADMINS = f"""
    GRANT EXECUTE ON FUNCTION order_admin_watch, order_admin_add_choice, order_admin_remove_choice
       TO {API_ROLE}
"""


@pytest.fixture
def let(database: Database) -> None:
    """Let admins do what else only the owner of the tables may."""
    with database.connect() as connection:
        connection.execute(LET_ADMINS.encode())


async def status(api: httpx.AsyncClient) -> dict[str, Any]:
    """Return what the settings have of the status of orders."""
    columns = ok(await api.get("/api/settings/choices"))["columns"]
    (found,) = (each for each in columns if each["column"] == "status")
    return dict(found)


async def test_rules(api: httpx.AsyncClient) -> None:
    """Steps and thresholds are replaced; the schema follows; who saw other rules is refused."""
    before = await status(api)
    assert before["next"]["pending"] == ["processing", "cancelled"]
    rules = {
        "next": {"pending": ["cancelled"], "shipped": []},
        "waiting": {"pending": {"warn_seconds": 60, "late_seconds": 5400}},
    }
    seen = {"If-Match": f'"{before["version"]}"'}
    assert (await api.put(STATUS, json=rules, headers=seen)).status_code == 204
    after = await status(api)
    assert (after["next"], after["waiting"]) == (rules["next"], rules["waiting"])
    problem(await api.put(STATUS, json=rules, headers=seen), 412)

    async def follows() -> bool:
        columns = ok(await api.get("/api/schema"))["tables"][0]["columns"]
        (found,) = (each for each in columns if each["name"] == "status")
        return bool(found["next"] == rules["next"] and found["waiting"] == rules["waiting"])

    await until_async(follows, 5, "the schema has the rules")
    assert (await api.put(STATUS, json={"next": None, "waiting": {}})).status_code == 204
    assert (await status(api))["next"] is None


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("next.lost", {"next": {"lost": []}}),
        ("next.pending", {"next": {"pending": ["lost"]}}),
        ("next.pending", {"next": {"pending": ["pending"]}}),
        ("next.pending", {"next": {"pending": ["shipped", "shipped"]}}),
        ("waiting.lost", {"waiting": {"lost": {"warn_seconds": 1, "late_seconds": 2}}}),
        ("waiting.pending", {"waiting": {"pending": {"warn_seconds": 2, "late_seconds": 2}}}),
        (
            "waiting.pending.warn_seconds",
            {"waiting": {"pending": {"warn_seconds": 0, "late_seconds": 2}}},
        ),
    ],
)
async def test_bad_rules(api: httpx.AsyncClient, field: str, changes: dict[str, Any]) -> None:
    """Rules that cannot be are refused with their place, and nothing is written."""
    before = await status(api)
    answer = await api.put(STATUS, json={"next": None, "waiting": {}, **changes})
    problem(answer, 422, field)
    assert await status(api) == before


async def test_rules_of_nothing(api: httpx.AsyncClient) -> None:
    """A column without choices has no rules."""
    wanted: dict[str, Any] = {"next": None, "waiting": {}}
    for place in ("orders/quantity", "orders/nothing", "nothing/status"):
        problem(await api.put(f"/api/settings/choices/{place}", json=wanted), 404)


@pytest.mark.usefixtures("let")
async def test_names_with_slashes(api: httpx.AsyncClient, database: Database) -> None:
    """Rules and choices of a column are set whatever table, column and choice are called."""
    with database.connect() as owner:
        owner.execute(
            """CREATE TABLE "a/b" (id int PRIMARY KEY, "c/d" text CHECK ("c/d" IN ('e/f', 'g')))"""
        )
        owner.execute("""SELECT watch_table('"a/b"')""")
    place = "/api/settings/choices/a%2Fb/c%2fd"
    rules = {"next": {"e/f": ["g"]}, "waiting": {}}
    assert (await api.put(place, json=rules)).status_code == 204
    (of_column,) = (
        each
        for each in ok(await api.get("/api/settings/choices"))["columns"]
        if each["table"] == "a/b"
    )
    assert (of_column["column"], of_column["next"]) == ("c/d", rules["next"])
    assert ok(await api.post(place, json={"choice": "h/i"}))["done"]
    for choice in ("e%2Ff", "h/i"):
        assert ok(await api.delete(f"{place}/{choice}"))["done"]
    problem(await api.put("/api%2Fsettings/choices/orders/status", json=rules), 404)


async def test_two_admins_at_once(api: httpx.AsyncClient) -> None:
    """Of several changes of the same rules one is made; the others are refused, not lost unseen."""
    seen = {"If-Match": f'"{(await status(api))["version"]}"'}
    waiting = [{"pending": {"warn_seconds": n, "late_seconds": 100}} for n in range(1, 6)]
    answers = await asyncio.gather(
        *(api.put(STATUS, json={"next": None, "waiting": each}, headers=seen) for each in waiting)
    )
    assert sorted(each.status_code for each in answers) == [204, 412, 412, 412, 412]


@pytest.mark.usefixtures("let")
async def test_add_choice(api: httpx.AsyncClient, database: Database) -> None:
    """A status is added while rows and their CHECK stay; orders may have it at once."""
    with database.connect() as owner:
        owner.execute("COMMENT ON CONSTRAINT orders_status_known ON orders IS 'is a status'")
        assert ok(await api.post(STATUS, json={"choice": "re'turned"}))["done"]
        (valid, comment) = owner.execute(
            "SELECT convalidated, obj_description(oid) FROM pg_constraint"
            " WHERE conname = 'orders_status_known'"
        ).fetchone() or (None, None)
    assert (valid, comment) == (True, "is a status")
    assert (await status(api))["choices"][-2:] == ["cancelled", "re'turned"]
    order = {"customer_name": "Ann", "product_name": "Desk", "status": "re'turned"}
    assert (await api.post("/api/orders", json=order)).status_code == 201
    problem(await api.post("/api/orders", json={**order, "status": "lost"}), 422)
    for present in ("shipped", "Shipped"):
        problem(await api.post(STATUS, json={"choice": present}), 409)
    for odd in ("  ", "re\u202eturned"):
        problem(await api.post(STATUS, json={"choice": odd}), 422, "choice")
    problem(await api.post(STATUS, json={"choice": "x" * 64}), 422)


@pytest.mark.usefixtures("let")
async def test_remove_choice(api: httpx.AsyncClient, database: Database) -> None:
    """A status that no order has is removed with its rules; others are refused with the reason."""
    order = {"customer_name": "Ann", "product_name": "Desk", "status": "shipped"}
    assert (await api.post("/api/orders", json=order)).status_code == 201
    removed = ok(await api.delete(f"{STATUS}/cancelled"))
    assert removed == {"done": True, "statement": None}
    left = await status(api)
    assert left["choices"] == ["pending", "processing", "shipped", "delivered"]
    assert "cancelled" not in str(left["next"])
    problem(await api.post("/api/orders", json={**order, "status": "cancelled"}), 422)
    for choice, reason in (("shipped", "some rows are shipped"), ("pending", "what new rows have")):
        refused = problem(await api.delete(f"{STATUS}/{choice}"), 409, "choice")
        assert reason in refused["errors"][0]["message"]
    problem(await api.delete(f"{STATUS}/cancelled"), 404)
    with database.connect() as owner:
        owner.execute(f"REVOKE ALL ON FUNCTION order_admin_remove_choice FROM {API_ROLE}".encode())
        outcome = ok(await api.delete(f"{STATUS}/delivered"))
        assert outcome["done"] is False
        owner.execute(outcome["statement"].encode())
    assert "delivered" not in (await status(api))["choices"]


async def test_choice_by_the_owner(api: httpx.AsyncClient, database: Database) -> None:
    """Where the API's role may not add a status, the answer has the statement, which works."""
    outcome = ok(await api.post(STATUS, json={"choice": "returned"}))
    assert outcome["done"] is False
    with database.connect() as owner:
        owner.execute(outcome["statement"].encode())
    assert (await status(api))["choices"][-1] == "returned"


async def tables(api: httpx.AsyncClient) -> dict[str, Any]:
    """Return the tables of the settings by name."""
    found = ok(await api.get("/api/settings/tables"))["tables"]
    return {each["name"]: each for each in found}


@pytest.mark.usefixtures("let")
async def test_watch(api: httpx.AsyncClient, database: Database) -> None:
    """An admin makes a table live and ends it; what cannot be watched says why."""
    with database.connect() as owner:
        owner.execute('CREATE TABLE "Odd name" (id integer PRIMARY KEY)')
        owner.execute("CREATE TABLE keyless (id integer)")
    known = await tables(api)
    assert known["orders"] == {"name": "orders", "watched": True, "main": True, "reason": None}
    assert known.keys() == {"orders", '"Odd name"', "keyless"}
    assert "primary key" in known["keyless"]["reason"]
    path = '/api/settings/tables/"Odd name"'
    assert ok(await api.put(path, json={"watched": True}))["done"]
    with database.connect() as owner:
        owner.execute('ALTER TABLE "Odd name" DROP CONSTRAINT "Odd name_pkey"')
        known = await tables(api)
        assert known['"Odd name"']["watched"]
        assert "primary key" in known['"Odd name"']["reason"]
        owner.execute('ALTER TABLE "Odd name" ADD PRIMARY KEY (id)')

    async def is_live() -> bool:
        return (await api.get("/api/tables/Odd name")).status_code == 200

    await until_async(is_live, 5, "the table is live")
    assert ok(await api.put(path, json={"watched": False}))["done"]
    assert not (await tables(api))['"Odd name"']["watched"]
    for name, watched in (("keyless", True), ("orders", False), ("order_users", True)):
        answer = await api.put(f"/api/settings/tables/{name}", json={"watched": watched})
        problem(answer, 409, "watched")
    for name in ("nothing", "a.b.c.d", "%22"):
        problem(await api.put(f"/api/settings/tables/{name}", json={"watched": True}), 404)


async def test_watch_by_the_owner(api: httpx.AsyncClient, database: Database) -> None:
    """By default the API's role may not watch tables: whoever takes it over gains nothing."""
    with database.connect() as owner:
        owner.execute("CREATE TABLE wages (id integer PRIMARY KEY)")
        outcome = ok(await api.put("/api/settings/tables/wages", json={"watched": True}))
        assert outcome == {"done": False, "statement": "SELECT watch_table('wages');"}
        assert not (await tables(api))["wages"]["watched"]
        owner.execute(outcome["statement"].encode())
    assert (await tables(api))["wages"]["watched"]


@pytest.mark.usefixtures("let")
async def test_table_of_another_owner(
    api: httpx.AsyncClient, database: Database, postgres: Postgres
) -> None:
    """A table of an owner who is not trusted is not watched with the rights of the stream's."""
    with postgres.administrator(database.name) as administrator:
        administrator.execute("CREATE TABLE strange (id integer PRIMARY KEY)")
    answer = await api.put("/api/settings/tables/strange", json={"watched": True})
    assert "belongs to" in problem(answer, 409, "watched")["errors"][0]["message"]


@pytest.mark.usefixtures("let")
async def test_busy_table(api: httpx.AsyncClient, database: Database) -> None:
    """I5: a change that would have to wait for a long transaction gives up, and says so."""
    with database.connect() as owner, owner.transaction():
        owner.execute("LOCK TABLE orders IN ROW EXCLUSIVE MODE")
        answer = await api.post(STATUS, json={"choice": "returned"})
    assert "in use by a long transaction" in problem(answer, 409)["errors"][0]["message"]
    assert "returned" not in (await status(api))["choices"]


async def test_deployment(api: httpx.AsyncClient, database: Database) -> None:
    """The settings of the environment are shown, and none of the secrets."""
    await api.post("/api/orders", json={"customer_name": "Ann", "product_name": "Desk"})
    answer = await api.get("/api/settings/deployment")
    shown = {each["name"]: each["value"] for each in ok(answer)["settings"]}
    assert shown["AUTH_MODE"] == "open"
    assert shown["REDIS_URL"].startswith("one server: ")
    assert shown["RETENTION"] == "everything is kept"
    assert database.password not in answer.text
    assert ok(answer)["log"] == {"events": 0, "oldest": None}
