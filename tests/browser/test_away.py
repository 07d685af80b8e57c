"""The dashboard while a part of the system does not answer: header and page name that part."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Locator, Page, expect

from harness.dashboards import OpenTab, create, row
from harness.stacks import EmbeddedStack
from harness.waiting import until
from harness.world import Role

STEP_MS = 2_000
WITHIN_S = 60
"""Tests advance the page's clock in these steps, through its timeouts and delays."""


@contextmanager
def hanging(stack: EmbeddedStack, *roles: Role) -> Iterator[None]:
    """Suspend parts of the system: connections stay open, answers do not come."""
    names = [name for role in roles for name in stack.names(role)]
    for name in names:
        stack.pause(name)
    try:
        yield
    finally:
        for name in names:
            stack.unpause(name)


def header(page: Page, pattern: str) -> None:
    """Advance the page's clock until the header matches."""
    _advance_until(page, page.get_by_test_id("connection"), pattern)


def _advance_until(page: Page, shown: Locator, pattern: str) -> None:
    def matches() -> bool:
        page.clock.fast_forward(STEP_MS)
        return shown.count() > 0 and re.search(pattern, shown.inner_text()) is not None

    until(matches, WITHIN_S, f"the page shows {pattern}")


def expect_notice(page: Page, text: str) -> None:
    """Expect the notice above the orders to contain a text."""
    expect(page.get_by_role("status").filter(has_text=text)).to_be_visible()


@pytest.fixture
def page(stack: EmbeddedStack, open_tab: OpenTab) -> Page:
    """Open the dashboard with a clock that the test controls."""
    create(stack)
    page = open_tab()
    page.clock.install()
    return page


def test_api_away_from_the_start(stack: EmbeddedStack, page: Page) -> None:
    """A page that is opened while the API hangs says that it waits for the API."""
    with hanging(stack, "api"):
        page.goto(stack.edge)
        expect(page.get_by_text("Waiting for the API")).to_be_visible()
        header(page, "^API away$")
        _advance_until(page, page.get_by_role("alert"), "The API does not answer.")
    header(page, "^Live(?!, )")
    expect(page.locator("[data-order]").first).to_be_visible()


def test_gateways_away_from_the_start(stack: EmbeddedStack, page: Page) -> None:
    """Without a gateway the page shows the orders and how old they are."""
    with hanging(stack, "gateway"):
        page.goto(stack.edge)
        expect(page.locator("[data-order]").first).to_be_visible()
        header(page, "^Gateway away, .* · stale since ")
        expect_notice(page, "no gateway answers. You see the orders as they were at")
        missed = create(stack, customer_name="Missed")
        expect(row(page, missed)).to_have_count(0)
    header(page, "^Live(?!, )")
    expect(row(page, missed)).to_be_visible()


def test_api_goes_away(stack: EmbeddedStack, page: Page) -> None:
    """While the API is away the stream continues; the page notices its return by itself."""
    with hanging(stack, "api"):
        page.get_by_label("Search orders").fill("Ada")
        header(page, "^Live, API away")
        expect_notice(page, "You still see every change")
        stack.psql("INSERT INTO orders (customer_name, product_name) VALUES ('Ada', 'Engine')")
        expect(page.locator("[data-order]").filter(has_text="Ada")).to_have_count(1)
    header(page, "^Live(?!, )")
    expect(page.get_by_text("You still see every change")).to_have_count(0)


def test_database_goes_away(stack: EmbeddedStack, page: Page) -> None:
    """The page shows the API's reason while the API cannot serve."""
    names = [each for each in stack.processes() if each.name() == "postgres"]
    for each in names:
        each.suspend()
    try:
        page.get_by_label("Search orders").fill("Ada")
        # Not by the page's clock: the API waits for the database.
        shown = page.get_by_test_id("connection")
        expect(shown).to_contain_text("Live, API failing")
        expect_notice(page, "The database does not answer right now")
    finally:
        for each in names:
            each.resume()
    header(page, "^Live(?!, )")


def test_both_go_away(stack: EmbeddedStack, page: Page) -> None:
    """When neither answers, the page names both."""
    with hanging(stack, "api", "gateway"):
        header(page, "^API and gateway away, .* · stale since ")
        expect_notice(page, "neither the API nor a gateway answers")
    header(page, "^Live(?!, )")
