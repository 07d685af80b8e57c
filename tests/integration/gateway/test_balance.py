"""Clients that a gateway sends to others after a scale-up."""

import json
import threading
from collections import Counter
from pathlib import Path

import httpx

from harness.edges import edge
from harness.pipeline import Pipeline, scrape
from harness.ports import free_port
from harness.processes import LOOPBACK
from harness.resuming_clients import ResumingClients
from harness.waiting import until

CLIENTS, READERS = 12, 12
INSERT = "INSERT INTO orders (customer_name, product_name) VALUES ('Ada', 'Laptop')"
_PATIENCE_S = 60.0
OFTEN = {
    "BALANCE_INTERVAL_S": "1.5",
    "BALANCE_CLIENTS_PER_S": "100",
    "BALANCE_AFTER_S": "0.5",
    "HEARTBEAT_INTERVAL_S": "1",
}


class Reader(threading.Thread):
    """Follows ``/sse`` and resumes with ``Last-Event-ID``, as a browser's EventSource does."""

    def __init__(self, url: str, over: threading.Event) -> None:
        super().__init__()
        self._url = url
        self._over = over
        self._last_id = ""
        self.position = 0
        self.gateway = ""
        self.connections = 0
        self.faults: list[str] = []

    def run(self) -> None:
        """Read until the test is over."""
        while not self._over.is_set():
            url = f"{self._url}/sse"
            headers = {"Last-Event-ID": self._last_id} if self._last_id else {}
            try:
                with httpx.stream("GET", url, headers=headers, timeout=_PATIENCE_S) as response:
                    for line in response.iter_lines():
                        self._take(line)
                        if self._over.is_set():
                            return
            except httpx.HTTPError:
                pass  # as a browser, try again
            self._over.wait(0.1)

    def _take(self, line: str) -> None:
        name, _, value = line.partition(": ")
        if name == "id":
            self._last_id = value
        elif name == "data":
            message = json.loads(value)
            match message.get("type"):  # the event `close` has none
                case "hello":
                    self.gateway = message["gateway"]
                    self.connections += 1
                case "events":
                    if message["first"] != self.position + 1:
                        self.faults.append(f"{message['first']} after {self.position}")
                    self.position = message["last"]
                case "reset":
                    self.faults.append(message["reason"])


def test_clients_move_to_a_new_gateway(pipeline: Pipeline, tmp_path: Path) -> None:
    """I7: a second gateway gets its share, and no client, WebSocket or SSE, misses an event."""
    first = pipeline.gateway(GATEWAY_ID="first", **OFTEN)
    pipeline.listener().ready()
    first.ready()
    later, over = free_port(), threading.Event()
    upstreams = f"{LOOPBACK}:{first.port} {LOOPBACK}:{later}"
    with (
        pipeline.database.connect() as sql,
        edge(tmp_path, GATEWAY_UPSTREAMS=upstreams) as port,
        ResumingClients(f"ws://{LOOPBACK}:{port}/ws", CLIENTS) as clients,
    ):
        readers = [Reader(f"http://{LOOPBACK}:{port}", over) for _ in range(READERS)]
        try:
            for reader in readers:
                reader.start()
            clients.until_connected()
            until(lambda: all(reader.gateway for reader in readers), _PATIENCE_S, "all read")
            second = pipeline.gateway(WS_PORT=str(later), GATEWAY_ID="second", **OFTEN).ready()
            events = 0

            def spread() -> Counter[str]:
                nonlocal events
                sql.execute(INSERT)
                events += 1
                return clients.spread() + Counter(reader.gateway for reader in readers)

            def moved() -> list[int]:
                followers = [each.connections - 1 for each in clients.members]
                return followers + [each.connections - 1 for each in readers]

            def shed(port: int) -> float:
                return scrape(port)["orders_gateway_shed_total",]

            until(lambda: min(spread()[each] for each in ("first", "second")) >= 8, _PATIENCE_S)
            clients.until(events)
            there = "all readers have everything"
            until(lambda: all(reader.position == events for reader in readers), _PATIENCE_S, there)
            until(lambda: shed(first.port) == sum(moved()) >= 8, _PATIENCE_S, "all have arrived")
            assert max(moved()) == 1
            assert shed(second.port) == 0
            assert any(reader.connections == 2 for reader in readers)
        finally:
            over.set()
            for reader in readers:
                reader.join()
        clients.check()
        assert [reader.faults for reader in readers] == [[]] * READERS
