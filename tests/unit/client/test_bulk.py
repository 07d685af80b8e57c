"""How many rows are divided into requests."""

from hypothesis import given
from hypothesis import strategies as st

from real_time_orders.bulk import MOST_BYTES, parts, wanted
from real_time_orders.items import Row, to_json


@given(
    st.lists(st.tuples(st.text(max_size=3), st.sampled_from([0, 1, 20_000]))),
    st.integers(1, 4),
    st.sampled_from([None, {"note": "n"}, {"note": "é" * 5_000}]),
)
def test_requests_have_all_rows_in_order_and_are_not_too_large(
    names: list[tuple[str, int]], at_once: int, values: Row | None
) -> None:
    """The API refuses a body of more than 64 kB; rows are sent in the order of the caller."""
    rows = [
        wanted({"id": name + "x" * more, "version": 3}, ("id",), lambda _: None)
        for name, more in names
    ]
    divided = list(parts(rows, values, at_once))
    assert [row for part, _ in divided for row in part] == rows
    for part, body in divided:
        assert 1 <= len(part) <= at_once
        assert len(to_json(body).encode()) <= MOST_BYTES
        assert body["rows"] == [{"key": row.columns, "version": 3} for row in part]
        assert body.get("set") == values
