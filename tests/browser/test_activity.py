"""The activity and the pulse tell what happened, also after a reload."""

import re
import time

from playwright.sync_api import Locator, Page, expect

from harness.dashboards import OpenTab, create, fill, until_caught_up
from harness.stacks import EmbeddedStack
from harness.waiting import until


def entries(page: Page) -> Locator:
    """Return the entries of the activity, newest first."""
    return page.get_by_role("list", name="Latest changes, newest first").get_by_role("listitem")


def entry(page: Page, text: str) -> Locator:
    """Return the entries with a text."""
    return entries(page).filter(has_text=text)


def until_a_burst_can_begin(stack: EmbeddedStack, pause: str) -> None:
    """Wait for a pause after the last change, and until the present minute has 10 s left."""
    query = (
        f"SELECT coalesce(max(changed_at) < now() - interval '{pause}', true)"
        " AND extract(second FROM now()) < 50 FROM order_events"
    )
    until(lambda: stack.psql(query) == "t", 15, "a burst can begin")


def test_bulk_changes_are_the_same_after_a_reload(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """Large INSERTs and UPDATEs are one entry each, live and reloaded, and are passed at once."""
    first = create(stack, customer_name="Long ago")
    page = open_tab()
    until_a_burst_can_begin(stack, "3s")  # else they are one entry
    fill(stack, 6_000, "Bulk")
    expect(entry(page, "6,000 orders created")).to_have_count(1)
    until_a_burst_can_begin(stack, "0s")
    stack.psql("UPDATE orders SET status = 'shipped' WHERE customer_name LIKE 'Bulk%'")
    expect(entry(page, "6,000 orders changed")).to_have_count(1)
    until_a_burst_can_begin(stack, "3s")
    stack.psql(
        2 * "UPDATE orders SET quantity = quantity + 1 WHERE customer_name LIKE 'Bulk %7';\n"
    )
    rows = int(stack.psql("SELECT count(*) FROM orders WHERE customer_name LIKE 'Bulk %7'"))
    until_caught_up(stack, page)
    for _ in range(2):
        expect(entry(page, "6,000 orders changed")).to_contain_text("status")
        changed = entry(page, f"{rows:,} orders changed")
        expect(changed).to_contain_text(f"quantity · {2 * rows:,} changes")
        page.reload()
    list_ = page.get_by_role("list", name="Latest changes, newest first")
    list_.evaluate("list => list.scrollTo({ top: list.scrollHeight })")
    expect(entry(page, f"#{first} created")).to_be_attached()


def test_deletions_are_found(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """A deletion is found behind thousands of other changes; live ones are added."""
    until_a_burst_can_begin(stack, "3s")
    gone = create(stack)
    stack.psql(f"DELETE FROM orders WHERE id = {gone}")
    fill(stack, 5_000, "Noise")
    page = open_tab()
    expect(entry(page, "5,001 orders created")).to_have_count(1)
    page.get_by_label("Show").select_option("deleted")
    expect(entry(page, f"#{gone} deleted")).to_have_count(1)
    expect(entry(page, "created")).to_have_count(0)
    another = create(stack)
    stack.psql(f"DELETE FROM orders WHERE id = {another}")
    expect(entry(page, f"#{another} deleted")).to_have_count(1)
    page.reload()
    expect(entries(page).first).to_contain_text(f"#{another} deleted")


def test_the_figure_of_changes_covers_a_minute(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """Changes per minute are those of the last 60 seconds, not those since the minute began."""
    stack.psql(
        "TRUNCATE orders; INSERT INTO orders (customer_name, product_name, created_at) VALUES"
        " ('Then', 'A', now() - interval '23 hours 55 minutes'),"
        " ('Before', 'B', now() - interval '24 hours 5 minutes');"
        " DO $$ BEGIN FOR n IN 1..75 LOOP"
        " UPDATE orders SET quantity = n WHERE customer_name = 'Then'; END LOOP; END $$"
    )
    page = open_tab()
    until_caught_up(stack, page)
    head = stack.psql("SELECT max(position) FROM order_events")
    figure = page.get_by_test_id("changes-in-60-s")

    def shown_in_time() -> int | None:
        """Return the figure; None if so much time has passed that too few changes are left."""
        began = time.monotonic()
        stack.psql(
            "ALTER TABLE order_events DISABLE TRIGGER USER;"
            f" UPDATE order_events SET changed_at = now() - CASE WHEN position <= {head} - 75"
            f" THEN interval '2 hours' ELSE (5 + {head} - position) * interval '1 s' END;"
            " ALTER TABLE order_events ENABLE TRIGGER USER"
        )
        page.reload()
        expect(figure).to_have_text(re.compile(r"^\d+$"))
        shown = int(figure.inner_text())
        return shown if time.monotonic() - began < 14 else None

    shown = until(shown_in_time, what="the figure is read in time")
    assert shown is not None
    assert 40 <= shown < 60
    expect(page.get_by_test_id("orders-today")).to_have_text("1")
