"""Signing in to the dashboard of a system that asks for tokens."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, WebSocket, expect

from harness.dashboards import live, row
from harness.stacks import EmbeddedStack, orders
from harness.waiting import until


@pytest.fixture(scope="module")
def guarded(
    chromium: str,  # noqa: ARG001  without a browser nothing is started
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[EmbeddedStack]:
    """Start a system in token mode."""
    stack = EmbeddedStack(tmp_path_factory.mktemp("guarded"), "--gateways", "1")
    try:
        stack.start(AUTH_MODE="token", HEARTBEAT_INTERVAL_S="0.5")
        yield stack
    finally:
        stack.end()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Open a page in a new profile; fail if it violates its Content-Security-Policy."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(60_000)
    page = context.new_page()
    broken: list[str] = []
    page.on("console", lambda message: broken.append(message.text))
    yield page
    context.close()
    assert not [text for text in broken if "Content Security Policy" in text]


def token(stack: EmbeddedStack, *options: str) -> str:
    made = orders("token", *options, folder=stack.folder)
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


def sign_in(page: Page, stack: EmbeddedStack, shown: str, path: str = "/") -> None:
    page.goto(stack.edge + path)
    page.get_by_role("button", name="Sign in with a token").click()
    page.get_by_label("Your token").fill(shown)
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_sign_in(guarded: EmbeddedStack, page: Page) -> None:
    """A token opens the dashboard, which names its subject and shows the rows it allows."""
    guarded.psql("INSERT INTO orders (customer_name, product_name) VALUES ('Bob', 'Secret')")
    sign_in(page, guarded, token(guarded, "--subject", "ann", "--customer", "Ann"))
    live(page).wait_for()
    expect(page.get_by_test_id("who")).to_contain_text("ann")
    guarded.psql(
        "INSERT INTO orders (customer_name, product_name) VALUES ('Bob', 'Secret'), ('Ann', 'Desk')"
    )
    page.get_by_role("row").filter(has_text="Desk").wait_for()
    assert "Secret" not in page.content()
    page.get_by_test_id("who").click()
    details = page.get_by_label("Signed in", exact=True)
    expect(details).to_contain_text("viewer")
    expect(details).to_contain_text("Ann")


def test_reload_while_api_is_away(guarded: EmbeddedStack, page: Page) -> None:
    """A user who reloads while the API is away stays signed in."""
    sign_in(page, guarded, token(guarded, "--subject", "ann", "--role", "clerk"))
    live(page).wait_for()
    page.context.route("**/api/**", lambda route: route.abort())
    page.reload()
    expect(page.get_by_test_id("connection")).to_have_text("API away")
    page.context.unroute_all()
    live(page).wait_for()
    expect(page.get_by_test_id("who")).to_contain_text("ann")


def test_only_what_the_role_may(guarded: EmbeddedStack, page: Page) -> None:
    """The page offers only what the role allows: viewers read, clerks write, admins delete."""
    guarded.psql("INSERT INTO orders (customer_name, product_name) VALUES ('Role', 'Desk')")
    order = int(guarded.psql("SELECT max(id) FROM orders WHERE customer_name = 'Role'"))
    offered = {
        "New order": page.get_by_role("button", name="New order"),
        "select": row(page, order).get_by_role("checkbox"),
        "status": row(page, order).get_by_role("button", name="Change status"),
        "delete": row(page, order).get_by_role("button", name="Delete order"),
    }
    expected = {
        "viewer": set(),
        "clerk": {"New order", "select", "status"},
        "admin": set(offered),
    }
    for role, may in expected.items():
        sign_in(page, guarded, token(guarded, "--role", role))
        row(page, order).wait_for()
        assert {name for name, control in offered.items() if control.count()} == may
        page.keyboard.press("n")
        page.get_by_role("dialog", name="New order").wait_for(
            state="visible" if "New order" in may else "hidden"
        )
        page.keyboard.press("Escape")
        page.get_by_test_id("who").click()
        page.get_by_label("Signed in", exact=True).get_by_text(role, exact=True).wait_for()
        page.get_by_role("button", name="Sign out").click()


@pytest.mark.slow
def test_others_changes_are_no_gap(guarded: EmbeddedStack, page: Page) -> None:
    """I7: under a scope positions advance without events; the page keeps its connection."""
    sockets: list[WebSocket] = []
    heard: list[str] = []

    def watch(opened: WebSocket) -> None:
        sockets.append(opened)
        opened.on("framereceived", lambda text: heard.append(str(text)))

    page.on("websocket", watch)
    sign_in(page, guarded, token(guarded, "--subject", "ann", "--customer", "Ann"))
    live(page).wait_for()
    guarded.psql("INSERT INTO orders (customer_name, product_name) VALUES ('Bob', 'Secret')")
    until(
        lambda: guarded.psql("SELECT count(*) FROM order_outbox") == "0",
        10,
        "the event has a position",
    )
    beat = '"heartbeat","position":' + guarded.psql("SELECT max(position) FROM order_events")

    def beats() -> bool:
        page.wait_for_timeout(50)  # lets Playwright receive frames between two checks
        return sum(beat in text for text in heard) > 2

    until(beats, 10, "heartbeats have the position")
    assert len(sockets) == 1
    live(page).wait_for()


def test_reload_stays_signed_in(guarded: EmbeddedStack, page: Page) -> None:
    """A reload keeps the token; signing out removes it."""
    sign_in(page, guarded, token(guarded, "--role", "admin", "--subject", "chief"))
    live(page).wait_for()
    page.reload()
    live(page).wait_for()
    page.get_by_test_id("who").click()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("Name").wait_for()
    page.reload()
    page.get_by_label("Name").wait_for()
    assert page.evaluate("JSON.stringify([sessionStorage, localStorage, document.cookie])") == (
        '[{},{},""]'
    )


def test_bad_token(guarded: EmbeddedStack, page: Page) -> None:
    """An invalid token is refused with a message; the user can try another."""
    sign_in(page, guarded, "a.b.c")
    until(lambda: page.get_by_role("alert").inner_text() != "", 5, "a message")
    page.get_by_label("Your token").fill(token(guarded))
    page.get_by_role("button", name="Sign in", exact=True).click()
    live(page).wait_for()


def test_revoked_while_open(guarded: EmbeddedStack, page: Page) -> None:
    """When the token is revoked the page shows no orders and says why."""
    shown = token(guarded, "--subject", "eve")
    sign_in(page, guarded, shown)
    live(page).wait_for()
    revoked = orders("token", "revoke", "-", folder=guarded.folder, text=shown)
    assert revoked.returncode == 0, revoked.stderr
    page.get_by_text("Your sign-in has ended.").wait_for()
    assert page.get_by_role("row").count() == 0


def test_documentation_obeys_the_policy(guarded: EmbeddedStack, page: Page) -> None:
    """The API's documentation works without inline scripts."""
    page.goto(f"{guarded.edge}/api/docs")
    page.get_by_text("/api/orders/{order_id}/events").wait_for()


def test_language(browser: Browser, guarded: EmbeddedStack) -> None:
    """The sign-in page speaks the browser's language, or the one that is chosen there."""
    page = browser.new_context(locale="de-AT").new_page()
    page.goto(guarded.edge)
    expect(page.get_by_role("button", name="Anmelden", exact=True)).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "de-AT")
    page.get_by_label("Sprache").select_option(label="English")
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    sign_in(page, guarded, token(guarded, "--subject", "ann"))
    live(page).wait_for()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.context.close()
