"""Taking orders away: a spreadsheet, the printed list, a packing slip."""

import csv
import io
import re

import httpx
from playwright.sync_api import Page, expect

from harness.dashboards import OpenTab, create, fill, row, toast
from harness.stacks import EmbeddedStack

_PRINTED = """
    let printed = 0;
    window.print = () => { document.documentElement.dataset.printed = String(++printed) };
"""
PRODUCT = "<img src=x onerror='window.ran = 2'>"
TEMPLATE = """
<style>@page { size: A5 } h1 { color: rgb(1, 2, 3) }</style>
<script>window.ran = 1</script>
<h1>Thank you, {{customer}}!</h1><p>{{{order.product_name}}}</p>
"""


def pages(pdf: bytes) -> int:
    """Return the number of pages of a PDF by Chromium."""
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


def choose(page: Page, item: str) -> None:
    page.get_by_role("button", name="Export", exact=True).click()
    page.get_by_role("menuitem", name=item).click()


def test_export_what_is_shown(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """Two clicks save all orders of the filter, beyond what is loaded, in the columns shown."""
    fill(stack, 1300, customer="Exported")
    create(stack, customer_name="Exported =1+1", product_name="=cmd()")
    page = open_tab()
    page.get_by_label("Search orders").fill("exported")
    expect(page.get_by_text("1,301").first).to_be_visible()
    page.get_by_label("Columns", exact=True).click()
    page.get_by_role("checkbox", name="Changed").uncheck()
    page.get_by_role("checkbox", name="Created").check()
    page.keyboard.press("Escape")
    with page.expect_download() as download:
        choose(page, "Spreadsheet")
    file = download.value
    assert file.suggested_filename.startswith("orders-")
    text = file.path().read_text(encoding="utf-8-sig")
    header, first, *others = csv.reader(io.StringIO(text, newline=""))
    assert {"id", "customer_name", "created_at"} <= {*header}
    assert not {"version", "updated_at"} & {*header}
    assert "'=cmd()" in first
    assert len(others) == 1300
    expect(toast(page, "Exported")).to_contain_text(file.suggested_filename)


def test_print_the_list(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """All orders of the filter are on paper, over pages, not only those in view."""
    fill(stack, 1100, customer="Printed")
    page = open_tab()
    page.add_init_script(_PRINTED)
    page.goto(f"{stack.edge}/?search=printed")
    expect(page.get_by_text("1,100").first).to_be_visible()
    choose(page, "Print the list")
    page.locator("html[data-printed='1']").wait_for()
    expect(page.get_by_test_id("paper").locator("tbody tr")).to_have_count(1100)
    expect(page.get_by_test_id("paper").get_by_text("1,100 orders")).to_be_visible()
    assert 10 < pages(page.pdf(format="A4")) < 60
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("paper")).to_have_count(0)
    expect(page.get_by_label("Search orders")).to_be_editable()


def test_packing_slip(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """One click prints an order; the owner's template replaces ours, and nothing in either runs."""
    order = create(stack, customer_name="Zoë", product_name=PRODUCT)
    page = open_tab()
    page.add_init_script(_PRINTED)
    page.goto(f"{stack.edge}/orders/{order}")
    page.get_by_role("button", name="Print packing slip").click()
    page.locator("html[data-printed='1']").wait_for()
    paper = page.get_by_test_id("paper")
    expect(paper.get_by_text(f"Order #{order}")).to_be_visible()
    expect(paper.get_by_text(PRODUCT)).to_be_visible()
    assert pages(page.pdf()) == 1
    page.get_by_role("button", name="Close", exact=True).click()
    address = f"{stack.edge}/api/templates/packing-slip"
    assert httpx.put(address, json={"template": TEMPLATE}).status_code == 204
    page.get_by_role("button", name="Print packing slip").click()
    page.locator("html[data-printed='2']").wait_for()
    thanks = paper.get_by_role("heading", name="Thank you, Zoë!")
    expect(thanks).to_have_css("color", "rgb(1, 2, 3)")
    expect(paper.get_by_text(PRODUCT)).to_be_visible()
    assert page.evaluate("window.ran") is None
    assert httpx.put(address, json={"template": None}).status_code == 204
    page.get_by_role("button", name="Close", exact=True).click()
    expect(row(page, order)).to_be_visible()
