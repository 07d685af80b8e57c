"""People with names and passwords in the dashboard: sign-in, the end of a session, several tabs."""

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from harness.dashboards import live, row, toast
from harness.people import PASSWORD
from harness.signing import bearer
from harness.stacks import EmbeddedStack, orders
from harness.waiting import until


@pytest.fixture(scope="module")
def shop(
    chromium: str,  # noqa: ARG001  without a browser nothing is started
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[EmbeddedStack]:
    """Start a system in token mode, with a clerk and a user who sees Berlin only."""
    stack = EmbeddedStack(tmp_path_factory.mktemp("shop"), "--gateways", "1")
    try:
        stack.start(AUTH_MODE="token")
        stack.psql("ALTER TABLE orders ADD COLUMN store text NOT NULL DEFAULT 'Berlin'")
        add(stack, "carl", "--role", "clerk")
        add(stack, "bea", "--rows", "store=Berlin")
        add(stack, "boss", "--role", "admin")
        yield stack
    finally:
        stack.end()


def add(stack: EmbeddedStack, name: str, *options: str) -> None:
    """Make a user with the command line."""
    made = orders(
        "user", "add", name, *options, "--stdin", folder=stack.folder, text=f"{PASSWORD}\n"
    )
    assert made.returncode == 0, made.stderr


def sign_in(page: Page, stack: EmbeddedStack, name: str, path: str = "/") -> None:
    page.goto(stack.edge + path)
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    live(page).wait_for()


def ended(page: Page) -> None:
    """Wait for the dialog that asks for the password again."""
    page.get_by_role("dialog", name="Your session has ended").wait_for()


def order_of(stack: EmbeddedStack, customer: str) -> int:
    """Make an order by SQL; return its id."""
    return int(
        stack.psql(
            "INSERT INTO orders (customer_name, product_name)"
            f" VALUES ('{customer}', 'Desk') RETURNING id"
        )
    )


def test_first_start(shop: EmbeddedStack, context: BrowserContext) -> None:
    """The first start prints a link; it sets the admin's password once, and signs in."""
    found = re.search(r"first user +http://[^/]+(/set-up#\S+)", shop.log())
    assert found, shop.log()
    page = context.new_page()
    page.goto(shop.edge + found[1])
    page.get_by_text("You will sign in as admin").wait_for()
    page.get_by_label("New password").fill("password")
    page.get_by_role("button", name="Save and sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("too easy to guess")
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_role("button", name="Save and sign in").click()
    live(page).wait_for()
    expect(page.get_by_test_id("who")).to_contain_text("admin")
    assert page.url == f"{shop.edge}/"
    page.goto(f"{shop.edge}/api/health")  # a change of the part after # alone loads nothing
    page.goto(shop.edge + found[1])
    page.get_by_role("heading", name="This link cannot be used").wait_for()


def test_wrong_password(shop: EmbeddedStack, context: BrowserContext) -> None:
    """A wrong password is refused with a message; the page can be used by keyboard alone."""
    page = context.new_page()
    page.goto(shop.edge)
    expect(page.get_by_label("Name")).to_be_focused()
    page.keyboard.type("bea")
    page.keyboard.press("Tab")
    page.keyboard.type("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("Name or password is wrong.")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    live(page).wait_for()
    assert page.evaluate("document.cookie") == ""
    page.get_by_test_id("who").click()
    expect(page.get_by_label("Signed in", exact=True)).to_contain_text("Berlin")


def test_nothing_typed_is_lost(shop: EmbeddedStack, context: BrowserContext) -> None:
    """When a session ends a dialog asks for the password; what was typed stays, and is saved."""
    page = context.new_page()
    sign_in(page, shop, "carl")
    page.get_by_role("button", name="New order").click()
    form = page.get_by_role("dialog", name="New order")
    form.get_by_label("Customer").fill("Typed")
    form.get_by_label("Product").fill("A very long desk")
    shop.psql("DELETE FROM order_sessions WHERE subject = 'carl'")
    dialog = page.get_by_role("dialog", name="Your session has ended")
    dialog.wait_for()
    page.keyboard.press("Escape")
    dialog.get_by_label("Password", exact=True).fill("wrong")
    dialog.get_by_role("button", name="Go on").click()
    expect(dialog.get_by_role("alert")).to_have_text("Name or password is wrong.")
    dialog.get_by_label("Password", exact=True).fill(PASSWORD)
    dialog.get_by_role("button", name="Go on").click()
    dialog.wait_for(state="hidden")
    expect(form.get_by_label("Product")).to_have_value("A very long desk")
    form.get_by_role("button", name="Create order").click()
    page.get_by_role("row").filter(has_text="A very long desk").wait_for()
    last = "SELECT actor FROM order_events ORDER BY position DESC LIMIT 1"
    until(lambda: shop.psql(last) == "carl", what="the event says who")

    page.get_by_role("row").filter(has_text="A very long desk").get_by_role("link").click()
    panel = page.get_by_role("complementary")
    panel.get_by_role("button", name="Product: A very long desk. Edit").click()
    field = panel.get_by_role("combobox", name="Product")
    field.fill("A half-typed desk")
    shop.psql("DELETE FROM order_sessions WHERE subject = 'carl'")
    dialog.get_by_label("Password", exact=True).fill(PASSWORD)
    dialog.get_by_role("button", name="Go on").click()
    dialog.wait_for(state="hidden")
    expect(field).to_have_value("A half-typed desk")
    stored = "SELECT product_name FROM orders WHERE customer_name = 'Typed'"
    assert shop.psql(stored) == "A very long desk"
    field.press("Enter")
    until(lambda: shop.psql(stored) == "A half-typed desk", 10, "the value is stored")


def test_tabs(shop: EmbeddedStack, context: BrowserContext) -> None:
    """All tabs share a session; signing out in one signs out the others, and signing in in."""
    first, second = context.new_page(), context.new_page()
    sign_in(first, shop, "carl")
    second.goto(shop.edge)
    live(second).wait_for()
    first.get_by_test_id("who").click()
    first.get_by_role("button", name="Sign out").click()
    for page in (first, second):
        page.get_by_label("Name").wait_for()
        assert page.get_by_role("row").count() == 0
        assert page.get_by_role("alert").count() == 0
    sign_in(first, shop, "carl")
    live(second).wait_for()
    shop.psql("DELETE FROM order_sessions WHERE subject = 'carl'")
    ended(first)
    ended(second)
    dialog = first.get_by_role("dialog", name="Your session has ended")
    dialog.get_by_label("Password", exact=True).fill(PASSWORD)
    first.keyboard.press("Enter")
    for page in (first, second):
        page.get_by_role("dialog").wait_for(state="hidden")
        live(page).wait_for()


def test_my_sessions(shop: EmbeddedStack, browser: Browser, context: BrowserContext) -> None:
    """A user sees the own sessions, ends that of another browser, and changes the password."""
    other = browser.new_context()
    here, there = context.new_page(), other.new_page()
    sign_in(here, shop, "carl")
    sign_in(there, shop, "carl")
    here.get_by_test_id("who").click()
    here.get_by_role("button", name="My sessions").click()
    dialog = here.get_by_role("dialog", name="My sessions")
    dialog.get_by_role("button", name="End Chrome on Linux").first.wait_for()
    dialog.get_by_role("button", name="End all others").click()
    ended(there)
    expect(dialog.get_by_role("listitem")).to_have_count(1)
    dialog.get_by_role("button", name="Close").click()
    here.get_by_test_id("who").click()
    here.get_by_role("button", name="Change password").click()
    dialog = here.get_by_role("dialog", name="Change password")
    dialog.get_by_label("Present password").fill(PASSWORD)
    dialog.get_by_label("New password").fill(f"{PASSWORD}-2")
    dialog.get_by_role("button", name="Change password").click()
    toast(here, "Password changed").wait_for()
    live(here).wait_for()
    add_again = orders("user", "passwd", "carl", "--stdin", folder=shop.folder, text=PASSWORD)
    assert add_again.returncode == 0, add_again.stderr
    other.close()


def last_admin_stays(page: Page, shop: EmbeddedStack) -> None:
    """Try to disable the user boss while nobody else is an admin."""
    page.get_by_role("button", name="Edit boss").click()
    dialog = page.get_by_role("dialog", name="boss")
    others = "UPDATE order_users SET disabled = {} WHERE role = 'admin' AND name <> 'boss'"
    shop.psql(others.format("true"))
    try:
        dialog.get_by_role("button", name="Disable").click()
        dialog.get_by_role("button", name="Disable boss and end one session").click()
        expect(dialog.get_by_role("alert").last).to_contain_text("This is the last admin")
    finally:
        shop.psql(others.format("false"))


def test_admin_makes_a_user(shop: EmbeddedStack, browser: Browser, context: BrowserContext) -> None:
    """An admin makes a clerk of Hamburg, who follows a link, sees those rows only, and is ended.

    What the admin types when the own session ends is still there.
    """
    seen = order_of(shop, "Ann of Hamburg")
    shop.psql(f"UPDATE orders SET store = 'Hamburg' WHERE id = {seen}")
    hidden = order_of(shop, "Bob of Berlin")
    page = context.new_page()
    sign_in(page, shop, "boss")
    page.get_by_test_id("who").click()
    page.get_by_role("button", name="Settings").click()
    page.get_by_role("button", name="New user").click()
    form = page.get_by_role("dialog", name="New user")
    form.get_by_label("Name").fill("hanna")
    form.get_by_role("button", name="Only some rows").click()
    form.get_by_label("Only rows whose").select_option("store")
    form.get_by_label("is one of").fill("Hamburg")
    shop.psql("DELETE FROM order_sessions WHERE subject = 'boss'")
    ended(page)
    dialog = page.get_by_role("dialog", name="Your session has ended")
    dialog.get_by_label("Password", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    dialog.wait_for(state="hidden")
    form.get_by_role("button", name="Create user").click()
    link = page.get_by_label("Link", exact=True).input_value()
    page.keyboard.press("Escape")  # it is not shown again
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_role("list", name="Users")).to_contain_text("store: Hamburg")
    clerk = browser.new_context().new_page()
    clerk.goto(link)
    clerk.get_by_label("New password").fill(PASSWORD)
    clerk.get_by_role("button", name="Save and sign in").click()
    row(clerk, seen).wait_for()
    assert row(clerk, hidden).count() == 0
    clerk.get_by_test_id("who").click()
    expect(clerk.get_by_role("button", name="Sign out")).to_be_visible()
    assert clerk.get_by_role("button", name="Settings").count() == 0
    page.get_by_role("link", name="Sessions").click()
    page.get_by_role("button", name="End the session of hanna").click()
    ended(clerk)
    page.get_by_role("link", name="Users").click()
    page.get_by_role("button", name="Edit hanna").click()
    expect(page.get_by_role("button", name="Save", exact=True)).to_be_disabled()
    page.get_by_role("button", name="Disable").click()
    page.get_by_role("button", name="Disable hanna and end no sessions").click()
    expect(page.get_by_role("list", name="Users")).to_contain_text("disabled")
    last_admin_stays(page, shop)
    clerk.context.close()


def test_admin_makes_a_token(shop: EmbeddedStack, context: BrowserContext) -> None:
    """An admin makes a program's token, which is shown once, works, and stops when revoked."""
    page = context.new_page()
    sign_in(page, shop, "boss", "/settings/tokens")
    page.get_by_role("button", name="New token").click()
    page.get_by_label("Program", exact=True).fill("label printer")
    page.get_by_role("button", name="Make token").click()
    token = page.get_by_label("Token", exact=True).input_value()
    page.get_by_role("button", name="Done").click()
    with httpx.Client(base_url=shop.edge, headers=bearer(token)) as program:
        assert program.get("/api/orders").status_code == 200
        listed = page.get_by_role("listitem").filter(has_text="label printer")
        listed.get_by_role("button", name="Revoke").click()
        listed.get_by_role("button", name="Revoke label printer").click()
        listed.wait_for(state="detached")
        assert program.get("/api/orders").status_code == 401
    assert token not in page.content()
