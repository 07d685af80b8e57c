"""A minimal HTTP server for ``/health`` and ``/metrics``, for services without one of their own."""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple


class Answer(NamedTuple):
    """A response: status code, content type, content."""

    code: int
    content_type: str
    body: bytes


Page = Callable[[], Answer]

_REQUEST_TIMEOUT_S = 5.0
_MAX_HEAD_BYTES = 8192
_REASONS = {200: "OK", 404: "Not Found", 503: "Service Unavailable"}


def json_answer(code: int, content: dict[str, Any]) -> Answer:
    """Return a JSON document as an answer."""
    return Answer(code, "application/json", json.dumps(content).encode() + b"\n")


async def serve(pages: Mapping[str, Page], host: str, port: int) -> asyncio.Server:
    """Serve pages, by their paths. Each connection gets one response and is closed."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_REQUEST_TIMEOUT_S):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(response(head, pages))
                await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the client was silent, left, or sent something other than a request
        finally:
            writer.close()

    return await asyncio.start_server(answer, host, port, limit=_MAX_HEAD_BYTES)


def response(request_head: bytes, pages: Mapping[str, Page]) -> bytes:
    """Return the response to a request: the page for GET of its path, else 404."""
    method, _, rest = request_head.decode("latin-1").partition(" ")
    page = pages.get(rest.partition(" ")[0].partition("?")[0]) if method == "GET" else None
    code, content_type, body = json_answer(404, {"status": "not found"}) if page is None else page()
    head = (
        f"HTTP/1.1 {code} {_REASONS[code]}\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
