"""The dashboard of a database that was there before, with a table of orders of its owner's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from harness.dashboards import live, row
from harness.servers import Database, Postgres
from harness.shops import MAIN, shop_server
from harness.stacks import EmbeddedStack, orders


@pytest.fixture(scope="module")
def shop() -> Iterator[tuple[Postgres, Database]]:
    """Start a server with a shop."""
    with shop_server() as started:
        yield started


@pytest.fixture(scope="module")
def attached(
    chromium: str,  # noqa: ARG001  without a browser nothing is started
    shop: tuple[Postgres, Database],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[EmbeddedStack]:
    """Attach to the shop without a table of orders, and start the system."""
    stack = EmbeddedStack(tmp_path_factory.mktemp("attached"), "--gateways", "1")
    guest = shop[1]
    done = orders("attach", guest.url, "--watch", "sales.buyer", "--yes", folder=stack.folder)
    assert done.returncode == 0, done.stderr
    try:
        stack.start(DATABASE_URL=guest.url)
        yield stack
    finally:
        stack.end()


@pytest.fixture
def page(browser: Browser, attached: EmbeddedStack) -> Iterator[Page]:
    """Open the dashboard."""
    context = browser.new_context(reduced_motion="reduce", viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(attached.edge)
    expect(live(page)).to_be_visible()
    yield page
    context.close()


def test_a_table_of_orders_is_chosen_while_the_page_is_open(
    page: Page, attached: EmbeddedStack, shop: tuple[Postgres, Database], tmp_path: Path
) -> None:
    """Without a table of orders the page explains; it follows the attach, without a reload."""
    expect(page.get_by_text("No table is shown here yet")).to_be_visible()
    expect(page.get_by_role("button", name="New order")).to_have_count(0)
    attached.psql("UPDATE sales.buyer SET name = 'Buyer One' WHERE buyer_no = 1")
    expect(page.get_by_text("Buyer 1 changed")).to_be_visible()
    done = orders("attach", shop[1].url, *MAIN, "--yes", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    expect(row(page, 40)).to_contain_text("SO-40")
    expect(row(page, 40)).to_contain_text("Buyer 1")
    attached.psql("UPDATE sales.sales_order SET state = 'sent' WHERE sales_order_id = 40")
    expect(row(page, 40)).to_contain_text("sent")
    # Both counts: of the whole table, and of what the filter leaves.
    expect(page.get_by_role("radio", name="sent 11")).to_be_attached()
    page.get_by_role("button", name="Open the whole activity").click()
    expect(page.get_by_label("Orders by status, 40 in all")).to_contain_text("sent11")
    page.go_back()
    row(page, 39).get_by_role("link").click()
    expect(page.get_by_role("complementary")).to_contain_text("SO-39")
