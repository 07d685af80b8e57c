"""Asking a process whether it is ready."""

import asyncio
from http import HTTPStatus
from urllib.parse import urlsplit

import psycopg

from orders_cli.http_client import HttpClient, HttpError
from orders_cli.stack.plan import HttpProbe, PostgresProbe, Probe, RedisProbe
from orders_cli.stack.ports import LOOPBACK

_PATIENCE_S = 2.0
_INTERVAL_S = 0.05


async def until_ready(probe: Probe) -> None:
    """Return as soon as the process behind the probe is ready; ask for ever if it never is."""
    while not await _is_ready(probe):  # noqa: ASYNC110  nobody sets an event for us
        await asyncio.sleep(_INTERVAL_S)


async def _is_ready(probe: Probe) -> bool:
    try:
        match probe:
            case HttpProbe(url):
                return await _http_answers(url)
            case RedisProbe(port):
                return await asyncio.wait_for(_redis_answers(port), _PATIENCE_S)
            case PostgresProbe(url):
                return await asyncio.wait_for(_postgres_answers(url), _PATIENCE_S)
    except (OSError, TimeoutError, HttpError, psycopg.Error):
        return False


async def _http_answers(url: str) -> bool:
    async with HttpClient(url, _PATIENCE_S) as client:
        answer = await client.request("GET", urlsplit(url).path)
    return answer.status == HTTPStatus.OK


async def _redis_answers(port: int) -> bool:
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    try:
        writer.write(b"PING\r\n")
        return await reader.readline() == b"+PONG\r\n"
    finally:
        writer.close()


async def _postgres_answers(url: str) -> bool:
    async with await psycopg.AsyncConnection.connect(url) as connection:
        await connection.execute("SELECT 1")
    return True
