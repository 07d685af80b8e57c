"""The dashboard in German: chosen by keyboard, kept, complete."""

import re
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from harness.dashboards import OpenTab, create, live, row, violations
from harness.stacks import EmbeddedStack

_ASSETS = Path(__file__).parents[2] / "frontend" / "dist" / "assets"

_REMEMBER_ENGLISH = """
    new MutationObserver(() => {
      if (/New order|Search orders/.test(document.body?.innerHTML ?? '')) window.wasEnglish = true;
    }).observe(document, { childList: true, subtree: true, characterData: true });
"""

_ENGLISH_TEXTS = """
    async ([english, german]) => {
      const texts = (of) => Object.values(of).flatMap((each) =>
        typeof each === 'object' ? texts(each) : typeof each === 'string' ? [each.trim()] : []);
      const [en, de] = await Promise.all(
        [english, german].map(async (file) => texts((await import(`/assets/${file}`)).default)));
      const onlyEnglish = new Set(en.filter((text) => !de.includes(text)));
      if (onlyEnglish.size < 300) throw new Error('the dictionaries were not read');
      const isData = (element) => element.closest('bdi, [dir=auto]') !== null;
      const elements = [...document.querySelectorAll('body *')].filter((each) => !isData(each));
      const shown = elements.flatMap((element) => [
        ...[...element.childNodes].filter((each) => each.nodeType === 3).map((each) => each.data),
        ...['aria-label', 'title', 'placeholder'].map((name) => element.getAttribute(name) ?? ''),
      ]);
      return [...new Set(shown.map((text) => text.trim()).filter((text) => onlyEnglish.has(text)))];
    }
"""


def english_texts(page: Page) -> list[str]:
    """Return the texts and attributes of the page that are English ones of the dictionary."""
    files = [next(_ASSETS.glob(f"{language}-*.js")).name for language in ("en", "de")]
    found: list[str] = page.evaluate(_ENGLISH_TEXTS, files)
    return found


def test_german(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """The language is chosen by keyboard, changes everything at once, and is kept."""
    other = create(stack)
    order = create(stack, quantity=1234)
    # The name of a column is not translated, though the page has an English text like it.
    stack.psql("ALTER TABLE orders ADD COLUMN total integer")
    stack.psql(f"UPDATE orders SET total = 1 WHERE id = {order}")
    stack.psql("ALTER TABLE orders DROP COLUMN total")
    page = open_tab(bypass_csp=True)  # for axe
    expect(row(page, order)).to_contain_text("1,234")
    page.get_by_role("button", name="Columns").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Language").focus()
    page.keyboard.press("End")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.locator("html")).to_have_attribute("dir", "ltr")
    page.keyboard.press("Escape")
    expect(row(page, order)).to_contain_text("1.234")
    expect(page.get_by_role("columnheader", name="Geändert")).to_be_visible()

    page.add_init_script(_REMEMBER_ENGLISH)
    page.reload()
    live(page).wait_for()
    page.get_by_role("button", name="Neue Bestellung").wait_for()
    assert not page.evaluate("window.wasEnglish === true")

    row(page, order).get_by_role("button", name="Status ändern").click()
    page.get_by_role("menuitem", name="processing").click()
    moved = page.get_by_role("listitem").filter(has_text=f"#{order} auf processing gesetzt")
    expect(moved.first).to_be_visible()
    row(page, order).get_by_role("checkbox").check()
    expect(page.get_by_text("1 wird shipped")).to_be_visible()
    row(page, other).get_by_role("checkbox").check()
    expect(page.get_by_text("2 ausgewählt")).to_be_visible()
    assert violations(page) == []
    assert english_texts(page) == []
    page.keyboard.press("Escape")

    places = (f"/orders/{order}", "/activity", "/pulse", "/settings/statuses", "/settings/tables")
    for place in places:
        page.goto(stack.edge + place)
        live(page).wait_for()
        if place.startswith("/orders"):
            panel = page.get_by_role("complementary")
            expect(panel.get_by_text(f"Bestellung #{order}")).to_be_visible()
            expect(
                panel.get_by_text(re.compile(r"\d\d\.\d\d\.\d{4}, \d\d:\d\d")).first
            ).to_be_visible()
            expect(page).to_have_title(f"Bestellung #{order}")
        elif place.startswith("/settings"):
            page.get_by_role("listitem").first.wait_for()
        assert english_texts(page) == [], place
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Tastatur").wait_for()
    assert english_texts(page) == []
    assert violations(page) == []


def test_refusals(stack: EmbeddedStack, open_tab: OpenTab) -> None:
    """What the API refuses is told in German: in the panel, in the form, for each row of many."""
    orders = [create(stack, customer_name="Refused") for _ in range(2)]
    page = open_tab(f"/orders/{orders[0]}", locale="de-DE")
    panel = page.get_by_role("complementary")
    panel.get_by_role("button", name=re.compile("^Quantity: 1. Bearbeiten")).press("Enter")
    quantity = panel.get_by_role("textbox", name="Quantity")
    quantity.fill("-5")
    page.keyboard.press("Enter")
    rule = "Muss (quantity > 0) erfüllen (orders_quantity_positive)."
    expect(quantity).to_have_accessible_description(rule)
    page.keyboard.press("Escape")

    page.keyboard.press("n")
    form = page.get_by_role("dialog", name="Neue Bestellung")
    form.get_by_label("Customer", exact=True).fill("Ada")
    form.get_by_label("Product", exact=True).fill("Engine")
    form.get_by_label("Quantity").fill("0")
    form.get_by_label("Quantity").press("Enter")
    expect(form.get_by_label("Quantity")).to_have_accessible_description(rule)
    page.keyboard.press("Escape")

    stack.psql(
        "ALTER TABLE orders ADD CONSTRAINT waits"
        " CHECK (customer_name <> 'Refused' OR status = 'pending')"
    )
    try:
        page.goto(f"{stack.edge}/?customer_name=Refused")
        for order in orders:
            row(page, order).get_by_role("checkbox").check()
        page.get_by_role("button", name="2 auf processing setzen").click()
        failures = page.get_by_role("list", name="Nicht geändert").get_by_role("listitem")
        expect(failures).to_have_count(2)
        expect(failures.first).to_contain_text("Customer name, Status: Muss")
        expect(failures.first).to_contain_text("erfüllen (waits).")
    finally:
        stack.psql("ALTER TABLE orders DROP CONSTRAINT waits")


def test_texts_cannot_be_loaded(browser: Browser, stack: EmbeddedStack) -> None:
    """A page that cannot load its texts says so, in every language."""
    page = browser.new_context().new_page()
    page.route("**/assets/en-*.js", lambda route: route.abort())
    page.goto(stack.edge)
    expect(page.get_by_text("could not be loaded")).to_be_visible()
    expect(page.get_by_text("nicht geladen werden")).to_be_visible()
    page.context.close()
