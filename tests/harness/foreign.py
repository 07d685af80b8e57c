"""A page of another origin that attacks a running system."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser

from harness.dashboards import until_in_page
from harness.webserver import Answer, served

_ATTACK = """
<!doctype html><title>evil</title><script>
window.outcome = {};
const socket = new WebSocket("%(ws)s/ws");
socket.onopen = () => { window.outcome.socket = "open"; };
socket.onmessage = () => { window.outcome.socket = "heard"; };
socket.onclose = () => { window.outcome.socket ??= "closed"; };
fetch("%(http)s/api/orders").then(
  (answer) => answer.text().then((text) => { window.outcome.read = text; }),
  () => { window.outcome.read = "refused"; });
fetch("%(http)s/api/orders", {method: "POST", headers: {"Content-Type": "application/json"},
  body: '{"customer_name":"evil","product_name":"evil"}'}).then(
  () => { window.outcome.write = "sent"; }, () => { window.outcome.write = "refused"; });
fetch("%(http)s/api/orders", {method: "POST", mode: "no-cors",
  body: '{"customer_name":"evil","product_name":"evil"}'}).then(
  () => { window.outcome.blind = "sent"; }, () => { window.outcome.blind = "refused"; });
const frame = document.createElement("iframe");
frame.src = "%(http)s/";
document.documentElement.append(frame);
</script>
"""


def tried(browser: Browser, edge: str) -> dict[str, str]:
    """Open the page in a browser; return the outcome of each attempt."""
    context = browser.new_context()
    page = context.new_page()
    with _foreign_page(edge) as address:
        page.goto(address)
        until_in_page(page, "Object.keys(outcome).length === 4")
        outcome: dict[str, str] = page.evaluate("outcome")
    context.close()
    return outcome


@contextmanager
def _foreign_page(edge: str) -> Iterator[str]:
    """Serve the page; its variable ``outcome`` has the outcome of each attempt."""
    page = _ATTACK % {"http": edge, "ws": edge.replace("http", "ws", 1)}
    with served(lambda _asked: Answer(page.encode(), kind="text/html")) as address:
        yield f"http://{address}/"
