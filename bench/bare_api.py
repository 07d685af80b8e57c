"""``python -m bench.bare_api``: POST /api/orders with nothing around the INSERT.

No framework, no validation, no pool beyond a list of connections, no transaction of its own. What
it answers is what ours answers. Configured by the same environment.
"""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import psycopg
import uvicorn

Message = MutableMapping[str, Any]
Connection = psycopg.AsyncConnection[tuple[object, ...]]

_CONNECTIONS = 10
_INSERT = (
    "INSERT INTO orders (customer_name, product_name) VALUES (%s, %s) "
    "RETURNING to_json(orders)::text, id"
)


class BareApi:
    """The application."""

    def __init__(self) -> None:
        self._idle: asyncio.LifoQueue[Connection] = asyncio.LifoQueue()

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        """Answer one request; connect at startup."""
        if scope["type"] == "lifespan":
            await receive()
            await self._connect()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
        elif scope["method"] == "POST":
            await self._create(receive, send)
        else:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"{}"})

    async def _connect(self) -> None:
        for _ in range(_CONNECTIONS):
            self._idle.put_nowait(
                await psycopg.AsyncConnection.connect(
                    host=os.environ["DB_HOST"],
                    port=os.environ["DB_PORT"],
                    dbname=os.environ["DB_NAME"],
                    user=os.environ["DB_USER"],
                    password=os.environ["DB_PASSWORD"],
                    options="-c timezone=UTC",
                    autocommit=True,
                    prepare_threshold=0,
                )
            )

    async def _create(
        self, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        order = json.loads((await receive())["body"])
        connection = await self._idle.get()
        cursor = await connection.execute(_INSERT, (order["customer_name"], order["product_name"]))
        row = await cursor.fetchone()
        self._idle.put_nowait(connection)
        assert row is not None
        body = str(row[0]).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            (b"location", b"/api/orders/%d" % int(str(row[1]))),
        ]
        await send({"type": "http.response.start", "status": 201, "headers": headers})
        await send({"type": "http.response.body", "body": body})


if __name__ == "__main__":
    uvicorn.run(
        BareApi(),
        host="127.0.0.1",
        port=int(os.environ["API_PORT"]),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )
