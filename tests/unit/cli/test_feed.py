from datetime import UTC
from typing import Any

from orders_cli.feed import line_of, line_of_state, printable
from orders_client import Event, Phase, Place, Reset, State

ROW = {
    "id": 7,
    "customer_name": "Ada",
    "product_name": "Loom",
    "quantity": 2,
    "status": "shipped",
    "version": 2,
    "created_at": "2026-11-22T11:12:52.70211+00:00",
    "updated_at": "2026-11-22T11:12:53.5+00:00",
}


def event(position: int, operation: str = "UPDATE", **fields: Any) -> Event:
    base = {"order": ROW, "changed": {"status": "pending"}, "order_id": 7, "actor": None}
    at = {"changed_at": "2026-11-22T11:12:53.501+00:00"}
    return Event(**{"position": position, "operation": operation, **base, **at, **fields})


def text(item: Event | Reset) -> str:
    return line_of(item, UTC).text


def test_line_of_an_update() -> None:
    """Time, position, operation, order, and what changed from what to what."""
    assert text(event(5, changed={"status": "pending", "quantity": 1})) == (
        "11:12:53.501  #5       UPDATE   order 7     status pending -> shipped, quantity 1 -> 2"
    )


def test_lines_of_other_operations() -> None:
    """Each operation says what happened to the order."""
    events = [
        event(1, "INSERT", changed=None),
        event(2, "DELETE", order=None, changed=ROW),
        event(3, "TRUNCATE", order=None, changed=None, order_id=None),
        event(4, "LEAVE", order=None, changed=None),
    ]
    assert [text(each)[23:] for each in events] == [
        "INSERT   order 7     2 x Loom for Ada (shipped)",
        "DELETE   order 7     2 x Loom for Ada (shipped)",
        "TRUNCATE             every order is gone",
        "LEAVE    order 7     no longer matches",
    ]


def test_a_reset_is_announced() -> None:
    """I7: a gap is never silent."""
    line = line_of(Reset("expired", Place("a stream", 90)))
    assert line.kind == "alarm"
    assert line.text == "reset (expired): changes up to 90 were not all seen"


def test_changes_of_state_are_shown() -> None:
    """Who serves, from where it goes on, and why nobody does and for how long."""
    live = line_of_state(State(Phase.LIVE, gateway="gateway-1"))
    back = line_of_state(State(Phase.LIVE, gateway="gateway-2", position=9))
    lost = line_of_state(State(Phase.WAITING, reason="cut\noff", retry_in_s=1.25))
    assert live is not None
    assert back is not None
    assert lost is not None
    assert live.text == "connected to gateway-1"
    assert back.text == "connected to gateway-2, resuming after 9"
    assert lost.text == "connection lost: cut?off; trying again in 1.2 s"
    assert line_of_state(State(Phase.CONNECTING)) is None


def test_names_cannot_take_over_the_terminal() -> None:
    """Escape sequences and line breaks in a name are shown as what they are not: harmless."""
    assert printable("\x1b[2Jgone\nnew") == "?[2Jgone?new"
    assert printable("x" * 100) == "x" * 57 + "..."
