"""Users, everyone's sessions and programs' tokens, as admins and commands manage them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import httpx
import pytest

from harness.answers import created, ok, problem
from harness.guarded import OURS, Guarded
from harness.people import PASSWORD, add_user, page, sign_in, signed_in
from harness.signing import bearer, token
from harness.stacks import orders
from harness.waiting import until

CHOSEN = "a-sofa-for-two-people"
ORDER = {"customer_name": OURS, "product_name": "Desk"}


@pytest.fixture(autouse=True)
def _people(guarded: Guarded) -> Iterator[None]:
    """Let each test begin with one admin, and forget attempts to sign in."""
    database = guarded.pipeline.database
    add_user(database, "boss", "admin")
    yield
    with database.connect() as connection:
        connection.execute("DELETE FROM order_users")
        connection.execute("DELETE FROM order_sessions")
        connection.execute("DELETE FROM order_sign_in_attempts")


def user(boss: httpx.Client, name: str) -> dict[str, Any]:
    """Return what the list has of a user."""
    (found,) = (each for each in ok(boss.get("/api/users"))["users"] if each["name"] == name)
    return dict(found)


def test_create_by_link(guarded: Guarded) -> None:
    """A new user gets a link, chooses a password, and sees what the restriction allows."""
    with signed_in(guarded.url, "boss") as boss, page(guarded.url) as browser:
        wanted = {"name": " bea ", "role": "clerk", "rows": {"customer_name": [OURS]}}
        made = boss.post("/api/users", json=wanted)
        assert made.status_code == 201
        link = made.json()["link"]["link"].removeprefix("/set-up#")
        assert made.json()["user"] == user(boss, "bea")
        assert made.json()["user"]["has_password"] is False
        me = created(browser.post("/api/set-up", json={"link": link, "password": CHOSEN}))
        assert (me["subject"], me["role"], me["rows"]) == ("bea", "clerk", wanted["rows"])
        known = user(boss, "bea")
        assert (known["has_password"], known["link_ends"], known["sessions"]) == (True, None, 1)
        again = boss.post("/api/user-links", json={"name": "bea"}).json()["link"]
        assert again != made.json()["link"]["link"]
        assert user(boss, "bea")["link_ends"] is not None
        problem(boss.post("/api/user-links", json={"name": "nobody"}), 404)
    said = "by=boss log=security user=bea what=user_added"
    until(lambda: said in " ".join(guarded.logs().split()), 5, "the line of the log")
    assert link not in guarded.logs()


def test_create_with_password(guarded: Guarded) -> None:
    """An admin may set the first password; a weak one is refused, and a name is there once."""
    with signed_in(guarded.url, "boss") as boss, page(guarded.url) as browser:
        wanted = {"name": "carl", "role": "viewer", "password": "carl2026"}
        problem(boss.post("/api/users", json=wanted), 422, "password")
        made = boss.post("/api/users", json={**wanted, "password": PASSWORD})
        assert (made.status_code, made.json()["link"]) == (201, None)
        assert sign_in(browser, "carl").status_code == 201
        problem(boss.post("/api/users", json={**wanted, "name": "CARL", "password": PASSWORD}), 409)


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("name", {"name": ""}),
        ("name", {"name": " "}),
        ("name", {"name": ".."}),
        ("name", {"name": "a\nb"}),
        ("name", {"name": "\u0430dmin"}),  # the first letter is Cyrillic
        ("role", {"role": "root"}),
        ("rows", {"rows": {}}),
        ("rows.stroe", {"rows": {"stroe": ["Berlin"]}}),
        ("rows", {"rows": {"customer_name": [""]}}),
        ("owner", {"owner": True}),
    ],
)
def test_bad_input(guarded: Guarded, field: str, changes: dict[str, Any]) -> None:
    """An invalid user is refused; the error names the field."""
    with signed_in(guarded.url, "boss") as boss:
        wanted = {"name": "dora", "role": "clerk", **changes}
        problem(boss.post("/api/users", json=wanted), 422, field)
        assert len(ok(boss.get("/api/users"))["users"]) == 1


def test_odd_names(guarded: Guarded) -> None:
    """A name, id or value that the database cannot store is refused, or of nobody."""
    with signed_in(guarded.url, "boss") as boss:
        for path in ("/api/users/a%2F%FF", "/api/users/%ED%A0%80"):
            problem(boss.patch(path, json={"role": "viewer"}), 404)
            problem(boss.delete(path), 404)
        problem(boss.patch("/api/users/%00", json={"role": "viewer"}), 422, "name")
        problem(boss.delete("/api/users/%00"), 422, "name")
        problem(boss.delete("/api/all-sessions/%00"), 422, "session")
        problem(boss.delete("/api/sessions/%00"), 422, "session")
        problem(boss.delete("/api/tokens/%00"), 422, "token")
        problem(boss.put("/api/settings/tables/%00", json={"watched": True}), 422, "table")
        wanted = {"name": "odd", "role": "viewer", "rows": {"customer_name": ["a\x00b"]}}
        problem(boss.post("/api/users", json=wanted), 422)


def test_change(guarded: Guarded) -> None:
    """A change of a user ends the sessions; a change based on an old version is refused."""
    add_user(guarded.pipeline.database, "zoë/ann", "clerk")
    path = "/api/users/zo%C3%AB%2Fann"
    with signed_in(guarded.url, "boss") as boss, signed_in(guarded.url, "zoë/ann") as browser:
        seen = {"If-Match": f'"{user(boss, "zoë/ann")["version"]}"'}
        assert ok(boss.patch(path, json={"role": "clerk"}, headers=seen))["sessions"] == 1
        ok(browser.get("/api/me"))
        changed = ok(boss.patch(path, json={"role": "viewer"}, headers=seen))
        assert (changed["role"], changed["rows"], changed["sessions"]) == ("viewer", None, 0)
        problem(browser.get("/api/me"), 401)
        problem(boss.patch(path, json={"disabled": True}, headers=seen), 412)
        problem(boss.delete(path, headers=seen), 412)
        problem(boss.patch(path, json={}), 422)
        problem(boss.patch("/api/users/nobody", json={"role": "viewer"}), 404)
        ok(boss.patch(path, json={"rows": {"customer_name": [OURS]}}))
        assert ok(boss.patch(path, json={"disabled": True}))["rows"] == {"customer_name": [OURS]}
        assert sign_in(browser, "zoë/ann").status_code == 401
        assert ok(boss.patch(path, json={"rows": None, "disabled": False}))["rows"] is None
        assert sign_in(browser, "zoë/ann").status_code == 201
        assert boss.delete(path).status_code == 204
        problem(browser.get("/api/me"), 401)
        problem(boss.delete(path), 404)


@pytest.mark.parametrize(
    "change", [{"role": "clerk"}, {"disabled": True}, {"rows": {"customer_name": [OURS]}}, None]
)
def test_last_admin(guarded: Guarded, change: dict[str, Any] | None) -> None:
    """The last admin who can sign in stays one, whoever else has the role without a password."""
    with signed_in(guarded.url, "boss") as boss:
        boss.post("/api/users", json={"name": "new", "role": "admin"})
        if change is None:
            answer = boss.delete("/api/users/boss")
        else:
            answer = boss.patch("/api/users/boss", json=change)
        assert problem(answer, 409)["detail"].startswith("This is the last admin")
        assert boss.delete("/api/users/new").status_code == 204


def test_two_admins_at_once(guarded: Guarded) -> None:
    """Two admins who disable each other at the same moment do not lock everyone out."""
    add_user(guarded.pipeline.database, "other", "admin")
    with guarded.client(token("admin")) as one, guarded.client(token("admin")) as two:

        def disable(client: httpx.Client, name: str) -> int:
            return client.patch(f"/api/users/{name}", json={"disabled": True}).status_code

        with ThreadPoolExecutor(2) as threads:
            answers = [threads.submit(disable, one, "boss"), threads.submit(disable, two, "other")]
            assert sorted(each.result() for each in answers) == [200, 409]


def test_sessions_of_everyone(guarded: Guarded) -> None:
    """An admin sees everyone's sessions, and ends one; a program's token is not among them."""
    add_user(guarded.pipeline.database, "ann", "clerk")
    with signed_in(guarded.url, "boss") as boss, signed_in(guarded.url, "ann") as ann:
        wanted = {"subject": "printer", "role": "viewer", "days": 1}
        made = boss.post("/api/tokens", json=wanted).json()
        found = {each["subject"]: each for each in ok(boss.get("/api/all-sessions"))["sessions"]}
        assert {name: each["current"] for name, each in found.items()} == {
            "ann": False,
            "boss": True,
        }
        assert boss.delete(f"/api/all-sessions/{found['ann']['id']}").status_code == 204
        problem(ann.get("/api/me"), 401)
        for gone in (found["ann"]["id"], made["id"], "x"):
            problem(boss.delete(f"/api/all-sessions/{gone}"), 404)


def test_restricted_admin(guarded: Guarded) -> None:
    """An admin who is restricted to some rows manages nobody: that would lift the restriction."""
    with guarded.client(token("admin", [OURS])) as client:
        problem(client.get("/api/users"), 403)
        problem(client.post("/api/users", json={"name": "x", "role": "admin"}), 403)
        problem(client.get("/api/all-sessions"), 403)


def test_nothing_of_a_removed_user_is_inherited(guarded: Guarded) -> None:
    """A new user of the same name finds no preferences and no views of the one before."""
    view = {"table": "orders", "name": "Mine", "query": "status=pending", "shared": False}
    with signed_in(guarded.url, "boss") as boss:
        for has_some in (True, False):
            add_user(guarded.pipeline.database, "dora", "clerk")
            with signed_in(guarded.url, "dora") as dora:
                if has_some:
                    assert dora.put("/api/preferences/theme", json="dark").status_code == 204
                    assert dora.post("/api/views", json=view).status_code == 201
                assert (dora.get("/api/preferences/theme").json() == "dark") is has_some
                assert bool(ok(dora.get("/api/views"))["views"]) is has_some
            version = user(boss, "dora")["version"]
            removed = boss.delete("/api/users/dora", headers={"If-Match": f'"{version}"'})
            assert removed.status_code == 204


def test_command_for_users(guarded: Guarded, tmp_path: Path) -> None:
    """`orders user add` refuses a name that is taken, and warns of a column that no table has."""

    def add(name: str, rows: str) -> CompletedProcess[str]:
        settings = {"DATABASE_URL": guarded.pipeline.database.url, "AUTH_MODE": "token"}
        return orders("user", "add", name, "--rows", rows, folder=tmp_path, settings=settings)

    add_user(guarded.pipeline.database, "Ann", "clerk", {"customer_name": [OURS]})
    again = add("ANN", "customer_name=Ann")
    assert again.returncode == 2
    assert "a user 'Ann' already exists; names differ by more than case" in again.stderr
    mistyped = add("typo", "stroe=Berlin")
    assert (mistyped.returncode, "/set-up#" in mistyped.stdout) == (0, True)
    assert "warning: no table has a column 'stroe'" in mistyped.stderr
    assert add("right", "customer_name=Ann").stderr == ""


def test_tokens_for_programs(guarded: Guarded) -> None:
    """An admin makes a token for a program and revokes it; API and gateways take it meanwhile."""
    add_user(guarded.pipeline.database, "Ann", "clerk", {"customer_name": [OURS]})
    wanted = {"subject": "printer", "role": "clerk", "rows": {"customer_name": [OURS]}, "days": 30}
    with signed_in(guarded.url, "boss") as boss, signed_in(guarded.url, "ann") as ann:
        problem(ann.post("/api/tokens", json=wanted), 403)
        problem(boss.post("/api/tokens", json={**wanted, "rows": {"customer_name": "Ann"}}), 422)
        problem(boss.post("/api/tokens", json={**wanted, "rows": {"stroe": ["Berlin"]}}), 422)
        made = boss.post("/api/tokens", json=wanted).json()
        (listed,) = boss.get("/api/tokens").json()["tokens"]
        assert (listed["subject"], listed["made_by"]) == ("printer", "boss")
        assert made["token"] not in str(listed)
        with guarded.client(made["token"]) as program, guarded.follow(made["token"]) as follower:
            assert program.post("/api/orders", json=ORDER).status_code == 201
            problem(program.get("/api/sessions"), 403)
            assert boss.delete(f"/api/tokens/{made['id']}").status_code == 204
            problem(program.get("/api/me"), 401)
            assert follower.closing_code() == 4001
        assert guarded.refusal(additional_headers=bearer(made["token"])).status_code == 401


def test_leaked_token_of_a_program(guarded: Guarded, tmp_path: Path) -> None:
    """A command lists programs' tokens, and revokes one by its id or itself, as the API does."""
    settings = {"DATABASE_URL": guarded.pipeline.database.url, "AUTH_MODE": "token"}

    def run(*command: str, text: str = "") -> CompletedProcess[str]:
        return orders("token", *command, folder=tmp_path, settings=settings, text=text)

    wanted = {"subject": "till", "role": "viewer", "days": 1}
    with signed_in(guarded.url, "boss") as boss:
        one, two, three = (boss.post("/api/tokens", json=wanted).json() for _ in range(3))
        listed = run("list").stdout
        assert [listed.count(each["id"]) for each in (one, two, three)] == [1, 1, 1]
        assert one["token"] not in listed
        assert run("revoke", one["id"]).stdout.strip() == "revoked"
        assert run("revoke", "-", text=two["token"]).stdout.strip() == "revoked"
        revocation = {"token": three["token"]}
        said = bearer(token("admin"))
        assert httpx.post(
            f"{guarded.url}/api/revocations", json=revocation, headers=said
        ).is_success
        again = run("revoke", one["id"])
    assert (again.returncode, "there is no such token" in again.stderr) == (2, True)
    for each in (one, two, three):
        problem(httpx.get(f"{guarded.url}/api/me", headers=bearer(each["token"])), 401)
