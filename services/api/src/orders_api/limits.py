"""Limits on request bodies: their size and the time to receive them. ``gate`` has rate limits."""

import asyncio

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orders_api.errors import BodyTooLargeError, BodyTooSlowError
from orders_api.problems import from_error

MAX_BODY_BYTES = 64 * 1024

BODY_WITHIN_S = 20.0
"""Shorter than the time limit of the edge, so that the API and not the edge ends the request."""


class BodyLimit:
    """Reads the body of each request before the application; refuses large and slow bodies."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(BODY_WITHIN_S):
                body = await _read(Headers(scope=scope), receive)
        except BodyTooLargeError as error:
            await from_error(error)(scope, receive, send)
            return
        except TimeoutError:
            await from_error(BodyTooSlowError())(scope, receive, send)
            return
        if body is not None and body["type"] == "http.disconnect":
            return  # the client is gone, and nobody reads a response
        await self._app(scope, _replay(body, receive), send)


async def _read(headers: Headers, receive: Receive) -> Message | None:
    """Return the whole body as one message, None without a body, or the disconnect message."""
    length = headers.get("content-length", "0")
    if "transfer-encoding" not in headers and length == "0":
        return None
    if length.isdecimal() and int(length) > MAX_BODY_BYTES:
        raise BodyTooLargeError
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return message
        body += message.get("body", b"")
        if len(body) > MAX_BODY_BYTES:
            raise BodyTooLargeError
        if not message.get("more_body", False):
            return {"type": "http.request", "body": body, "more_body": False}


def _replay(body: Message | None, receive: Receive) -> Receive:
    """Return a ``receive`` that first returns the body that was read."""
    waiting = [body] if body is not None else []

    async def replayed() -> Message:
        return waiting.pop() if waiting else await receive()

    return replayed
