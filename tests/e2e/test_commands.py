"""``orders psql``, ``watch`` and ``simulate`` with and without a running system."""

import json
import re
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from harness.follower import Follower
from harness.stacks import ORDERS, EmbeddedStack, environment, orders
from harness.waiting import BUSY, until
from harness.world import World, head, stream_url


@contextmanager
def _watching(world: World, log: Path, *options: str) -> Iterator[None]:
    """Run ``orders watch`` with its output in a file; on Ctrl-C it ends with status 0."""
    with log.open("wb") as output:
        watch = subprocess.Popen(
            [ORDERS, "watch", "--url", stream_url(world), *options],
            cwd=log.parent,
            env=environment({"PYTHONUNBUFFERED": "1"}),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        until(lambda: "connected to " in log.read_text(), 30, "watch connects")
        yield
        watch.send_signal(signal.SIGINT)
        assert watch.wait(BUSY * 10) == 0
    finally:
        watch.kill()
        watch.wait()


def _insert(world: World, product: str, status: str = "pending") -> None:
    world.psql(
        "INSERT INTO orders (customer_name, product_name, status)"
        f" VALUES ('Ada', '{product}', '{status}')"
    )


def test_psql_passes_its_arguments_on(stack: EmbeddedStack) -> None:
    """Arguments, standard input and exit status are psql's own."""
    (stack.folder / "lines.csv").write_text("Ada,Copied,3\nBob,Copied,4\n")
    copy = "\\copy orders (customer_name, product_name, quantity) FROM 'lines.csv' CSV"
    assert orders("psql", "-c", copy, folder=stack.folder).stdout == "COPY 2\n"
    count = "SELECT sum(quantity) FROM orders WHERE product_name = 'Copied'"
    assert orders("psql", "-qAtc", count, folder=stack.folder).stdout == "7\n"
    stdin = orders("psql", "--data", ".data", "-At", folder=stack.folder, text="SELECT 40 + 2;")
    assert stdin.stdout == "42\n"
    failed = orders("psql", "-v", "ON_ERROR_STOP=1", folder=stack.folder, text="SELECT 1/0;")
    assert (failed.returncode, "division by zero" in failed.stderr) == (3, True)
    assert "psql is the PostgreSQL" in orders("psql", "--help", folder=stack.folder).stdout


def test_psql_says_who_it_was(stack: EmbeddedStack) -> None:
    """The actor of changes made with ``orders psql`` is the database role."""
    statement = "INSERT INTO orders (customer_name, product_name) VALUES ('Ada', 'Ascribed')"
    orders("psql", "-c", statement, folder=stack.folder)
    head(stack)
    said = "SELECT actor FROM order_events WHERE \"row\"->>'product_name' = 'Ascribed'"
    assert stack.psql(said) == "orders"


def test_watch_shows_what_changed(world: World, tmp_path: Path) -> None:
    """Each event is a line with position, operation, order, and old and new values."""
    log = tmp_path / "watch.log"
    with _watching(world, log):
        _insert(world, "Seen")
        world.psql("UPDATE orders SET status = 'shipped' WHERE product_name = 'Seen'")
        until(lambda: "status pending -> shipped" in log.read_text(), what="the update")
    shown = (
        r"#\d+ +INSERT +order \d+ +customer_name Ada, product_name Seen, quantity 1, status pending"
    )
    assert re.search(shown, log.read_text())


def test_watch_with_a_filter(world: World, tmp_path: Path) -> None:
    """With a filter only matching rows are shown."""
    log = tmp_path / "watch.log"
    with _watching(world, log, "--status", "cancelled", "--customer", "Ada"):

        def shows_matching() -> bool:
            _insert(world, "Unwanted")
            _insert(world, "Wanted", "cancelled")
            return "Wanted" in log.read_text()

        until(shows_matching, what="a match")  # repeated: connected is not yet subscribed
        until(lambda: log.read_text().endswith("\n"), what="all of it")
    assert "status cancelled" in log.read_text()
    assert "Unwanted" not in log.read_text()


def test_watch_a_child_table(world: World, tmp_path: Path) -> None:
    """With a table, and conditions on its columns, only its matching rows are shown."""
    log = tmp_path / "watch.log"
    world.psql(
        "CREATE TABLE watched_lines (id bigserial PRIMARY KEY, sku text, number integer,"
        " order_id bigint REFERENCES orders ON DELETE CASCADE); SELECT watch_table('watched_lines')"
    )
    line = "INSERT INTO watched_lines (sku, number, order_id) SELECT '{}', {}, max(id) FROM orders"

    def gateways_know_it() -> bool:
        with urllib.request.urlopen(f"{world.edge}/api/schema") as described:
            schema = json.load(described)
        with ExitStack() as clients:  # the edge spreads them over the gateways
            followers = [clients.enter_context(Follower(stream_url(world))) for _ in range(4)]
        versions = {follower.hello["schema"] for follower in followers}
        return "watched_lines" in str(schema) and versions == {schema["version"]}

    until(gateways_know_it, 20)
    with _watching(world, log, "--table", "watched_lines", "--where", "number.gte=2"):

        def shows_matching() -> bool:
            _insert(world, "Unwanted")
            world.psql(line.format("Unwanted", 1))
            world.psql(line.format("Wanted", 2))
            return "Wanted" in log.read_text()

        until(shows_matching, what="a match")
    world.psql("DROP TABLE watched_lines")
    assert re.search(r"INSERT +watched_lines \d+ .*sku Wanted", log.read_text())
    assert "Unwanted" not in log.read_text()


def test_watch_resumes(world: World, tmp_path: Path) -> None:
    """I7: changes made while no gateway runs are shown afterwards, once."""
    log = tmp_path / "watch.log"
    with _watching(world, log):
        for name in world.names("gateway"):
            world.kill(name)
        _insert(world, "Meanwhile")
        until(lambda: "resuming after" in log.read_text(), 30, "reconnected")
        _insert(world, "Afterwards")
        until(lambda: "Afterwards" in log.read_text(), 30, "the stream goes on")
    assert log.read_text().count("Meanwhile") == 1
    assert "reset" not in log.read_text()


def test_simulate(world: World, tmp_path: Path) -> None:
    """Traffic creates and changes orders, not much faster than asked, and ends in time."""
    before = head(world)
    options = ("--rate", "20", "--seconds", "4", "--seed", "7", "--api", world.edge)
    done = orders("simulate", *options, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    made = re.search(r"(\d+) changes \((\d+) created, (\d+) changed\)", done.stdout)
    assert made is not None, done.stdout
    total, born, changed = (int(each) for each in made.groups())
    assert total <= 140
    assert born > 0
    assert changed > 0

    def all_logged() -> bool:
        # Requests in progress when time was up may have succeeded too.
        return int(world.psql("SELECT max(position) FROM order_events")) - before >= total

    until(all_logged, what="events")


def test_running_stack_is_found(stack: EmbeddedStack) -> None:
    """Without an address, commands use the stack that runs on the folder."""
    before = int(stack.psql("SELECT count(*) FROM orders"))
    options = ("--rate", "20", "--seconds", "1", "--seed", "7")
    done = orders("simulate", *options, folder=stack.folder)
    assert done.returncode == 0, done.stderr
    until(lambda: int(stack.psql("SELECT count(*) FROM orders")) > before, what="an order")


@pytest.mark.parametrize(
    "arguments",
    [
        ["watch", "--url", "ws://127.0.0.1:1/ws"],
        ["simulate", "--api", "http://127.0.0.1:1"],
        ["replay", "one.csv", "--api", "http://127.0.0.1:1"],
        ["psql", "-c", "SELECT 1"],
    ],
)
def test_no_system_at_the_address(tmp_path: Path, arguments: list[str]) -> None:
    """An address without a server is an error of one sentence and status 1."""
    (tmp_path / "one.csv").write_text(
        "customer_name,product_name,quantity,ordered_on,shipped_on\nAda,Loom,1,1996-07-04,\n"
    )
    done = orders(*arguments, folder=tmp_path)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("orders: no ")


@pytest.mark.parametrize(
    "arguments",
    [
        ["watch", "--url", "localhost"],
        ["watch", "--where", "status"],
        ["watch", "--where", "status=a", "--where", "status.gte=b"],
        ["simulate", "--rate", "0"],
        ["simulate", "--seconds", "-1"],
        ["simulate", "--api", "ftp://localhost"],
        ["replay", "missing.csv"],
        ["replay", "wrong.csv"],
        ["replay", "wrong.csv", "--speed", "fast"],
        ["nonsense"],
    ],
)
def test_bad_input(tmp_path: Path, arguments: list[str]) -> None:
    """Invalid input is an error without a traceback and status 2."""
    (tmp_path / "wrong.csv").write_text("a,b\n1,2\n")
    done = orders(*arguments, folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr
    assert "Traceback" not in done.stderr


def test_help_of_psql_needs_no_stack(tmp_path: Path) -> None:
    """Psql's help and version are shown without a running stack; a query says what is missing."""
    for argument in ("--help", "-?", "--version", "--help=commands"):
        done = orders("psql", argument, folder=tmp_path)
        assert (done.returncode, "psql" in done.stdout or "\\copyright" in done.stdout) == (0, True)
    assert "no stack is running" in orders("psql", "-c", "SELECT 1", folder=tmp_path).stderr


def test_a_viewer_may_not_import(guarded: EmbeddedStack) -> None:
    """Without the right to write the first rejection ends the command; an export is allowed."""
    lines = "".join(f"Ada,{number}\n" for number in range(500))
    (guarded.folder / "import.csv").write_text(f"customer_name,product_name\n{lines}")
    (guarded.folder / "viewer").write_text(orders("token", folder=guarded.folder).stdout)
    shown = ("--token-file", "viewer")
    done = orders("import", "import.csv", *shown, folder=guarded.folder)
    assert done.returncode == 1
    assert done.stderr == "orders: rejected with 403: You may not do that.\n"
    assert orders("export", *shown, folder=guarded.folder).returncode == 0
    assert "rejected with 401" in orders("export", folder=guarded.folder).stderr
