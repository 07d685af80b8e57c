"""``GET /health``: the listener's only door, for probes and people."""

import asyncio
import json
import time

from orders_listener.status import Status

_REQUEST_DEADLINE_S = 5.0
_REASONS = {200: "OK", 404: "Not Found", 503: "Service Unavailable"}


async def serve(status: Status, host: str, port: int) -> asyncio.Server:
    """Listen on host and port; every connection gets one answer and is closed."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_REQUEST_DEADLINE_S):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(_response(head, status))
                await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # a prober that hangs, leaves or talks nonsense gets nothing
        finally:
            writer.close()

    return await asyncio.start_server(answer, host, port, limit=8192)


def _response(request_head: bytes, status: Status) -> bytes:
    if not request_head.startswith((b"GET /health ", b"GET /health?")):
        return _render(404, {"status": "not found"})
    now = time.monotonic()
    return _render(200 if status.healthy(now) else 503, status.report(now))


def _render(code: int, content: dict[str, object]) -> bytes:
    body = json.dumps(content).encode() + b"\n"
    head = (
        f"HTTP/1.1 {code} {_REASONS[code]}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
