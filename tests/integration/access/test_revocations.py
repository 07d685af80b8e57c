"""Revoked tokens."""

import time
from typing import Any

import httpx
import pytest

from harness.answers import problem
from harness.guarded import OURS, Guarded
from harness.signing import SECRET, bearer, token
from harness.waiting import BUSY, until


def until_refused(client: httpx.Client) -> None:
    """Fail if a token is still accepted after two seconds."""
    until(lambda: client.get("/api/me").status_code == 401, 2, "the token is refused")


def test_revoked_token(guarded: Guarded, chief: str) -> None:
    """A revoked token is refused within two seconds; other tokens of its subject are accepted."""
    first, second = token(subject="eve", jti="first"), token(subject="eve", jti="second")
    with guarded.client(chief) as admin, guarded.client(first) as client:
        assert client.get("/api/me").status_code == 200
        assert admin.post("/api/revocations", json={"token": first}).status_code == 204
        until_refused(client)
        assert admin.get("/api/me", headers=bearer(second)).status_code == 200


def test_revoked_subject(guarded: Guarded, chief: str) -> None:
    """All tokens of a subject are revoked; those issued later are accepted."""
    with guarded.client(chief) as admin, guarded.client(token(subject="mallory")) as client:
        assert client.get("/api/me").status_code == 200
        assert admin.post("/api/revocations", json={"subject": "mallory"}).status_code == 204
        until_refused(client)

        def accepted(issued: int) -> bool:
            later = token(subject="mallory", iat=issued)
            return admin.get("/api/me", headers=bearer(later)).status_code == 200

        assert not accepted(int(time.time()))
        # Accepted as the issuer's clock may be ahead; later than the same clock said before.
        until(lambda: accepted(int(time.time()) + 60), 5, "a token issued later is accepted")


def test_revoked_subject_of_an_issuer_whose_clock_is_ahead(guarded: Guarded, chief: str) -> None:
    """A token issued before the revocation by a clock that is ahead is revoked, too."""
    ahead = token(subject="peggy", iat=int(time.time()) + 30)
    with guarded.client(chief) as admin, guarded.client(ahead) as client:
        assert client.get("/api/me").status_code == 200
        assert admin.post("/api/revocations", json={"subject": "peggy"}).status_code == 204
        until_refused(client)


def test_revocation_outlives_redis(guarded: Guarded, chief: str) -> None:
    """I3: revocations survive the loss of Redis's data, because PostgreSQL has the list."""
    lost = token(subject="trudy", jti="lost")
    with guarded.client(chief) as admin, guarded.client(lost) as client:
        assert admin.post("/api/revocations", json={"token_id": "lost"}).status_code == 204
        until_refused(client)
        with guarded.pipeline.valkey.connect() as redis:
            redis.flushall()
        late = guarded.pipeline.gateway(
            AUTH_MODE="token", AUTH_SECRET=SECRET, API_URL=guarded.url
        ).ready()
        answer = httpx.get(f"{late.url}/ws", headers=bearer(lost))
        while answer.status_code == 503:  # refuses all clients until it has read the list
            answer = httpx.get(f"{late.url}/ws", headers=bearer(lost))
        assert answer.status_code == 401
        assert client.get("/api/me").status_code == 401


def test_an_older_list_in_redis_revokes_no_less(guarded: Guarded, chief: str) -> None:
    """I3: a promoted replica may lack the newest revocation. It stays, and Redis gets it again."""
    shown, names = token(subject="victor", jti="older"), guarded.pipeline.valkey.names
    with guarded.client(chief) as admin, guarded.client(shown) as client:
        with guarded.follow(shown) as follower:
            assert admin.post("/api/revocations", json={"token_id": "older"}).status_code == 204
            assert follower.closing_code() == 4001
        with guarded.pipeline.valkey.connect() as redis:
            older = redis.pipeline().hdel(names.revoked, "token:older")
            older.hset(names.revoked, "version", "of the replica").execute()
            until(lambda: redis.hexists(names.revoked, "token:older"), 5, "the list is whole again")
        assert client.get("/api/me").status_code == 401
        assert guarded.refusal(additional_headers=bearer(shown)).status_code == 401


@pytest.mark.parametrize(
    "body",
    [{}, {"token": "x"}, {"token_id": "a", "subject": "b"}, {"subject": ""}, {"all": True}, []],
)
def test_malformed_revocation(guarded: Guarded, chief: str, body: Any) -> None:
    """A malformed revocation is refused."""
    with guarded.client(chief) as admin:
        problem(admin.post("/api/revocations", json=body), 422)


def test_scoped_admin_cannot_revoke(guarded: Guarded, ann: str) -> None:
    """A restricted admin cannot revoke tokens."""
    with guarded.client(ann) as client:
        problem(client.post("/api/revocations", json={"subject": "chief"}), 403)


def test_revoked(guarded: Guarded, chief: str) -> None:
    """A connection closes within two seconds of its token's revocation; others stay."""
    victim = token(subject="eve", customers=[OURS])
    with guarded.follow(victim) as follower, guarded.follow(chief) as bystander:
        with guarded.client(chief) as admin:
            answer = admin.post("/api/revocations", json={"token": victim})
            assert answer.status_code == 204
        began = time.monotonic()
        assert follower.closing_code() == 4001
        assert time.monotonic() - began < BUSY * 2
        bystander.send({"type": "ping"})
        bystander.next("pong")
    assert guarded.refusal(additional_headers=bearer(victim)).status_code == 401


def test_ticket_of_a_revoked_token(guarded: Guarded, chief: str) -> None:
    """A ticket issued before its token was revoked is refused."""
    victim = token(subject="carol")
    with guarded.client(victim) as client, guarded.client(chief) as admin:
        ticket = client.post("/api/tickets").json()["ticket"]
        with guarded.follow(victim) as follower:
            admin.post("/api/revocations", json={"subject": "carol"})
            assert follower.closing_code() == 4001
    assert guarded.closing({"type": "auth", "ticket": ticket}).code == 4001


def test_security_log(guarded: Guarded, chief: str) -> None:
    """Sign-ins, refusals and revocations are logged with subject and address."""
    with guarded.follow(token(subject="walter")), guarded.client(chief) as admin:
        assert admin.post("/api/revocations", json={"subject": "walter"}).status_code == 204
    with guarded.client(token("viewer", subject="walter")) as viewer:
        until_refused(viewer)
    with guarded.client(token("viewer", subject="sybil")) as viewer:
        assert viewer.delete("/api/orders/1").status_code == 403

    def logged(*parts: str) -> bool:
        lines = [line for line in guarded.logs().splitlines() if "security" in line]
        return any(all(part in line for part in parts) for line in lines)

    until(lambda: logged("signed_in", "walter", "127.0.0.1"))
    until(lambda: logged("revoked", "chief", "walter"))
    until(lambda: logged("refused", "401", "/api/me", "127.0.0.1"))
    until(lambda: logged("refused", "403", "/api/orders/1", "sybil"))


@pytest.mark.parametrize("loss", ["stopped", "hangs"])
def test_revocation_while_redis_is_away(guarded: Guarded, chief: str, loss: str) -> None:
    """I3: without Redis, API and gateways refuse a token within two seconds of its revocation."""
    valkey, subject = guarded.pipeline.valkey, f"olivia-{loss}"
    shown = token(subject=subject)
    with (
        guarded.client(chief) as admin,
        guarded.client(shown) as client,
        guarded.follow(shown) as follower,
    ):
        assert client.get("/api/me").status_code == 200
        (valkey.stop if loss == "stopped" else valkey.freeze)()
        try:
            answer = admin.post("/api/revocations", json={"subject": subject})
            assert answer.status_code == 503
            until_refused(client)
            began = time.monotonic()
            assert follower.closing_code() == 4001
            assert time.monotonic() - began < BUSY * 2
            assert admin.get("/api/me").status_code == 200
        finally:
            (valkey.start if loss == "stopped" else valkey.thaw)()


def test_who_reads_the_list(guarded: Guarded, chief: str, ann: str) -> None:
    """Unrestricted admins read the list; others do not, whatever their token's subject."""
    with guarded.client(chief) as admin:
        admin.post("/api/revocations", json={"token_id": "listed"})
        assert "token:listed" in admin.get("/api/revocations").json()["revoked"]
    for shown in (ann, token("viewer", subject="gateway"), token("clerk")):
        with guarded.client(shown) as client:
            problem(client.get("/api/revocations"), 403)
