"""The replay of the log tells apart what JSON tells apart."""

from prove.ddl import Change
from prove.exact import parse
from prove.oracle import Replay, difference
from prove.tables import ORDERS

_NUMBER, _TEXT = parse('{"id": 1, "c": 0.50}'), parse('{"id": 1, "c": "0.50"}')


def test_a_number_is_not_its_text() -> None:
    """A client may still show the number of a column that was made text; the log may not."""
    change = Change("ALTER COLUMN c TYPE text", {1: _NUMBER}, {1: _TEXT})
    replay = Replay({"owner 1": change})
    replay.apply([(1, ORDERS, "INSERT", 1, '{"id": 1}', '{"id": 1, "c": 0.50}', None, "writer")])
    mark = '{"id": 2, "c": "0.50"}'
    replay.apply([(2, ORDERS, "INSERT", 2, '{"id": 2}', mark, None, "owner 1")])
    assert replay.findings == []
    assert replay.renderings(ORDERS, 1) == [_TEXT, _NUMBER]
    assert difference({1: _NUMBER}, {1: _TEXT}) is not None
