"""The Caddyfile: which upstream the edge chooses, and the headers it sends both ways."""

import json
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from harness.answers import described
from harness.edges import edge
from harness.ports import free_port
from harness.processes import LOOPBACK
from harness.webserver import Answer, Request, served

HANDSHAKE = {"Upgrade": "websocket"}
"""Headers that make a request a WebSocket handshake."""

Heard = tuple[int, dict[str, Any], dict[str, str]]


@dataclass
class Upstream:
    """The address of a test server, and its number of requests other than health checks."""

    address: str = ""
    requests: int = 0


@contextmanager
def upstream(name: str, *, status: int = 200) -> Iterator[Upstream]:
    """Serve a response that names the server and repeats the request's headers.

    Its health page always says ok.
    """
    counted = Upstream()

    def answer(asked: Request) -> Answer:
        well = asked.path == "/health"
        counted.requests += not well
        told = {"name": name, "headers": asked.headers}
        return Answer(json.dumps(told).encode(), 200 if well else status)

    with served(answer) as counted.address:
        yield counted


def get(url: str, **headers: str) -> Heard:
    """Return a response's status, JSON content (empty if it is not JSON) and headers."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, headers=names)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer), dict(answer.headers)
    except urllib.error.HTTPError as error:
        with error:
            text = error.read()
            return error.code, json.loads(text) if text[:1] == b"{" else {}, dict(error.headers)


def test_gateway_that_refuses_is_passed_over(tmp_path: Path) -> None:
    """A gateway that is healthy but accepts no client (503) costs no client its connection."""
    with ExitStack() as stack:
        full = stack.enter_context(upstream("full", status=503))
        free = stack.enter_context(upstream("free"))
        upstreams = f"{full.address} {free.address}"
        port = stack.enter_context(edge(tmp_path, GATEWAY_UPSTREAMS=upstreams))
        answers = [get(f"http://{LOOPBACK}:{port}/ws", **HANDSHAKE) for _ in range(20)]
        assert {(status, content["name"]) for status, content, _ in answers} == {(200, "free")}
        assert 0 < full.requests < 10, "asked, then left alone for a while"


def test_no_gateway_accepts_a_client(tmp_path: Path) -> None:
    """If all gateways refuse, the client receives 503."""
    with upstream("full", status=503) as full, edge(tmp_path, GATEWAY_UPSTREAMS=full.address) as at:
        assert get(f"http://{LOOPBACK}:{at}/ws", **HANDSHAKE)[0] == 503


def test_no_api_answers(tmp_path: Path) -> None:
    """Without any API process the client receives a 503 problem with Retry-After."""
    with edge(tmp_path, API_UPSTREAMS=f"{LOOPBACK}:{free_port()}") as port:
        status, problem, headers = get(f"http://{LOOPBACK}:{port}/api/orders")
    assert status == problem["status"] == 503
    described(problem)
    assert headers["Content-Type"] == "application/problem+json"
    assert headers["Retry-After"] == "1"


def test_api_that_is_away_is_passed_over(tmp_path: Path) -> None:
    """One of two API processes is enough for all requests."""
    with upstream("api") as api:
        upstreams = f"{LOOPBACK}:{free_port()} {api.address}"
        with edge(tmp_path, API_UPSTREAMS=upstreams) as port:
            answers = [get(f"http://{LOOPBACK}:{port}/api/orders") for _ in range(10)]
    assert {status for status, _, _ in answers} == {200}


@pytest.mark.parametrize(("trusted", "expected"), [("", LOOPBACK), ("127.0.0.0/8", "203.0.113.9")])
def test_address_of_the_client(tmp_path: Path, trusted: str, expected: str) -> None:
    """Services receive the client's own address; X-Forwarded-For counts from trusted proxies."""
    settings = {"TRUSTED_PROXIES": trusted} if trusted else {}
    with upstream("api") as api, edge(tmp_path, API_UPSTREAMS=api.address, **settings) as port:
        url = f"http://{LOOPBACK}:{port}/api/orders"
        _, content, _ = get(url, X_Forwarded_For="203.0.113.9", X_Forwarded_Proto="https")
    heard = {name.lower(): value for name, value in content["headers"].items()}
    assert heard["x-forwarded-for"].split(", ")[0] == expected
    assert heard["x-forwarded-proto"] == ("https" if trusted else "http")


def test_security_headers(tmp_path: Path) -> None:
    """Every response restricts the browser to this origin."""
    with upstream("api") as api, edge(tmp_path, API_UPSTREAMS=api.address) as port:
        (tmp_path / "index.html").write_text("{}")
        for path in ("/", "/api/orders", "/assets/nothing", "/ws"):
            headers = get(f"http://{LOOPBACK}:{port}{path}")[2]
            policy = headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Referrer-Policy"] == "no-referrer"
            assert not {"Server", "Via", "Strict-Transport-Security"} & headers.keys()


def test_inner_paths_are_not_reachable(tmp_path: Path) -> None:
    """The edge does not expose /health and /metrics of the services, nor a page in their place."""
    with ExitStack() as stack:
        inner = stack.enter_context(upstream("inner"))
        upstreams = {"API_UPSTREAMS": inner.address, "GATEWAY_UPSTREAMS": inner.address}
        port = stack.enter_context(edge(tmp_path, **upstreams))
        (tmp_path / "index.html").write_text("{}")
        for path in (
            "/health",
            "/metrics",
            "/ws/health",
            "/ws/../health",
            "//health",
            "/%2e/health",
        ):
            assert "name" not in get(f"http://{LOOPBACK}:{port}{path}")[1], path
        for path in ("/health", "/metrics"):
            assert get(f"http://{LOOPBACK}:{port}{path}")[0] == HTTPStatus.NOT_FOUND, path


def test_large_headers(tmp_path: Path) -> None:
    """Headers above about 16 KiB are refused; the largest valid token is not."""
    with upstream("api") as api, edge(tmp_path, API_UPSTREAMS=api.address) as port:
        url = f"http://{LOOPBACK}:{port}/api/orders"
        assert get(url, Authorization="x" * 8_192)[0] == 200
        assert get(url, Authorization="x" * 40_000)[0] == 431


@pytest.mark.parametrize("path", ["/api/orders", "/ws"])
def test_cookies_are_not_passed_on(tmp_path: Path, path: str) -> None:
    """Services get sessions, not the cookies of other servers on the same host, here 12 kB."""
    ours = "orders-session-3000=abc; __Host-orders-session=def; "
    others = (
        f"other={'x' * 6_000}; {ours}orders-session-other=1; not-orders-session=2; o={'x' * 6_000}"
    )
    with upstream("inner") as inner:
        upstreams = {"API_UPSTREAMS": inner.address, "GATEWAY_UPSTREAMS": inner.address}
        with edge(tmp_path, **upstreams) as port:
            url = f"http://{LOOPBACK}:{port}{path}"
            status, content, _ = get(url, Cookie=others, **HANDSHAKE)
    assert status == 200
    assert content["headers"]["Cookie"].strip() == ours.strip().replace("; ", ";")


def test_only_one_path_serves_websocket(tmp_path: Path) -> None:
    """A request to /ws without a handshake gets 426; paths below /ws are not the dashboard."""
    with edge(tmp_path) as port:
        (tmp_path / "index.html").write_text("{}")
        status, _, headers = get(f"http://{LOOPBACK}:{port}/ws")
        assert (status, headers["Upgrade"]) == (426, "websocket")
        assert headers["Sec-Websocket-Version"] == "13"
        for path in ("/ws/", "/sse/"):
            assert get(f"http://{LOOPBACK}:{port}{path}", **HANDSHAKE)[0] == 404


@contextmanager
def endless_stream() -> Iterator[str]:
    """Serve one event to each GET and keep the response open; yield the address."""
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"data: 1\n\n")
            self.wfile.flush()
            if self.path != "/health":
                over.wait(30)

        def log_message(self, *_args: object) -> None:
            """Stay silent."""

    with ThreadingHTTPServer((LOOPBACK, 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"{LOOPBACK}:{server.server_port}"
        finally:
            over.set()
            server.shutdown()
            thread.join()


def test_server_sent_events_come_at_once(tmp_path: Path) -> None:
    """The edge passes on an event of a response that has not ended."""
    with endless_stream() as gateway, edge(tmp_path, GATEWAY_UPSTREAMS=gateway) as port:
        url = f"http://{LOOPBACK}:{port}/sse?after=1"
        with urllib.request.urlopen(url, timeout=30) as response:
            assert response.readline() == b"data: 1\n"


def test_server_sent_events_are_for_get(tmp_path: Path) -> None:
    """A request with a body, which a gateway may not answer, does not reach one."""
    with upstream("gateway") as gateway, edge(tmp_path, GATEWAY_UPSTREAMS=gateway.address) as port:
        url = f"http://{LOOPBACK}:{port}/sse"
        for request in (
            urllib.request.Request(url, data=b"body"),
            urllib.request.Request(url, data=b"body", method="GET"),
        ):
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(request, timeout=30)
            assert refused.value.code == 405
            refused.value.close()
        assert gateway.requests == 0


def test_log_holds_no_tokens(tmp_path: Path) -> None:
    """Even at log level DEBUG the log contains no token and no search term."""
    output: list[str] = []
    with upstream("api") as api, upstream("full", status=503) as full:
        upstreams = {"API_UPSTREAMS": api.address, "GATEWAY_UPSTREAMS": full.address}
        with edge(tmp_path, output, EDGE_LOG_LEVEL="DEBUG", **upstreams) as port:
            shown = {
                **HANDSHAKE,
                "Authorization": "Bearer SECRET",
                "Sec_WebSocket_Protocol": "orders, orders.token.SECRET",
            }
            for path, status in (("/api/orders?search=SECRET", 200), ("/ws?after=1", 503)):
                assert get(f"http://{LOOPBACK}:{port}{path}", **shown)[0] == status
    assert "/api/orders" in output[0]
    assert "SECRET" not in output[0], output[0][-3000:]


@pytest.mark.slow
def test_slow_headers_are_cut_off(tmp_path: Path) -> None:
    """A client that sends one byte a second is disconnected within 15 s."""
    with (
        upstream("api") as api,
        edge(tmp_path, API_UPSTREAMS=api.address) as port,
        socket.create_connection((LOOPBACK, port), 5) as slow,
    ):
        slow.sendall(b"POST /api/orders HTTP/1.1\r\nHost: localhost\r\n")
        slow.settimeout(1)
        began = time.monotonic()
        with suppress(ConnectionError):
            while time.monotonic() - began < 60:
                slow.sendall(b"x")
                with suppress(TimeoutError):
                    if slow.recv(1000) == b"":
                        break
        lasted_s = time.monotonic() - began
    assert lasted_s < 15
