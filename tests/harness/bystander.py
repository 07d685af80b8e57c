"""A well-behaved client among hostile ones."""

import statistics
import threading
import time
from collections.abc import Callable
from typing import Self

from harness.follower import Follower
from harness.waiting import until


class Bystander:
    """Follows the stream while orders are committed one by one, and must miss none of them (I6)."""

    def __init__(self, follow: Callable[[], Follower], commit: Callable[[], object]) -> None:
        """``follow`` connects the client, ``commit`` creates one order; both run on a thread."""
        self._follow = follow
        self._commit = commit
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.latencies_s: list[float] = []
        """Time from the start of each commit until its event arrived."""
        self.failure: BaseException | None = None

    def _run(self) -> None:
        try:
            with self._follow() as follower:
                while not self._stop.is_set():
                    began = time.perf_counter()
                    self._commit()
                    follower.until(follower.position + 1, 10)
                    self.latencies_s.append(time.perf_counter() - began)
        except BaseException as exc:  # noqa: BLE001  raised at the end of the block
            self.failure = exc

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
        """Wait until one more event has arrived."""
        before = len(self.latencies_s)
        until(
            lambda: len(self.latencies_s) > before or self.failure is not None,
            20,
            "the bystander is served",
        )

    @property
    def p99_s(self) -> float:
        return statistics.quantiles(self.latencies_s, n=100)[98]
