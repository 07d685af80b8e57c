"""The dashboard with columns, statuses and values that are the owner's own."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from harness.dashboards import OpenTab, box, create, live, row, set_status, until_stored
from harness.stacks import EmbeddedStack
from harness.waiting import until

ADD = """
    ALTER TABLE orders ADD COLUMN total numeric(12,2) NOT NULL DEFAULT 0,
        ADD COLUMN store text CHECK (store IN ('Berlin', 'Hamburg')),
        ADD COLUMN express boolean, ADD COLUMN due date, ADD COLUMN due_at timestamptz,
        ADD COLUMN address jsonb, ADD COLUMN tags text[], ADD COLUMN external uuid,
        ADD COLUMN notes text;
    COMMENT ON COLUMN orders.store IS 'Where the order is packed.';
    ALTER TABLE orders DROP CONSTRAINT orders_status_known;
"""
REMOVE = """
    ALTER TABLE orders DROP COLUMN total, DROP COLUMN store, DROP COLUMN express, DROP COLUMN due,
        DROP COLUMN due_at, DROP COLUMN address, DROP COLUMN tags, DROP COLUMN external,
        DROP COLUMN notes;
"""


@pytest.fixture
def own_columns(stack: EmbeddedStack) -> Iterator[EmbeddedStack]:
    """Let the test add columns; restore the table afterwards."""
    check = stack.psql(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conname = 'orders_status_known' AND conrelid = 'orders'::regclass"
    )
    yield stack
    stack.psql(
        "UPDATE orders SET status = 'pending' WHERE status NOT IN"
        " ('pending', 'processing', 'shipped', 'delivered', 'cancelled')"
    )
    stack.psql(REMOVE)
    stack.psql(f"ALTER TABLE orders ADD CONSTRAINT orders_status_known {check}")


def test_columns_are_added_while_the_page_is_open(
    own_columns: EmbeddedStack, open_tab: OpenTab
) -> None:
    """I10: new columns appear in panel, table and form, without a reload."""
    order = create(own_columns, customer_name="Schema Sam")
    page = open_tab(f"/orders/{order}")
    panel = page.get_by_role("complementary")
    expect(panel).to_contain_text("Schema Sam")
    own_columns.psql(ADD)
    expect(panel.get_by_text("Due at", exact=True)).to_be_visible()
    own_columns.psql(
        "UPDATE orders SET total = 1234.5, address = '{\"city\": \"Łódź\"}', tags = '{a,b}'"
        f" WHERE id = {order}"
    )
    for shown in ("1,234.50", "Łódź", "a, b"):
        expect(panel.get_by_role("definition").filter(has_text=shown).first).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Columns").click()
    page.get_by_role("checkbox", name="Total").check()
    page.keyboard.press("Escape")
    expect(page.get_by_role("columnheader", name="Total")).to_be_visible()
    expect(row(page, order)).to_contain_text("1,234.50")
    page.reload()
    expect(row(page, order)).to_contain_text("1,234.50")
    own_columns.psql(REMOVE.replace("DROP COLUMN", "DROP COLUMN IF EXISTS"))
    expect(page.get_by_role("columnheader", name="Total")).to_have_count(0)
    own_columns.psql(ADD.split("COMMENT", maxsplit=1)[0])
    expect(page.get_by_role("columnheader", name="Total")).to_be_visible()


def test_form_has_every_column(own_columns: EmbeddedStack, open_tab: OpenTab) -> None:
    """I10: the form has a field for each writable column, by its kind, and saves exact values."""
    own_columns.psql(ADD)
    page = open_tab()
    page.get_by_role("button", name="New order").click()
    form = page.get_by_role("dialog", name="New order")
    form.get_by_label("Customer").fill("Form Fran")
    form.get_by_label("Product").fill("Desk")
    form.get_by_label("Total").fill("1234567890.10")
    form.get_by_label("Store").select_option("Hamburg")
    expect(form.get_by_label("Store")).to_have_accessible_description("Where the order is packed.")
    form.get_by_label("Express").select_option("yes")
    form.get_by_label("Due", exact=False).first.fill("2026-12-24")
    form.get_by_label("Address").fill('{"zip": ')
    form.get_by_label("Tags").fill('["gift"]')
    form.get_by_role("button", name="Create order").click()
    expect(form.get_by_label("Address")).to_be_focused()
    form.get_by_label("Address").fill('{"zip": 12345678901234567890}')
    form.get_by_role("button", name="Create order").click()
    expect(form).to_have_count(0)
    saved = own_columns.psql(
        "SELECT concat_ws(' ', total, store, express, due, address, tags) FROM orders"
        " WHERE customer_name = 'Form Fran'"
    )
    assert saved == '1234567890.10 Hamburg t 2026-12-24 {"zip": 12345678901234567890} {gift}'


def test_undeclared_status(own_columns: EmbeddedStack, open_tab: OpenTab) -> None:
    """I10: a status that no CHECK declares is shown, counted, filtered by, and can be left."""
    own_columns.psql(ADD)
    order = create(own_columns, customer_name="Hold Holly")
    page = open_tab()
    own_columns.psql(f"UPDATE orders SET status = 'on_hold' WHERE id = {order}")
    expect(row(page, order)).to_contain_text("on_hold")
    page.get_by_role("group", name="Status").get_by_text("on_hold").click()
    expect(page.locator("[data-order]")).to_have_count(1)
    page.reload()
    expect(row(page, order)).to_be_visible()


def test_long_and_blank_status(own_columns: EmbeddedStack, open_tab: OpenTab) -> None:
    """A status of any text leaves room for the orders, and can be seen in filter and legend."""
    own_columns.psql(ADD)
    long = create(own_columns, customer_name="Long Lou")
    blank = create(own_columns, customer_name="Blank Bo")
    own_columns.psql(f"UPDATE orders SET status = repeat('very long ', 50) WHERE id = {long}")
    own_columns.psql(f"UPDATE orders SET status = E'\\u200b' WHERE id = {blank}")
    page = open_tab()
    tabs = page.get_by_role("group", name="Status")
    for place in (tabs, row(page, blank)):
        expect(place).to_contain_text("(blank)")
    assert box(tabs.get_by_text("very long"))["height"] < 40
    expect(row(page, long)).to_be_in_viewport()
    page.get_by_role("button", name="Open the whole activity").click()
    legend = page.get_by_label("Orders by status")
    expect(legend).to_contain_text("(blank)")
    assert box(legend)["height"] < 160


ODD = """
    INSERT INTO orders (id, customer_name, product_name) VALUES
        (9007199254740993, E'\\u200b\\u200bx', 'Big id'), (9007199254740995, 'Neighbour', 'Big id');
    ALTER TABLE orders DISABLE TRIGGER USER;
    UPDATE orders SET updated_at = 'infinity' WHERE id = 9007199254740993;
    UPDATE orders SET created_at = '0044-03-15 BC', updated_at = '20000-01-01'
     WHERE id = 9007199254740995;
    ALTER TABLE orders ENABLE TRIGGER USER;
"""


def test_odd_values(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """I11: infinity, years BC and ids beyond 2^53 break neither table nor panel, and are exact."""
    stack.psql(ODD)
    try:
        page = open_tab("/?search=Big")
        big, neighbour = 9007199254740993, 9007199254740995
        expect(row(page, big)).to_contain_text("infinity")
        expect(row(page, neighbour)).to_contain_text("20000-01-01")
        link = box(row(page, big).get_by_role("link"))
        customer = box(row(page, big).get_by_role("gridcell").nth(2))
        assert link["x"] + link["width"] <= customer["x"]
        heading = box(page.get_by_role("columnheader", name="Customer"))
        assert abs(heading["x"] - customer["x"]) < 1
        set_status(page, big, "processing")
        expect(row(page, big)).to_contain_text("processing")
        expect(row(page, neighbour)).to_contain_text("pending")
        until_stored(stack, big, "processing")
        row(page, neighbour).get_by_role("link").click()
        expect(page).to_have_url(re.compile(rf"/orders/{neighbour}"))
        expect(page.get_by_role("complementary")).to_contain_text("0044-03-15")
        page.reload()
        expect(page.get_by_role("complementary")).to_contain_text("0044-03-15")
    finally:
        stack.psql("DELETE FROM orders WHERE id > 9007199254740992")


def test_choice_of_the_moment(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """A menu and a selection send what the user saw: an order that changed since is not moved."""
    order, other = create(stack), create(stack)
    page = open_tab()
    row(page, order).get_by_role("button", name="Change status").click()
    row(page, other).get_by_role("checkbox").check(force=True)
    page.keyboard.press("Escape")
    row(page, other).get_by_role("checkbox").check()
    row(page, order).get_by_role("button", name="Change status").click()
    stack.psql(f"UPDATE orders SET status = 'processing' WHERE id IN ({order}, {other})")
    expect(row(page, order)).to_contain_text("processing")
    expect(page.get_by_role("menuitem")).to_have_text(["processing", "cancelled"])
    page.get_by_role("menuitem", name="cancelled").click()
    dialog = page.get_by_role("alertdialog", name=f"Order #{order} was changed")
    dialog.get_by_role("button", name="Leave it processing").click()
    bar = page.get_by_role("region", name="Selected orders")
    expect(bar.get_by_role("button", name="Move 1 to processing")).to_be_visible()
    bar.get_by_role("button", name="1 changed since").click()
    bar.get_by_role("button", name="Move 1 to shipped").click()
    expect(row(page, other)).to_contain_text("shipped")


PHONE = {"width": 390, "height": 844}
LONG = "An extraordinarily long product name that no phone can show in one line"


@pytest.fixture
def no_status(stack: EmbeddedStack) -> Iterator[EmbeddedStack]:
    """Drop the column of the status; restore it afterwards."""
    stack.psql("CREATE TABLE kept AS SELECT id, status FROM orders")
    check = stack.psql(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conname = 'orders_status_known' AND conrelid = 'orders'::regclass"
    )
    stack.psql("ALTER TABLE orders DROP COLUMN status CASCADE")
    yield stack
    stack.psql(
        "ALTER TABLE orders ADD COLUMN status text NOT NULL DEFAULT 'pending',"
        f" ADD CONSTRAINT orders_status_known {check};"
        " UPDATE orders SET status = kept.status FROM kept WHERE kept.id = orders.id;"
        " DROP TABLE kept; CREATE INDEX orders_status ON orders (status, id)"
    )


def test_no_status(no_status: EmbeddedStack, open_tab: OpenTab) -> None:
    """Without a status there are no tabs, legend or empty badges; a phone shows all buttons."""
    order = create(no_status, product_name=LONG)
    page = open_tab()
    expect(row(page, order)).to_contain_text("An extraordinarily long")
    expect(page.get_by_role("group", name="Status")).to_have_count(0)
    expect(page.get_by_label("Orders by status")).to_have_count(0)
    expect(page.get_by_text("no status")).to_have_count(0)
    row(page, order).get_by_role("checkbox").check()
    bar = page.get_by_role("region", name="Selected orders")
    expect(bar.get_by_role("button", name="Move")).to_have_count(0)
    phone = open_tab(**PHONE)
    more = row(phone, order).get_by_role("button", name=f"More for order {order}")
    place = box(more)
    assert place["x"] + place["width"] <= PHONE["width"]
    more.click()
    phone.get_by_role("menuitem", name="Delete").click()
    expect(row(phone, order).get_by_role("button", name=f"Keep order {order}")).to_be_visible()
    row(phone, order).get_by_role("button", name=f"Keep order {order}").click()


def test_added_columns_on_a_phone(own_columns: EmbeddedStack, open_tab: OpenTab) -> None:
    """The columns that the user adds are on the cards of a phone, with their names."""
    own_columns.psql(ADD)
    order = create(own_columns, product_name=LONG)
    own_columns.psql(f"UPDATE orders SET total = 1234.5, store = 'Berlin' WHERE id = {order}")
    page = open_tab(**PHONE)
    expect(row(page, order)).to_contain_text("An extraordinarily long")
    before = box(row(page, order))
    page.get_by_role("button", name="Columns").click()
    for name in ("Total", "Store"):
        page.get_by_role("checkbox", name=name).check()
    page.keyboard.press("Escape")
    for text in ("1,234.50", "Berlin"):
        expect(row(page, order).get_by_text(text, exact=True)).to_be_visible()
    until(lambda: box(row(page, order))["height"] > before["height"], what="the card has grown")


def test_text_of_both_directions(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """Text that is written from right to left does not reorder what stands beside it."""
    hebrew = "שלום 123"
    order = create(stack, customer_name=hebrew, product_name=hebrew, quantity=7)
    stack.psql(f"SET orders.actor = '{hebrew}'; UPDATE orders SET quantity = 8 WHERE id = {order}")
    page = open_tab(f"/orders/{order}")
    places = page.get_by_text(hebrew, exact=True)
    expect(places.nth(3)).to_be_attached()
    for place in places.all():
        assert place.evaluate("element => getComputedStyle(element).unicodeBidi") == "isolate"


def test_escape_leaves_the_search(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """Esc in the search box keeps the search and the open order."""
    order = create(stack, customer_name="Escape Eve")
    page = open_tab(f"/orders/{order}?search=eve")
    page.get_by_label("Search orders").focus()
    page.keyboard.press("Escape")
    expect(page.get_by_label("Search orders")).not_to_be_focused()
    expect(page).to_have_url(re.compile(rf"/orders/{order}\?search=eve$"))
    expect(page.get_by_label("Search orders")).to_have_value("eve")


def test_blocked_storage(stack: EmbeddedStack, browser: Browser) -> None:
    """The page works where the browser blocks site data."""
    order = create(stack)
    context = browser.new_context()
    context.add_init_script(
        "for (const name of ['localStorage', 'sessionStorage']) Object.defineProperty(window, name,"
        " { get() { throw new DOMException('blocked', 'SecurityError'); } });"
    )
    page: Page = context.new_page()
    page.goto(stack.edge)
    live(page).wait_for()
    expect(row(page, order)).to_be_visible()
    page.get_by_role("button", name="Columns").click()
    page.get_by_role("checkbox", name="Quantity").uncheck()
    expect(page.get_by_role("columnheader", name="Quantity")).to_have_count(0)
    context.close()


def test_broken_part(stack: EmbeddedStack, browser: Browser) -> None:
    """An error in one part of the page names that part and leaves the others working."""
    order = create(stack)
    context = browser.new_context()
    page = context.new_page()
    page.route(re.compile("/assets/pulse-panel.*js$"), lambda route: route.abort())
    page.goto(stack.edge)
    expect(page.get_by_role("alert")).to_contain_text("The charts cannot be shown")
    expect(row(page, order)).to_be_visible()
    context.close()
