"""A system of processes that requires tokens, and clients of it."""

import json
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from psycopg.rows import TupleRow
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Close
from websockets.http11 import Response
from websockets.sync.client import connect

from harness.follower import Follower, Message
from harness.people import shown_to
from harness.pipeline import Pipeline, Service, has_every_event
from harness.signing import bearer
from harness.waiting import until

OURS, OTHERS = "Ann", "Bob SECRET"
"""Customers of orders: Ann's own, and another whose name must not reach Ann."""


@dataclass(frozen=True)
class Guarded:
    """The system, and ways to connect to it."""

    pipeline: Pipeline
    api: Service
    gateway: Service

    @property
    def url(self) -> str:
        """The address of the API."""
        return self.api.url

    def client(self, shown: str | None = None) -> httpx.Client:
        """Return an HTTP client of the API that sends a token."""
        return httpx.Client(
            base_url=self.url, headers={} if shown is None else bearer(shown), timeout=30
        )

    def follow(self, shown: str, query: str = "", **options: Any) -> Follower:
        """Connect to the gateway with a token; see ``_authenticated``."""
        return self._authenticated(query, additional_headers=bearer(shown), **options)

    def follow_as_page(self, session: str) -> Follower:
        """Connect to the gateway as a page does; ``session`` is the secret in its cookie."""
        return self._authenticated(additional_headers=shown_to(self.gateway.url, session))

    def _authenticated(self, query: str = "", **options: Any) -> Follower:
        """Connect once the gateway has every event so far; return it authenticated."""
        until(lambda: has_every_event(self.pipeline, self.gateway), 10, "the gateway has it")
        follower = Follower(self.gateway.ws_url + query, **options)
        follower.expect("authenticated")
        return follower

    def closing(self, *messages: Message, query: str = "") -> Close:
        """Connect without a token, send messages, and return the close frame of the gateway."""
        with connect(self.gateway.ws_url + query, compression=None) as socket:
            for message in messages:
                socket.send(json.dumps(message))
            with pytest.raises(ConnectionClosed) as closed:
                socket.recv(15)
        assert closed.value.rcvd is not None
        return closed.value.rcvd

    def refusal(self, **options: Any) -> Response:
        """Return the response to a handshake that must fail."""
        with pytest.raises(InvalidStatus) as refused:
            connect(self.gateway.ws_url, **options)
        return refused.value.response

    def sql(self, *statements: str) -> int:
        """Commit changes by SQL; return the head once the gateway has it."""
        with self.pipeline.database.connect() as connection:
            for statement in statements:
                connection.execute(statement)

            def waiting() -> int:
                return _number(connection.execute("SELECT count(*) FROM order_outbox").fetchone())

            until(lambda: waiting() == 0, 10, "everything has a position")
            head = _number(connection.execute("SELECT max(position) FROM order_events").fetchone())
        until(lambda: (self.gateway.position() or 0) >= head, 10, "the gateway has it")
        return head

    def query(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run a statement as the owner of the tables; return its rows."""
        with self.pipeline.database.connect() as connection:
            found = connection.execute(statement.encode(), values)
            return found.fetchall() if found.description else []

    def logs(self) -> str:
        """Return the output of all processes."""
        return "".join(each.process.output() for each in self.pipeline.services)


def _number(row: TupleRow | None) -> int:
    return 0 if row is None or row[0] is None else int(row[0])
