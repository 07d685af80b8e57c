"""Tokens of an external issuer, verified by its public keys."""

import httpx

from harness.answers import created, problem
from harness.follower import Follower
from harness.issuer import KEY, OTHER, issued, issuer, trusting
from harness.pipeline import Pipeline
from harness.processes import LOOPBACK
from harness.signing import bearer


def test_tokens_of_an_issuer(pipeline: Pipeline) -> None:
    """API and gateways accept the issuer's tokens only; gateways still read history."""
    with issuer(LOOPBACK) as keys:
        _use(pipeline, trusting(keys))


def _use(pipeline: Pipeline, settings: dict[str, str]) -> None:
    pipeline.listener().ready()
    api = pipeline.api(**settings)
    gateway = pipeline.gateway(**settings, API_URL=api.url, RING_MAX_EVENTS="1").ready()
    good = issued(KEY, "1")
    with httpx.Client(base_url=api.url) as client:
        for bad in (issued(OTHER, "1"), issued(OTHER, "2"), issued(KEY, "1", aud="orders")):
            problem(client.get("/api/orders", headers=bearer(bad)), 401)
        order = {"customer_name": "Ann", "product_name": "Desk"}
        for _ in range(5):
            created(client.post("/api/orders", json=order, headers=bearer(good)))
        ticket = client.post("/api/tickets", headers=bearer(good)).json()["ticket"]
    # The gateway has not fetched the keys yet.
    with Follower(gateway.ws_url, subprotocols=["orders", f"orders.ticket.{ticket}"]) as follower:
        follower.expect("authenticated")
    with Follower(gateway.ws_url, additional_headers=bearer(good)) as follower:
        follower.until(5)
    with pipeline.valkey.connect() as redis:
        redis.delete("orders:log")
    with Follower(gateway.ws_url, after=0, additional_headers=bearer(good)) as follower:
        assert [event["actor"] for event in follower.until(5)] == ["ann"] * 5
