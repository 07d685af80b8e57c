"""Parse server-sent events: bytes in, messages out. Pure."""

from collections.abc import Iterator


class EventReader:
    """Reads the messages of a ``text/event-stream`` in pieces of any size."""

    def __init__(self) -> None:
        self.closing: bytes | None = None
        """The data of the ``close`` event, once the server has sent it."""
        self._name = b""
        self._line: list[bytes] = []
        """The pieces of the unfinished line. A message may arrive in thousands of pieces."""
        self._data: list[bytes] = []

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """Yield the messages that end within the next piece."""
        *ended, rest = piece.split(b"\n")
        for end in ended:
            line = b"".join([*self._line, end])
            self._line = []
            name, _, value = line.rstrip(b"\r").partition(b":")
            if name == b"data":
                self._data.append(value.removeprefix(b" "))
            elif name == b"event":
                self._name = value.strip()
            elif not line.rstrip(b"\r") and self._data:
                message = b"\n".join(self._data)
                if self._name == b"close":
                    self.closing = message
                elif not self._name:
                    yield message
                self._name, self._data = b"", []
        if rest:
            self._line.append(rest)
