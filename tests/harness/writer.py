"""A client of the API that writes all the time and retries every failed request."""

import http.client
import json
import threading
import time
import urllib.error
import urllib.request
import uuid
from itertools import pairwise
from typing import Self

from harness.world import World


class Writer:
    """Creates orders one by one on its own thread until the block ends.

    A request that is refused or gets no answer is repeated with the same Idempotency-Key until it
    is accepted, so in the end every order exists once.
    """

    def __init__(self, world: World, per_second: float = 20.0) -> None:
        """Wait for the block to begin."""
        self._world = world
        self._url = f"{world.edge}/api/orders"
        self._interval_s = 1 / per_second
        self.label = f"writer-{uuid.uuid4().hex[:8]}"
        self.accepted: list[float] = []
        """Monotonic time at which each order was accepted."""
        self.refused: list[int] = []
        """Status codes of refusals that a client can act on: 503, a problem, Retry-After."""
        self.faults: list[str] = []
        """Descriptions of all other answers."""
        self.lost = 0
        """Requests without an answer."""
        self.slowest_s = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._stop.is_set():
            key = str(uuid.uuid4())
            while not self._post(key):
                time.sleep(0.1)  # before the next attempt
            self._stop.wait(self._interval_s)

    def _post(self, key: str) -> bool:
        order = {"customer_name": "e2e", "product_name": f"{self.label} {len(self.accepted)}"}
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        request = urllib.request.Request(self._url, json.dumps(order).encode(), headers)
        began = time.monotonic()
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                answer.read()
        except urllib.error.HTTPError as error:
            with error:
                self._note(error)
            return False
        except (OSError, http.client.HTTPException):
            self.lost += 1
            return False
        self.accepted.append(time.monotonic())
        self.slowest_s = max(self.slowest_s, self.accepted[-1] - began)
        return True

    def _note(self, error: urllib.error.HTTPError) -> None:
        clear = error.headers["Content-Type"] == "application/problem+json"
        if error.code == 503 and clear and error.headers["Retry-After"]:
            self.refused.append(error.code)
        else:
            self.faults.append(f"{error.code}: {error.read()!r}")

    def longest_pause_s(self) -> float:
        """Return the longest time without an accepted order."""
        return max(after - before for before, after in pairwise(self.accepted))

    def check(self) -> None:
        """Check that every accepted order exists once, and that every refusal was clear."""
        assert not self.faults, self.faults
        sql = (
            "SELECT count(*), count(DISTINCT product_name) FROM orders"
            f" WHERE product_name LIKE '{self.label} %'"
        )
        found, due = self._world.psql(sql), f"{len(self.accepted)}|{len(self.accepted)}"
        assert found == due, f"{found} instead of {due}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stop.set()
        self._thread.join()
