"""``orders replay`` with a running system, embedded or in containers."""

import csv
import subprocess
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.follower import Follower
from harness.stacks import orders
from harness.world import World, head, stream_url

NORTHWIND = Path(__file__).resolve().parents[2] / "data" / "northwind_orders.csv"


@contextmanager
def _following(world: World, events: int) -> Iterator[Follower]:
    """Read events on another thread, as a client does, until this many have arrived."""
    with Follower(stream_url(world)) as follower:
        follower.until(head(world))  # a gateway may not have the latest event of an earlier test
        follower.events.clear()
        last = follower.position + events
        reading = threading.Thread(target=follower.until, args=(last, 240.0))
        reading.start()
        yield follower
        reading.join(30)
        assert not reading.is_alive(), f"at {follower.position} instead of {last}"


def _replay(
    world: World, file: Path, folder: Path, speed: str, timeout_s: float = 60
) -> "subprocess.CompletedProcess[str]":
    command = ("replay", str(file), "--speed", speed, "--api", world.edge)
    return orders(*command, folder=folder, timeout_s=timeout_s)


def _northwind(orders: int, folder: Path) -> Path:
    """Return a file with the first orders of Northwind's 2,155."""
    part = folder / "part.csv"
    lines = NORTHWIND.read_text(encoding="utf-8").splitlines(keepends=True)
    part.write_text("".join(lines[: orders + 1]), encoding="utf-8")
    return part


@pytest.mark.parametrize("count", [120, pytest.param(2155, marks=pytest.mark.slow)])
def test_northwind_as_fast_as_it_can(world: World, tmp_path: Path, count: int) -> None:
    """I2, I7: a client connected before sees every event once and in order."""
    file = _northwind(count, tmp_path)
    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    shipped = sum(bool(row["shipped_on"]) for row in rows)
    expected = 2 * len(rows) + shipped
    with _following(world, expected) as follower:
        done = _replay(world, file, tmp_path, "max", 240)
    assert len(rows) == count
    assert done.returncode == 0, done.stderr
    assert f"{len(rows)} orders created, {len(rows) + shipped} updates, 0 malformed" in done.stdout
    first = follower.events[0]["position"]
    positions = [event["position"] for event in follower.events]
    assert positions == list(range(first, first + expected))
    lives: dict[int, list[str]] = defaultdict(list)
    for event in follower.events:
        assert event["order"]["version"] == len(lives[event["order_id"]]) + 1
        lives[event["order_id"]].append(event["order"]["status"])
    assert list(lives) == sorted(lives), "orders are not created in the order of time"
    assert len(lives) == len(rows)
    assert sum(life == ["pending", "processing", "shipped"] for life in lives.values()) == shipped
    assert sum(life == ["pending", "processing"] for life in lives.values()) == len(rows) - shipped


def test_malformed_lines(world: World, tmp_path: Path) -> None:
    """Malformed lines are reported with their number and counted; the others are replayed."""
    file = tmp_path / "lines.csv"
    file.write_text(
        "customer_name,product_name,quantity,ordered_on,shipped_on\n"
        "Ada,Loom,1,1996-07-04,1996-07-05\n"
        ",Loom,1,1996-07-04,\n"
        "Ada,Loom,none,1996-07-04,\n"
        "Ada,Loom\n"
        "Ada,Wheel,2,1996-07-05,\n"
    )
    done = _replay(world, file, tmp_path, "1e9")
    assert done.returncode == 0
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == [
        "line 3",
        "line 4",
        "line 5",
    ]
    assert "2 orders created, 3 updates, 3 malformed" in done.stdout
    last = world.psql("SELECT product_name, status FROM orders ORDER BY id DESC LIMIT 2")
    assert last == "Wheel|processing\nLoom|shipped"


@pytest.mark.slow
def test_outlasts_a_restart_of_the_api(world: World, tmp_path: Path) -> None:
    """A replay during which the API dies creates every order once."""
    before = int(world.psql("SELECT count(*) FROM orders"))
    done: list[str] = []

    def replay() -> None:
        # 22 months within seconds: the API dies in the middle of it.
        run = _replay(world, file, tmp_path, "max", 120)
        done.append(run.stdout + run.stderr)

    file = _northwind(300, tmp_path)
    replaying = threading.Thread(target=replay)
    replaying.start()
    world.kill(world.names("api")[0])
    replaying.join(120)
    assert "300 orders created" in done[0]
    assert int(world.psql("SELECT count(*) FROM orders")) == before + 300
