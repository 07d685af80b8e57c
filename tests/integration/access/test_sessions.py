"""Sessions of people who sign in with a password: their life, and attempts to abuse them."""

import httpx
import pytest
from websockets.frames import Close

from harness.answers import problem
from harness.guarded import OURS, Guarded
from harness.people import (
    PASSWORD,
    add_user,
    block_for_long,
    page,
    secret,
    shown_to,
    sign_in,
    signed_in,
)
from harness.signing import ASKING
from harness.waiting import until
from orders_access.sessions import digest

pytestmark = pytest.mark.usefixtures("_forgiven")

EVIL = "https://evil.example"
ORDER = {"customer_name": OURS, "product_name": "Desk"}


def refused_everywhere(system: Guarded, session: str) -> None:
    """Check that neither API nor gateway takes a session."""
    with page(system.url, Cookie=shown_to(system.url, session)["Cookie"]) as replaying:
        problem(replaying.get("/api/me"), 401)
        problem(replaying.post("/api/orders", json={}), 401)
    answer = system.refusal(additional_headers=shown_to(system.gateway.url, session))
    assert answer.status_code == 401


def test_sign_in(system: Guarded) -> None:
    """A user signs in with any spelling of the name; role, rows and actor are the user's."""
    with page(system.url) as browser:
        answer = sign_in(browser, " ann ")
        assert answer.status_code == 201
        me = browser.get("/api/me").json()
        assert me == answer.json()
        made = browser.post(
            "/api/orders", json={"customer_name": OURS, "product_name": "Desk of Ann"}
        )
        assert made.status_code == 201
        event = browser.get(f"/api/orders/{made.json()['id']}/events").json()["events"][0]
    assert (me["subject"], me["role"], me["customers"]) == ("Ann", "clerk", [OURS])
    assert event["actor"] == "Ann"


def test_cookie(system: Guarded) -> None:
    """The cookie is out of reach of scripts and other sites; over HTTPS also of other hosts."""
    with page(system.url) as browser:
        assert sign_in(browser, "boss").headers["Set-Cookie"].split("; ")[1:] == [
            "Path=/",
            "HttpOnly",
            "SameSite=Strict",
        ]
    # The API believes the edge, which is on this machine too, that the browser uses HTTPS.
    host = {"Host": "orders.example", "X-Forwarded-Proto": "https"}
    with page(system.url, **host, Origin="https://orders.example") as browser:
        name, *attributes = sign_in(browser, "boss").headers["Set-Cookie"].split("; ")
    assert name.startswith("__Host-orders-session=")
    assert attributes == ["Path=/", "HttpOnly", "SameSite=Strict", "Secure"]


def test_no_password_over_plain_http(system: Guarded) -> None:
    """Elsewhere than on this machine a password is taken over HTTPS only."""
    with page(system.url, Host="orders.example", Origin="http://orders.example") as browser:
        problem(sign_in(browser, "boss"), 403)


def test_secrets_are_not_stored(system: Guarded) -> None:
    """Neither PostgreSQL nor Redis has a session's secret or a password; nor has a log."""
    with signed_in(system.url, "boss") as browser:
        shown = secret(browser)
        with system.follow_as_page(shown):
            with system.pipeline.database.connect() as connection:
                stored = connection.execute(
                    "SELECT (SELECT json_agg(s)::text FROM order_sessions AS s),"
                    " (SELECT json_agg(u)::text FROM order_users AS u)"
                ).fetchone()
            with system.pipeline.valkey.connect() as redis:
                keys = [key.decode() for key in redis.scan_iter("orders:session:*")]
                assert all(redis.ttl(key) > 0 for key in keys)
    assert keys
    for text in (str(stored), str(keys), system.logs()):
        assert shown not in text
        assert PASSWORD not in text
    assert "$argon2id$" in str(stored)


def test_stream(system: Guarded) -> None:
    """WebSocket and server-sent events take the cookie; the session's rows restrict them."""
    with signed_in(system.url, "ann") as browser:
        with system.follow_as_page(secret(browser)) as follower:
            system.sql(
                "INSERT INTO orders (customer_name, product_name)"
                f" VALUES ('Bob SECRET', 'Desk'), ('{OURS}', 'Lamp')"
            )
            while (said := follower.receive())["type"] != "events" or not said["events"]:
                pass
            assert [each["order"]["product_name"] for each in said["events"]] == ["Lamp"]
        shown = shown_to(system.gateway.url, secret(browser))
        # A browser names no origin in a GET within one origin.
        said = {"Cookie": shown["Cookie"], "Sec-Fetch-Site": "same-origin"}
        with httpx.stream("GET", f"{system.gateway.url}/sse", headers=said) as stream:
            assert stream.status_code == 200


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": EVIL},
        {"Origin": "null"},
        {"Origin": "http://localhost:1", "Sec-Fetch-Site": "same-site"},
    ],
)
def test_stream_of_a_foreign_page(system: Guarded, said: dict[str, str]) -> None:
    """Pages of other origins, and clients that name none, get no stream for a cookie."""
    with signed_in(system.url, "boss") as browser:
        cookie = shown_to(system.gateway.url, secret(browser))["Cookie"]
    answer = httpx.get(f"{system.gateway.url}/sse", headers={"Cookie": cookie, **said})
    assert answer.status_code in {401, 403}


@pytest.mark.parametrize(
    "said",
    [
        {"Origin": EVIL},
        {"Origin": EVIL, "Sec-Fetch-Site": "same-origin"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_forged_requests(system: Guarded, said: dict[str, str]) -> None:
    """CSRF: what changes something, signing in included, must come from a page of this system."""
    with signed_in(system.url, "boss") as browser:
        for method, path in [
            ("POST", "/api/orders"),
            ("DELETE", "/api/session"),
            ("PUT", "/api/session"),
            ("POST", "/api/session"),
            ("POST", "/api/password"),
            ("POST", "/api/tickets"),
        ]:
            problem(browser.request(method, path, json=ORDER, headers=said), 403)
        assert browser.get("/api/me").status_code == 200


def test_read_of_a_foreign_page(system: Guarded) -> None:
    """A page at another port of the host may ask with the cookie, but cannot see the answer."""
    said = {"Origin": "http://localhost:1", "Sec-Fetch-Site": "same-site"}
    with signed_in(system.url, "boss") as browser:
        answer = browser.get("/api/me", headers=said)
    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_request_without_origin(system: Guarded) -> None:
    """CSRF: a request with a cookie that does not say where it comes from changes nothing."""
    with signed_in(system.url, "boss") as browser:
        cookie = {"Cookie": shown_to(system.url, secret(browser))["Cookie"]}
    problem(httpx.post(f"{system.url}/api/orders", json=ORDER, headers=cookie), 403)


def test_page_over_http_of_a_site_over_https(system: Guarded) -> None:
    """Mixed origins: a site over HTTPS takes nothing from its pages that came over HTTP."""
    said = {"Host": "orders.example", "X-Forwarded-Proto": "https"}
    with page(system.url, **said, Origin="http://orders.example") as browser:
        problem(sign_in(browser, "boss"), 403)


def test_fixation(system: Guarded) -> None:
    """A sign-in always makes a new session, and the one that the browser had before is void."""
    planted = "A" * 43
    with page(system.url) as browser:
        name = shown_to(system.url, planted)["Cookie"].partition("=")[0]
        browser.cookies.set(name, planted, domain="127.0.0.1", path="/")
        assert sign_in(browser, "boss").status_code == 201
        first = secret(browser)
        assert sign_in(browser, "boss").status_code == 201
        second = secret(browser)
    assert len({planted, first, second}) == 3
    refused_everywhere(system, planted)
    refused_everywhere(system, first)


def test_sign_out(system: Guarded) -> None:
    """Signing out ends the session everywhere: its connections close, its cookie is worthless."""
    with signed_in(system.url, "boss") as browser:
        shown = secret(browser)
        with system.follow_as_page(shown) as tab, system.follow_as_page(shown) as other:
            assert browser.delete("/api/session").json() == {"continue_at": None}
            assert not browser.cookies
            refused_everywhere(system, shown)
            for follower in (tab, other):
                assert follower.closing() == Close(4001, "the session has ended")


def test_redis_loses_everything(system: Guarded) -> None:
    """A Redis that forgets signs nobody out: the gateway asks the API."""
    with signed_in(system.url, "ann") as browser, system.pipeline.valkey.connect() as redis:
        with system.follow_as_page(secret(browser)):
            redis.flushall()
        with system.follow_as_page(secret(browser)):
            assert list(redis.scan_iter("orders:session:*"))


def test_my_sessions(system: Guarded) -> None:
    """A user sees when and where sessions began, and ends others, but none of another user."""
    with (
        signed_in(system.url, "leaver") as here,
        signed_in(system.url, "leaver") as there,
        signed_in(system.url, "leaver") as elsewhere,
        signed_in(system.url, "boss") as boss,
    ):
        listed = here.get("/api/sessions").json()["sessions"]
        assert [each["current"] for each in listed].count(True) == 1
        assert {(each["address"], each["browser"]) for each in listed} == {("127.0.0.1", "Firefox")}
        gone = there.get("/api/me").json()["session"]
        problem(boss.delete(f"/api/sessions/{gone}"), 404)
        assert here.delete(f"/api/sessions/{gone}").status_code == 204
        problem(there.get("/api/me"), 401)
        assert elsewhere.get("/api/me").status_code == 200
        assert here.delete("/api/sessions/others").status_code == 204
        problem(elsewhere.get("/api/me"), 401)
        assert len(here.get("/api/sessions").json()["sessions"]) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE order_users SET disabled = true WHERE name = 'leaver'",
        "UPDATE order_users SET role = 'viewer' WHERE name = 'leaver'",
        "UPDATE order_sessions SET ends_at = now() + interval '1 hour', idle_ends_at = now()",
        "DELETE FROM order_users WHERE name = 'leaver'",
    ],
)
def test_sessions_end_with_their_reason(system: Guarded, statement: str) -> None:
    """A user who is disabled, changed, removed or idle is signed out at once, connections too."""
    with signed_in(system.url, "leaver") as browser:
        shown = secret(browser)
        with system.follow_as_page(shown) as follower:
            system.query(statement)
            problem(browser.get("/api/me"), 401)
            assert follower.closing_code() == 4001
        refused_everywhere(system, shown)
    system.query("DELETE FROM order_users WHERE name = 'leaver'")
    add_user(system.pipeline.database, "leaver", "admin")


def test_only_a_person_puts_off_the_end(system: Guarded) -> None:
    """Requests that a page sends by itself do not prolong a session; those of a person do."""
    end = "SELECT max(idle_ends_at) FROM order_sessions WHERE subject = 'boss'"
    with signed_in(system.url, "boss") as browser:
        system.query("UPDATE order_sessions SET used_at = now() - interval '2 minutes'")
        before = system.query(end)
        browser.get("/api/orders")
        assert system.query(end) == before
        assert browser.put("/api/session").status_code == 204
        assert system.query(end) > before


def test_change_password(system: Guarded) -> None:
    """A new password needs the present one, ends all sessions, and begins another here."""
    better = "four-lamps-and-a-chair"
    with signed_in(system.url, "leaver") as here, signed_in(system.url, "leaver") as there:
        before = secret(here)
        wrong = here.post("/api/password", json={"current": "wrong", "new": better})
        assert problem(wrong, 422)["errors"] == [
            {"field": "current", "message": "is wrong", "code": "wrong_password"}
        ]
        for weak in ("short", "password1234", "leaver2026", "x" * 201):
            refused = here.post("/api/password", json={"current": PASSWORD, "new": weak})
            assert problem(refused, 422)["errors"][0]["field"] == "new", weak
        answer = here.post("/api/password", json={"current": PASSWORD, "new": better})
        assert answer.status_code == 201
        assert here.get("/api/me").status_code == 200
        problem(there.get("/api/me"), 401)
    refused_everywhere(system, before)
    with page(system.url) as browser:
        problem(sign_in(browser, "leaver"), 401)
        assert sign_in(browser, "leaver", better).status_code == 201
    system.query("DELETE FROM order_users WHERE name = 'leaver'")
    add_user(system.pipeline.database, "leaver", "admin")


def test_link(system: Guarded) -> None:
    """A link sets a password once, within its time."""
    system.query(
        "INSERT INTO order_users (name, role, link_digest, link_ends_at)"
        " VALUES ('new', 'clerk', %s, now() + interval '1 day')",
        digest("a link"),
    )
    asked = {"link": "a link", "password": "a-sofa-for-two-people"}
    with page(system.url) as browser:
        assert browser.post("/api/set-up", json={"link": "a link"}).json() == {"name": "new"}
        assert sign_in(browser, "new").status_code == 401
        problem(browser.post("/api/set-up", json={**asked, "password": "short"}), 422)
        system.query("UPDATE order_users SET disabled = true WHERE name = 'new'")
        problem(browser.post("/api/set-up", json=asked), 401)
        system.query("UPDATE order_users SET disabled = false WHERE name = 'new'")
        assert browser.post("/api/set-up", json=asked).json()["subject"] == "new"
        assert browser.get("/api/me").status_code == 200
        problem(browser.post("/api/set-up", json=asked), 401)
        system.query(
            "UPDATE order_users SET link_digest = %s, link_ends_at = now() WHERE name = 'new'",
            digest("a link"),
        )
        problem(browser.post("/api/set-up", json=asked), 401)


def test_two_api_processes(system: Guarded) -> None:
    """A session and its failed attempts count at every API process; either ends it everywhere."""
    other = system.pipeline.api(**ASKING)
    with signed_in(system.url, "leaver") as here, system.follow_as_page(secret(here)) as follower:
        there = page(other.url, Cookie=shown_to(other.url, secret(here))["Cookie"])
        with there, page(system.url) as one, page(other.url) as two:
            assert there.get("/api/me").json() == here.get("/api/me").json()
            for each in (one, two, one, two):
                assert sign_in(each, "boss", "a guess").status_code == 401
            block_for_long(system.pipeline.database)
            assert [sign_in(each, "boss").status_code for each in (one, two)] == [429, 429]
            assert there.delete("/api/session").status_code == 200
            problem(here.get("/api/me"), 401)
            assert follower.closing_code() == 4001
    other.process.stop()


def test_who_read_what(system: Guarded) -> None:
    """With AUDIT_READS the log has who read what, without what it held or was searched for."""
    with signed_in(system.url, "ann") as browser:
        browser.get("/api/orders", params={"search": "SECRET", "customer_name": OURS})
    said = "address=127.0.0.1 log=security parameters='customer_name search' subject=Ann"
    until(lambda: said in " ".join(system.logs().split()), 5, "the line of the log")
