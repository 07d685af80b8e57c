"""Attacks on a gateway, during which a well-behaved client misses nothing (I6).

The bounded sizes are of the normal suite; the full ones (``slow``) also measure the bystander.
Containers are attacked in the same ways, through the edge: ``e2e/docker/test_hostile.py``.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.attacks import ATTACKS, Entrance
from harness.bystander import Bystander
from harness.guarded import Guarded
from harness.pipeline import Pipeline
from harness.processes import LOOPBACK, program
from harness.servers import Postgres
from harness.signing import ASKING, token
from harness.valkey import Valkey

TESTS = Path(__file__).parents[2]
INSERT = "INSERT INTO orders (customer_name, product_name) VALUES ('Ann', 'Desk')"


@pytest.fixture(scope="module")
def guarded(postgres: Postgres) -> Iterator[Guarded]:
    """Start API, listener and gateway; no attack may end one of them."""
    valkey = Valkey()
    database = postgres.create_database()
    limits = {"CONNECTIONS_PER_ADDRESS": "100000", "CONNECTIONS_PER_SUBJECT": "100000"}
    with Pipeline(database, valkey) as started:
        api = started.api(**ASKING)
        started.listener().ready()
        gateway = started.gateway(**ASKING, **limits, API_URL=api.url).ready()
        pids = [each.process.pid for each in started.services]
        yield Guarded(started, api, gateway)
        assert [each.process.pid for each in started.services if each.process.running] == pids
        assert "Traceback" not in gateway.process.output()
    postgres.drop_database(database)
    valkey.stop()


@contextmanager
def bystander(guarded: Guarded) -> Iterator[Bystander]:
    """Connect a well-behaved client and commit orders for it by SQL."""
    with (
        guarded.pipeline.database.connect() as sql,
        Bystander(
            lambda: guarded.follow(token(subject="bystander")), lambda: sql.execute(INSERT)
        ) as served,
    ):
        yield served


@pytest.mark.parametrize("name", [name for name in ATTACKS if ATTACKS[name].is_quick])
def test_a_bystander_misses_nothing(guarded: Guarded, name: str) -> None:
    """I6: during each attack a well-behaved client gets every event."""
    attack = ATTACKS[name]
    with bystander(guarded):
        attack.run(Entrance(guarded.gateway.port), attack.bounded)
    assert guarded.gateway.process.running


@pytest.mark.slow
@pytest.mark.parametrize("name", ATTACKS)
def test_a_bystander_is_not_delayed(guarded: Guarded, name: str) -> None:
    """I6: during an attack at full size the 99th percentile of latency at most triples."""
    with bystander(guarded) as quiet:
        time.sleep(5)  # a measurement of five seconds, not a wait for something
    entrance = [LOOPBACK, str(guarded.gateway.port)]
    command = [sys.executable, "-m", "harness.attacks", name, *entrance, str(ATTACKS[name].full)]
    with bystander(guarded) as attacked:
        env = {"PYTHONPATH": str(TESTS)}
        with program(command, env=env) as attacker:
            assert attacker.wait(600) == 0, attacker.output()
    assert attacked.p99_s < max(3 * quiet.p99_s, 0.03), (attacked.p99_s, quiet.p99_s)
