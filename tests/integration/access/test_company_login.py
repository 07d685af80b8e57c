"""The company login with a real OpenID provider: sign-in, its abuse, and how sessions follow it."""

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from harness.answers import problem
from harness.guarded import Guarded
from harness.openid import IS_INSTALLED, PEOPLE, SECRET, Browser, OpenId, openid_provider
from harness.people import add_user, page, secret, shown_to, sign_in
from harness.pipeline import Pipeline
from harness.ports import free_port
from harness.processes import LOOPBACK
from harness.servers import Postgres
from harness.signing import ASKING, token
from harness.valkey import Valkey
from harness.waiting import until
from orders_access.sessions import digest
from orders_api.login import Login

pytestmark = pytest.mark.skipif(not IS_INSTALLED, reason="`make test` installs the provider")


@pytest.fixture(scope="module")
def system(postgres: Postgres) -> Iterator[tuple[Guarded, OpenId]]:
    """Start a provider, and a system whose people sign in there."""
    valkey = Valkey()
    database = postgres.create_database()
    with database.connect() as connection:
        connection.execute("ALTER TABLE orders ADD COLUMN store text NOT NULL DEFAULT 'Berlin'")
    port = free_port()
    origin = f"http://{LOOPBACK}:{port}"
    with openid_provider(origin) as provider, Pipeline(database, valkey) as started:
        settings = provider.settings() | {"OIDC_GRACE_S": "2", "API_PORT": str(port)}
        api = started.api(**ASKING, **settings)
        started.listener().ready()
        gateway = started.gateway(**ASKING, API_URL=api.url).ready()
        served = Guarded(started, api, gateway)
        add_user(database, "boss", "admin")
        yield served, provider
        logs = served.logs()
        for word in (SECRET, "code=", "eyJ"):
            assert word not in logs
    postgres.drop_database(database)
    valkey.stop()


@pytest.fixture
def shop(system: tuple[Guarded, OpenId]) -> Guarded:
    return system[0]


@pytest.fixture
def provider(system: tuple[Guarded, OpenId]) -> Iterator[OpenId]:
    """Let the provider behave as usual after each test, and end all sessions."""
    yield system[1]
    system[1].reset()
    system[0].query("DELETE FROM order_sessions")


@pytest.fixture
def browser(shop: Guarded, provider: OpenId) -> Iterator[Browser]:  # noqa: ARG001
    """Open a new browser."""
    with Browser(shop.url) as opened:
        yield opened


def me(browser: Browser) -> dict[str, Any]:
    """Return who the browser's user is."""
    answer = browser.page.get("/api/me")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize(
    ("person", "name", "role", "rows"),
    [
        ("u1", "chris@shop.example", "admin", None),
        ("u2", "sam@shop.example", "clerk", {"store": ["Berlin"]}),
        ("u3", "vera@shop.example", "viewer", {"store": ["Berlin"]}),
    ],
)
def test_sign_in(
    browser: Browser, person: str, name: str, role: str, rows: dict[str, list[str]] | None
) -> None:
    """Groups decide role and rows; the person comes back to the page they wanted."""
    assert browser.sign_in(person, "/orders/7?a=b") == "/orders/7?a=b#signed-in"
    found = me(browser)
    assert (found["subject"], found["role"], found["rows"]) == (name, role, rows)
    assert found["company"] is True
    assert browser.page.get("/api/session").json() == {"company": "Shop Ltd"}


def test_own_users_sign_in_beside_it(browser: Browser) -> None:
    """A user with a password signs in as before."""
    assert sign_in(browser.page, "boss").status_code == 201
    assert (me(browser)["subject"], me(browser)["company"]) == ("boss", False)
    assert browser.page.delete("/api/session").json() == {"continue_at": None}


def test_actor(shop: Guarded, browser: Browser) -> None:
    """The actor of a change is the person; the restriction to rows holds in API and stream."""
    browser.sign_in("u2")
    with shop.follow_as_page(secret(browser.page)) as follower:
        order = {"customer_name": "Ann", "product_name": "Desk"}
        made = browser.page.post("/api/orders", json=order)
        assert made.status_code == 201
        problem(browser.page.post("/api/orders", json=order | {"store": "Hamburg"}), 403)
        path = f"/api/orders/{made.json()['id']}/events"
        (event,) = browser.page.get(path).json()["events"]
        shop.sql(
            "INSERT INTO orders (customer_name, product_name, store)"
            " VALUES ('X', 'Hidden', 'Hamburg'), ('X', 'Lamp', 'Berlin')",
        )
        seen: list[str] = []
        while "Lamp" not in seen:
            events = follower.next("events")["events"]
            seen += [each["order"]["product_name"] for each in events]
    assert event["actor"] == "sam@shop.example"
    assert "Hidden" not in seen


def test_refused(shop: Guarded, provider: OpenId, browser: Browser) -> None:
    """A person without a fitting rule or with an unusable name is refused; the log says why."""
    assert browser.sign_in("u4", "/pulse") == "/pulse#sign-in=refused"
    people = {
        "u5": {"preferred_username": "Boss", "groups": ["chiefs"]},
        "u6": {"groups": ["chiefs"]},
        "u7": {"preferred_username": "ruth@shop.example", "groups": ["stores"]},
    }
    provider.control(people=people)
    for person, trouble in [("u5", "name"), ("u6", "refused"), ("u7", "refused")]:
        with Browser(shop.url) as another:
            assert another.sign_in(person) == f"/#sign-in={trouble}"
            problem(another.page.get("/api/me"), 401)
    for said in (
        "no rule fits",
        "'preferred_username' is not a valid name",
        "'stores' has no values",
    ):
        until(lambda said=said: said in shop.logs(), 5, said)  # type: ignore[misc]


def test_answer_of_another_browser(shop: Guarded, browser: Browser) -> None:
    """Login CSRF: the answer to one browser signs in no other, whatever else that has under way."""
    answer = browser.answer_for("u1")
    with Browser(shop.url) as victim:
        assert victim.go(answer) == "/#sign-in=expired"
        victim.page.get("/api/session/company")
        assert victim.go(answer) == "/#sign-in=expired"
        problem(victim.page.get("/api/me"), 401)
    state = str(httpx.URL(answer).params["state"])
    for forged in ("", "x", state[:-1]):
        browser.page.get("/api/session/company")
        url = str(httpx.URL(answer).copy_set_param("state", forged))
        assert browser.go(url) == "/#sign-in=expired"


def test_replayed_answer(shop: Guarded, browser: Browser) -> None:
    """Replay: an answer counts once, even with the cookie that it came with."""
    answer = browser.answer_for("u1")
    (cookie,) = [each for each in browser.page.cookies.jar if "login" in each.name]
    assert browser.go(answer) == "/#signed-in"
    assert [each.name for each in browser.page.cookies.jar if "login" in each.name] == []
    assert browser.go(answer) == "/#sign-in=expired"
    with Browser(shop.url) as thief:
        said = {"Cookie": f"{cookie.name}={cookie.value}"}
        came = thief.page.get(answer, headers=said)
        assert came.headers["Location"] == "/#sign-in=failed"
        assert "session-" not in str(came.headers.get_list("Set-Cookie"))


def test_answer_of_another_issuer(browser: Browser) -> None:
    """Mix-up: an answer that another issuer says to have sent is refused."""
    answer = httpx.URL(browser.answer_for("u1"))
    assert browser.go(str(answer.copy_set_param("iss", "https://evil.example"))) == (
        "/#sign-in=failed"
    )


def test_answer_after_long(browser: Browser) -> None:
    """An answer that comes after ten minutes is refused."""
    answer = browser.answer_for("u1")
    (cookie,) = [each for each in browser.page.cookies.jar if "login" in each.name]
    login = Login(**json.loads(base64.urlsafe_b64decode(cookie.value or "")))
    older = replace(login, began=login.began - 601)
    # The state is derived from the cookie: with the right one only the age is wrong.
    url = httpx.URL(answer).copy_set_param("state", older.state)
    came = httpx.get(url, headers={"Cookie": f"{cookie.name}={older.cookie()}"})
    assert came.headers["Location"] == "/#sign-in=expired"


@pytest.mark.parametrize(
    "back",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "/%0a//evil.example\n",
        "javascript:alert(1)",
        "evil.example",
        "/api/docs",
        "/" + "x" * 600,
        "/#x",
        "",
    ],
)
def test_open_redirect(browser: Browser, back: str) -> None:
    """Open redirect: a sign-in ends at a page of this system, whatever was asked for."""
    begun = browser.page.get("/api/session/company", params={"back": back})
    state = httpx.URL(begun.headers["Location"]).params["state"]
    said = {"error": "access_denied", "state": state, "iss": "x"}
    came = browser.page.get("/api/session/company/callback", params=said)
    assert came.headers["Location"] == "/#sign-in=cancelled"


@pytest.mark.usefixtures("provider")
def test_cookies(shop: Guarded) -> None:
    """The cookie of a sign-in under way is Lax and short-lived, over HTTPS bound to the host."""
    with page(shop.url) as browser:
        set_cookie = browser.get("/api/session/company").headers["Set-Cookie"]
    assert set_cookie.split("; ")[1:] == ["Path=/", "HttpOnly", "SameSite=Lax", "Max-Age=600"]
    with page(shop.url, **{"X-Forwarded-Proto": "https"}) as browser:
        begun = browser.get("/api/session/company")
    name, *attributes = begun.headers["Set-Cookie"].split("; ")
    assert name.startswith("__Host-orders-login=")
    assert attributes[-2:] == ["Secure", "Max-Age=600"]
    with page(shop.url, Host="localhost:1") as browser:
        begun = browser.get("/api/session/company?back=/pulse")
    assert begun.headers["Location"] == f"{shop.url}/pulse#sign-in=elsewhere"
    with page(shop.url, Host="orders.example") as browser:
        begun = browser.get("/api/session/company")
    assert begun.headers["Location"] == "/#sign-in=insecure"


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_other_sites_start_nothing(browser: Browser, site: str) -> None:
    """A page of another site signs nobody in: its visitor comes to the page that asks for it."""
    said = {"Sec-Fetch-Site": site}
    begun = browser.page.get("/api/session/company?back=/pulse", headers=said)
    assert begun.headers["Location"] == "/pulse"
    assert "Set-Cookie" not in begun.headers


def test_clock_differences(shop: Guarded, provider: OpenId) -> None:
    """Clocks may differ by AUTH_LEEWAY_S, 60 s, in both directions, and not by more."""
    for ahead_s, lasts_s, page_after in [
        (45, 3600, "/#signed-in"),
        (90, 3600, "/#sign-in=failed"),
        (-45, 10, "/#signed-in"),
        (-90, 10, "/#sign-in=failed"),
    ]:
        provider.control(clock_s=ahead_s, id_lasts_s=lasts_s)
        with Browser(shop.url) as another:
            assert another.sign_in("u1") == page_after, ahead_s


def test_fixation(shop: Guarded, browser: Browser) -> None:
    """The session that the browser had before ends, and the new one has another secret."""
    assert sign_in(browser.page, "boss").status_code == 201
    before = secret(browser.page)
    assert browser.sign_in("u1") == "/#signed-in"
    assert secret(browser.page) != before
    with page(shop.url, Cookie=shown_to(shop.url, before)["Cookie"]) as replaying:
        problem(replaying.get("/api/me"), 401)


def due(shop: Guarded) -> None:
    """Let the API ask the provider about every session now."""
    shop.query("UPDATE order_company_sessions SET refresh_at = now()")


def test_refreshed_in_time(shop: Guarded, provider: OpenId, browser: Browser) -> None:
    """The provider is asked again before each access token ends, and the session goes on."""
    provider.control(lasts_s=3)
    browser.sign_in("u1")
    first = shop.query("SELECT secrets, ends_at, refresh_at < ends_at FROM order_company_sessions")
    assert [row[2] for row in first] == [True]

    def later() -> bool:
        ((_, ends, _),) = shop.query("SELECT secrets, ends_at, true FROM order_company_sessions")
        return bool(ends - first[0][1] > timedelta(seconds=4))

    until(later, 30, "two refreshes")
    assert me(browser)["role"] == "admin"


def test_another_role(shop: Guarded, provider: OpenId, browser: Browser) -> None:
    """Another group is another role at the next refresh; the cookie stays, connections close."""
    browser.sign_in("u3")
    with shop.follow_as_page(secret(browser.page)) as follower:
        provider.control(people={**PEOPLE, "u3": PEOPLE["u3"] | {"groups": ["chiefs"]}})
        due(shop)
        until(lambda: me(browser)["role"] == "admin", 10, "the other role")
        assert follower.closing_code() == 4001
    with shop.follow_as_page(secret(browser.page)):
        pass
    assert browser.page.get("/api/all-sessions").status_code == 200


def test_stale_session_in_redis(shop: Guarded, provider: OpenId, browser: Browser) -> None:
    """A gateway that finds in Redis what a session was before its change asks the API."""
    browser.sign_in("u3")
    with shop.follow_as_page(secret(browser.page)), shop.pipeline.valkey.connect() as redis:
        key = f"orders:session:{digest(secret(browser.page)).hex()}"
        before = redis.get(key)
        provider.control(people={**PEOPLE, "u3": PEOPLE["u3"] | {"groups": ["chiefs"]}})
        due(shop)
        until(lambda: me(browser)["role"] == "admin", 10, "the other role")
        assert before is not None
        redis.set(key, before)
    with shop.follow_as_page(secret(browser.page)):
        pass


def test_no_longer_admitted(shop: Guarded, provider: OpenId) -> None:
    """A person is signed out if the provider refuses the refresh, or if no rule fits any more."""
    for people in ({}, {"u3": PEOPLE["u3"] | {"groups": ["all"]}}):
        provider.reset()
        with Browser(shop.url) as another:
            another.sign_in("u3")
            with shop.follow_as_page(secret(another.page)) as follower:
                provider.control(people=people)
                due(shop)
                assert follower.closing_code() == 4001
            problem(another.page.get("/api/me"), 401)


def test_provider_away(shop: Guarded, provider: OpenId, browser: Browser) -> None:
    """While the provider is away a session goes on until its grace ends; asking again backs off."""
    browser.sign_in("u1")
    provider.control(away=True)
    due(shop)
    failures = "SELECT failures, refresh_at > now() FROM order_company_sessions"
    until(lambda: shop.query(failures) == [(1, True)], 10, "a failure")
    with Browser(shop.url) as another:
        led = another.page.get("/api/session/company").headers["Location"]
        assert led.startswith(f"{provider.issuer}/")
    assert me(browser)["subject"] == "chris@shop.example"
    provider.control(away=False)
    due(shop)
    until(lambda: shop.query(failures) == [(0, True)], 10, "a success")
    provider.control(away=True)
    shop.query("UPDATE order_company_sessions SET ends_at = now()")
    until(lambda: browser.page.get("/api/me").status_code == 401, 10, "the end")
    until(lambda: "not renewed in time" in shop.logs(), 5, "the reason in the log")


def test_sign_out(shop: Guarded, provider: OpenId, browser: Browser) -> None:
    """Signing out here leads to the provider, which signs out, too, and leads back."""
    browser.sign_in("u1")
    address = browser.page.delete("/api/session").json()["continue_at"]
    assert address.startswith(f"{provider.issuer}/session/end?")
    problem(browser.page.get("/api/me"), 401)
    assert browser.leave(address) == f"{shop.url}/"
    begun = browser.page.get("/api/session/company").headers["Location"]
    assert "password" in browser.shown(begun)


def test_signed_out_at_the_provider(shop: Guarded, provider: OpenId, browser: Browser) -> None:
    """Back-channel logout: who signs out at the provider is signed out here at once."""
    browser.sign_in("u1")
    with Browser(shop.url) as another:
        another.sign_in("u1")
        browser.leave(f"{provider.issuer}/session/end?client_id=orders")
        problem(browser.page.get("/api/me"), 401)
        assert me(another)["subject"] == "chris@shop.example"
    for forged in ({}, {"logout_token": "x"}, {"logout_token": token("admin")}):
        path = f"{shop.url}/api/session/company/logout"
        problem(httpx.post(path, data=forged), 422)
