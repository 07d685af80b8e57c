"""What hostile clients do to a gateway; meanwhile a well-behaved one misses nothing (I6).

The bounded sizes are of the normal suite; the full ones (``slow``) also measure the bystander.
"""

import statistics
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Self

import psycopg
import pytest

from attacks import ATTACKS, HANDSHAKE, dial
from follower import Follower
from guarded import Guarded
from pipeline import Pipeline
from processes import LOOPBACK, program
from servers import Postgres, Valkey
from tokens import ASKING, token
from waiting import until

TESTS = Path(__file__).parents[2]
INSERT = "INSERT INTO orders (customer_name, product_name) VALUES ('Ann', 'Desk')"


@pytest.fixture(scope="module")
def guarded(postgres: Postgres) -> Iterator[Guarded]:
    """Start API, listener and gateway; whatever is done to them must not end them."""
    valkey = Valkey()
    database = postgres.create_database()
    limits = {"CONNECTIONS_PER_ADDRESS": "100000", "CONNECTIONS_PER_SUBJECT": "100000"}
    with Pipeline(database, valkey) as started:
        api = started.api(**ASKING)
        started.listener().ready()
        url = f"http://{LOOPBACK}:{api.port}"
        gateway = started.gateway(**ASKING, **limits, API_URL=url).ready()
        pids = [each.process.pid for each in started.services]
        yield Guarded(started, api, gateway)
        assert [each.process.pid for each in started.services if each.process.running] == pids
        assert "Traceback" not in gateway.process.output()
    postgres.drop_database(database)
    valkey.stop()


class Bystander:
    """A well-behaved client, and orders that are committed one after the other meanwhile."""

    def __init__(self, guarded: Guarded) -> None:
        self._guarded = guarded
        self._stop = threading.Event()
        self.latencies_s: list[float] = []
        self.failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            with (
                self._guarded.follow(token(subject="bystander")) as follower,
                self._guarded.pipeline.database.connect() as sql,
            ):
                self._follow(follower, sql)
        except BaseException as exc:  # noqa: BLE001  told by the block's end
            self.failure = exc

    def _follow(self, follower: Follower, sql: "psycopg.Connection[tuple[object, ...]]") -> None:
        while not self._stop.is_set():
            began = time.perf_counter()
            sql.execute(INSERT)
            follower.until(follower.position + 1, 10)
            self.latencies_s.append(time.perf_counter() - began)

    def __enter__(self) -> Self:
        self._thread.start()
        self.until_served()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.until_served()
        self._stop.set()
        self._thread.join()
        assert self.failure is None, self.failure

    def until_served(self) -> None:
        """Wait until one more order has come."""
        before = len(self.latencies_s)
        until(
            lambda: len(self.latencies_s) > before or self.failure is not None,
            20,
            "the bystander is served",
        )

    @property
    def p99_s(self) -> float:
        return statistics.quantiles(self.latencies_s, n=100)[98]


@pytest.mark.parametrize("name", ATTACKS)
def test_a_bystander_misses_nothing(guarded: Guarded, name: str) -> None:
    """I6: whatever is done to the gateway, a well-behaved client gets every event."""
    attack, count, _ = ATTACKS[name]
    with Bystander(guarded):
        attack(guarded.gateway.port, count)
    assert guarded.gateway.process.running


@pytest.mark.slow
@pytest.mark.parametrize("name", ATTACKS)
def test_a_bystander_is_not_held_up(guarded: Guarded, name: str) -> None:
    """At full size its 99th percentile stays within three times that of a quiet moment."""
    with Bystander(guarded) as quiet:
        time.sleep(5)  # a measurement of five seconds, not a wait for something
    command = [sys.executable, "-m", "attacks", name, str(guarded.gateway.port)]
    with Bystander(guarded) as attacked:
        env = {"PYTHONPATH": str(TESTS)}
        with program([*command, str(ATTACKS[name][2])], env=env) as attacker:
            assert attacker.wait(600) == 0, attacker.output()
    assert attacked.p99_s < max(3 * quiet.p99_s, 0.03), (attacked.p99_s, quiet.p99_s)


@pytest.mark.slow
def test_slow_upgrade(guarded: Guarded) -> None:
    """Who sends his handshake byte by byte is cut off after ten seconds at the latest."""
    request = HANDSHAKE.format("", "Bearer x").encode()
    opened = dial(guarded.gateway.port)
    opened.sendall(request[:60])
    opened.settimeout(15)
    began = time.monotonic()
    with suppress(ConnectionError):
        for byte in request[60:-1]:
            opened.sendall(bytes([byte]))
            opened.settimeout(0.5)
            with suppress(TimeoutError):
                if opened.recv(1) in (b"", b"H"):
                    break
    opened.close()
    assert time.monotonic() - began < 13
