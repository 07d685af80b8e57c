"""examples/react, installed from the packed package: a page that others write."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, WebSocketRoute, expect

from harness.dashboards import create, until_stored
from harness.node_programs import NODE, copied, npm, packed
from harness.ports import free_port
from harness.programs import program
from harness.stacks import EmbeddedStack
from harness.waiting import until


@pytest.fixture(scope="module")
def address(stack: EmbeddedStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Install the example as its page says and serve it; return its address."""
    folder = tmp_path_factory.mktemp("example")
    example = copied("react", folder)
    packed(folder).rename(example / "real-time-orders.tgz")
    npm("install", folder=example)
    port = free_port()
    vite: list[str | Path] = [
        NODE,
        "node_modules/vite/bin/vite.js",
        "--port",
        str(port),
        "--strictPort",
    ]
    with program(example, *vite, settings={"EDGE_URL": stack.edge}) as lines:
        until(lambda: any("Local:" in line for line in lines()), 30)
        yield f"http://localhost:{port}"


@pytest.fixture
def blank(browser: Browser) -> Iterator[Page]:
    """Open a tab; whatever fails in it without being caught fails the test."""
    context = browser.new_context()
    page = context.new_page()
    errors: list[Exception] = []
    page.on("pageerror", lambda error: errors.append(error))  # noqa: PLW0108  not of a built-in
    yield page
    page.evaluate("null")  # its answer comes after every error so far
    failed = list(map(str, errors))  # without those of requests that end with the page
    context.close()
    assert failed == []


@pytest.fixture
def page(blank: Page, address: str) -> Page:
    """Open the page."""
    blank.goto(address)
    is_live(blank)
    return blank


def is_live(page: Page) -> None:
    expect(page.get_by_role("heading")).to_contain_text("pending, live")


def shown(page: Page, order: int) -> None:
    """Wait until an order is listed once and the rows are live."""
    expect(page.get_by_role("listitem").filter(has_text=f"#{order} ")).to_have_count(1)
    expect(page.get_by_role("heading")).to_contain_text("pending, live")


def test_rows_appear_and_leave(stack: EmbeddedStack, page: Page) -> None:
    """A new order appears; one click processes it, and it leaves the filter."""
    order = create(stack)
    shown(page, order)
    row = page.get_by_role("listitem").filter(has_text=f"#{order} ")
    row.get_by_role("button", name="Process").click()
    expect(row).to_have_count(0)
    until_stored(stack, order, "processing")


def test_page_survives_dead_gateway(stack: EmbeddedStack, page: Page) -> None:
    """I7: after each gateway was killed, the page shows what changed meanwhile."""
    for name in [name for name in stack.pids() if name.startswith("gateway")]:
        stack.kill(name)
        shown(page, create(stack))


def test_page_survives_offline_and_sleep(stack: EmbeddedStack, page: Page) -> None:
    """I7: while offline or frozen the page misses nothing, and says that it is behind."""
    page.context.set_offline(offline=True)
    expect(page.get_by_role("heading")).to_contain_text("stale")
    missed = create(stack)
    page.context.set_offline(offline=False)
    shown(page, missed)
    devtools = page.context.new_cdp_session(page)
    devtools.send("Page.setWebLifecycleState", {"state": "frozen"})
    missed = create(stack)
    devtools.send("Page.setWebLifecycleState", {"state": "active"})
    shown(page, missed)


def test_page_without_websockets(stack: EmbeddedStack, blank: Page, address: str) -> None:
    """Where no WebSocket can be opened, the events arrive as server-sent events."""
    refused: list[str] = []

    def refuse(socket: WebSocketRoute) -> None:
        refused.append(socket.url)
        socket.close()

    blank.route_web_socket(re.compile(r"/ws\?"), refuse)
    with blank.expect_response(re.compile(r"/sse\?")) as streamed:
        blank.goto(address)
    is_live(blank)
    shown(blank, create(stack))
    assert refused
    assert streamed.value.headers["content-type"].startswith("text/event-stream")
