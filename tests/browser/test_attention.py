"""What needs attention: orders that have had their status for too long."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from harness.dashboards import OpenTab, row, until_stored
from harness.stacks import EmbeddedStack

ADD = (
    "INSERT INTO order_thresholds VALUES ('orders', 'status', 'pending', '1 hour', '4 hours'),"
    " ('orders', 'status', 'shipped', '3 seconds', '1 hour')"
)
REMOVE = "DELETE FROM order_thresholds"


@pytest.fixture
def thresholds(stack: EmbeddedStack) -> Iterator[EmbeddedStack]:
    """Give a system without orders whose owner has set thresholds."""
    stack.psql("DELETE FROM orders")
    stack.psql(ADD)
    yield stack
    stack.psql(REMOVE)
    stack.psql("UPDATE order_tables SET dated = NULL; SELECT order_refresh_recorders()")
    stack.psql("ALTER TABLE orders DROP COLUMN status_changed_at")


def waiting(stack: EmbeddedStack, status: str, age: str) -> int:
    return int(
        stack.psql(
            "INSERT INTO orders (customer_name, product_name, status, status_changed_at)"
            f" VALUES ('Wanda', 'Chair', '{status}', now() - interval '{age}') RETURNING id"
        )
    )


def test_what_needs_attention(thresholds: EmbeddedStack, open_tab: OpenTab) -> None:
    """The view lists late orders, longest first, as the clock goes on; title and tab count."""
    warned = waiting(thresholds, "pending", "2 hours")
    late = waiting(thresholds, "pending", "5 hours")
    waiting(thresholds, "pending", "1 minute")
    page = open_tab()
    expect(row(page, warned)).to_contain_text("Needs attention:")
    expect(row(page, late)).to_contain_text("Late:")
    expect(page).to_have_title("(2) Orders")
    expect(page.locator('link[rel="icon"]')).to_have_attribute(
        "href", re.compile("^data:image/png")
    )
    page.get_by_role("button", name="Needs attention 2").click()
    expect(page).to_have_url(re.compile(r"\?attention=warn&sort=status_changed_at$"))
    expect(page.locator("[data-order] a")).to_have_text([f"#{late}", f"#{warned}"])
    soon = waiting(thresholds, "shipped", "1 second")
    expect(row(page, soon)).to_be_visible()
    expect(page).to_have_title("(3) Orders")
    row(page, late).get_by_role("link").focus()
    page.keyboard.press("e")
    until_stored(thresholds, late, "processing")
    expect(row(page, late)).to_have_count(0)
