"""``python -m bench.bare_api``: POST /api/orders as one FastAPI handler with only the INSERT.

The handler has no validation, no pool beyond a list of connections and no transaction of its own.
Its answers have the same content as the API's. It reads the same environment variables.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
import uvicorn
from fastapi import FastAPI, Request, Response

_CONNECTIONS = 10
_INSERT = (
    "INSERT INTO orders (customer_name, product_name) VALUES (%s, %s) "
    "RETURNING to_json(orders)::text, id"
)


def application() -> FastAPI:
    """Return the application; it connects to the database at startup."""
    idle: asyncio.LifoQueue[psycopg.AsyncConnection[tuple[object, ...]]] = asyncio.LifoQueue()

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        for _ in range(_CONNECTIONS):
            idle.put_nowait(
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
        yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/api/orders", status_code=201)
    async def create(request: Request) -> Response:
        order = json.loads(await request.body())
        connection = await idle.get()
        names = (order["customer_name"], order["product_name"])
        row = await (await connection.execute(_INSERT, names)).fetchone()
        idle.put_nowait(connection)
        assert row is not None
        location = {"Location": f"/api/orders/{row[1]}"}
        return Response(str(row[0]), 201, location, "application/json")

    @app.get("/")
    async def ready() -> dict[str, str]:
        return {}

    return app


if __name__ == "__main__":
    uvicorn.run(
        application(),
        host="127.0.0.1",
        port=int(os.environ["API_PORT"]),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )
