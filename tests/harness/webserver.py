"""An HTTP server on a thread of the test."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

from harness.processes import LOOPBACK


class Request(NamedTuple):
    """A request; its body has been read."""

    path: str
    headers: dict[str, str]


class Answer(NamedTuple):
    """A response."""

    body: bytes
    status: int = 200
    kind: str = "application/json"


@contextmanager
def served(answer: Callable[[Request], Answer], host: str = LOOPBACK) -> Iterator[str]:
    """Serve until the block ends; yield ``host:port``."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            body, status, kind = answer(Request(self.path, dict(self.headers)))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815  the library's name

        def log_message(self, *_arguments: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer((host, 0), Handler)
    server.daemon_threads = True  # an open connection does not delay the end
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"{host}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
