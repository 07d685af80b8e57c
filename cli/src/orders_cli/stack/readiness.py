"""Check whether a process is ready, with the protocol of its URL."""

import asyncio
from http import HTTPStatus
from urllib.parse import urlsplit

import psycopg

from orders_cli.http_client import HttpClient, HttpError
from orders_service.postgres_errors import NO_DATABASE, explain

_TIMEOUT_S = 2.0
_INTERVAL_S = 0.05


async def wait_until_ready(url: str) -> None:
    """Wait until the process answers at its URL, without a time limit."""
    check = {"http": _check_http, "redis": _check_redis, "postgresql": _check_postgres}[
        urlsplit(url).scheme
    ]
    while True:
        try:
            if await asyncio.wait_for(check(url), _TIMEOUT_S):
                return
        except (OSError, TimeoutError, HttpError, psycopg.Error):
            pass
        await asyncio.sleep(_INTERVAL_S)


async def _check_http(url: str) -> bool:
    async with HttpClient(url, _TIMEOUT_S) as client:
        answer = await client.request("GET", urlsplit(url).path)
    return answer.status == HTTPStatus.OK


async def _check_redis(url: str) -> bool:
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        writer.write(b"PING\r\n")
        answer = await reader.readline()
        # No password is sent, so a server that is ready may answer NOAUTH.
        return answer == b"+PONG\r\n" or answer.startswith(b"-NOAUTH")
    finally:
        writer.close()


async def _check_postgres(url: str) -> bool:
    try:
        async with await psycopg.AsyncConnection.connect(url) as connection:
            await connection.execute("SELECT 1")
    except psycopg.OperationalError as exc:
        # The server is ready, although the database is missing. The next step reports that.
        return explain(exc) == NO_DATABASE
    return True
