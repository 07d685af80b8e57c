"""Publish by POST over one connection."""

from http.client import HTTPConnection

from harness.processes import LOOPBACK
from orders_contract.batches import Batch
from orders_gateway.protocol import events


class Posts:
    """A path of a server that forwards each message that is posted to it."""

    def __init__(self, port: int, path: str) -> None:
        self._connection = HTTPConnection(LOOPBACK, port, timeout=10)
        self._path = path

    def publish(self, batch: Batch) -> None:
        """Post the message that a gateway would send."""
        self._connection.request("POST", self._path, events(batch.first, batch.last, batch.events))
        answer = self._connection.getresponse()
        answer.read()
        assert answer.status < 300, answer.status

    def beat(self, position: int) -> None:
        """Do nothing: these servers announce no position."""

    def close(self) -> None:
        """End the connection."""
        self._connection.close()
