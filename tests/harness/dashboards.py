"""Actions on a page of the dashboard and on the system behind it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import FloatRect, Locator, Page, expect

from harness.stacks import EmbeddedStack
from harness.waiting import until

OpenTab = Callable[..., Page]
_AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def create(stack: EmbeddedStack, **fields: Any) -> int:
    """Create an order through the API and return its id."""
    order = {"customer_name": "John Doe", "product_name": "Laptop", **fields}
    answer = httpx.post(f"{stack.edge}/api/orders", json=order)
    assert answer.status_code == 201, answer.text
    identity: int = answer.json()["id"]
    return identity


def fill(stack: EmbeddedStack, count: int, customer: str = "Filler") -> None:
    """Create many orders with one statement."""
    stack.psql(
        "INSERT INTO orders (customer_name, product_name, quantity)"
        f" SELECT '{customer} ' || n % 997, 'Product ' || n % 89, 1 + n % 40"
        f" FROM generate_series(1, {count}) AS n"
    )


def row(page: Page, order: int) -> Locator:
    """Return the row of an order."""
    return page.locator(f'[role="row"][data-order="{order}"]')


def box(element: Locator) -> FloatRect:
    """Return the place and size of an element, which must be on the page."""
    found = element.bounding_box()
    assert found is not None
    return found


def live(page: Page) -> Locator:
    """Return the label of a connection that is live and up to date."""
    return page.locator('[data-testid="connection"][data-phase="live"][data-behind="0"]')


def toast(page: Page, title: str) -> Locator:
    """Return the toast with a title."""
    return page.locator('[role="region"] li[data-tone]').filter(has_text=title)


def set_status(page: Page, order: int, status: str) -> None:
    """Choose a status from the menu of a row."""
    row(page, order).get_by_role("button", name="Change status").click()
    page.get_by_role("menuitem", name=status).click()


def until_caught_up(stack: EmbeddedStack, page: Page) -> None:
    """Wait until the outbox is empty and the page shows everything in the log."""
    expect(live(page)).to_be_visible()
    waiting = "SELECT count(*) FROM order_outbox"
    until(lambda: stack.psql(waiting) == "0", 60, "the outbox is empty")
    head = int(stack.psql("SELECT max(position) FROM order_events"))
    expect(page.get_by_test_id("connection")).to_have_attribute("data-position", str(head))


def until_stored(stack: EmbeddedStack, order: int, status: str) -> None:
    """Wait until the database has an order's status; pages show it before it is stored."""
    query = f"SELECT status FROM orders WHERE id = {order}"
    until(lambda: stack.psql(query) == status, 10, f"order {order} is stored as {status}")


def until_in_page(page: Page, expression: str, arg: Any = None) -> None:
    """Wait until a JavaScript expression or function is true in the page.

    ``Page.wait_for_function`` fails with the page's Content-Security-Policy unless it is true at
    once, because it evaluates the text again from within the page.
    """
    until(lambda: page.evaluate(expression, arg), 10, expression)


def violations(page: Page) -> list[Any]:
    """Return the violations that axe finds on the page."""
    until_in_page(page, "document.getAnimations().every((each) => each.playState !== 'running')")
    if not page.evaluate("'axe' in window"):
        page.evaluate(_AXE.read_text())
    # Leave out the checks that pass: with them, one call takes five times the CPU time.
    found: list[dict[str, Any]] = page.evaluate(
        """async (tags) => {
          const options = { runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'] };
          return (await axe.run(options)).violations;
        }""",
        _RULES,
    )
    return [(each["id"], [node["html"][:200] for node in each["nodes"]]) for each in found]
