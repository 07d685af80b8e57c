"""The Caddyfile: whom the edge asks, what it tells them, what it tells the client."""

import json
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import pytest

from orders_cli.stack.binaries import caddy
from processes import LOOPBACK, free_port, program
from waiting import until

CADDYFILE = Path(__file__).parents[3] / "edge" / "Caddyfile"
Answer = tuple[int, dict[str, Any], dict[str, str]]


class Upstream:
    """An HTTP server that says who it is and what it was asked; well, or not willing."""

    def __init__(self, name: str, *, status: int = 200) -> None:
        """Start it. Its health page always says that it is well."""
        upstream = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                answer = {"name": name, "headers": dict(self.headers)}
                well = self.path == "/health"
                upstream.requests += not well
                body = json.dumps(answer).encode()
                self.send_response(200 if well else status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments: object) -> None:
                """Say nothing."""

        self.requests = 0
        self._server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"{LOOPBACK}:{self._server.server_port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def edge(folder: Path, **settings: str) -> Iterator[int]:
    """Run the edge on a free port until it listens."""
    port = free_port()
    env = {
        "SITE_ADDRESS": f"http://:{port}",
        "EDGE_HOST": LOOPBACK,
        "EDGE_ROOT": str(folder),
        "XDG_DATA_HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
        **settings,
    }
    command = [str(caddy()), "run", "--config", str(CADDYFILE), "--adapter", "caddyfile"]

    def listens() -> bool:
        assert process.running, process.output()
        with socket.socket() as probe:
            return probe.connect_ex((LOOPBACK, port)) == 0

    with program(command, env=env) as process:
        until(listens, 10, "the edge listens")
        yield port


def get(url: str, **headers: str) -> Answer:
    """Return status, JSON content (or nothing) and headers of an answer."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, headers=names)
    try:
        with urllib.request.urlopen(request, timeout=15) as answer:
            return answer.status, json.load(answer), dict(answer.headers)
    except urllib.error.HTTPError as error:
        with error:
            text = error.read()
            return error.code, json.loads(text) if text[:1] == b"{" else {}, dict(error.headers)


def test_gateway_that_refuses_is_passed_over(tmp_path: Path) -> None:
    """A gateway that is healthy but takes nobody (503) costs no client its connection."""
    with ExitStack() as stack:
        full = stack.enter_context(Upstream("full", status=503))
        free = stack.enter_context(Upstream("free"))
        upstreams = f"{full.address} {free.address}"
        port = stack.enter_context(edge(tmp_path, GATEWAY_UPSTREAMS=upstreams))
        answers = [get(f"http://{LOOPBACK}:{port}/ws") for _ in range(20)]
        assert {(status, content["name"]) for status, content, _ in answers} == {(200, "free")}
        assert 0 < full.requests < 10, "asked, then left alone for a while"


def test_no_gateway_is_willing(tmp_path: Path) -> None:
    """When all refuse the client hears so, and in time."""
    with Upstream("full", status=503) as full, edge(tmp_path, GATEWAY_UPSTREAMS=full.address) as at:
        assert get(f"http://{LOOPBACK}:{at}/ws")[0] == 503


def test_no_api_answers(tmp_path: Path) -> None:
    """Without any API process the client gets a problem that says so and when to come back."""
    with edge(tmp_path, API_UPSTREAMS=f"{LOOPBACK}:{free_port()}") as port:
        status, problem, headers = get(f"http://{LOOPBACK}:{port}/api/orders")
    assert status == problem["status"] == 503
    assert headers["Content-Type"] == "application/problem+json"
    assert headers["Retry-After"] == "1"


@pytest.mark.parametrize(("trusted", "expected"), [("", LOOPBACK), ("127.0.0.0/8", "203.0.113.9")])
def test_address_of_the_client(tmp_path: Path, trusted: str, expected: str) -> None:
    """Services hear the client's own address; what a client claims counts from trusted proxies."""
    settings = {"TRUSTED_PROXIES": trusted} if trusted else {}
    with Upstream("api") as api, edge(tmp_path, API_UPSTREAMS=api.address, **settings) as port:
        url = f"http://{LOOPBACK}:{port}/api/orders"
        _, content, _ = get(url, X_Forwarded_For="203.0.113.9", X_Forwarded_Proto="https")
    heard = {name.lower(): value for name, value in content["headers"].items()}
    assert heard["x-forwarded-for"].split(", ")[0] == expected
    assert heard["x-forwarded-proto"] == ("https" if trusted else "http")
