"""The settings page of a system in open mode: what there is to set without people."""

from playwright.sync_api import expect

from harness.dashboards import OpenTab, create, row, toast
from harness.stacks import EmbeddedStack
from harness.waiting import until

MENU = "Change status"


def test_statuses(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """Steps, thresholds, a status added and removed: the menus of another page follow."""
    order = create(stack, customer_name="Next")
    other = open_tab()
    page = open_tab()
    before = stack.psql("SELECT json_agg(step) FROM order_next_choices AS step")
    row(other, order).get_by_role("button", name=MENU).click()
    expect(other.get_by_role("menuitem")).to_have_text(["processing", "cancelled"])
    other.keyboard.press("Escape")
    page.get_by_role("button", name="Settings").click()
    try:
        form = page.get_by_role("form", name="Status of orders")
        form.get_by_label("pending: needs attention after").fill("2")
        form.get_by_role("button", name="Save").click()
        expect(form.get_by_role("alert")).to_have_text("pending: enter both times, or neither.")
        form.get_by_label("pending: late after").fill("1.5")
        form.get_by_label("pending: unit of late after").select_option("days")
        page.get_by_label("New value").first.fill("on hold")
        page.get_by_role("button", name="Add", exact=True).first.click()
        expect(form).to_contain_text("No step leads here: choose on hold")
        steps = form.get_by_role("group", name="Steps after pending")
        steps.get_by_role("button", name="on hold").click()
        form.get_by_label("Usual step after pending").select_option("on hold")
        form.get_by_role("button", name="Save").click()
        toast(page, "Status of orders saved").wait_for()
        expect(form.get_by_role("button", name="Save")).to_be_disabled()
        stored = "SELECT warn_after || ' ' || late_after FROM order_thresholds"
        assert stack.psql(stored) == "02:00:00 36:00:00"
        button = row(other, order).get_by_role("button", name=MENU)

        def offered() -> list[str]:
            button.click()
            other.get_by_role("menuitem").first.wait_for()
            texts = other.get_by_role("menuitem").all_inner_texts()
            other.keyboard.press("Escape")
            return texts

        until(lambda: offered() == ["on hold", "processing", "cancelled"], 15, "the new steps")
        form.get_by_role("button", name="Remove on hold").click()
        form.get_by_role("button", name="Remove on hold?").click()
        until(lambda: offered() == ["processing", "cancelled"], 15, "the steps that are left")
    finally:
        stack.psql(
            "ALTER TABLE orders DROP COLUMN IF EXISTS status_changed_at,"
            " DROP CONSTRAINT orders_status_known, ADD CONSTRAINT orders_status_known CHECK"
            " (status = ANY ('{pending,processing,shipped,delivered,cancelled}'));"
            "DELETE FROM order_thresholds; DELETE FROM order_next_choices;"
            "INSERT INTO order_next_choices SELECT * FROM"
            f" json_populate_recordset(NULL::order_next_choices, $json${before}$json$)"
        )


def test_tables(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """A table is watched and no longer, by keyboard, on a phone that opened the address."""
    stack.psql("CREATE TABLE parcels (id integer PRIMARY KEY)")
    try:
        page = open_tab("/settings/tables", width=390, height=844)
        page.get_by_role("button", name="Watch parcels").press("Enter")
        item = page.get_by_role("listitem").filter(has_text="parcels")
        expect(item).to_contain_text("watched")
        stop = item.get_by_role("button")
        expect(stop).to_have_text("Stop watching")
        watched = "SELECT count(*) FROM order_tables WHERE relation = 'parcels'::regclass"
        assert stack.psql(watched) == "1"
        stop.press("Enter")
        stop.press("Enter")
        expect(page.get_by_role("button", name="Watch parcels")).to_be_visible()
        page.get_by_role("link", name="System").click()
        page.get_by_text("AUTH_MODE").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.get_by_role("link", name="Back to orders").click()
        page.get_by_role("heading", name="Orders", exact=True).wait_for()
    finally:
        stack.psql("DROP TABLE parcels")
