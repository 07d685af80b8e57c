"""One compressor for many clients (permessage-deflate, RFC 7692). Pure.

A stream of messages compresses far better than each message alone, because each repeats what came
before. A compressor of its own for each client would cost a thousand times the work, for the same
bytes. So the clients share one, and who has not followed it from its beginning gets plain frames
until it begins anew, which any message may do.
"""

import zlib
from collections.abc import Hashable
from typing import Generic, TypeVar

_LEVEL = 4
_TAIL = b"\x00\x00\xff\xff"

MIN_MESSAGES = 16
"""A beginning costs what the window knew; so often, at most, someone new is a reason for one."""

M = TypeVar("M", bound=Hashable)


class SharedWindow(Generic[M]):
    """Compresses each message once for all who have got every message since the beginning.

    Members agreed to permessage-deflate. One that misses a message has to leave, and may come back.
    """

    def __init__(self) -> None:
        self._following: set[M] = set()
        self._waiting: set[M] = set()
        """They could follow from a beginning."""
        self._messages = 0
        self._compressor = zlib.compressobj(_LEVEL, wbits=-15)

    def join(self, member: M) -> None:
        """Count a member in: plain at first."""
        self._waiting.add(member)

    def leave(self, member: M) -> None:
        """Count a member out. Unknown is fine."""
        self._following.discard(member)
        self._waiting.discard(member)

    def members(self) -> tuple[M, ...]:
        """Return all members."""
        return (*self._following, *self._waiting)

    def pack(self, message: bytes) -> tuple[bytes, tuple[M, ...], tuple[M, ...]]:
        """Return the message compressed, who is to get it so, and who is to get it plain."""
        if self._waiting and (self._messages >= MIN_MESSAGES or not self._following):
            self._begin()
        if not self._following:
            return b"", (), ()
        self._messages += 1
        packed = self._compressor.compress(message) + self._compressor.flush(zlib.Z_SYNC_FLUSH)
        return packed.removesuffix(_TAIL), tuple(self._following), tuple(self._waiting)

    def _begin(self) -> None:
        self._messages = 0
        self._compressor = zlib.compressobj(_LEVEL, wbits=-15)
        self._following |= self._waiting
        self._waiting.clear()
