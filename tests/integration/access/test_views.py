"""Saved views: who sees them, who may change them, and how many there can be."""

from typing import Any

import httpx
import pytest

from harness.answers import created, ok, problem
from harness.guarded import Guarded
from harness.servers import Database
from harness.serving import running
from harness.signing import token
from harness.valkey import Valkey

Json = dict[str, Any]


def view(name: str, **members: Any) -> Json:
    return {"table": "orders", "name": name, "query": "status=pending&sort=-total", **members}


def names(client: httpx.Client) -> list[str]:
    return [each["name"] for each in ok(client.get("/api/views"))["views"]]


def test_own_and_shared_views(guarded: Guarded) -> None:
    """Everyone keeps their own views; clerks keep shared ones, which whoever sees all rows sees."""
    with (
        guarded.client(token("viewer", subject="view-bea")) as bea,
        guarded.client(token("clerk", subject="view-carl")) as carl,
        guarded.client(token("clerk", ["Ann"], subject="view-dan")) as dan,
    ):
        own = created(bea.post("/api/views", json=view("Mine")))
        assert {**own, "id": 0} == {**view("Mine"), "shared": False, "id": 0}
        problem(bea.post("/api/views", json=view("Ours", shared=True)), 403)
        problem(dan.post("/api/views", json=view("Ours", shared=True)), 403)
        shared = created(carl.post("/api/views", json=view("Ours", shared=True)))
        created(dan.post("/api/views", json=view("Of Dan")))
        assert (names(bea), names(carl), names(dan)) == (["Mine", "Ours"], ["Ours"], ["Of Dan"])

        for path, client, status in (
            (f"/api/views/{own['id']}", carl, 404),
            (f"/api/views/{shared['id']}", bea, 403),
            (f"/api/views/{shared['id']}", dan, 403),
            (f"/api/views/{2**64}", bea, 404),
        ):
            problem(client.patch(path, json={"name": "Other"}), status)
            problem(client.delete(path), status)
        changed = ok(carl.patch(f"/api/views/{shared['id']}", json={"query": "search=x"}))
        assert changed == {**shared, "query": "search=x"}
        assert bea.delete(f"/api/views/{own['id']}").status_code == 204
        assert carl.delete(f"/api/views/{shared['id']}").status_code == 204
        assert names(bea) == []


def test_bounds(guarded: Guarded) -> None:
    """Names are unique and printable; number and size of the views are bounded."""
    with guarded.client(token("viewer", subject="view-eve")) as eve:
        for member, value in (
            ("name", " "),
            ("name", "x" * 61),
            ("name", "a\0"),
            ("name", "a\u202eb"),
            ("query", "x" * 4001),
            ("query", "&a=1" * 201),
            ("table", "nowhere"),
        ):
            refused = problem(eve.post("/api/views", json=view("X") | {member: value}), 422)
            assert refused["errors"][0]["field"] == member
        first = created(eve.post("/api/views", json=view(" A view ")))
        assert first["name"] == "A view"
        taken = problem(eve.post("/api/views", json=view("A view")), 409)
        assert taken["errors"] == [
            {"field": "name", "message": "is the name of another view", "code": "view_name_taken"}
        ]
        for number in range(99):
            created(eve.post("/api/views", json=view(f"View {number}")))
        assert problem(eve.post("/api/views", json=view("Another")), 422)["errors"]
        problem(eve.patch(f"/api/views/{first['id']}", json={"name": "View 1"}), 409)
        ok(eve.patch(f"/api/views/{first['id']}", json={"name": "First"}))


@pytest.mark.anyio
async def test_open_mode(database: Database, redis_url: Valkey) -> None:
    """Where nobody signs in, every view is shared."""
    async with running(database, redis_url.url) as api:
        saved = created(await api.post("/api/views", json=view("Everyone's")))
        assert saved["shared"] is True
        assert ok(await api.get("/api/views"))["views"] == [saved]
        assert (await api.delete(f"/api/views/{saved['id']}")).status_code == 204
