"""Taking orders to their next status: one by key or click, many at once, and back."""

import os
import signal

from playwright.sync_api import expect

from harness.dashboards import OpenTab, create, row, toast, until_stored
from harness.stacks import EmbeddedStack


def test_an_order_is_taken_to_delivered_by_three_keys(
    stack: EmbeddedStack, open_tab: OpenTab
) -> None:
    """`e` takes the focused order one step on, Ctrl Z back; a click does so, too."""
    order = create(stack, customer_name="Three keys")
    page = open_tab("/?search=three keys")
    row(page, order).get_by_role("link").focus()
    for _ in ("processing", "shipped", "delivered"):
        page.keyboard.press("e")
    until_stored(stack, order, "delivered")
    page.keyboard.press("Control+z")
    until_stored(stack, order, "shipped")
    row(page, order).get_by_role("button", name="Next: delivered").click()
    row(page, order).get_by_role("button", name="Back to shipped").click()
    until_stored(stack, order, "shipped")
    row(page, order).get_by_role("link").click()
    panel = page.get_by_role("complementary", name=f"Order #{order}")
    panel.get_by_role("button", name="Next: delivered").click()
    until_stored(stack, order, "delivered")
    expect(panel.get_by_role("button", name="Back to shipped")).to_be_visible()


def test_orders_of_several_statuses_move_together(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """The page announces a change, gives the reason of a failure, and undoes; by keyboard."""
    *orders, _ = [create(stack, customer_name="Bulk mover") for _ in range(5)]
    stack.psql(f"UPDATE orders SET status = 'processing' WHERE id = {orders[1]}")
    stack.psql(f"UPDATE orders SET status = 'delivered' WHERE id = {orders[3]}")
    page = open_tab("/?search=bulk mover")
    for order in orders:
        row(page, order).get_by_role("checkbox").check()
    bar = page.get_by_role("region", name="Selected orders")
    expect(bar).to_contain_text("2 become processing, 1 becomes shipped; 1 cannot")
    os.kill(stack.pids()["listener"], signal.SIGSTOP)
    try:
        stack.psql(f"UPDATE orders SET status = 'cancelled' WHERE id = {orders[0]}")
        expect(bar.get_by_role("button", name="Select all 5 that match")).to_be_visible()
        page.keyboard.press("b")
        expect(bar.get_by_role("button", name="Move 3 to next status")).to_be_focused()
        page.keyboard.press("Enter")
        failures = bar.get_by_role("list", name="Not changed").get_by_role("listitem")
        expect(failures).to_have_count(1)
        expect(failures).to_contain_text(f"#{orders[0]} was not changed: someone else changed it")
        expect(bar.get_by_role("button", name="Try again")).to_have_count(0)
    finally:
        os.kill(stack.pids()["listener"], signal.SIGCONT)
    until_stored(stack, orders[1], "shipped")
    until_stored(stack, orders[2], "processing")
    toast(page, "2 orders moved on, 1 did not change").get_by_role("button", name="Undo").click()
    until_stored(stack, orders[1], "processing")
    until_stored(stack, orders[2], "pending")


def test_every_order_that_matches_is_cancelled(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """A selection goes beyond the rows that are loaded, and a status is chosen from a menu."""
    stack.psql(
        "INSERT INTO orders (customer_name, product_name, status) SELECT 'Wholesale', 'Box',"
        " (ARRAY['pending', 'processing', 'shipped'])[1 + n % 3] FROM generate_series(1, 330) AS n"
    )
    page = open_tab("/?customer_name=Wholesale")
    page.locator("[data-order]").first.get_by_role("checkbox").check()
    page.keyboard.press("Control+a")
    bar = page.get_by_role("region", name="Selected orders")
    expect(bar).to_contain_text("All 330 selected")
    bar.get_by_role("button", name="Set to").click()
    page.get_by_role("menuitem", name="cancelled 220 can; 110 cannot").click()
    expect(toast(page, "220 orders are cancelled")).to_be_visible()
    counted = (
        "SELECT count(*) FROM orders WHERE customer_name = 'Wholesale' AND status = 'cancelled'"
    )
    assert stack.psql(counted) == "220"
