"""The dashboard while a part of the system does not answer: it says which, in header and page."""

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
"""The page waits for answers, and between attempts: its clock is put forward, step by step."""


@contextmanager
def hanging(stack: EmbeddedStack, *roles: Role) -> Iterator[None]:
    """Have parts of the system hang: connections stay, answers do not come."""
    names = [name for role in roles for name in stack.names(role)]
    for name in names:
        stack.pause(name)
    try:
        yield
    finally:
        for name in names:
            stack.unpause(name)


def header(page: Page, words: str) -> None:
    """Let the page wait until its header says so."""
    _comes(page, page.get_by_test_id("connection"), words)


def _comes(page: Page, shown: Locator, words: str) -> None:
    def says() -> bool:
        page.clock.fast_forward(STEP_MS)
        return shown.count() > 0 and re.search(words, shown.inner_text()) is not None

    until(says, WITHIN_S, f"the page says {words}")


def is_told(page: Page, words: str) -> None:
    """Expect the page to say so above the orders."""
    expect(page.get_by_role("status").filter(has_text=words)).to_be_visible()


@pytest.fixture
def page(stack: EmbeddedStack, open_tab: OpenTab) -> Page:
    """Open the dashboard, its clock in our hands."""
    create(stack)
    page = open_tab()
    page.clock.install()
    return page


def test_api_away_from_the_start(stack: EmbeddedStack, page: Page) -> None:
    """A page that is opened while the API hangs is not blank, and says who is waited for."""
    with hanging(stack, "api"):
        page.goto(stack.edge)
        expect(page.get_by_text("Waiting for the API")).to_be_visible()
        header(page, "^API away$")
        _comes(page, page.get_by_role("alert"), "The API does not answer.")
    header(page, "^Live(?!, )")
    expect(page.locator("[data-order]").first).to_be_visible()


def test_gateways_away_from_the_start(stack: EmbeddedStack, page: Page) -> None:
    """Orders that are shown without a stream are as old as the page, which says so."""
    with hanging(stack, "gateway"):
        page.goto(stack.edge)
        expect(page.locator("[data-order]").first).to_be_visible()
        header(page, "^Gateway away, .* · stale since ")
        is_told(page, "no gateway answers. You see the orders as they were at")
        missed = create(stack, customer_name="Missed")
        expect(row(page, missed)).to_have_count(0)
    header(page, "^Live(?!, )")
    expect(row(page, missed)).to_be_visible()


def test_api_goes_away(stack: EmbeddedStack, page: Page) -> None:
    """While the API is away the stream goes on; nobody need ask whether it is back."""
    with hanging(stack, "api"):
        page.get_by_label("Search orders").fill("Ada")
        header(page, "^Live, API away")
        is_told(page, "You see every change all the same")
        stack.psql("INSERT INTO orders (customer_name, product_name) VALUES ('Ada', 'Engine')")
        expect(page.locator("[data-order]").filter(has_text="Ada")).to_have_count(1)
    header(page, "^Live(?!, )")
    expect(page.get_by_text("You see every change all the same")).to_have_count(0)


def test_database_goes_away(stack: EmbeddedStack, page: Page) -> None:
    """An API that cannot serve says why; the page repeats it, until it can."""
    names = [each for each in stack.processes() if each.name() == "postgres"]
    for each in names:
        each.suspend()
    try:
        page.get_by_label("Search orders").fill("Ada")
        # Not put forward: it is the API that waits for the database.
        shown = page.get_by_test_id("connection")
        expect(shown).to_contain_text("Live, API failing", timeout=20_000)
        is_told(page, "The database does not answer right now")
    finally:
        for each in names:
            each.resume()
    header(page, "^Live(?!, )")


def test_both_go_away(stack: EmbeddedStack, page: Page) -> None:
    """Where neither answers, both are named."""
    with hanging(stack, "api", "gateway"):
        header(page, "^API and gateway away, .* · stale since ")
        is_told(page, "neither the API nor a gateway answers")
    header(page, "^Live(?!, )")
