"""The limits on bodies; the test plays the server."""

import asyncio

import pytest
from starlette.types import Message, Receive, Scope, Send

from orders_api import limits
from orders_api.limits import MAX_BODY_BYTES, BodyLimit


async def serve(headers: dict[str, str], messages: list[Message]) -> tuple[int, bytes, int]:
    """Return status, the body the application saw, and how many messages were left unread.

    After the last message nothing comes any more.
    """
    seen = b""
    status = 0

    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal seen
        message = await receive()
        seen = message.get("body", b"")
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def receive() -> Message:
        if not messages:
            await asyncio.Event().wait()
        return messages.pop(0)

    async def send(message: Message) -> None:
        nonlocal status
        status = message.get("status", status)

    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    await BodyLimit(app)({"type": "http", "method": "POST", "headers": raw}, receive, send)
    return status, seen, len(messages)


def chunk(size: int, *, more: bool) -> Message:
    return {"type": "http.request", "body": b"x" * size, "more_body": more}


@pytest.mark.anyio
async def test_body_passes_whole() -> None:
    """A body in pieces that fits reaches the application as one."""
    half = MAX_BODY_BYTES // 2
    pieces = [chunk(half, more=True), chunk(half, more=False)]
    status, seen, _ = await serve({"transfer-encoding": "chunked"}, pieces)
    assert (status, len(seen)) == (200, MAX_BODY_BYTES)


@pytest.mark.anyio
async def test_announced_size_is_refused_unread() -> None:
    """A body announced as too large is refused before any of it is read."""
    status, _, unread = await serve(
        {"content-length": str(MAX_BODY_BYTES + 1)}, [chunk(MAX_BODY_BYTES + 1, more=False)]
    )
    assert (status, unread) == (413, 1)


@pytest.mark.anyio
async def test_endless_body_is_cut_off() -> None:
    """A body without an end is refused once it has grown too large."""
    endless = [chunk(MAX_BODY_BYTES, more=True) for _ in range(10)]
    status, _, unread = await serve({"transfer-encoding": "chunked"}, endless)
    assert (status, unread) == (413, 8)


@pytest.mark.anyio
async def test_slow_body_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that does not arrive in time is refused."""
    monkeypatch.setattr(limits, "BODY_WITHIN_S", 0.05)
    status, seen, _ = await serve({"content-length": "10"}, [chunk(1, more=True)])
    assert (status, seen) == (408, b"")


@pytest.mark.anyio
async def test_request_without_body_is_passed_on_at_once() -> None:
    """A request that announces no body is passed on at once."""
    status, _, unread = await serve({}, [{"type": "http.request", "body": b"", "more_body": False}])
    assert (status, unread) == (200, 0)
