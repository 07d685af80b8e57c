"""The Caddyfile: whom the edge asks, what it tells them, what it tells the client."""

import json
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.processes import LOOPBACK, free_port, program
from harness.waiting import until
from harness.webserver import Answer, Request, served
from orders_cli.stack.binaries import caddy

CADDYFILE = Path(__file__).parents[3] / "edge" / "Caddyfile"
HANDSHAKE = {"Upgrade": "websocket"}
"""What makes a request one for a gateway."""

Heard = tuple[int, dict[str, Any], dict[str, str]]


@dataclass
class Upstream:
    """Where one listens, and how often it was asked for more than its health."""

    address: str = ""
    requests: int = 0


@contextmanager
def upstream(name: str, *, status: int = 200) -> Iterator[Upstream]:
    """Serve who it is and what it was asked; well, or not willing.

    Its health page always says that it is well.
    """
    counted = Upstream()

    def answer(asked: Request) -> Answer:
        well = asked.path == "/health"
        counted.requests += not well
        told = {"name": name, "headers": asked.headers}
        return Answer(json.dumps(told).encode(), 200 if well else status)

    with served(answer) as counted.address:
        yield counted


@contextmanager
def edge(folder: Path, *outputs: list[str], **settings: str) -> Iterator[int]:
    """Run the edge on a free port until it listens; ``outputs`` get what it said."""
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
        for output in outputs:
            output.append(process.output())


def get(url: str, **headers: str) -> Heard:
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
        full = stack.enter_context(upstream("full", status=503))
        free = stack.enter_context(upstream("free"))
        upstreams = f"{full.address} {free.address}"
        port = stack.enter_context(edge(tmp_path, GATEWAY_UPSTREAMS=upstreams))
        answers = [get(f"http://{LOOPBACK}:{port}/ws", **HANDSHAKE) for _ in range(20)]
        assert {(status, content["name"]) for status, content, _ in answers} == {(200, "free")}
        assert 0 < full.requests < 10, "asked, then left alone for a while"


def test_no_gateway_is_willing(tmp_path: Path) -> None:
    """When all refuse the client hears so, and in time."""
    with upstream("full", status=503) as full, edge(tmp_path, GATEWAY_UPSTREAMS=full.address) as at:
        assert get(f"http://{LOOPBACK}:{at}/ws", **HANDSHAKE)[0] == 503


def test_no_api_answers(tmp_path: Path) -> None:
    """Without any API process the client gets a problem that says so and when to come back."""
    with edge(tmp_path, API_UPSTREAMS=f"{LOOPBACK}:{free_port()}") as port:
        status, problem, headers = get(f"http://{LOOPBACK}:{port}/api/orders")
    assert status == problem["status"] == 503
    assert headers["Content-Type"] == "application/problem+json"
    assert headers["Retry-After"] == "1"


def test_api_that_is_away_is_passed_over(tmp_path: Path) -> None:
    """Of two API processes one is enough, for whatever is asked."""
    with upstream("api") as api:
        upstreams = f"{LOOPBACK}:{free_port()} {api.address}"
        with edge(tmp_path, API_UPSTREAMS=upstreams) as port:
            answers = [get(f"http://{LOOPBACK}:{port}/api/orders") for _ in range(10)]
    assert {status for status, _, _ in answers} == {200}


@pytest.mark.parametrize(("trusted", "expected"), [("", LOOPBACK), ("127.0.0.0/8", "203.0.113.9")])
def test_address_of_the_client(tmp_path: Path, trusted: str, expected: str) -> None:
    """Services hear the client's own address; what a client claims counts from trusted proxies."""
    settings = {"TRUSTED_PROXIES": trusted} if trusted else {}
    with upstream("api") as api, edge(tmp_path, API_UPSTREAMS=api.address, **settings) as port:
        url = f"http://{LOOPBACK}:{port}/api/orders"
        _, content, _ = get(url, X_Forwarded_For="203.0.113.9", X_Forwarded_Proto="https")
    heard = {name.lower(): value for name, value in content["headers"].items()}
    assert heard["x-forwarded-for"].split(", ")[0] == expected
    assert heard["x-forwarded-proto"] == ("https" if trusted else "http")


def test_security_headers(tmp_path: Path) -> None:
    """Whatever answers, the browser is told to trust this origin alone."""
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
    """Health pages of gateways and listener, and whatever else they have, are not outside."""
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


def test_large_headers(tmp_path: Path) -> None:
    """Headers of more than some 16 KiB are refused; a token of the largest size is not."""
    with upstream("api") as api, edge(tmp_path, API_UPSTREAMS=api.address) as port:
        url = f"http://{LOOPBACK}:{port}/api/orders"
        assert get(url, Authorization="x" * 8_192)[0] == 200
        assert get(url, Authorization="x" * 40_000)[0] == 431


@pytest.mark.parametrize("path", ["/api/orders", "/ws"])
def test_cookies_are_not_passed_on(tmp_path: Path, path: str) -> None:
    """Cookies of other servers on the same host, here 12 kB, do not reach the services' limits."""
    with upstream("inner") as inner:
        upstreams = {"API_UPSTREAMS": inner.address, "GATEWAY_UPSTREAMS": inner.address}
        with edge(tmp_path, **upstreams) as port:
            url = f"http://{LOOPBACK}:{port}{path}"
            status, content, _ = get(url, Cookie="other=" + "x" * 12_000, **HANDSHAKE)
    assert status == 200
    assert "cookie" not in {name.lower() for name in content["headers"]}


def test_log_holds_no_tokens(tmp_path: Path) -> None:
    """Even when everything is logged no token, and nothing that was searched for, is among it."""
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
    """Who sends a byte a second is cut off after 10 s. For bodies see ``e2e/test_strangers``."""
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
