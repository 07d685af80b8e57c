from datetime import UTC
from typing import Any

from orders_cli.feed import line_of, line_of_state, printable
from real_time_orders import Event, Phase, Place, Reset, SchemaChanged, State

ROW = {
    "id": 7,
    "buyer": "Ada",
    "quantity": 2,
    "note": None,
    "status": "shipped",
    "version": 2,
    "created_at": "2026-11-22T11:12:52.70211+00:00",
    "updated_at": "2026-11-22T11:12:53.5+00:00",
}


def event(position: int, operation: str = "UPDATE", **fields: Any) -> Event:
    base = {"table": "orders", "order_id": 7, "key": {"id": 7}, "row": ROW, "actor": None}
    at = {"changed": {"status": "pending"}, "changed_at": "2026-11-22T11:12:53.501+00:00"}
    return Event(**{"position": position, "operation": operation, **base, **at, **fields})


def text(item: Event | Reset) -> str:
    return line_of(item, UTC).text


def test_line_of_an_update() -> None:
    """The line has time, position, operation, order, and the old and new values."""
    assert text(event(5, changed={"status": "pending", "quantity": 1})) == (
        "11:12:53.501  #5      UPDATE   order 7     status pending -> shipped, quantity 1 -> 2"
    )


def test_lines_of_other_operations() -> None:
    """A new or deleted row is shown with all columns that have a value, whatever their names."""
    events = [
        event(1, "INSERT", changed=None),
        event(2, "DELETE", row=None, changed=ROW),
        event(3, "TRUNCATE", row=None, changed=None, order_id=None, key=None),
        event(4, "LEAVE", row=None, changed=None),
    ]
    assert [text(each)[22:] for each in events] == [
        "INSERT   order 7     buyer Ada, quantity 2, status shipped",
        "DELETE   order 7     buyer Ada, quantity 2, status shipped",
        "TRUNCATE             all rows were removed",
        "LEAVE    order 7     no longer matches",
    ]


def test_values_are_written_as_in_json() -> None:
    """Null, booleans, lists and objects look as in the API's answers; text has no quotes."""
    row = {"id": 7, "note": "a", "gift": True, "tags": ["a", "b"], "address": {"city": "Łódź"}}
    changed = {"note": None, "gift": False, "tags": None, "address": None}
    assert text(event(5, row=row, changed=changed)).split("order 7", 1)[1].strip() == (
        'note null -> a, gift false -> true, tags null -> ["a","b"],'
        ' address null -> {"city":"Łódź"}'
    )


def test_line_of_another_table() -> None:
    """A row of another table is named by the table and its key."""
    changed = event(
        5, "INSERT", table="lines", key={"order_id": 7, "no": 2}, row={"no": 2, "sku": "A"}
    )
    assert text(changed)[22:] == "INSERT   lines 7,2   no 2, sku A"


def test_odd_times_are_shown_as_they_are() -> None:
    """I11: a time that Python cannot hold does not end the feed."""
    assert text(event(5, changed_at="20000-01-01T00:00:00+00:00")).startswith("20000-01-01T")


def test_a_reset_is_announced() -> None:
    """I7: a gap is never silent."""
    line = line_of(Reset("expired", Place("a stream", 90)))
    assert line.kind == "alarm"
    assert line.text == "reset (expired): changes up to 90 may be missing"


def test_a_new_schema_is_announced() -> None:
    """A change of columns or tables is a line of its own."""
    assert line_of(SchemaChanged("b")).kind == "news"


def test_changes_of_state_are_shown() -> None:
    """The lines name the gateway, the position to resume from, and the reason for waiting."""
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


def test_values_cannot_take_over_the_terminal() -> None:
    """Escape sequences and line breaks in a value are replaced by question marks."""
    assert printable("\x1b[2Jgone\nnew") == "?[2Jgone?new"
    assert printable("x" * 100) == "x" * 57 + "..."
