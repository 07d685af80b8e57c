"""``make screenshots``: pictures of every view on all screens, light, dark, in forced colours."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from browser.screenshot_data import LIFE, LINES, OWN_COLUMNS
from harness.chromium import FLAGS
from harness.dashboards import create, live, row, set_status, until_caught_up, until_in_page
from harness.people import PASSWORD
from harness.stacks import ORDERS, EmbeddedStack, environment, orders, temporary_stack

_ROOT = Path(__file__).parents[2]
_TARGET = _ROOT / "docs" / "screenshots"
_SIZES = {
    "desk": {"width": 1080, "height": 680},
    "phone": {"width": 390, "height": 844},
    "tablet": {"width": 820, "height": 1180},
    "side": {"width": 844, "height": 390},
    "zoom": {"width": 320, "height": 256},
}
"""A phone on its side; a window of 1280 x 1024 at 400 %."""
_LOOKS = [(scheme, size) for scheme in ("light", "dark") for size in ("desk", "phone")]
_TABLETS = [(scheme, "tablet") for scheme in ("light", "dark")]
_SMALL = [("light", "side"), ("light", "zoom")]
_FORCED = [("forced", "desk")]
_PHONES = [(scheme, "phone") for scheme in ("light", "dark")]
_TWO_LOOKS = [("light", "desk"), ("dark", "phone")]
"""For views that are opened rarely: every picture of every view would be several megabytes."""

_PULSE_IS_THERE = """
    () => /\\d/.test(document.querySelector("[data-testid=orders-today]")?.textContent)
"""


View = Callable[[Page, EmbeddedStack], None]
"""Brings a page that shows the orders to the view of the picture."""


def _as_it_is(page: Page, stack: EmbeddedStack) -> None:
    """Take the picture of the page as it opens."""


def _newest(stack: EmbeddedStack) -> int:
    return int(stack.psql("SELECT max(id) FROM orders"))


def _order(page: Page, stack: EmbeddedStack) -> None:
    page.goto(f"{stack.edge}/orders/{_newest(stack)}")
    page.get_by_role("list", name="Timeline, newest first").wait_for()


def _activity(page: Page, stack: EmbeddedStack) -> None:
    page.goto(f"{stack.edge}/activity")
    page.get_by_role("listitem").filter(has_text="support desk").first.wait_for()


def _pulse(page: Page, stack: EmbeddedStack) -> None:
    page.goto(f"{stack.edge}/pulse")
    until_in_page(page, _PULSE_IS_THERE)


def _burst(page: Page, stack: EmbeddedStack) -> None:
    if page.viewport_size == _SIZES["phone"]:
        page.get_by_role("link", name="Activity").click()
    stack.psql("UPDATE orders SET quantity = quantity + 1 WHERE id % 2 = 0")
    stack.psql("UPDATE orders SET quantity = quantity - 1 WHERE id % 2 = 0")
    until_caught_up(stack, page)


def _new_order(page: Page, stack: EmbeddedStack) -> None:  # noqa: ARG001  every view has the same parameters
    page.get_by_role("button", name="New order").click()
    page.get_by_role("button", name="Create order").click()


def _help(page: Page, stack: EmbeddedStack) -> None:  # noqa: ARG001
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keyboard").wait_for()


def _connection(page: Page, stack: EmbeddedStack) -> None:
    create(stack, customer_name="Ernst Handel", product_name="Chai")
    page.get_by_test_id("connection").click()
    page.get_by_label("Technical details").check()
    page.get_by_test_id("latency").wait_for(state="attached")
    page.get_by_label("Connection", exact=True).wait_for()


def _bulk(page: Page, stack: EmbeddedStack) -> None:
    picked = [create(stack, customer_name="Ernst Handel", product_name="Chai") for _ in range(3)]
    for order in picked:
        row(page, order).get_by_role("checkbox").check()
    create(stack, customer_name="Königlich Essen", product_name="Ikura", quantity=2)
    page.get_by_role("button", name="1 new order").wait_for()


def _menu(page: Page, stack: EmbeddedStack) -> None:
    order = create(stack, customer_name="Ernst Handel", product_name="Chai", quantity=24)
    stack.psql(f"UPDATE orders SET quantity = 36, status = 'processing' WHERE id = {order}")
    expect(row(page, order)).to_contain_text("was pending")
    row(page, order).get_by_role("button", name="Change status").click()
    page.get_by_role("menuitem").first.wait_for()


def _deleted(page: Page, stack: EmbeddedStack) -> None:
    order = _newest(stack)
    if page.viewport_size == _SIZES["phone"]:
        page.get_by_role("button", name=f"More for order {order}").click()
        page.get_by_role("menuitem", name="Delete").click()
    else:
        page.get_by_role("button", name=f"Delete order {order}").click()
    page.get_by_role("button", name="Undo", exact=True).wait_for()


def _conflict(page: Page, stack: EmbeddedStack) -> None:
    order = create(stack, customer_name="Ernst Handel", product_name="Chai", quantity=24)
    row(page, order).wait_for()
    os.kill(stack.pids()["listener"], signal.SIGSTOP)  # the page gets no events
    try:
        stack.psql(f"UPDATE orders SET status = 'cancelled', quantity = 5 WHERE id = {order}")
        set_status(page, order, "processing")
        page.get_by_role("alertdialog").wait_for()
    finally:
        os.kill(stack.pids()["listener"], signal.SIGCONT)


def _nothing(page: Page, stack: EmbeddedStack) -> None:  # noqa: ARG001
    page.get_by_label("Search orders").fill("nothing is called that")
    page.get_by_text("No order matches").wait_for()


def _failing(page: Page, stack: EmbeddedStack) -> None:
    page.context.route(re.compile("/api/"), lambda route: route.fulfill(status=503))
    page.goto(stack.edge)
    page.get_by_text("Orders cannot be loaded").wait_for()
    page.locator("[role=slider]").first.wait_for(state="attached")


def _offline(page: Page, stack: EmbeddedStack) -> None:  # noqa: ARG001
    page.context.set_offline(offline=True)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.get_by_text("You see the orders as they were at").wait_for(timeout=30_000)


def _own_columns(page: Page, stack: EmbeddedStack) -> None:
    stack.psql(OWN_COLUMNS)
    until_caught_up(stack, page)
    if page.viewport_size == _SIZES["phone"]:
        page.goto(f"{stack.edge}/orders/{_newest(stack)}")
        page.get_by_text("External number", exact=True).wait_for()
        return
    page.get_by_role("button", name="Columns").click()
    for name in ("Total", "External number"):
        page.get_by_role("checkbox", name=name).check()
    page.get_by_role("columnheader", name="Total").wait_for()


def _own_form(page: Page, stack: EmbeddedStack) -> None:
    stack.psql(OWN_COLUMNS)
    page.get_by_role("button", name="New order").click()
    page.get_by_label("External number").scroll_into_view_if_needed()
    page.get_by_label("Address").fill('{"city": ')
    page.get_by_role("button", name="Create order").click()


def _export(page: Page, stack: EmbeddedStack) -> None:  # noqa: ARG001
    page.get_by_role("button", name="Export", exact=True).click()
    page.get_by_role("menuitem").first.wait_for()


def _print_list(page: Page, stack: EmbeddedStack) -> None:
    page.evaluate("() => { window.print = () => undefined }")
    _export(page, stack)
    page.get_by_role("menuitem", name="Print the list").click()
    page.get_by_test_id("paper").locator("tbody").wait_for()


def _packing_slip(page: Page, stack: EmbeddedStack) -> None:
    stack.psql(LINES)
    until_caught_up(stack, page)
    _order(page, stack)
    page.evaluate("() => { window.print = () => undefined }")
    page.get_by_role("button", name="Print packing slip").click()
    page.get_by_test_id("paper").get_by_text("LEG-2").first.wait_for()


def _removed(page: Page, stack: EmbeddedStack) -> None:
    stack.psql("SET orders.actor = 'support desk'; TRUNCATE orders CASCADE")
    page.get_by_text("There are no orders now").wait_for()


def _statuses(page: Page, stack: EmbeddedStack) -> None:
    page.goto(f"{stack.edge}/settings/statuses")
    page.get_by_role("form", name="Status of orders").wait_for()


def _tables(page: Page, stack: EmbeddedStack) -> None:
    stack.psql("CREATE TABLE IF NOT EXISTS shipments (id integer PRIMARY KEY)")
    page.goto(f"{stack.edge}/settings/tables")
    page.get_by_role("button", name="Watch shipments").wait_for()


def _system(page: Page, stack: EmbeddedStack) -> None:
    page.goto(f"{stack.edge}/settings/system")
    page.get_by_text("AUTH_MODE").wait_for()


_VIEWS: list[tuple[str, View, list[tuple[str, str]]]] = [
    ("orders", _as_it_is, [*_LOOKS, *_TABLETS, *_SMALL, *_FORCED]),
    ("order", _order, [*_LOOKS, *_TABLETS, *_FORCED]),
    ("export", _export, _TWO_LOOKS),
    ("print-list", _print_list, _TWO_LOOKS),
    ("activity", _activity, _PHONES),
    ("pulse", _pulse, _PHONES),
    ("new-order", _new_order, _LOOKS),
    ("offline", _offline, _LOOKS),
    ("nothing-found", _nothing, _TWO_LOOKS),
    ("help", _help, _TWO_LOOKS),
    ("failing", _failing, _TWO_LOOKS),
    ("connection", _connection, _TWO_LOOKS),
    ("menu", _menu, _TWO_LOOKS),
    ("bulk", _bulk, _TWO_LOOKS),
    ("conflict", _conflict, _TWO_LOOKS),
    ("deleted", _deleted, _TWO_LOOKS),
    ("burst", _burst, _TWO_LOOKS),
    ("own-columns", _own_columns, _TWO_LOOKS),
    ("own-form", _own_form, _TWO_LOOKS),
    ("statuses", _statuses, _TWO_LOOKS),
    ("tables", _tables, _TWO_LOOKS),
    ("system", _system, _TWO_LOOKS),
    ("packing-slip", _packing_slip, _TWO_LOOKS),
    ("removed", _removed, _TWO_LOOKS),
]


def _page(browser: Browser, scheme: str, size: str) -> Page:
    colours = {"forced_colors": "active"} if scheme == "forced" else {"color_scheme": scheme}
    return browser.new_page(viewport=_SIZES[size], bypass_csp=True, **colours)  # type: ignore[arg-type]


def _open(browser: Browser, stack: EmbeddedStack, scheme: str, size: str) -> Page:
    page = _page(browser, scheme, size)
    page.goto(stack.edge)
    live(page).wait_for()
    page.wait_for_load_state("networkidle")
    until_in_page(page, _PULSE_IS_THERE)
    return page


def _picture(page: Page, view: str, scheme: str, size: str) -> None:
    name = f"{view}-{scheme}.png" if size == "desk" else f"{view}-{size}-{scheme}.png"
    page.screenshot(path=_TARGET / name, animations="disabled")


def _save(page: Page, view: str, scheme: str, size: str) -> None:
    _picture(page, view, scheme, size)
    page.context.close()


def _of_a_shop(browser: Browser, wanted: Callable[[str], bool]) -> None:
    with temporary_stack() as stack:
        for look in _LOOKS:
            if wanted("empty"):
                _save(_open(browser, stack, *look), "empty", *look)
        replay = [ORDERS, "replay", str(_ROOT / "data" / "northwind_orders.csv"), "--speed", "max"]
        subprocess.run(replay, cwd=stack.folder, env=environment(), check=True)
        stack.psql(LIFE)
        for name, view, looks in _VIEWS:
            for look in looks if wanted(name) else []:
                page = _open(browser, stack, *look)
                view(page, stack)
                _save(page, name, *look)


@contextmanager
def _guarded() -> Iterator[EmbeddedStack]:
    with tempfile.TemporaryDirectory(prefix="orders-") as folder:
        stack = EmbeddedStack(Path(folder))
        try:
            stack.start(AUTH_MODE="token")
            yield stack
        finally:
            stack.end()


def _of_a_guarded_shop(browser: Browser) -> None:
    with _guarded() as stack:
        stack.psql(
            "INSERT INTO orders (customer_name, product_name, quantity) VALUES"
            " ('Königlich Essen', 'Gnocchi di nonna Alice', 12), ('Ernst Handel', 'Chai', 4)"
        )
        for name in ("ann", "packing table"):
            options = ("--role", "clerk", "--stdin")
            orders("user", "add", name, *options, folder=stack.folder, text=f"{PASSWORD}\n")
        boss = ("boss", "--role", "admin", "--stdin")
        orders("user", "add", *boss, folder=stack.folder, text=f"{PASSWORD}\n")
        for look in _TWO_LOOKS:
            for take in (_take_sign_in, _take_settings):
                page = _page(browser, *look)
                take(page, stack, *look)
                page.context.close()


def _take_sign_in(page: Page, stack: EmbeddedStack, scheme: str, size: str) -> None:
    page.goto(stack.edge)
    page.get_by_label("Name").fill("ann")
    page.get_by_label("Password", exact=True).fill("a guess")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("alert")).not_to_be_empty()
    _picture(page, "sign-in", scheme, size)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    live(page).wait_for()
    page.get_by_test_id("who").click()
    page.get_by_label("Signed in", exact=True).wait_for()
    _picture(page, "who", scheme, size)
    page.get_by_role("button", name="My sessions").click()
    page.get_by_text("this browser").wait_for()
    _picture(page, "my-sessions", scheme, size)
    page.get_by_role("button", name="Close").click()
    stack.psql("DELETE FROM order_sessions")
    page.get_by_role("dialog", name="Your session has ended").wait_for()
    _picture(page, "session-ended", scheme, size)
    page.get_by_role("button", name="Sign out").click()
    link = orders("user", "passwd", "ann", folder=stack.folder).stdout.split()[-1]
    page.goto(stack.edge + "/set-up#" + link.partition("#")[2])
    page.get_by_text("You will sign in as ann").wait_for()
    _picture(page, "set-up", scheme, size)


def _take_settings(page: Page, stack: EmbeddedStack, scheme: str, size: str) -> None:
    page.goto(f"{stack.edge}/settings/users")
    page.get_by_label("Name").fill("boss")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("button", name="Edit packing table").wait_for()
    live(page).wait_for()
    _picture(page, "users", scheme, size)
    page.get_by_role("button", name="New user").click()
    page.get_by_label("Name", exact=True).fill("bea")
    page.get_by_role("button", name="Only some rows").click()
    _picture(page, "new-user", scheme, size)
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("link", name="Programs").click()
    page.get_by_role("button", name="New token").click()
    page.get_by_label("Program", exact=True).fill("label printer")
    page.get_by_role("button", name="Make token").click()
    page.get_by_label("Token", exact=True).wait_for()
    _picture(page, "token", scheme, size)


def main(chromium: str, *views: str) -> None:
    """Start the system, fill it with orders, take the pictures of all views or of some."""
    _TARGET.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        _of_a_shop(browser, lambda view: not views or view in views)
        if not views or "who" in views:
            _of_a_guarded_shop(browser)
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
