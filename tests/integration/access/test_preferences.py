"""Preferences: each person has their own, of bounded size; in open mode there are none."""

import httpx
import pytest

from harness.answers import ok, problem
from harness.guarded import Guarded
from harness.servers import Database
from harness.serving import running
from harness.signing import token
from harness.valkey import Valkey

COLUMNS = {"order": ["total", "Größe"], "widths": {"total": 120}, "wrap": None}


def test_each_person_has_their_own(guarded: Guarded) -> None:
    """Only the person who stored a preference can read it, and can replace it."""
    with guarded.client(token("viewer", subject="bea")) as bea:
        assert bea.get("/api/preferences/table.orders").json() is None
        for value in (COLUMNS, [1], COLUMNS):
            assert bea.put("/api/preferences/table.orders", json=value).status_code == 204
            assert ok(bea.get("/api/preferences/table.orders")) == value
        assert bea.put("/api/preferences/a/b%2Fc ä", json=True).status_code == 204
        assert bea.get("/api/preferences/a/b/c ä").json() is True
    with guarded.client(token("admin", subject="carl")) as carl:
        assert carl.get("/api/preferences/table.orders").json() is None


def test_bounds(guarded: Guarded) -> None:
    """Values that are too large or cannot be stored, and names without end, are refused."""
    with guarded.client(token("viewer", subject="dora")) as dora:
        sent = {"Content-Type": "application/json"}
        for value in (
            '"' + "x" * 8192 + '"',
            r'"\u0000"',
            r'["\ud800"]',
            "NaN",
        ):
            answer = dora.put("/api/preferences/big", content=value, headers=sent)
            assert problem(answer, 422)["errors"][0]["field"] == "value"
        plain = {"Content-Type": "text/plain"}
        problem(dora.put("/api/preferences/big", content="null", headers=plain), 415)
        assert dora.put("/api/preferences/big", json="x" * 8190).status_code == 204
        names = (dora.put(f"/api/preferences/{n}", json=n).status_code for n in range(199))
        assert set(names) == {204}
        refused = problem(dora.put("/api/preferences/more", json=1), 422)
        assert refused["errors"][0]["field"] == "name"
        assert dora.put("/api/preferences/big", json="replaced").status_code == 204
        problem(dora.put(f"/api/preferences/{'n' * 201}", json=1), 422)


@pytest.mark.anyio
async def test_open_mode(database: Database, redis_url: Valkey) -> None:
    """Where nobody signs in, the API keeps no preferences."""
    async with running(database, redis_url.url) as api:
        answers: list[httpx.Response] = [
            await api.get("/api/preferences/x"),
            await api.put("/api/preferences/x", json=1),
        ]
    for answer in answers:
        problem(answer, 409)
