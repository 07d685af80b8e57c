"""One compressor for many clients (permessage-deflate, RFC 7692). Pure.

A stream of messages compresses far better than each message alone, because messages repeat each
other. A compressor per client would do the same work a thousand times for the same bytes.
Therefore all clients share one compressor. A client that has not received every message since the
compressor's last reset gets plain frames until the next reset.
"""

import zlib
from collections.abc import Hashable
from typing import Generic, TypeVar

_LEVEL = 4
_TAIL = b"\x00\x00\xff\xff"

MIN_MESSAGES = 16
"""Reset the compressor for newcomers at most every 16 messages; a reset discards its dictionary."""

M = TypeVar("M", bound=Hashable)


class SharedCompressor(Generic[M]):
    """Compresses each message once for all members that received every message since the reset.

    A member that misses a message must leave, and may join again.
    """

    def __init__(self) -> None:
        self._following: set[M] = set()
        self._waiting: set[M] = set()
        """Members that get plain frames until the next reset."""
        self._messages = 0
        self._compressor = zlib.compressobj(_LEVEL, wbits=-15)

    def join(self, member: M) -> None:
        """Add a member. It gets plain frames at first."""
        self._waiting.add(member)

    def leave(self, member: M) -> None:
        """Remove a member. Does nothing if it has not joined."""
        self._following.discard(member)
        self._waiting.discard(member)

    def members(self) -> tuple[M, ...]:
        """Return all members."""
        return (*self._following, *self._waiting)

    def compress(self, message: bytes) -> tuple[bytes, tuple[M, ...], tuple[M, ...]]:
        """Return the compressed message and the members that get it.

        The third item is the members that get the message uncompressed.
        """
        if self._waiting and (self._messages >= MIN_MESSAGES or not self._following):
            self._reset()
        if not self._following:
            return b"", (), ()
        self._messages += 1
        packed = self._compressor.compress(message) + self._compressor.flush(zlib.Z_SYNC_FLUSH)
        return packed.removesuffix(_TAIL), tuple(self._following), tuple(self._waiting)

    def _reset(self) -> None:
        self._messages = 0
        self._compressor = zlib.compressobj(_LEVEL, wbits=-15)
        self._following |= self._waiting
        self._waiting.clear()
