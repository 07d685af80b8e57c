"""Orders and their lines are corrected in place."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from harness.dashboards import OpenTab, create, row, toast
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
    saved = panel.get_by_role("button", name="Customer: Joan Miró. Edit")
    expect(saved).to_be_focused()
    for key, field in (("F2", "Customer"), ("Tab", "Product")):
        page.keyboard.press(key)
        expect(panel.get_by_role("combobox", name=field)).to_be_focused()
    page.keyboard.press("Tab")
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


def test_a_new_order_is_typed_from_known_values(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """The form suggests values of other orders: Enter takes one, Esc closes only their list."""
    create(stack, customer_name="Lenka Reinerová", product_name="Inkwell")
    page = open_tab()
    page.get_by_role("button", name="New order").click()
    form = page.get_by_role("dialog", name="New order")
    customer = form.get_by_role("combobox", name="Customer")
    customer.fill("lenka")
    known = form.get_by_role("listbox").get_by_role("option")
    expect(known).to_have_text(["Lenka Reinerová"])
    customer.press("Escape")
    expect(known).to_have_count(0)
    customer.fill("lenk")
    expect(known).to_have_count(1)
    customer.press("ArrowDown")
    customer.press("Enter")
    expect(customer).to_have_value("Lenka Reinerová")
    expect(known).to_have_count(0)
    expect(customer).to_have_accessible_description("")
    product = form.get_by_role("combobox", name="Product")
    product.fill("ink")
    known.click()
    expect(product).to_have_value("Inkwell")
    product.press("Enter")
    expect(form).to_have_count(0)
    alike = "customer_name = 'Lenka Reinerová' AND product_name = 'Inkwell'"
    assert stack.psql(f"SELECT count(*) FROM orders WHERE {alike}") == "2"


def test_both_values_of_a_conflict_are_shown(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """The page says who changed the same value first, and when; the user keeps one of the two."""
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


LINES = """
    CREATE TABLE order_lines (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        order_id bigint NOT NULL REFERENCES orders ON DELETE CASCADE, sku text NOT NULL,
        pieces integer NOT NULL DEFAULT 1 CHECK (pieces > 0), price numeric(12, 2) NOT NULL,
        amount numeric(12, 2) GENERATED ALWAYS AS (pieces * price) STORED,
        version integer NOT NULL DEFAULT 1);
    SELECT watch_table('order_lines');
"""


@pytest.fixture
def lines(stack: EmbeddedStack) -> Iterator[EmbeddedStack]:
    """Give orders a table of lines, for one test."""
    stack.psql(LINES)
    yield stack
    stack.psql("SELECT unwatch_table('order_lines'); DROP TABLE order_lines")


def test_lines(lines: EmbeddedStack, open_tab: OpenTab) -> None:
    """Lines are added, changed and removed in the order's panel; a copy of the order has them."""
    order = create(lines, customer_name="Line Lena")
    page = open_tab(f"/orders/{order}")
    section = page.get_by_role("complementary").get_by_role("region", name="Order lines")
    section.get_by_role("button", name="Add to Order lines").click()
    expect(section.get_by_role("textbox", name="Sku")).to_be_focused()
    for sku, pieces, price in (("TOP-1", "1", "199.90"), ("LEG-2", "4", "0.05")):
        for text in (sku, pieces, price):
            page.keyboard.type(text)
            page.keyboard.press("Tab" if text != price else "Enter")
        expect(section.get_by_role("textbox", name="Sku")).to_be_focused()
        expect(section.get_by_role("textbox", name="Sku")).to_have_value("")
    total = section.get_by_role("row", name="Total")
    expect(total).to_contain_text("5")
    expect(total).to_contain_text("200.10")
    page.keyboard.press("Escape")
    section.get_by_role("button", name="Pieces: 4. Edit").click()
    expect(section.get_by_role("textbox", name="Pieces")).to_be_focused()
    page.keyboard.type("8")
    page.keyboard.press("Enter")
    expect(total).to_contain_text("200.30")
    lines.psql("UPDATE order_lines SET price = 0.10 WHERE sku = 'LEG-2'")
    expect(total).to_contain_text("200.70")
    page.get_by_role("button", name="Duplicate order").click()
    form = page.get_by_role("dialog", name=f"Copy of order #{order}")
    expect(form.get_by_role("textbox", name="Sku")).to_have_count(2)
    form.get_by_role("button", name="Remove Order lines 1").click()
    form.get_by_role("button", name="Create order").click()
    expect(form).to_have_count(0)
    assert lines.psql(f"SELECT sku, pieces FROM order_lines WHERE order_id > {order}") == "LEG-2|8"
    section.get_by_role("button", name="Remove TOP-1").click()
    expect(section.get_by_role("button", name="Sku: TOP-1. Edit")).to_have_count(0)
    expect(total).to_have_count(0)  # of one line
    toast(page, "removed").get_by_role("button", name="Undo").click()
    expect(total).to_contain_text("200.70")


def test_a_text_outlives_its_row(lines: EmbeddedStack, open_tab: OpenTab) -> None:
    """What is typed into a row that someone else deletes is kept; typing goes on where it is."""
    order = create(lines, customer_name="Ann")
    other = create(lines, customer_name="Bob")
    lines.psql(f"INSERT INTO order_lines (order_id, sku, price) VALUES ({other}, 'TOP-1', 1)")
    page = open_tab(f"/orders/{other}")
    panel = page.get_by_role("complementary")
    kept = page.get_by_role("dialog", name="What you typed could not be saved")

    row(page, order).get_by_role("button", name="Customer: Ann. Edit").dblclick()
    expect(row(page, order).get_by_role("combobox", name="Customer")).to_be_focused()
    page.keyboard.type("Annabel")
    lines.psql(f"DELETE FROM orders WHERE id = {order}")
    text = kept.get_by_role("textbox", name=f"Order #{order}: Customer")
    expect(text).to_be_focused()
    expect(kept).to_contain_text("The row is no longer there.")
    page.keyboard.type(" Lee")
    expect(text).to_have_value("Annabel Lee")
    page.keyboard.press("Escape")
    kept.get_by_role("button", name="Close").click()
    expect(kept).to_have_count(0)

    section = panel.get_by_role("region", name="Order lines")
    section.get_by_role("button", name="Sku: TOP-1. Edit").click()
    expect(section.get_by_role("combobox", name="Sku")).to_be_focused()
    page.keyboard.type("TOP-2")
    lines.psql("TRUNCATE order_lines")
    expect(kept.get_by_role("textbox", name=re.compile("order_lines 1: Sku"))).to_have_value(
        "TOP-2"
    )
    kept.get_by_role("button", name="Close").click()

    section.get_by_role("button", name="Add to Order lines").click()
    section.get_by_role("textbox", name="Sku").fill("LEG-1")
    section.get_by_role("textbox", name="Pieces").fill("4")
    page.keyboard.press("Escape")  # closed, and not saved yet
    panel.get_by_role("button", name="Customer: Bob. Edit").click()
    expect(panel.get_by_role("combobox", name="Customer")).to_be_focused()
    page.keyboard.type("Bobby")
    lines.psql(f"DELETE FROM orders WHERE id = {other}")
    expect(kept.get_by_role("textbox", name="Customer")).to_have_value("Bobby")
    line = kept.get_by_role("textbox", name=f"Order #{other}: Order lines")
    expect(line).to_have_value("Sku: LEG-1\nPieces: 4")
    kept.get_by_role("button", name="Close").click()


def test_a_text_outlives_its_place_in_the_list(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """An order that leaves the list while it is edited stays until it is saved."""
    order = create(stack, customer_name="Leaving Lea")
    page = open_tab("/?status=pending&customer_name=Leaving%20Lea")
    create(stack, customer_name="Leaving Lea")
    row(page, order).get_by_role("button", name="Customer: Leaving Lea. Edit").dblclick()
    field = row(page, order).get_by_role("combobox", name="Customer")
    expect(field).to_be_focused()
    page.keyboard.type("Lea")
    stack.psql(f"UPDATE orders SET status = 'shipped' WHERE id = {order}")
    expect(row(page, order)).to_have_attribute("data-gone", "true")
    expect(field).to_be_focused()
    page.keyboard.press("Enter")
    until(lambda: stack.psql(f"SELECT customer_name FROM orders WHERE id = {order}") == "Lea", 5)
