"""The tables of the dashboard: any watched table, and how each person arranges it."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, expect

from harness.dashboards import OpenTab, box, create, row, toast
from harness.stacks import EmbeddedStack
from harness.waiting import until

LINES = """
    CREATE TABLE parcel_lines (
        order_id bigint NOT NULL REFERENCES orders ON DELETE CASCADE, place integer NOT NULL,
        sku text NOT NULL, price numeric(10,2), currency text NOT NULL DEFAULT 'EUR'
        CHECK (currency IN ('EUR', 'USD')), PRIMARY KEY (order_id, place));
    SELECT watch_table('parcel_lines');
"""


@pytest.fixture
def stack_with_lines(stack: EmbeddedStack) -> Iterator[EmbeddedStack]:
    """Let the test use a table of lines."""
    stack.psql(LINES)
    yield stack
    stack.psql("SELECT unwatch_table('parcel_lines'); DROP TABLE parcel_lines")


def test_another_table(stack_with_lines: EmbeddedStack, open_tab: OpenTab) -> None:
    """A table with a composite key and no version is live, edited in cells, and leads to orders."""
    stack = stack_with_lines
    order = create(stack, customer_name="Ann of the lines")
    stack.psql(f"INSERT INTO parcel_lines VALUES ({order}, 1, 'TOP', 12.5), ({order}, 2, 'LEG', 3)")
    page = open_tab()
    page.get_by_role("button", name="Tables").click()
    page.get_by_role("menuitem", name="Parcel lines").click()
    grid = page.get_by_role("grid", name="Parcel lines")
    expect(grid.get_by_text("€12.50")).to_be_visible()
    stack.psql("UPDATE parcel_lines SET price = 99.9 WHERE place = 1")
    expect(grid.get_by_text("€99.90")).to_be_visible()
    grid.get_by_text("LEG").dblclick()
    expect(grid.get_by_label("Sku", exact=True)).to_be_focused()
    page.keyboard.type("LEG-2")
    page.keyboard.press("Enter")
    expect(grid.get_by_role("button", name="Sku: LEG-2. Edit")).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("F2")
    expect(grid.get_by_label("Price", exact=True)).to_be_focused()
    page.keyboard.type("7.25")
    page.keyboard.press("Tab")
    expect(grid.get_by_label("Currency", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    expect(grid.get_by_text("€7.25")).to_be_visible()
    stored = "SELECT sku, price FROM parcel_lines WHERE place = 2"
    until(lambda: stack.psql(stored) == "LEG-2|7.25", 10, "both cells are stored")
    search = page.get_by_label("Search this table")
    search.fill("no such line")
    page.get_by_role("button", name="Show all").click()
    expect(search).to_have_value("")
    expect(grid.get_by_text("€7.25")).to_be_visible()
    grid.get_by_role("link", name=f"Order {order}").first.click()
    expect(page.get_by_role("heading", name=f"Order #{order}")).to_be_visible()


def test_arranged_by_keyboard(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """Sorted by two columns, moved, dragged, widened, dark, compact: the next visit finds it so."""
    for name, number in (("Zoe", 2), ("Amy", 1), ("Zoe", 5)):
        create(stack, customer_name=f"Arranged {name}", quantity=number)
    page = open_tab("/?search=arranged")
    page.get_by_role("columnheader", name="Customer").get_by_role("button").press("Enter")
    quantity = page.get_by_role("columnheader", name="Quantity")
    quantity.get_by_role("button").press("Shift+Enter")
    expect(page.locator("[data-order] [data-label='Customer']")).to_have_text(
        ["Arranged Amy", "Arranged Zoe", "Arranged Zoe"]
    )
    expect(page.locator("[data-row='1']")).to_contain_text("5")
    expect(page).to_have_url(re.compile(r"sort=customer_name%2C-quantity$"))
    width = box(quantity)["width"]
    quantity.get_by_role("button").press("Shift+ArrowLeft")
    headers = page.get_by_role("columnheader")
    expect(headers.nth(3)).to_have_text(re.compile("^Quantity"))
    start, over = box(quantity), box(page.get_by_role("columnheader", name="Customer"))
    page.mouse.move(start["x"] + start["width"] / 2, start["y"] + 8)
    page.mouse.down()
    page.mouse.move(over["x"] + 5, over["y"] + 8, steps=4)
    page.mouse.up()
    expect(headers.nth(2)).to_have_text(re.compile("^Quantity"))
    expect(page).to_have_url(re.compile(r"sort=customer_name%2C-quantity$"))  # it was no click
    for key in ("+", "+"):
        quantity.get_by_role("button").press(key)
    page.get_by_role("button", name="Columns").click()
    page.get_by_text("Compact").click()
    page.get_by_text("Dark").click()
    page.keyboard.press("Escape")
    page.reload()
    expect(headers.nth(2)).to_have_text(re.compile("^Quantity"))
    until(lambda: box(quantity)["width"] == width + 32, what="it has the width that it was given")
    until(lambda: box(page.locator("[data-row='0']"))["height"] == 36, what="the rows are compact")
    expect(page.locator("body")).to_have_css("background-color", "rgb(13, 15, 19)")


def test_focus_stays_in_the_table(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """Rows that come and go do not take the focus away: it goes to the row in the same place."""
    orders = [create(stack, customer_name=f"Focused {number}") for number in range(4)]
    page = open_tab("/?search=focused")
    page.clock.install()
    expect(row(page, orders[0])).to_be_visible()
    for key in ("j", "j", "ArrowDown"):
        page.keyboard.press(key)
    link = row(page, orders[1]).get_by_role("link")
    expect(link).to_be_focused()
    added = create(stack, customer_name="Focused later")
    stack.psql(f"DELETE FROM orders WHERE id = {orders[2]}")
    expect(page.get_by_text("1 new order")).to_be_visible()
    page.clock.fast_forward(5_500)
    expect(row(page, added)).to_be_visible()
    expect(row(page, orders[2])).to_have_count(0)
    expect(link).to_be_focused()
    stack.psql(f"DELETE FROM orders WHERE id = {orders[1]}")
    expect(row(page, orders[1])).to_have_count(0)
    expect(row(page, orders[0]).get_by_role("link")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"/orders/{orders[0]}\?"))


def _see_the_last(grid: Locator) -> None:
    """Go to the last of 120 rows, of which the first are loaded; a key's digits are not grouped."""
    expect(grid).to_have_attribute("aria-rowcount", "121")
    grid.get_by_role("link").first.focus()
    grid.page.keyboard.press("Control+End")
    last = grid.locator("[aria-rowindex='121']")
    expect(last.locator("[data-label='Place']")).to_have_text("1001")
    expect(last).to_be_in_viewport(ratio=0.9)


def test_a_days_work_in_another_table(stack_with_lines: EmbeddedStack, open_tab: OpenTab) -> None:
    """A row is created, found by a typed condition, saved as a view, edited, copied and deleted."""
    stack = stack_with_lines
    order = create(stack, customer_name="Ann of the parcels")
    stack.psql(
        f"INSERT INTO parcel_lines SELECT {order}, 1000 + n, 'BOX', n"
        " FROM generate_series(1, 120) AS n"
    )
    page = open_tab("/tables/parcel_lines")
    panel = page.get_by_role("region", name="Parcel lines")
    expect(panel.locator("h2 + span")).to_have_text("120")
    grid = page.get_by_role("grid", name="Parcel lines")
    _see_the_last(grid)
    panel.get_by_role("button", name="New row").click()
    form = page.get_by_role("dialog", name="New row: Parcel lines")
    form.get_by_label("Order id").fill(str(order))
    form.get_by_label("Sku").fill("LAMP")
    form.get_by_label("Price").fill("1250.5")
    form.get_by_label("Place").fill("900")
    form.get_by_role("button", name="Create").click()
    expect(form).to_have_count(0)
    expect(panel.locator("h2 + span")).to_have_text("121")
    page.goto(f"{page.url}?price.gte=200")
    expect(grid.get_by_text("€1,250.50")).to_be_visible()
    expect(panel.locator("h2 + span")).to_have_text("1")
    panel.get_by_role("button", name="Saved views").click()
    menu = page.get_by_role("dialog", name="Saved views")
    menu.get_by_role("button", name="Save as new").click()
    menu.get_by_label("Name of the view").fill("Dear parcels")
    menu.get_by_role("button", name="Save").click()
    expect(page).to_have_url(re.compile(r"\?view=\d+$"))
    page.reload()
    expect(panel.get_by_role("button", name="Saved views: Dear parcels")).to_be_visible()
    grid.get_by_text("LAMP").dblclick()
    grid.get_by_label("Sku", exact=True).fill("LAMP-2")
    page.keyboard.press("Enter")
    stored = (
        "SELECT string_agg(sku || place, ' ' ORDER BY place) FROM parcel_lines"
        f" WHERE price > 200 AND order_id = {order}"
    )
    until(lambda: stack.psql(stored) == "LAMP-2900", 10, "the cell is stored")
    line = f"parcel_lines {order},900"
    grid.get_by_role("button", name=f"More for {line}").click()
    page.get_by_role("menuitem", name="Duplicate").click()
    copy = page.get_by_role("dialog", name=f"Copy of {line}")
    expect(copy.get_by_label("Sku")).to_have_value("LAMP-2")
    copy.get_by_label("Place").fill("901")
    copy.get_by_role("button", name="Create").click()
    expect(grid.get_by_text("LAMP-2")).to_have_count(2)
    grid.get_by_role("button", name=f"More for {line}").click()
    page.get_by_role("menuitem", name="Delete").click()
    grid.get_by_role("button", name=f"Keep {line}").click()
    grid.get_by_role("button", name=f"More for {line}").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.close(run_before_unload=False)
    until(lambda: stack.psql(stored) == "LAMP-2901", 15, "the row is deleted, its copy is there")


def test_a_delete_is_announced_and_undone_by_key(
    stack_with_lines: EmbeddedStack, open_tab: OpenTab
) -> None:
    """Ctrl Z undoes the delete of a row; its toast is read out, and F8 and Tab lead to its Undo."""
    stack = stack_with_lines
    order = create(stack, customer_name="Bob of the parcels")
    stack.psql(f"INSERT INTO parcel_lines VALUES ({order}, 1, 'BOX', 1)")
    page = open_tab(f"/tables/parcel_lines?order_id={order}")
    line = f"parcel_lines {order},1"

    def delete() -> None:
        page.get_by_role("button", name=f"More for {line}").click()
        page.get_by_role("menuitem", name="Delete").click()

    keep = page.get_by_role("button", name=f"Keep {line}")
    delete()
    said = page.get_by_role("status").filter(has_text=re.compile(f"{line} removed.*Undo"))
    expect(said).to_have_attribute("aria-live", "assertive")
    expect(keep).to_be_visible()
    page.keyboard.press("Control+z")
    expect(keep).to_have_count(0)
    delete()
    undo = toast(page, f"{line} removed").get_by_role("button", name="Undo")
    expect(undo).to_be_visible()
    page.keyboard.press("F8")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(undo).to_be_focused()
    page.keyboard.press("Enter")
    expect(keep).to_have_count(0)
    assert stack.psql(f"SELECT count(*) FROM parcel_lines WHERE order_id = {order}") == "1"
