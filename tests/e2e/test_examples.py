"""The examples do what their pages say."""

import json
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from harness.answers import ok
from harness.follower import Follower
from harness.node_programs import NODE, copied, npm, packed
from harness.programs import program
from harness.servers import REPOSITORY, Postgres
from harness.stacks import ORDERS, EmbeddedStack, environment, orders
from harness.waiting import until
from harness.webserver import Answer, Request, served
from harness.world import head, stream_url

EXAMPLES = REPOSITORY / "examples"
PLACED = """
    BEGIN;
    INSERT INTO orders (customer_name, product_name, price) VALUES ('Ada', 'Lamp', 12.50);
    INSERT INTO order_lines (order_id, sku) SELECT max(id), 'L1' FROM orders;
    INSERT INTO order_lines (order_id, sku) SELECT max(id), 'L2' FROM orders;
    INSERT INTO payments (order_id, amount, method) SELECT max(id), 12.5, 'card' FROM orders;
    INSERT INTO shipments (order_id, carrier) SELECT max(id), 'DHL' FROM orders;
    COMMIT;
"""
LEFT = """
    DROP TABLE IF EXISTS order_lines, payments, shipments;
    ALTER TABLE orders DROP COLUMN IF EXISTS external_number, DROP COLUMN IF EXISTS price,
        DROP COLUMN IF EXISTS currency, DROP COLUMN IF EXISTS address,
        DROP COLUMN IF EXISTS due_at;
"""
"""Removes what examples/shop.sql adds: other tests use the same system."""


def test_pgbench(stack: EmbeddedStack) -> None:
    """I1: three updates of each of pgbench's transactions arrive, of tables that know nothing."""
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "pgbench" / "live.py"), "--seconds=3"],
        cwd=stack.folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    counts = re.findall(
        r"^pgbench_\w+: (\d+) events; rows equal the table$", done.stdout, re.MULTILINE
    )
    assert len(counts) == 3
    assert len(set(counts)) == 1
    assert int(counts[0]) > 100
    stack.psql("DROP TABLE pgbench_accounts, pgbench_tellers, pgbench_branches, pgbench_history")


def test_shop(stack: EmbeddedStack) -> None:
    """Lines, shipments and payments are children of orders; the script can be run again."""
    try:
        for _ in range(2):
            done = orders("psql", "-f", str(EXAMPLES / "shop.sql"), folder=stack.folder)
            assert "ERROR" not in done.stderr, done.stderr
        with Follower(stream_url(stack)) as follower:
            follower.until(head(stack))  # what tests before wrote has come
            stack.psql(PLACED)
            message = follower.next("events")
    finally:
        stack.psql(LEFT)
    tables = [event["table"] for event in message["events"]]
    assert tables == ["orders", "order_lines", "order_lines", "payments", "shipments"]
    assert len({event["order_id"] for event in message["events"]}) == 1


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_readme(make_stack: Callable[..., EmbeddedStack]) -> None:
    """The README's first sections work as written, in order: a row, a column, another table."""
    stack = make_stack("--gateways", "1")
    stack.start()
    script = 'set -e\ncurl() { command curl --fail --silent --show-error "$@"; }\n'
    readme = (REPOSITORY / "README.md").read_text()
    for section in ("Start", "Add a column", "Watch another table"):
        text = readme.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
        blocks = re.findall(r"^```\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
        script += "".join(block for block in blocks if not block.startswith("make up"))
    script = script.replace(".venv/bin/orders", ORDERS).replace("http://localhost:3000", stack.edge)
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=stack.folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"sku": "LEG-2"' in done.stdout.replace('":"', '": "')
    assert stack.psql("SELECT count(*) FROM orders") == "3"
    _head(stack)
    assert stack.psql("SELECT count(*) FROM order_events WHERE \"table\" = 'order_lines'") == "2"


def insert(stack: EmbeddedStack, number: int = 1) -> None:
    """Insert pending orders, each in a transaction of its own."""
    for _ in range(number):
        stack.psql("INSERT INTO orders (customer_name, product_name) VALUES ('Ada', 'Loom')")


def newest(stack: EmbeddedStack) -> str:
    """Return the id of the newest order."""
    return stack.psql("SELECT max(id) FROM orders")


@pytest.mark.parametrize("script", ["live_table.py", "no_async.py", "README.md"])
def test_python_shows_a_live_table(stack: EmbeddedStack, tmp_path: Path, script: str) -> None:
    """Rows appear, and appear again after a change; so do those of the README's five lines."""
    if script == "README.md":
        section = (REPOSITORY / script).read_text().partition("## Use it from your own code")[2]
        code = section.partition("```python\n")[2].partition("```")[0]
        path = tmp_path / "five_lines.py"
        path.write_text(code.replace("http://localhost:3000", stack.edge))
    else:
        path = EXAMPLES / "python" / script
    insert(stack)
    with program(tmp_path, sys.executable, "-u", path, stack.edge) as lines:
        until(lambda: any(newest(stack) in line for line in lines()), 20)
        insert(stack)
        until(lambda: any(newest(stack) in line for line in lines()), 20)


@pytest.fixture(scope="module")
def node_worker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the worker in JavaScript as its page says; return its folder."""
    folder = tmp_path_factory.mktemp("node")
    worker = copied("node-worker", folder)
    npm("install", packed(folder), folder=worker)
    return worker


def test_five_lines_of_javascript(stack: EmbeddedStack, node_worker: Path, tmp_path: Path) -> None:
    """The README's lines show the rows, and show them again after a change."""
    section = (REPOSITORY / "README.md").read_text().partition("## Use it from your own code")[2]
    code = section.partition("```ts\n")[2].partition("```")[0]
    script = node_worker / "five_lines.mjs"
    script.write_text(code.replace("http://localhost:3000", stack.edge))
    with program(tmp_path, NODE, script) as lines:
        for _ in range(2):
            insert(stack)
            shown = f"id: {newest(stack)},"
            until(lambda: any(shown in line for line in lines()), 20)  # noqa: B023  called in the loop


@pytest.mark.parametrize("language", ["python", "javascript"])
def test_worker_counts_each_change_once(
    stack: EmbeddedStack, tmp_path: Path, node_worker: Path, language: str
) -> None:
    """I7: a consumer that is killed and started again counts each change exactly once."""
    worker: dict[str, list[str | Path]] = {
        "python": [sys.executable, EXAMPLES / "python" / "worker.py"],
        "javascript": [NODE, node_worker / "worker.mjs"],
    }
    command = [*worker[language], stack.edge, "work.db"]
    with program(tmp_path, *command) as lines:

        def counted_one() -> bool:
            insert(stack)  # it counts from the moment on at which it is connected
            return any("INSERT" in line for line in lines())

        until(counted_one, 20)
        first = int(next(line for line in lines() if "INSERT" in line).partition(":")[0])
    insert(stack, 3)
    with program(tmp_path, *command) as lines:
        head = _head(stack)
        until(lambda: any(line.startswith(f"{head}:") for line in lines()), 20)
    with closing(sqlite3.connect(tmp_path / "work.db")) as work:
        (counted,) = work.execute("SELECT sum(number) FROM changes").fetchone()
    assert counted == int(head) - first + 1


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_curl_follows_over_runs(stack: EmbeddedStack, tmp_path: Path) -> None:
    """I7: the script prints every change once and in order, over two runs."""
    command: list[str | Path] = [EXAMPLES / "curl" / "follow.sh", stack.edge, "place"]
    printed: list[Any] = []
    began: list[int] = []
    for number in (1, 4):
        insert(stack)  # while nobody follows
        with program(tmp_path, *command) as lines:
            until(lambda: any('"hello"' in line for line in lines()), 20)
            insert(stack, number)
            head = _head(stack)
            until(lambda: _place(tmp_path / "place") == head, 20)  # noqa: B023  called in the loop
            messages = [json.loads(line) for line in lines()]
        began += [message["position"] for message in messages if message["type"] == "hello"]
        printed += [each for message in messages for each in message.get("events", [])]
    positions = [event["position"] for event in printed]
    assert len(positions) >= 1 + 1 + 4
    assert positions == list(range(began[0] + 1, int(head) + 1))


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_curl_keeps_its_place_until_it_has_read_a_reset(tmp_path: Path) -> None:
    """I7: cut off after hello, which has no id in another stream, it returns with its old place."""
    (tmp_path / "place").write_text("another:7\n")
    returned: list[str] = []

    def hello(request: Request) -> Answer:
        returned.append(request.headers["Last-Event-ID"])
        return Answer(b'data: {"type":"hello"}\n\n', kind="text/event-stream")

    with (
        served(hello) as address,
        program(tmp_path, EXAMPLES / "curl" / "follow.sh", f"http://{address}", "place"),
    ):
        until(lambda: len(returned) >= 2, 20)
    assert set(returned) == {"another:7"}


def _place(file: Path) -> str:
    return file.read_text().strip().rpartition(":")[2] if file.exists() else ""


def _head(stack: EmbeddedStack) -> str:
    until(lambda: stack.psql("SELECT count(*) FROM order_outbox") == "0")
    return stack.psql("SELECT max(position) FROM order_events")


@pytest.fixture
def northwind(tmp_path: Path) -> Iterator[EmbeddedStack]:
    """Load Northwind into a server of somebody else, attach, and start the system."""
    server = Postgres()
    stack = EmbeddedStack(tmp_path, "--gateways", "1")
    try:
        database = server.create_empty_database()
        done = subprocess.run(
            [str(EXAMPLES / "northwind" / "live.sh"), database.url, "--yes"],
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        stack.start(DATABASE_URL=database.url)
        yield stack
    finally:
        stack.end()
        server.close()


def test_northwind(northwind: EmbeddedStack) -> None:
    """I10: the owner's tables are orders and lines; a transaction over both is one message."""
    with httpx.Client(base_url=northwind.edge) as api:
        assert ok(api.get("/api/orders/counts"))["counts"] == {
            "open": 21,
            "shipped": 809,
            "returned": 0,
        }
        line = ok(api.get("/api/tables/northwind.order_details/10248,Queso%20Cabrales"))
        assert line == {"order_number": 10248, "product": "Queso Cabrales", "quantity": 12}
    with Follower(stream_url(northwind)) as follower:
        northwind.psql((EXAMPLES / "northwind" / "ship.sql").read_text())
        *lines, order = follower.next("events")["events"]
    assert {line["table"] for line in lines} == {"northwind.order_details"}
    assert (order["table"], order["order"]["state"]) == ("orders", "shipped")
    assert order["changed"] == {"state": "open", "shipped_on": None}
    assert {line["order_id"] for line in lines} == {order["order_id"]}
