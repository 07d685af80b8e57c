"""The gate before the API, without a database behind it."""

from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from pydantic import SecretStr

from harness.answers import problem
from harness.signing import SECRET, bearer, token
from orders_api import app
from orders_api.gate import is_bulk
from orders_api.settings import Settings

pytestmark = pytest.mark.anyio

NOWHERE = "/api/nowhere"
"""A path that does not exist: requests that pass the gate get 404."""


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def client(host: str = "localhost", **settings: Any) -> httpx.AsyncClient:
    """Return a client of an application that was never started."""
    values = {"db_password": SecretStr("secret"), **settings}
    transport = httpx.ASGITransport(app.create(Settings(**values)))
    return httpx.AsyncClient(transport=transport, base_url=f"http://{host}")


def asking(**settings: Any) -> httpx.AsyncClient:
    return client(auth_mode="token", auth_secret=SECRET, **settings)


@pytest.mark.parametrize("host", ["localhost:3000", "127.0.0.1", "[::1]:8000", "api:8000"])
async def test_open_to_this_machine(host: str) -> None:
    """In open mode requests to a name of this machine are accepted."""
    async with client(host) as anyone:
        problem(await anyone.get(NOWHERE), 404)


async def test_rebound_name() -> None:
    """In open mode requests to any other host name are refused (DNS rebinding)."""
    async with client("evil.example:3000") as page:
        problem(await page.get("/api/orders"), 421)


async def test_no_token_before_revocations_are_known() -> None:
    """Until the revocations are known, no token is accepted."""
    async with asking() as somebody:
        answer = await somebody.get(NOWHERE, headers=bearer(token("admin")))
    problem(answer, 503)
    assert answer.headers["Retry-After"]


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("PATCH", "/api/orders", True),
        ("PATCH", "/api/%6Frders", True),
        ("DELETE", "/api/tables/odd,%20name", True),
        ("POST", "/api/orders", False),
        ("PATCH", "/api/orders/7", False),
        ("DELETE", "/api/tables/items/7", False),
        ("DELETE", "/api/views/7", False),
    ],
)
def test_requests_about_many_rows(method: str, path: str, *, expected: bool) -> None:
    """Only changes and deletions of a list's rows are bounded as reads are, however it is sent."""
    scope = {"method": method, "path": unquote(path), "raw_path": path.encode()}
    assert is_bulk(scope) is expected


def test_names_in_the_description() -> None:
    """No type in the API's description has the name of a module: types have different names."""
    settings = Settings(db_password=SecretStr("secret"))
    names = app.create(settings).openapi()["components"]["schemas"]
    assert names
    assert [name for name in names if "__" in name] == []


async def test_gateway_needs_no_token() -> None:
    """A gateway is recognised by the shared secret, and by nothing similar."""
    shown = Settings(
        db_password=SecretStr("x"), auth_mode="token", auth_secret=SecretStr(SECRET)
    ).internal_token()
    async with asking() as gateway:
        problem(await gateway.get(NOWHERE, headers=bearer(shown)), 404)
        for wrong in (shown[:-1], shown.upper(), f"{shown}0", SECRET):
            problem(await gateway.get(NOWHERE, headers=bearer(wrong)), 401)


async def test_no_other_origin_reads() -> None:
    """Without a list of origins, pages of other origins cannot read answers."""
    async with client() as page:
        answer = await page.get(NOWHERE, headers={"Origin": "https://shop.example"})
    assert "Access-Control-Allow-Origin" not in answer.headers


async def test_listed_origin_reads() -> None:
    """Pages of listed origins can send tokens and read answers; others cannot."""
    preflight = {
        "Origin": "https://shop.example",
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "authorization,if-match",
    }
    async with asking(allowed_origins="https://shop.example") as page:
        allowed = await page.options("/api/orders/1", headers=preflight)
        assert allowed.status_code == 200
        assert allowed.headers["Access-Control-Allow-Origin"] == "https://shop.example"
        assert "Access-Control-Allow-Credentials" not in allowed.headers
        evil = await page.options(
            "/api/orders/1", headers={**preflight, "Origin": "https://evil.example"}
        )
        assert "Access-Control-Allow-Origin" not in evil.headers
