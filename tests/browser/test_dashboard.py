"""The dashboard in Chromium, on the system that ``orders up`` starts: following and changing."""

import os
import re
import signal

from playwright.sync_api import Browser, expect

from harness.dashboards import (
    OpenTab,
    box,
    create,
    live,
    row,
    set_status,
    toast,
    until_caught_up,
    until_in_page,
    until_stored,
)
from harness.foreign import tried
from harness.stacks import EmbeddedStack
from harness.waiting import until

# The page's own delays, and a little more: tests advance the page's clock by them.
HIGHLIGHTED_MS = 6_500
UNDO_MS = 7_500
BUSY_MS = 5_500


def test_two_tabs_follow(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """Two tabs show an order created with the API and changed with psql, without a reload."""
    tabs = [open_tab(), open_tab()]
    for tab in tabs:
        tab.clock.install()
    order = create(stack, customer_name="Grace Hopper", quantity=3)
    for tab in tabs:
        expect(row(tab, order)).to_contain_text("Grace Hopper")
        expect(row(tab, order)).to_contain_text("pending")
    stack.psql(f"UPDATE orders SET status = 'shipped' WHERE id = {order}")
    for tab in tabs:
        expect(row(tab, order)).to_contain_text("was pending")
    for tab in tabs:
        expect(row(tab, order)).to_contain_text("shipped")
        tab.clock.fast_forward(HIGHLIGHTED_MS)
        expect(row(tab, order)).not_to_contain_text("was pending")
        entry = tab.get_by_role("listitem").filter(has_text=f"#{order} moved to shipped")
        expect(entry).to_contain_text("was pending")


def test_form_creates(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """The form names missing values, then creates the order and closes."""
    page = open_tab()
    page.get_by_role("button", name="New order").click()
    page.get_by_role("button", name="Create order").click()
    expect(page.get_by_label("Customer", exact=True)).to_be_focused()
    expect(page.get_by_label("Customer", exact=True)).to_have_accessible_description(
        "This is required."
    )
    page.get_by_label("Customer", exact=True).fill("Ada Lovelace")
    page.get_by_label("Product", exact=True).fill("Difference engine")
    page.get_by_role("dialog").get_by_label("Quantity").fill("2")
    page.get_by_role("dialog").get_by_label("Quantity").press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    created = page.locator("[data-order]").filter(has_text="Ada Lovelace")
    expect(created).to_contain_text("Difference engine")
    assert stack.psql("SELECT quantity FROM orders WHERE customer_name = 'Ada Lovelace'") == "2"


def test_form_loses_nothing(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """The form keeps its input while the API cannot be reached, and creates one order later."""
    page = open_tab()
    page.get_by_role("button", name="New order").click()
    page.get_by_label("Customer", exact=True).fill("Edsger Dijkstra")
    page.get_by_label("Product", exact=True).fill("Semaphore")
    page.context.set_offline(offline=True)
    page.get_by_role("button", name="Create order").click()
    expect(page.get_by_role("alert")).to_contain_text("cannot be reached")
    page.get_by_role("button", name="Cancel").click()
    page.context.set_offline(offline=False)
    page.get_by_role("button", name="New order").click()
    expect(page.get_by_label("Customer", exact=True)).to_have_value("Edsger Dijkstra")
    page.get_by_role("button", name="Create order").click()
    expect(page.locator("[data-order]").filter(has_text="Edsger Dijkstra")).to_have_count(1)
    assert stack.psql("SELECT count(*) FROM orders WHERE product_name = 'Semaphore'") == "1"


def test_status_changes_in_place(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """A status chosen in one tab appears in the other; the menu offers the possible next ones."""
    order = create(stack)
    here, there = open_tab(), open_tab()
    row(here, order).get_by_role("button", name="Change status").click()
    expect(here.get_by_role("menuitem")).to_have_text(["processing", "cancelled"])
    here.get_by_role("menuitem", name="processing").click()
    for tab in (here, there):
        expect(row(tab, order)).to_contain_text("processing")
    expect(here.get_by_role("listitem").filter(has_text=f"#{order} moved to")).to_be_visible()
    until_stored(stack, order, "processing")


def test_conflict_is_asked_about(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """A change to an order that someone else changed first shows both values and asks."""
    order = create(stack)
    page = open_tab()
    expect(row(page, order)).to_be_visible()
    listener = stack.pids()["listener"]
    os.kill(listener, signal.SIGSTOP)  # the page gets no events
    try:
        stack.psql(f"UPDATE orders SET status = 'cancelled', quantity = 5 WHERE id = {order}")
        set_status(page, order, "processing")
        dialog = page.get_by_role("alertdialog", name=f"Order #{order} was changed")
        expect(dialog.get_by_role("row", name="Status")).to_have_text(
            "Statuspendingcancelledprocessing"
        )
        expect(dialog.get_by_role("row", name="Quantity")).to_have_text("Quantity15–")  # noqa: RUF001  as the page shows it
    finally:
        os.kill(listener, signal.SIGCONT)
    dialog.get_by_role("button", name="Set to processing anyway").click()
    expect(row(page, order)).to_contain_text("processing")
    expect(row(page, order)).to_contain_text("5")
    until_stored(stack, order, "processing")


def test_delete_and_undo(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """A delete can be undone for a while, longer under the pointer; or until the page is left."""
    order, other, third = create(stack), create(stack), create(stack)
    here, there = open_tab(), open_tab()
    row(here, order).get_by_role("button", name=f"Delete order {order}").click()
    toast(here, f"Order #{order} deleted").get_by_role("button", name="Undo").click()
    expect(row(here, order).get_by_role("button", name=f"Delete order {order}")).to_be_visible()
    row(here, other).get_by_role("button", name=f"Delete order {other}").click()
    expect(row(there, other)).to_be_visible()
    here.close(run_before_unload=True)
    expect(row(there, other)).to_have_count(0)
    expect(row(there, order)).to_be_visible()
    there.clock.install()
    for undone in (third, order):  # the toast under the pointer goes, and then another one comes
        row(there, undone).get_by_role("button", name=f"Delete order {undone}").click()
        said = toast(there, f"Order #{undone} deleted")
        said.hover()
        there.clock.fast_forward(UNDO_MS)
        expect(said).to_be_visible()
        if undone == third:
            said.get_by_role("button", name="Undo").click()
            expect(said).to_have_count(0)
    there.get_by_label("Search orders").hover()
    there.clock.fast_forward(UNDO_MS)
    expect(said).to_have_count(0)
    expect(there.get_by_role("listitem").filter(has_text=f"#{order} deleted")).to_have_count(1)
    expect(toast(there, f"Order #{order} deleted")).to_have_count(0)
    left = stack.psql(f"SELECT id FROM orders WHERE id IN ({order}, {other}, {third})")
    assert left == str(third)


def test_filter(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """The address has the filter, tabs have counts, and rows follow what matches."""
    order = create(stack, customer_name="Barbara Liskov")
    other = create(stack, customer_name="Barbara Other")
    page = open_tab()
    page.clock.install()
    page.get_by_label("Search orders").fill("barbara")
    expect(page.get_by_test_id("count-pending")).to_have_text("2")
    page.get_by_role("group", name="Status").get_by_text("pending").click()
    row(page, order).hover()
    row(page, order).get_by_role("button", name=f"More for order {order}").click()
    page.get_by_role("menuitem", name="Only orders of Barbara Liskov").click()
    expect(row(page, other)).to_have_count(0)
    expect(page).to_have_url(re.compile(r"\?customer_name=Barbara\+Liskov$"))
    page.get_by_role("group", name="Status").get_by_text("pending").click()
    expect(page).to_have_url(re.compile(r"\?customer_name=Barbara\+Liskov&status=pending$"))
    expect(page.get_by_test_id("count-pending")).to_have_text("1")
    page.mouse.move(0, 0)
    page.clock.fast_forward(BUSY_MS)
    stack.psql(f"UPDATE orders SET status = 'delivered' WHERE id = {order}")
    expect(page.get_by_text("No order matches")).to_be_visible()
    expect(page.get_by_test_id("count-pending")).to_have_text("0")
    expect(page.get_by_test_id("count-delivered")).to_have_text("1")
    stack.psql(f"UPDATE orders SET status = 'pending' WHERE id = {order}")
    expect(row(page, order)).to_be_visible()
    page.reload()
    expect(row(page, order)).to_be_visible()
    expect(row(page, other)).to_have_count(0)


def test_long_list(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """The scroll bar stands for the whole list; a jump loads what is there, and it stays there."""
    stack.psql(
        "INSERT INTO orders (customer_name, product_name) SELECT 'Window', n::text"
        " FROM generate_series(1, 3000) AS n"
    )
    ids = "SELECT min(id), max(id) FROM orders WHERE customer_name = 'Window'"
    oldest, newest = map(int, stack.psql(ids).split("|"))
    page = open_tab("/?customer_name=Window")
    until_caught_up(stack, page)
    table = page.get_by_role("grid", name="Orders")
    expect(table).to_have_attribute("aria-rowcount", "3001")
    row(page, newest).get_by_role("link").focus()
    page.keyboard.press("Control+End")
    expect(row(page, oldest)).to_have_attribute("aria-rowindex", "3001")
    expect(row(page, oldest)).to_be_in_viewport(ratio=0.9)
    expect(row(page, oldest).locator(":focus")).to_have_count(1)
    set_status(page, oldest, "processing")
    until_stored(stack, oldest, "processing")
    page.keyboard.press("PageUp")
    table.evaluate("(table) => { table.scrollTop = table.scrollHeight / 2; }")
    middle = row(page, newest - 1500)
    expect(middle).to_be_visible()
    before = box(middle)["y"] - box(table)["y"]
    added = create(stack, customer_name="Window", product_name="Added")
    stack.psql(f"UPDATE orders SET product_name = 'Seen' WHERE id = {newest - 1500}")
    stack.psql(f"DELETE FROM orders WHERE id = {newest - 1501}")
    expect(middle).to_contain_text("Seen")
    expect(row(page, newest - 1501)).to_contain_text("no longer here")
    expect(row(page, added)).to_have_count(0)
    expect(middle).to_have_css("transition-duration", "0s")  # it is drawn at once where it is
    assert box(middle)["y"] - box(table)["y"] == before
    middle.get_by_role("button", name="Product: Seen. Edit").dblclick()
    editor = middle.get_by_label("Product", exact=True)
    expect(editor).to_be_focused()
    page.keyboard.type("Typed")
    stack.psql(
        "INSERT INTO orders (customer_name, product_name)"
        " SELECT 'Window', 'Later' FROM generate_series(1, 50)"
    )
    page.get_by_role("button", name="51 new orders").wait_for()
    stack.psql(f"DELETE FROM orders WHERE id = {newest - 1502}")
    expect(middle).to_have_attribute("aria-rowindex", "1553")  # the list was scrolled on with it
    expect(editor).to_be_focused()
    expect(editor).to_have_value("Typed")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="51 new orders").click()
    expect(row(page, added + 50)).to_have_attribute("aria-rowindex", "2")
    expect(row(page, added + 50)).to_be_in_viewport()
    page.get_by_role("link", name=f"Order {added + 50}", exact=True).focus()
    page.keyboard.press("Control+End")
    expect(row(page, oldest)).to_contain_text("processing")
    expect(table).to_have_attribute("aria-rowcount", "3050")


def test_rows_come_and_go_far_above(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """Rows in view stand still, and their places follow, where one comes and goes far above."""
    stack.psql(
        "INSERT INTO orders (customer_name, product_name)"
        " SELECT 'Above', 'Lamp ' || n FROM generate_series(1001, 3000) AS n"
    )
    # In an order that only the database can tell, each of these changes loads the rows again.
    page = open_tab("/?customer_name=Above&sort=product_name")
    until_caught_up(stack, page)
    table = page.get_by_role("grid", name="Orders")
    expect(table).to_have_attribute("aria-rowcount", "2001")
    table.evaluate("(table) => { table.scrollTop = table.scrollHeight / 2; }")
    middle = page.locator("[data-order]").filter(has_text="Lamp 2005")
    expect(middle).to_have_attribute("aria-rowindex", "1006")
    before = box(middle)["y"]
    added = create(stack, customer_name="Above", product_name="Lamp 0")
    expect(middle).to_have_attribute("aria-rowindex", "1007")
    assert box(middle)["y"] == before
    stack.psql(f"DELETE FROM orders WHERE id = {added}")
    expect(middle).to_have_attribute("aria-rowindex", "1006")
    assert box(middle)["y"] == before


def test_rows_stand_still(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """While the user works rows keep their places; a button counts the new ones."""
    stack.psql(
        "INSERT INTO orders (customer_name, product_name) SELECT 'Scroll', n::text"
        " FROM generate_series(1, 90) AS n",
    )
    page = open_tab()
    table = page.get_by_role("grid", name="Orders")
    table.hover()
    table.evaluate("(table) => { table.scrollTop = 1500; }")  # at once: a wheel scrolls smoothly
    until_in_page(page, "document.querySelector('[data-order]')?.dataset.row > 0")
    seen = page.locator("[data-order]").filter(has_text="Scroll").nth(15)
    seen.wait_for()
    order = int(seen.get_attribute("data-order") or 0)
    before = row(page, order).bounding_box()
    create(stack)
    create(stack)
    stack.psql(f"DELETE FROM orders WHERE id = {order + 2}")
    expect(page.get_by_role("button", name="2 new orders")).to_be_visible()
    expect(row(page, order + 2)).to_contain_text("no longer here")
    until(lambda: row(page, order).bounding_box() == before, what="the row stands where it stood")
    page.get_by_role("button", name="2 new orders").click()
    expect(page.locator("[data-order]").first).to_be_in_viewport()
    expect(row(page, order + 2)).to_have_count(0)


def test_order_panel(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """An order has an address; its timeline names actors and is updated while it is open."""
    order = create(stack, customer_name="Margaret Hamilton")
    page = open_tab(f"/orders/{order}")
    timeline = page.get_by_role("list", name="Timeline, newest first").get_by_role("listitem")
    expect(timeline).to_have_count(1)
    stack.psql(
        f"SET orders.actor = 'packing table'; UPDATE orders SET quantity = 7 WHERE id = {order}"
    )
    expect(timeline.first).to_contain_text("by packing table")
    expect(timeline.first).to_contain_text("quantity")
    stack.psql(f"DELETE FROM orders WHERE id = {order}")
    expect(timeline.first).to_contain_text("Deleted")
    expect(page.get_by_text("when it was deleted")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile(r"/$"))
    page.go_back()
    expect(timeline).to_have_count(3)


def test_activity_history(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """Scrolling back loads earlier changes; a paused list counts new ones."""
    stack.psql(
        "DO $$ BEGIN FOR n IN 1..400 LOOP"
        " PERFORM set_config('orders.actor', 'clerk ' || n, false);"
        " INSERT INTO orders (customer_name, product_name) VALUES ('Past', n::text);"
        " COMMIT; END LOOP; END $$"
    )
    page = open_tab()
    activity = page.get_by_role("list", name="Latest changes, newest first")
    expect(activity.get_by_role("listitem").first).to_be_visible()
    earliest = activity.get_by_text("by clerk 50", exact=True)

    def scrolled_there() -> bool:
        activity.evaluate("list => list.scrollTo({ top: list.scrollHeight })")
        return earliest.count() > 0

    until(scrolled_there, 30, "the earliest change is loaded")
    activity.evaluate("list => list.scrollTo({ top: 0 })")
    page.get_by_role("button", name="Pause activity").click()
    order = create(stack)
    expect(page.get_by_role("button", name="1 new change")).to_be_visible()
    expect(activity).not_to_contain_text(f"#{order} created")
    page.get_by_role("button", name="1 new change").click()
    expect(activity).to_contain_text(f"#{order} created")
    page.get_by_label("Show").select_option("deleted")
    expect(activity).not_to_contain_text(f"#{order} created")


def test_pulse(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """The figures of the charts equal the database's, also after changes and a reload."""
    stack.psql("TRUNCATE orders")  # other tests create orders in the past
    create(stack)
    page = open_tab()

    def shown() -> None:
        counted = stack.psql(
            "SELECT count(*) FROM orders WHERE created_at > now() - interval '20h'"
        )
        expect(page.get_by_test_id("orders-today")).to_have_text(f"{int(counted):,}")

    shown()
    for _ in range(3):
        create(stack)
    shown()
    stack.psql("DELETE FROM orders WHERE id = (SELECT max(id) FROM orders)")
    shown()
    page.reload()
    shown()
    expect(page.get_by_role("slider")).to_have_count(2)


def test_truncate(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """After TRUNCATE the page shows how to create the first order."""
    create(stack)
    page = open_tab()
    stack.psql("TRUNCATE orders")
    expect(page.get_by_text("There are no orders now")).to_be_visible()
    expect(page.get_by_test_id("count-all")).to_have_text("0")
    command = page.get_by_label("Command that creates an order")
    expect(command).to_contain_text(f"curl -X POST {stack.edge}/api/orders")
    create(stack, customer_name="The first")
    expect(page.locator("[data-order]").first).to_contain_text("The first")
    expect(live(page)).to_be_visible()


def test_page_of_another_origin(stack: EmbeddedStack, browser: Browser) -> None:
    """In open mode a page of another origin can neither read nor write."""
    before = stack.psql("SELECT count(*) FROM orders")
    outcome = tried(browser, stack.edge)
    assert outcome["socket"] == "closed"
    assert outcome["read"] == "refused"
    assert outcome["write"] == "refused"
    assert stack.psql("SELECT count(*) FROM orders") == before


def test_address_that_begins_with_two_slashes(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """The page of an address such as //example.org/ is that of its path, with a working history."""
    page = open_tab("//example.org/?status=pending")
    expect(page).to_have_url(f"{stack.edge}/example.org/?status=pending")
