"""Finding orders: search, filters by kind of column, saved views, Back and Forward."""

import re

import httpx
from playwright.sync_api import Page, expect

from harness.dashboards import OpenTab, create, row
from harness.stacks import EmbeddedStack


def filter_by(page: Page, column: str) -> None:
    """Open the form of a column."""
    page.get_by_role("button", name="Filter", exact=True).click()
    page.get_by_role("dialog", name="Filter by").get_by_role(
        "button", name=column, exact=True
    ).click()


def test_search_and_filters(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """Find an order by words and conditions of several kinds, with the keyboard, and go back."""
    found = create(stack, customer_name="Zoë Finder", product_name="Lamp Ångström", quantity=12)
    other = create(stack, customer_name="Zoë Finder", product_name="Lamp", quantity=99)
    stack.psql(f"UPDATE orders SET status = 'shipped' WHERE id = {other}")
    page = open_tab()
    box = page.get_by_label("Search orders")
    page.keyboard.press("/")
    page.keyboard.type("lamp finder", delay=20)
    expect(row(page, other)).to_be_visible()
    expect(page.locator("[data-order]")).to_have_count(2)
    expect(row(page, found).locator("mark")).to_have_text(["Finder", "Lamp"])
    page.keyboard.press("Escape")
    expect(box).not_to_be_focused()
    expect(box).to_have_value("lamp finder")
    expect(page).to_have_url(re.compile(r"/\?search=lamp\+finder$"))

    filter_by(page, "Status")
    page.get_by_role("checkbox", name="pending").check()
    page.get_by_role("checkbox", name="shipped").check()
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile(r"status=pending&status=shipped&search=lamp\+finder$"))
    filter_by(page, "Quantity")
    page.get_by_role("textbox", name="To").fill("50")
    page.keyboard.press("Enter")
    expect(row(page, other)).to_have_count(0)
    filter_by(page, "Created")
    page.get_by_role("radio", name="Last 7 days").check()
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile(r"created_at.gte=today-6&created_at.lt=tomorrow"))
    chips = page.get_by_role("list", name="Filters").get_by_role("listitem")
    expect(chips).to_have_text(
        ["Status: pending or shipped", "Quantity: up to 50", "Created: last 7 days"]
    )
    expect(row(page, found)).to_be_visible()

    box.fill("angstrom")
    page.keyboard.press("Enter")
    expect(row(page, found).get_by_role("link")).to_be_focused()
    page.get_by_role("button", name="Remove the filter Status").click()
    expect(chips).to_have_count(2)
    page.go_back()
    expect(chips).to_have_count(3)
    page.go_back()
    expect(box).to_have_value("lamp finder")
    for _ in range(3):
        page.go_back()
    expect(chips).to_have_count(0)
    expect(box).to_have_value("lamp finder")
    page.go_back()
    expect(box).to_have_value("")
    page.go_forward()
    expect(row(page, other)).to_be_visible()
    expect(page.locator("[data-order]")).to_have_count(2)


def test_saved_views(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """Save what is shown under a name, change it, open it elsewhere, and delete it."""
    order = create(stack, customer_name="Viewed", quantity=77)
    page = open_tab("/?quantity.gte=77&customer_name=Viewed")
    button = page.get_by_title("Saved views")
    button.click()
    page.get_by_role("button", name="Save as new").click()
    page.get_by_label("Name of the view").fill("Large ones")
    page.keyboard.press("Enter")
    expect(button).to_have_text("Large ones")
    expect(page).to_have_url(re.compile(r"/\?view=\d+$"))
    page.get_by_role("button", name="Remove the filter Quantity").click()
    expect(button).to_have_text("Large onesmodified")
    button.click()
    page.get_by_role("button", name="Save changes").click()
    expect(button).to_have_text("Large ones")
    address = page.url
    views = httpx.get(f"{stack.edge}/api/views").json()["views"]
    assert [each["query"] for each in views] == ["customer_name=Viewed"]

    there = open_tab(address.removeprefix(stack.edge))
    expect(row(there, order)).to_be_visible()
    expect(there.locator("[data-order]")).to_have_count(1)
    there.get_by_role("group", name="Status").get_by_text("shipped").click()
    expect(there.get_by_text("No order matches")).to_be_visible()
    there.get_by_title("Saved views").click()
    there.get_by_role("button", name="Discard changes").click()
    expect(row(there, order)).to_be_visible()

    button.click()
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    expect(button).to_have_text("Views")
    assert httpx.get(f"{stack.edge}/api/views").json()["views"] == []
