"""Orders and their lines are corrected in place."""

import re

from playwright.sync_api import expect

from harness.dashboards import OpenTab, create, row
from harness.stacks import EmbeddedStack
from harness.waiting import until


def test_an_order_is_corrected_by_keyboard(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """Enter saves, Esc restores, Tab goes on; known values are suggested, and errors are named."""
    order = create(stack, customer_name="Jon Doe", quantity=3)
    create(stack, customer_name="Joan Miró")
    page = open_tab(f"/orders/{order}")
    panel = page.get_by_role("complementary")
    panel.get_by_role("button", name="Customer: Jon Doe. Edit").press("Enter")
    expect(panel.get_by_role("combobox", name="Customer")).to_be_focused()
    page.keyboard.type("joan m")
    known = page.get_by_role("listbox", name="Known values of Customer").get_by_role("option")
    expect(known).to_have_text(["Joan Miró"])
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(panel.get_by_role("button", name="Customer: Joan Miró. Edit")).to_be_focused()
    for key in ("F2", "Tab", "Tab"):
        page.keyboard.press(key)
    quantity = panel.get_by_role("textbox", name="Quantity")
    expect(quantity).to_be_focused()
    page.keyboard.type("0x10")
    page.keyboard.press("Enter")
    expect(quantity).to_have_accessible_description("A whole number.")
    quantity.fill("-5")
    page.keyboard.press("Enter")
    expect(quantity).to_have_accessible_description(re.compile("orders_quantity_positive"))
    quantity.fill("12")
    page.keyboard.press("Enter")
    saved = panel.get_by_role("button", name="Quantity: 12. Edit")
    expect(saved).to_be_focused()
    expect(row(page, order)).to_contain_text("12")
    saved.press("F2")
    page.keyboard.type("99")
    page.keyboard.press("Escape")
    expect(saved).to_be_focused()
    found = f"SELECT customer_name || quantity FROM orders WHERE id = {order}"
    until(lambda: stack.psql(found) == "Joan Miró12", 5)


def test_both_values_of_a_conflict_are_shown(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """Who changed the same value first, and when, is said; the user keeps one of the two."""
    order = create(stack, quantity=3)
    page = open_tab(f"/orders/{order}")
    panel = page.get_by_role("complementary")
    panel.get_by_role("button", name="Quantity: 3. Edit").click()
    expect(panel.get_by_role("textbox", name="Quantity")).to_be_focused()
    page.keyboard.type("12")
    stack.psql(f"SET orders.actor = 'bea'; UPDATE orders SET quantity = 5 WHERE id = {order}")
    expect(panel.get_by_text("Meanwhile it was changed to 5.")).to_be_visible()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("alertdialog", name=f"Order #{order} was changed by someone else")
    expect(dialog.get_by_role("row", name="Quantity")).to_have_text("Quantity3512")
    expect(dialog).to_contain_text("bea changed it just now.")
    dialog.get_by_role("button", name="Keep mine").click()
    expect(panel.get_by_role("button", name="Quantity: 12. Edit")).to_be_visible()
    until(lambda: stack.psql(f"SELECT quantity FROM orders WHERE id = {order}") == "12", 5)
