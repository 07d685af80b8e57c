"""What happened, in a shopkeeper's words: bursts, people, times, an order's lines, the charts."""

import re
import time

from playwright.sync_api import Route, expect

from harness.dashboards import OpenTab, create, until_caught_up
from harness.stacks import EmbeddedStack
from harness.waiting import until


def until_the_day_goes_on() -> None:
    """Wait, shortly before midnight, for the next day: what follows is not yesterday's at once."""
    until(lambda: time.localtime()[3:5] < (23, 58), 30, "two minutes of the day are left")


def test_who_changed_what(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """A burst opens into its changes, page by page; Back undoes a filter by person and time."""
    until_the_day_goes_on()
    order = create(stack, customer_name="Bought Once", product_name="Tea", quantity=2)
    stack.psql(
        "SET orders.actor = 'Anna'; UPDATE orders SET status = 'shipped', quantity = 6"
        f" WHERE id = {order}"
    )
    stack.psql(
        "SET orders.actor = 'import'; INSERT INTO orders (customer_name, product_name)"
        " SELECT 'Burst', 'Tea' FROM generate_series(1, 70)"
    )
    page = open_tab("/activity")
    until_caught_up(stack, page)
    entries = page.get_by_role("list", name="Latest changes, newest first")
    burst = entries.get_by_role("button", name="70 orders created")
    burst.click()
    opened = page.get_by_role("list", name="70 changes, newest first")
    opened.get_by_role("button", name="Show more (50 of 70)").click()
    expect(opened.get_by_role("link")).to_have_count(70)
    page.get_by_label("By whom").select_option("By Anna")
    anna = entries.get_by_role("listitem").filter(has_text=f"#{order} moved to shipped by Anna")
    expect(anna).to_contain_text("was pending")
    expect(anna).to_contain_text("quantity 2 to 6")
    expect(anna).to_contain_text("Tea for Bought Once")
    expect(burst).to_have_count(0)
    page.get_by_label("When").select_option("Yesterday")
    expect(page.get_by_text("Nothing was changed by Anna yesterday.")).to_be_visible()
    page.reload()
    expect(page.get_by_label("When")).to_have_value("yesterday")
    page.go_back()
    expect(anna).to_be_visible()
    page.go_back()
    expect(page.get_by_label("By whom")).to_have_value("")


def test_technical_words_and_values_of_the_charts(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """One switch shows positions and gateways, also after a reload; keys tell a chart's values."""
    order = create(stack, customer_name="Plain Words")
    page = open_tab(f"/orders/{order}")
    timeline = page.get_by_role("list", name="Timeline, newest first").get_by_role("listitem")
    panel = page.get_by_role("complementary", name=f"Order #{order}")
    expect(timeline).to_contain_text("Created")
    expect(timeline).not_to_contain_text("INSERT")
    expect(panel.get_by_text("Version", exact=True)).to_have_count(0)
    page.get_by_test_id("connection").click()
    page.get_by_label("Technical details").check()
    expect(timeline).to_contain_text("INSERT")
    expect(panel.get_by_text("Version", exact=True)).to_have_count(1)
    page.goto(stack.edge)
    until_caught_up(stack, page)
    expect(page.get_by_test_id("position")).to_have_text(
        f"{int(stack.psql('SELECT max(position) FROM order_events')):,}"
    )
    chart = page.get_by_role("slider").first
    expect(chart).not_to_have_attribute("aria-valuetext", "nothing is known yet")
    chart.focus()
    page.keyboard.press("End")
    expect(page.get_by_test_id("chart-value")).to_contain_text("last 60 s · ")
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_test_id("chart-value")).not_to_contain_text("last 60 s")


def test_a_chart_that_is_focused_early_tells_its_value(open_tab: OpenTab) -> None:
    """A chart that has the focus before its data come tells its last value once they are there."""
    page = open_tab()
    held: list[Route] = []
    page.route("**/api/pulse", lambda route: held.append(route))  # noqa: PLW0108  a built-in method cannot be a handler
    page.reload()
    chart = page.get_by_role("slider").first
    chart.focus()
    expect(chart).to_have_attribute("aria-valuetext", "nothing is known yet")
    # A call of the page is what lets Playwright run the handler.
    until(lambda: page.evaluate("true") and held, what="the page asks for the chart's data")
    held.pop().continue_()
    expect(chart).to_have_attribute("aria-valuetext", re.compile("last 60 s · "))
    expect(page.get_by_test_id("chart-value")).to_contain_text("last 60 s · ")
