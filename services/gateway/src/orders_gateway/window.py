"""One compressor for many clients (permessage-deflate, RFC 7692). Pure.

A stream of messages compresses far better than each message alone, because each repeats what came
before. A compressor of its own for each client would cost a thousand times the work, for the same
bytes. So the clients share one, and who has not followed it from its beginning gets plain frames
until it begins anew, which any message may do.
"""

import zlib
from collections.abc import Iterable
from typing import Generic, Protocol, TypeVar

_LEVEL = 4
_TAIL = b"\x00\x00\xff\xff"

MIN_MESSAGES = 16
"""A beginning costs what the window knew; so often, at most, someone new is a reason for one."""


class Member(Protocol):
    """A client, as far as compression goes."""

    deflates: bool
    """Whether it agreed to permessage-deflate."""
    window: int
    """Which beginning it has followed since; 0 for none. Set to 0 when it misses a message."""


M = TypeVar("M", bound=Member)


class SharedWindow(Generic[M]):
    """Compresses each message once for all who have got every message since the beginning."""

    def __init__(self) -> None:
        self._beginning = 1  # a member whose window is 0 follows none
        self._messages = 0
        self._compressor = zlib.compressobj(_LEVEL, wbits=-15)

    def pack(self, message: bytes, members: Iterable[M]) -> tuple[bytes, list[M], list[M]]:
        """Return the message compressed, who is to get it so, and who is to get it plain."""
        following, plain, new = self._divide(members)
        if new and (self._messages >= MIN_MESSAGES or not following):
            self._begin()
            following += new
            for member in following:
                member.window = self._beginning
        else:
            plain += new
        if not following:
            return b"", [], plain
        self._messages += 1
        packed = self._compressor.compress(message) + self._compressor.flush(zlib.Z_SYNC_FLUSH)
        return packed.removesuffix(_TAIL), following, plain

    def _divide(self, members: Iterable[M]) -> tuple[list[M], list[M], list[M]]:
        """Return who follows, who does not deflate, and who could follow from a beginning."""
        following: list[M] = []
        plain: list[M] = []
        new: list[M] = []
        for member in members:
            if not member.deflates:
                plain.append(member)
            elif member.window == self._beginning:
                following.append(member)
            else:
                new.append(member)
        return following, plain, new

    def _begin(self) -> None:
        self._beginning += 1
        self._messages = 0
        self._compressor = zlib.compressobj(_LEVEL, wbits=-15)
