"""``make screenshots``: every view, light and dark, on a desk and on a phone, as it is in life."""

import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from dashboards import live
from stacks import ORDERS, EmbeddedStack, environment, temporary_stack

_ROOT = Path(__file__).parents[2]
_TARGET = _ROOT / "docs" / "screenshots"
_DESK = {"width": 1080, "height": 680}
_PHONE = {"width": 390, "height": 844}
_PULSE_IS_THERE = """
    () => document.querySelector("[data-testid=orders-today]")?.textContent !== "\u2013"
"""
_STATUSES = "ARRAY['pending','processing','shipped','delivered','delivered','cancelled']"
_LIFE = f"""
    UPDATE orders SET created_at = now() - power(random(), 2) * interval '23 hours',
           status = ({_STATUSES})[1 + floor(random() * 6)];
    SELECT setval(pg_get_serial_sequence('orders', 'id'), (SELECT max(id) FROM orders));
    SET orders.actor = 'packing table';
    UPDATE orders SET status = 'processing' WHERE id IN
        (SELECT id FROM orders WHERE status = 'pending' ORDER BY id DESC LIMIT 3);
    SET orders.actor = 'support desk';
    INSERT INTO orders (customer_name, product_name, quantity) VALUES
        ('Königlich Essen', 'Gnocchi di nonna Alice', 12), ('Ernst Handel', 'Camembert Pierrot', 4);
    UPDATE orders SET quantity = 6 WHERE id = (SELECT max(id) FROM orders);
    UPDATE orders SET status = 'processing' WHERE id = (SELECT max(id) FROM orders);
"""


def _open(browser: Browser, stack: EmbeddedStack, path: str, scheme: str, size: str) -> Page:
    viewport = _DESK if size == "desk" else _PHONE
    page = browser.new_page(viewport=viewport, color_scheme=scheme, bypass_csp=True)  # type: ignore[arg-type]
    page.goto(stack.edge + path)
    live(page).wait_for()
    page.wait_for_load_state("networkidle")
    page.wait_for_function(_PULSE_IS_THERE)
    return page


def _save(page: Page, view: str, scheme: str, size: str) -> None:
    name = f"{view}-{scheme}.png" if size == "desk" else f"{view}-phone-{scheme}.png"
    page.screenshot(path=_TARGET / name, animations="disabled")
    page.close()


def _empty(browser: Browser, stack: EmbeddedStack, scheme: str, size: str) -> None:
    _save(_open(browser, stack, "/", scheme, size), "empty", scheme, size)


def _views(browser: Browser, stack: EmbeddedStack, scheme: str, size: str) -> None:
    order = stack.psql("SELECT max(id) FROM orders")
    paths = {"orders": "/", "order": f"/orders/{order}"}
    if size == "phone":
        paths |= {"activity": "/activity", "pulse": "/pulse"}
    for view, path in paths.items():
        _save(_open(browser, stack, path, scheme, size), view, scheme, size)
    page = _open(browser, stack, "/", scheme, size)
    page.get_by_role("button", name="New order").click()
    page.get_by_role("button", name="Create order").click()
    _save(page, "new-order", scheme, size)
    if (scheme, size) == ("dark", "desk"):
        return  # the pictures are to stay below 2 MB, and the phone's shows it
    page = _open(browser, stack, "/", scheme, size)
    page.context.set_offline(offline=True)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.get_by_text("You see the orders as they were at").wait_for(timeout=30_000)
    _save(page, "offline", scheme, size)


def main(chromium: str) -> None:
    """Start the system, fill it with orders, take every picture."""
    _TARGET.mkdir(parents=True, exist_ok=True)
    looks = [(scheme, size) for scheme in ("light", "dark") for size in ("desk", "phone")]
    with temporary_stack() as stack, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for look in looks:
            _empty(browser, stack, *look)
        replay = [ORDERS, "replay", str(_ROOT / "data" / "northwind_orders.csv"), "--speed", "max"]
        subprocess.run(replay, cwd=stack.folder, env=environment(), check=True)
        stack.psql(_LIFE)
        for look in looks:
            _views(browser, stack, *look)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1])
