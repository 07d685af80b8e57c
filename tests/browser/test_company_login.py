"""The company login in the dashboard: a person's day, with a real OpenID provider."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from harness.dashboards import live
from harness.openid import IS_INSTALLED, PEOPLE, OpenId, openid_provider
from harness.ports import free_port
from harness.stacks import EmbeddedStack
from harness.waiting import until

pytestmark = pytest.mark.skipif(not IS_INSTALLED, reason="`make test` installs the provider")


@pytest.fixture(scope="module")
def provider(chromium: str) -> Iterator[OpenId]:  # noqa: ARG001  without a browser nothing starts
    """Start the provider, for a system at a port that is free."""
    with openid_provider(f"http://localhost:{free_port()}") as started:
        yield started


@pytest.fixture(scope="module")
def shop(provider: OpenId, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStack]:
    """Start a system whose people sign in at the provider."""
    port = provider.origin.rpartition(":")[2]
    stack = EmbeddedStack(tmp_path_factory.mktemp("company"), "--gateways", "1", f"--port={port}")
    try:
        stack.start(AUTH_MODE="token", **provider.settings())
        stack.psql("ALTER TABLE orders ADD COLUMN store text NOT NULL DEFAULT 'Berlin'")
        yield stack
    finally:
        stack.end()


def at_provider(page: Page, person: str) -> None:
    """Sign in on the provider's page."""
    page.locator("input[name=login]").fill(person)
    page.locator("input[name=password]").fill("any")
    page.locator("button[type=submit]").click()


def sign_in(page: Page, provider: OpenId, person: str, path: str = "/") -> None:
    page.goto(provider.origin + path)
    page.get_by_role("link", name="Sign in with Shop Ltd").click()
    at_provider(page, person)


def test_a_day(shop: EmbeddedStack, provider: OpenId, context: BrowserContext) -> None:
    """A clerk of one store signs in, loses the session with a form open, goes on, and signs out."""
    shop.psql(
        "INSERT INTO orders (customer_name, product_name, store)"
        " VALUES ('Ann', 'Desk', 'Berlin'), ('Bob', 'Hidden', 'Hamburg')"
    )
    page = context.new_page()
    sign_in(page, provider, "u2", "/activity?sort=-id")
    live(page).wait_for()
    assert page.url == f"{provider.origin}/activity?sort=-id"
    expect(page.get_by_test_id("who")).to_contain_text("sam@shop.example")
    assert page.evaluate("document.cookie") == ""
    page.goto(provider.origin)
    page.get_by_role("row").filter(has_text="Desk").wait_for()
    assert "Hidden" not in page.content()

    page.get_by_role("button", name="New order").click()
    form = page.get_by_role("dialog", name="New order")
    form.get_by_label("Customer").fill("Typed")
    form.get_by_label("Product").fill("A very long desk")
    shop.psql("DELETE FROM order_sessions")
    dialog = page.get_by_role("dialog", name="Your session has ended")
    with context.expect_page() as opened:
        dialog.get_by_role("button", name="Sign in with Shop Ltd").click()
    # The provider knows the person still: the other tab needs no input.
    dialog.wait_for(state="hidden")
    expect(form.get_by_label("Product")).to_have_value("A very long desk")
    form.get_by_role("button", name="Create order").click()
    page.get_by_role("row").filter(has_text="A very long desk").wait_for()
    last = "SELECT actor FROM order_events ORDER BY position DESC LIMIT 1"
    until(lambda: shop.psql(last) == "sam@shop.example", what="the event says who")
    if not opened.value.is_closed():
        opened.value.close()

    people = {**PEOPLE, "u2": PEOPLE["u2"] | {"groups": ["chiefs"]}}
    provider.control(people=people)
    shop.psql("UPDATE order_company_sessions SET refresh_at = now()")
    page.get_by_role("row").filter(has_text="Hidden").wait_for()
    page.get_by_test_id("who").click()
    assert page.get_by_role("button", name="Change password").count() == 0
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(f"{provider.issuer}/**")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("link", name="Sign in with Shop Ltd").click()
    page.locator("input[name=login]").wait_for()


@pytest.mark.usefixtures("shop")
def test_refused(provider: OpenId, context: BrowserContext) -> None:
    """A person without a group, who cancels, or who comes from an old page reads the reason."""
    provider.reset()
    page = context.new_page()
    sign_in(page, provider, "u4")
    expect(page.get_by_role("alert")).to_contain_text("You may not use this system")
    assert page.url == f"{provider.origin}/"
    context.clear_cookies()
    page.get_by_role("link", name="Sign in with Shop Ltd").click()
    page.get_by_role("link", name="[ Cancel ]").click()
    expect(page.get_by_role("alert")).to_have_text("You did not sign in.")
    page.goto(f"{provider.origin}/api/session/company/callback?code=x&state=x")
    expect(page.get_by_role("alert")).to_contain_text("it began in another browser")
    # A tab that was opened to sign in again, without success.
    page.goto(f"{provider.origin}/signed-in#sign-in=refused")
    expect(page.get_by_role("alert")).to_contain_text("You may not use this system")
    page.get_by_label("Name").fill("nobody")
    page.get_by_label("Password", exact=True).fill("wrong")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("alert")).to_have_text("Name or password is wrong.")
