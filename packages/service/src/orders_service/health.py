"""A minimal HTTP server for ``GET /health``, for services without one of their own."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

Page = Callable[[], tuple[int, dict[str, Any]]]
"""Returns a health page's status code and content."""

_REQUEST_TIMEOUT_S = 5.0
_MAX_HEAD_BYTES = 8192
_REASONS = {200: "OK", 404: "Not Found", 503: "Service Unavailable"}


async def serve(page: Page, host: str, port: int) -> asyncio.Server:
    """Listen on host and port. Each connection gets one response and is closed."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_REQUEST_TIMEOUT_S):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(response(head, page))
                await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the client hung, left, or sent something other than a request
        finally:
            writer.close()

    return await asyncio.start_server(answer, host, port, limit=_MAX_HEAD_BYTES)


def response(request_head: bytes, page: Page) -> bytes:
    """Return the response to a request: the page for GET /health, else 404."""
    if request_head.startswith((b"GET /health ", b"GET /health?")):
        code, content = page()
    else:
        code, content = 404, {"status": "not found"}
    body = json.dumps(content).encode() + b"\n"
    head = (
        f"HTTP/1.1 {code} {_REASONS[code]}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
