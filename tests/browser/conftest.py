"""Chromium with the dashboard of a real system."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    expect,
    sync_playwright,
)

from harness.chromium import FLAGS, NAMES, installed
from harness.dashboards import OpenTab
from harness.stacks import EmbeddedStack
from harness.waiting import until

PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)  # Playwright's own 5 s are too few on a busy machine
_REFUSALS = (
    "WebSocket connection to",
    "net::ERR",
    "status of 404",
    "status of 412",
    "status of 422",
    "status of 503",
)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Return the path of the installed Chromium; skip the tests without one."""
    executable = installed()
    if executable is None:
        pytest.skip(f"no browser here: none of {', '.join(NAMES)} is installed")
    return executable


@pytest.fixture(scope="package")
def stack(
    chromium: str,  # noqa: ARG001  without a browser nothing is started
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[EmbeddedStack]:
    """Start one system for all tests of the dashboard."""
    stack = EmbeddedStack(tmp_path_factory.mktemp("stack"))
    try:
        stack.start()
        yield stack
    finally:
        stack.end()


# Not for the whole session: while Playwright runs, its event loop is this thread's loop, and an
# asynchronous test of another folder could not start its own.
@pytest.fixture(scope="package")
def browser(chromium: str) -> Iterator[Browser]:
    """Start one Chromium for the tests of the dashboard."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """Open a new profile; fail if a page in it violates its Content-Security-Policy."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(PATIENCE_MS)
    said: list[str] = []
    context.on("console", lambda message: said.append(message.text))
    yield context
    context.close()
    assert not [text for text in said if "Content Security Policy" in text]


class Watch:
    """Records what a page must not do: errors on the console, requests to other hosts."""

    def __init__(self, page: Page, origin: str) -> None:
        self._host = urlsplit(origin).netloc
        self.is_over = False
        """Whether the page is being closed: requests that end with it are no errors of the page."""
        self.requests = 0
        self.foreign: list[str] = []
        self.errors: list[str] = []
        self._lost = False
        page.on("request", lambda request: self._see_address(request.url))
        page.on("requestfailed", self._see_failure)
        page.on("websocket", lambda socket: self._see_address(socket.url))
        page.on("console", self._see_message)
        page.on("pageerror", lambda error: self._see_error(str(error)))

    def _see_address(self, url: str) -> None:
        self.requests += 1
        address = urlsplit(url)
        if address.scheme in {"http", "https", "ws", "wss"} and address.netloc != self._host:
            self.foreign.append(url)

    def _see_failure(self, request: Request) -> None:
        # Chromium ends all requests when a network interface of the machine comes or goes, as it
        # does with each container that starts or ends meanwhile.
        if request.failure == "net::ERR_NETWORK_CHANGED":
            self._lost = True
            print(f"the machine's network has changed: {request.url}")  # noqa: T201  for pytest

    def has_lost_requests(self) -> bool:
        """Return whether a request was lost to a change of the network since the last call."""
        lost, self._lost = self._lost, False
        return lost

    def _see_message(self, message: ConsoleMessage) -> None:
        # The browser reports the refused connections and requests that tests cause on purpose.
        if message.type == "error" and not any(text in message.text for text in _REFUSALS):
            self._see_error(message.text)

    def _see_error(self, text: str) -> None:
        if not self.is_over:
            self.errors.append(text)


def errors_are_told(context: BrowserContext) -> None:
    """Wait until Playwright has reported every error so far of the pages that are open."""
    for page in context.pages:
        page.evaluate("null")  # its answer comes after them


@pytest.fixture
def open_tab(browser: Browser, stack: EmbeddedStack) -> Iterator[OpenTab]:
    """Open the dashboard in a new profile; fail at the end if the page did what it must not."""
    watches: list[Watch] = []
    contexts = []

    def open_tab(path: str = "/", width: int = 1280, height: int = 800, **options: Any) -> Page:
        options = {"viewport": {"width": width, "height": height}, **options}
        # Without a graphics card the processor draws every frame of an animation.
        context = browser.new_context(reduced_motion="reduce", **options)
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        watch = Watch(page, stack.edge)
        watches.append(watch)
        page.goto(stack.edge + path)
        connected = page.locator('[data-testid="connection"][data-phase="live"]')

        def is_loaded() -> bool:
            shown = connected.is_visible()
            if watch.has_lost_requests():  # a page without its style sheet stays without it
                page.reload()
                return False
            return shown

        until(is_loaded, 12, "the page is live")
        return page

    yield open_tab
    for context in contexts:
        errors_are_told(context)
    for watch in watches:
        watch.is_over = True
    for context in contexts:
        context.close()
    for watch in watches:
        assert watch.requests > 0
        assert watch.foreign == []
        assert watch.errors == []
