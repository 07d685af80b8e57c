"""Accessibility of the dashboard: axe, keyboard only, a phone, screen readers."""

import re

import pytest
from playwright.sync_api import expect

from harness.dashboards import OpenTab, box, create, live, row, until_in_page, violations
from harness.stacks import EmbeddedStack
from harness.waiting import until

PHONE = {"width": 390, "height": 844}


@pytest.mark.parametrize(
    ("scheme", "size"),
    [
        pytest.param("light", {}, id="light-desktop"),
        pytest.param("dark", PHONE, id="dark-phone", marks=pytest.mark.slow),
        pytest.param("light", PHONE, id="light-phone", marks=pytest.mark.slow),
        pytest.param("dark", {}, id="dark-desktop", marks=pytest.mark.slow),
        pytest.param("forced", {}, id="forced-colours", marks=pytest.mark.slow),
    ],
)
def test_axe(stack: EmbeddedStack, open_tab: OpenTab, scheme: str, size: dict[str, int]) -> None:
    """Axe finds no violation in any view, in light and dark, on a desktop and a phone."""
    order = create(stack, status="processing")
    create(stack, status="delivered")
    # axe is injected into the page, which the page's Content-Security-Policy would refuse.
    colours = {"forced_colors": "active"} if scheme == "forced" else {"color_scheme": scheme}
    page = open_tab(**size, **colours, bypass_csp=True)
    expect(row(page, order)).to_be_visible()
    if not size:  # on a phone the charts are a view of their own
        page.get_by_role("slider").first.wait_for(state="attached")
    assert violations(page) == []
    row(page, order).get_by_role("checkbox").check()
    assert violations(page) == []
    page.get_by_label("Clear selection").click()
    row(page, order).get_by_role("button", name="Change status").click()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.get_by_test_id("connection").click()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="New order").click()
    page.get_by_role("button", name="Create order").click()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    if size:
        for view in ("Activity", "Pulse", "Orders"):
            page.get_by_role("link", name=view).click()
            assert violations(page) == []
    page.get_by_role("button", name="Export", exact=True).click()
    assert violations(page) == []
    page.evaluate("() => { window.print = () => undefined }")
    page.get_by_role("menuitem", name="Print the list").click()
    expect(page.get_by_test_id("paper").locator("tbody")).to_contain_text("Laptop")
    assert violations(page) == []
    page.get_by_role("button", name="Close", exact=True).click()
    page.get_by_label("Search orders").fill("nothing is called that")
    expect(page.get_by_text("No order matches")).to_be_visible()
    assert violations(page) == []
    page.goto(f"{stack.edge}/orders/{order}")
    page.get_by_role("list", name="Timeline, newest first").wait_for()
    assert violations(page) == []


def test_keyboard_alone(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """An order can be created, found, opened, moved on and closed without a mouse."""
    create(stack, customer_name="Someone else")
    page = open_tab()
    page.keyboard.press("n")
    expect(page.get_by_label("Customer", exact=True)).to_be_focused()
    page.keyboard.type("Keyboard Kate")
    page.keyboard.press("Tab")
    page.keyboard.type("Keycaps")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)  # its event may come before the answer
    created = page.locator("[data-order]").filter(has_text="Keyboard Kate")
    expect(created).to_be_visible()
    order = created.get_attribute("data-order")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(created.get_by_role("link")).to_be_focused()
    page.keyboard.press("x")
    expect(created.get_by_role("checkbox")).to_be_checked()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"/orders/{order}$"))
    expect(page.get_by_role("heading", name=f"Order #{order}")).to_be_focused()
    menu = page.get_by_role("complementary").get_by_role("button", name="Change status")
    menu.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitem", name="processing")).to_be_focused()
    page.keyboard.press("Enter")
    expect(menu).to_contain_text("processing")
    page.keyboard.press("Escape")
    expect(created.get_by_role("link")).to_be_focused()
    page.keyboard.press("/")
    expect(page.get_by_label("Search orders")).to_be_focused()
    page.keyboard.type("kate")
    expect(page.locator("[data-order]")).to_have_count(1)
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()


def test_phone(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """On a phone nothing is wider than the screen, and every view needs one tap."""
    order = create(stack, customer_name="W" * 200, product_name="Long " * 40)
    page = open_tab(**PHONE, has_touch=True)
    expect(row(page, order)).to_be_visible()
    for view in ("Activity", "Pulse", "Orders"):
        page.get_by_role("link", name=view).tap()
        expect(page.get_by_role("heading", name=view, exact=True)).to_be_attached()
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    row(page, order).get_by_text("Long").tap()
    panel = page.get_by_role("complementary", name=f"Order #{order}")
    expect(panel).to_be_visible()
    until(lambda: panel.bounding_box() == {"x": 0, "y": 0, **PHONE}, what="it fills the screen")
    page.get_by_role("button", name="Close order").tap()
    expect(panel).to_have_count(0)
    expect(live(page)).to_be_visible()


def test_the_usual_columns_fit_in_width(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """The columns that the table shows at first need no scrolling sideways, and names have room."""
    order = create(stack)
    page = open_tab()
    expect(row(page, order)).to_be_visible()
    grid = page.get_by_role("grid").element_handle()
    customer = page.get_by_role("columnheader", name="Customer").element_handle()
    for width, least in ((820, 150), (1080, 125), (1240, 180), (1280, 200), (1920, 300)):
        page.set_viewport_size({"width": width, "height": 800})
        until_in_page(
            page,
            "([grid, width]) => innerWidth === width && grid.scrollWidth === grid.clientWidth",
            arg=[grid, width],
        )
        until_in_page(page, "([each, least]) => each.clientWidth >= least", arg=[customer, least])


def test_small_windows(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """At 400 % zoom and on a phone on its side whole rows are in sight, and the page fits in width.

    On a tablet an order is beside the list, which stays in use.
    """
    orders = [create(stack, product_name="Small window") for _ in range(3)]
    page = open_tab("/?search=small+window", 320, 256)
    for width, height in ((320, 256), (844, 390)):
        page.set_viewport_size({"width": width, "height": height})
        until_in_page(page, "document.documentElement.scrollWidth === innerWidth")
        table = page.locator('[role="table"], [role="grid"]')
        until_in_page(
            page,
            "([each, least]) => { each.scrollIntoView(); return each.clientHeight > least }",
            arg=[table.element_handle(), height * 0.7],
        )
        expect(row(page, orders[2])).to_be_in_viewport(ratio=0.9)
        assert row(page, orders[2]).evaluate("each => each.scrollWidth === each.clientWidth")
        page.get_by_role("link", name="Activity").scroll_into_view_if_needed()
    page.set_viewport_size({"width": 820, "height": 1180})
    until_in_page(page, "document.documentElement.scrollHeight === innerHeight")
    for order in orders[:2]:
        row(page, order).get_by_text(f"#{order}").click()
        panel = page.get_by_role("complementary", name=f"Order #{order}")
        expect(panel).to_be_visible()
        until_in_page(
            page,
            "([each, most]) => each.getBoundingClientRect().width < most",
            arg=[panel.element_handle(), 820 * 0.6],
        )
    page.get_by_role("button", name="Close order").click()
    page.get_by_role("link", name="Pulse").click()
    charts = page.get_by_role("slider")
    expect(charts).to_have_count(2)
    until(lambda: all(box(chart)["height"] > 1180 * 0.3 for chart in charts.all()), what="large")


def test_changes_are_announced_together(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """Screen readers get a summary of the changes every 20 seconds."""
    page = open_tab()
    page.clock.install()
    for _ in range(3):
        order = create(stack)
    page.clock.run_for(1_000)
    expect(row(page, order)).to_be_visible()
    page.clock.run_for(25_000)
    expect(page.get_by_role("status").filter(has_text="Orders:")).to_have_text("Orders: 3 created.")
