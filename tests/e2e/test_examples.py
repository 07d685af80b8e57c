"""The examples do what their pages say."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from harness.answers import ok
from harness.follower import Follower
from harness.servers import REPOSITORY, Postgres
from harness.stacks import ORDERS, EmbeddedStack, environment, orders
from harness.world import stream_url

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
    for _ in range(2):
        done = orders("psql", "-f", str(EXAMPLES / "shop.sql"), folder=stack.folder)
        assert "ERROR" not in done.stderr, done.stderr
    with Follower(stream_url(stack)) as follower:
        stack.psql(PLACED)
        while (message := follower.receive(10))["type"] == "schema":  # the script changed it
            pass
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
    assert stack.psql("SELECT count(*) FROM order_events WHERE \"table\" = 'order_lines'") == "2"


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
        *lines, order = follower.expect("events")["events"]
    assert {line["table"] for line in lines} == {"northwind.order_details"}
    assert (order["table"], order["order"]["state"]) == ("orders", "shipped")
    assert order["changed"] == {"state": "open", "shipped_on": None}
    assert {line["order_id"] for line in lines} == {order["order_id"]}
