"""The dashboard in Chromium, on the system as ``orders up`` starts it."""

import os
import re
import signal
from collections.abc import Callable
from typing import Any

import httpx
from playwright.sync_api import Locator, Page, expect

from stacks import EmbeddedStack

OpenTab = Callable[..., Page]


def create(stack: EmbeddedStack, **fields: Any) -> int:
    """Create an order through the API and return its id."""
    order = {"customer_name": "John Doe", "product_name": "Laptop", **fields}
    answer = httpx.post(f"{stack.edge}/api/orders", json=order)
    assert answer.status_code == 201, answer.text
    identity: int = answer.json()["id"]
    return identity


def row(page: Page, order: int) -> Locator:
    """Return the row of an order."""
    return page.locator(f'[role="row"][data-order="{order}"]')


def set_status(page: Page, order: int, status: str) -> None:
    """Choose a status from the menu of a row."""
    row(page, order).get_by_role("button", name="Change status").click()
    page.get_by_role("menuitemradio", name=status).click()


def test_two_tabs_follow(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """Two tabs show an order created with the API and changed with psql, without a reload."""
    tabs = [open_tab(), open_tab()]
    order = create(stack, customer_name="Grace Hopper", quantity=3)
    for tab in tabs:
        expect(row(tab, order)).to_contain_text("Grace Hopper")
        expect(row(tab, order)).to_contain_text("pending")
    stack.psql(f"UPDATE orders SET status = 'shipped' WHERE id = {order}")
    for tab in tabs:
        expect(row(tab, order)).to_contain_text("shipped")
        entry = tab.get_by_role("listitem").filter(has_text=f"#{order} changed")
        expect(entry).to_contain_text("pending")
        expect(entry).to_contain_text("shipped")
        expect(entry).to_contain_text("UPDATE")


def test_form_creates(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """The form says what is missing, then creates the order and closes."""
    page = open_tab()
    page.get_by_role("button", name="New order").click()
    page.get_by_role("button", name="Create order").click()
    expect(page.get_by_label("Customer")).to_be_focused()
    expect(page.get_by_label("Customer")).to_have_accessible_description("Who is the order for?")
    page.get_by_label("Customer").fill("Ada Lovelace")
    page.get_by_label("Product").fill("Difference engine")
    page.get_by_label("Quantity").fill("2")
    page.get_by_label("Quantity").press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    created = page.locator("[data-order]").filter(has_text="Ada Lovelace")
    expect(created).to_contain_text("Difference engine")
    assert stack.psql("SELECT quantity FROM orders WHERE customer_name = 'Ada Lovelace'") == "2"


def test_form_loses_nothing(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """What was typed stays while the API is out of reach, and creates one order in the end."""
    page = open_tab()
    page.get_by_role("button", name="New order").click()
    page.get_by_label("Customer").fill("Edsger Dijkstra")
    page.get_by_label("Product").fill("Semaphore")
    page.context.set_offline(True)
    page.get_by_role("button", name="Create order").click()
    expect(page.get_by_role("alert")).to_contain_text("cannot be reached")
    page.get_by_role("button", name="Cancel").click()
    page.context.set_offline(False)
    page.get_by_role("button", name="New order").click()
    expect(page.get_by_label("Customer")).to_have_value("Edsger Dijkstra")
    page.get_by_role("button", name="Create order").click()
    expect(page.locator("[data-order]").filter(has_text="Edsger Dijkstra")).to_have_count(1)
    assert stack.psql("SELECT count(*) FROM orders WHERE product_name = 'Semaphore'") == "1"


def test_status_changes_in_place(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """A status chosen in one tab is in the database and in the other tab."""
    order = create(stack)
    here, there = open_tab(), open_tab()
    set_status(here, order, "processing")
    for tab in (here, there):
        expect(row(tab, order)).to_contain_text("processing")
    expect(here.get_by_role("listitem").filter(has_text=f"#{order} changed")).to_be_visible()
    assert stack.psql(f"SELECT status FROM orders WHERE id = {order}") == "processing"


def test_conflict_is_told(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """A change to an order that someone else has changed first is not made, and that is said."""
    order = create(stack)
    page = open_tab()
    expect(row(page, order)).to_be_visible()
    listener = stack.pids()["listener"]
    os.kill(listener, signal.SIGSTOP)  # the page does not hear of it
    try:
        stack.psql(f"UPDATE orders SET status = 'cancelled' WHERE id = {order}")
        set_status(page, order, "shipped")
        toast = page.get_by_role("listitem").filter(has_text="Someone else changed")
        expect(toast).to_contain_text("It is cancelled now")
    finally:
        os.kill(listener, signal.SIGCONT)
    expect(row(page, order)).to_contain_text("cancelled")
    toast.get_by_role("button", name="Set to shipped all the same").click()
    expect(row(page, order)).to_contain_text("shipped")


def test_delete(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """Deleting asks first, then removes the order here and in the other tab."""
    order = create(stack)
    here, there = open_tab(), open_tab()
    row(here, order).get_by_role("button", name=f"Delete order {order}").click()
    here.get_by_role("button", name="Keep it").click()
    expect(row(here, order)).to_be_visible()
    row(here, order).get_by_role("button", name=f"Delete order {order}").click()
    here.get_by_role("button", name="Delete order", exact=True).click()
    for tab in (here, there):
        expect(row(tab, order)).to_have_count(0)
    assert stack.psql(f"SELECT count(*) FROM orders WHERE id = {order}") == "0"


def test_gateway_dies(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """I7: when its gateway is killed, a page comes back by itself and has missed nothing."""
    page = open_tab()
    gateway = re.search(r"gateway-\d", page.get_by_test_id("connection").inner_text())
    assert gateway is not None
    with page.expect_websocket():
        stack.kill(gateway.group())
        missed = [create(stack, customer_name=f"Missed {number}") for number in range(5)]
    for order in missed:
        expect(row(page, order)).to_be_visible()
    expect(page.locator('[data-testid="connection"][data-phase="live"]')).to_be_visible()


def test_filter(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """Under a filter, orders come and go as they begin and cease to match; it is in the address."""
    order = create(stack, customer_name="Barbara Liskov")
    other = create(stack, customer_name="Barbara Other")
    page = open_tab()
    page.get_by_label("Search orders").fill("liskov")
    expect(row(page, other)).to_have_count(0)
    page.get_by_role("group", name="Status").get_by_text("pending").click()
    expect(row(page, order)).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?status=pending&search=liskov$"))
    stack.psql(f"UPDATE orders SET status = 'delivered' WHERE id = {order}")
    expect(page.get_by_text("No order matches")).to_be_visible()
    stack.psql(f"UPDATE orders SET status = 'pending' WHERE id = {order}")
    expect(row(page, order)).to_be_visible()


def test_burst_and_older_pages(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """1,500 rows changed by one statement arrive; rows that are loaded later show it too."""
    insert = "INSERT INTO orders (customer_name, product_name) SELECT 'Bulk', n::text"
    stack.psql(f"{insert} FROM generate_series(1, 1500) AS n")
    page = open_tab()
    expect(page.locator("[data-order]").first).to_contain_text("1500")
    stack.psql("UPDATE orders SET status = 'shipped' WHERE customer_name = 'Bulk'")
    expect(page.get_by_role("listitem").filter(has_text="1,500 orders changed")).to_be_visible()
    expect(page.locator("[data-order]").first).to_contain_text("shipped")
    oldest = stack.psql("SELECT min(id) FROM orders WHERE customer_name = 'Bulk'")
    table = page.get_by_role("table", name="Orders")
    table.focus()
    for _ in range(60):
        page.keyboard.press("End")
        if row(page, int(oldest)).count():
            break
        page.wait_for_timeout(100)  # between two looks at a condition
    expect(row(page, int(oldest))).to_contain_text("shipped")


def test_scrolled_page_stays(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """New orders do not move the rows one is looking at; a bar says how many there are."""
    stack.psql(
        "INSERT INTO orders (customer_name, product_name) SELECT 'Scroll', n::text"
        " FROM generate_series(1, 90) AS n",
    )
    page = open_tab()
    table = page.get_by_role("table", name="Orders")
    table.hover()
    page.mouse.wheel(0, 1500)
    seen = page.locator("[data-order]").filter(has_text="Scroll").nth(15)
    seen.wait_for()
    order = int(seen.get_attribute("data-order") or 0)
    before = row(page, order).bounding_box()
    create(stack)
    create(stack)
    expect(page.get_by_role("button", name="2 new orders")).to_be_visible()
    assert row(page, order).bounding_box() == before
    page.get_by_role("button", name="2 new orders").click()
    expect(page.locator("[data-order]").first).to_be_in_viewport()


def test_truncate(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """TRUNCATE leaves the page that says how to create the first order."""
    create(stack)
    page = open_tab()
    stack.psql("TRUNCATE orders")
    expect(page.get_by_text("No orders yet")).to_be_visible()
    command = page.get_by_label("Command that creates an order")
    expect(command).to_contain_text(f"curl -X POST {stack.edge}/api/orders")
    create(stack, customer_name="The first")
    expect(page.locator("[data-order]").first).to_contain_text("The first")
