"""``python -m bench.bare_api [framework]``: POST /api/orders with nothing around the INSERT.

No validation, no pool beyond a list of connections, no transaction of its own; either as a handler
of the same framework as ours or without any. What it answers is what ours answers. Configured by
the same environment.
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import uvicorn
from fastapi import FastAPI, Request, Response

Message = MutableMapping[str, Any]
Connection = psycopg.AsyncConnection[tuple[object, ...]]

_CONNECTIONS = 10
_INSERT = (
    "INSERT INTO orders (customer_name, product_name) VALUES (%s, %s) "
    "RETURNING to_json(orders)::text, id"
)


class Orders:
    """Connections, and the statement."""

    def __init__(self) -> None:
        self._idle: asyncio.LifoQueue[Connection] = asyncio.LifoQueue()

    async def connect(self) -> None:
        """Open all connections."""
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

    async def insert(self, body: bytes) -> tuple[bytes, str]:
        """Insert what a request holds; return the answer's body and location."""
        order = json.loads(body)
        connection = await self._idle.get()
        cursor = await connection.execute(_INSERT, (order["customer_name"], order["product_name"]))
        row = await cursor.fetchone()
        self._idle.put_nowait(connection)
        assert row is not None
        return str(row[0]).encode(), f"/api/orders/{row[1]}"


class WithoutFramework:
    """The application, down to ASGI."""

    def __init__(self) -> None:
        self._orders = Orders()

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        """Answer one request; connect at startup."""
        if scope["type"] == "lifespan":
            await receive()
            await self._orders.connect()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
        elif scope["method"] == "POST":
            body, location = await self._orders.insert((await receive())["body"])
            headers = [
                (b"content-type", b"application/json"),
                (b"content-length", b"%d" % len(body)),
                (b"location", location.encode()),
            ]
            await send({"type": "http.response.start", "status": 201, "headers": headers})
            await send({"type": "http.response.body", "body": body})
        else:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"{}"})


def with_framework() -> FastAPI:
    """Return the application as one handler that is given the request as it comes."""
    orders = Orders()

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await orders.connect()
        yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/api/orders", status_code=201)
    async def create(request: Request) -> Response:
        body, location = await orders.insert(await request.body())
        return Response(body, 201, {"Location": location}, "application/json")

    @app.get("/")
    async def ready() -> dict[str, str]:
        return {}

    return app


if __name__ == "__main__":
    uvicorn.run(
        with_framework() if "framework" in sys.argv else WithoutFramework(),
        host="127.0.0.1",
        port=int(os.environ["API_PORT"]),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )
