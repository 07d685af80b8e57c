"""A client of the API that writes without pause and gives nothing up."""

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
    """Creates orders, one after another, on a thread of its own until the block ends.

    What is refused, or whose answer is lost, is sent again with the same Idempotency-Key until it
    is accepted, so that in the end every order exists, and exists once.
    """

    def __init__(self, world: World, per_second: float = 20.0) -> None:
        """Write nothing yet."""
        self._world = world
        self._url = f"{world.edge}/api/orders"
        self._interval_s = 1 / per_second
        self.label = f"writer-{uuid.uuid4().hex[:8]}"
        self.accepted: list[float] = []
        """When each order was accepted (monotonic)."""
        self.refused: list[int] = []
        """Status codes of refusals that a client can act on: 503, a problem, Retry-After."""
        self.faults: list[str] = []
        """Any other answer."""
        self.lost = 0
        """Requests to which no answer came."""
        self.slowest_s = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._stop.is_set():
            key = str(uuid.uuid4())
            while not self._post(key):
                time.sleep(0.1)  # what anyone would do before trying again
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
        """Return the longest time during which nothing was accepted."""
        return max(after - before for before, after in pairwise(self.accepted))

    def check(self) -> None:
        """Every order that was accepted is there, once, and every refusal was a clear one."""
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
