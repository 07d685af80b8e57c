from collections import Counter
from datetime import date

from orders_cli.order_lines import OrderLine
from orders_cli.traffic import Birth, Change, OpenOrder, Traffic

SAMPLES = [
    OrderLine(2, "Ada", "Loom", 3, date(1996, 7, 4), None),
    OrderLine(3, "Bob", "Wheel", 1, date(1996, 7, 4), None),
]
ALLOWED = {
    ("pending", "processing"),
    ("processing", "shipped"),
    ("shipped", "delivered"),
    ("pending", "cancelled"),
    ("processing", "cancelled"),
}


def play(traffic: Traffic, changes: int) -> list[Birth | Change]:
    """Let everything succeed."""
    made: list[Birth | Change] = []
    for number in range(changes):
        event = traffic.next()
        made.append(event)
        if isinstance(event, Birth):
            traffic.born(OpenOrder(number, event.quantity))
        else:
            traffic.settle(event)
    return made


def test_orders_move_as_in_life() -> None:
    """No order skips a stage, moves after its end, or has nothing of it."""
    traffic = Traffic(SAMPLES, 1)
    moves: Counter[tuple[str, str]] = Counter()
    for number in range(5_000):
        event = traffic.next()
        if isinstance(event, Birth):
            traffic.born(OpenOrder(number, event.quantity))
            continue
        before = event.order.status
        assert event.fields.get("quantity", 1) != 0
        traffic.settle(event)
        if "status" in event.fields:
            moves[before, event.order.status] += 1
    assert set(moves) == ALLOWED


def test_order_under_way_is_left_alone() -> None:
    """An order is out of play until its change is settled."""
    traffic = Traffic(SAMPLES, 1)
    traffic.born(OpenOrder(1, 1))
    seen = [event for _ in range(50) if isinstance(event := traffic.next(), Change)]
    assert len(seen) == 1


def test_seed_repeats_a_run() -> None:
    """The same seed makes the same traffic, another seed another."""
    assert play(Traffic(SAMPLES, 7), 200) == play(Traffic(SAMPLES, 7), 200)
    assert play(Traffic(SAMPLES, 7), 200) != play(Traffic(SAMPLES, 8), 200)


def test_rate_is_kept_on_average() -> None:
    """Pauses are irregular, and as long as the rate asks for on the whole."""
    traffic = Traffic(SAMPLES, 3)
    pauses = [traffic.pause_s(20) for _ in range(2_000)]
    assert 0.04 < sum(pauses) / len(pauses) < 0.06
    assert max(pauses) > 3 * min(pauses)
