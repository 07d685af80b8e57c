"""Containers that accept the tokens of an external issuer."""

import httpx
import jwt
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from harness.answers import created, problem
from harness.containers import ContainerStack
from harness.follower import Follower
from harness.forgeries import confused
from harness.issuer import KEY, OTHER, issued, issuer, trusting
from harness.signing import bearer
from harness.waiting import until
from harness.world import head, stream_url


def test_tokens_of_an_issuer(containers: ContainerStack) -> None:
    """API and gateways fetch the issuer's keys through ``web``, the only network with a way out.

    A token signed with another key, or with the text of the public key, is refused.
    """
    with issuer(containers.host()) as keys, containers.set(**trusting(keys)):
        shown = bearer(issued(KEY, "1", role="admin"))
        with httpx.Client(base_url=containers.edge, timeout=30) as client:
            health = "/api/health"
            until(lambda: client.get(health, headers=shown).json().get("status") == "ok", 60, "ok")
            payload = jwt.decode(issued(KEY, "1"), options={"verify_signature": False})
            for forged in (
                issued(OTHER, "1"),
                *confused(KEY.public_key(), "ES256", payload, kid="1"),
            ):
                problem(client.get("/api/orders", headers=bearer(forged)), 401)
                with pytest.raises(InvalidStatus, match="401"):
                    connect(stream_url(containers), additional_headers=bearer(forged))
            order = {"customer_name": "Ann", "product_name": "Desk"}
            with Follower(stream_url(containers), additional_headers=shown) as follower:
                created(client.post("/api/orders", json=order, headers=shown))
                assert follower.until(head(containers))[-1]["actor"] == "ann"
