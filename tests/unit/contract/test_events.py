"""The events of a batch, opened."""

import json
import sys
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orders_contract.batches import Batch, MalformedPayloadError
from orders_contract.events import OpenedEvent, open_batch, open_events, packed
from orders_contract.matching import Scope, Selection, View, seen, view

_DEEP = "[" * 9_000 + "]" * 9_000
_ODD = {
    "an integer beyond 2^53": "9007199254740993",
    "a number of 40 digits": "1234567890123456789012345678901234567.890",
    "a number beyond any float": "1e400",
    "a number beyond any decimal": "1e99999999999999999999",
    "an integer of 10,000 digits": "7" * 10_000,
    "negative zero": "-0.0",
    "half a surrogate pair": '"\\ud800 and \\u0000"',
    "the same key twice": '{"a":1,"a":2}',
    "an event inside of a value": '[{"position":2,"operation":"LEAVE","changed":null}]',
    "deep nesting": _DEEP,
    "deep nesting around text": '[{"a":' * 4_000 + '"]}\\"[{"' + "}]" * 4_000,
    "blanks": '{ "a" :\t[ 1 , 2 ] }',
    "text with brackets": '"]}],{\\"order\\":\\\\"',
    "no bytes of UTF-8": '"\udcff\udcfe"',
}


def _event(value: str, table: str = "orders", changed: str = '{"store":"Rome"}') -> str:
    """Return the text of an UPDATE as PostgreSQL renders it, with a value of the owner's column."""
    row = f'{{"id":7,"data":{value},"store":"Berlin","actor":"row\'s own"}}'
    body = f'"order":{row}' if table == "orders" else f'"key":{{"id":{value}}},"row":{row}'
    return (
        f'{{"position":1,"table":"{table}","operation":"UPDATE","order_id":7,{body},'
        f'"changed":{changed},"actor":"eve","changed_at":"2026-11-22T11:12:52+00:00"}}'
    )


def _opened(*texts: str) -> list[OpenedEvent]:
    return list(open_events(f"[{','.join(texts)}]".encode("utf-8", "surrogateescape")))


@pytest.mark.parametrize("value", _ODD.values(), ids=_ODD.keys())
def test_every_character_survives(value: str) -> None:
    """I11: what Python or a float cannot hold is forwarded as PostgreSQL rendered it."""
    text = _event(value)
    first, second = _opened(text, text)
    assert first.seen_as(View.WHOLE) == second.seen_as(View.WHOLE) == text
    assert packed([first.text]) == f"[{text}]".encode("utf-8", "surrogateescape")


@pytest.mark.parametrize("table", ["orders", "order_lines"])
@pytest.mark.parametrize("value", _ODD.values(), ids=_ODD.keys())
def test_what_must_not_be_seen_is_cut_out(value: str, table: str) -> None:
    """A confined event loses its old values and its actor, and not a character of its row."""
    text = _event(value, table)
    (opened,) = _opened(text)
    expected = text.replace('{"store":"Rome"}', "null").replace('"actor":"eve"', '"actor":null')
    assert opened.seen_as(View.CONFINED) == expected


@pytest.mark.parametrize("table", ["orders", "order_lines"])
@pytest.mark.parametrize("value", _ODD.values(), ids=_ODD.keys())
def test_leave_holds_no_row(value: str, table: str) -> None:
    """LEAVE keeps the key, digit by digit, and nothing else of the row."""
    (opened,) = _opened(_event(value, table))
    leave = opened.seen_as(View.LEAVE)
    body = '7,"order":null' if table == "orders" else f'null,"key":{{"id":{value}}},"row":null'
    expected = (
        f'{{"position":1,"table":"{table}","operation":"LEAVE","order_id":{body},'
        f'"changed":null,"actor":null,"changed_at":"2026-11-22T11:12:52+00:00"}}'
    )
    assert leave == expected


@pytest.mark.parametrize("value", _ODD.values(), ids=_ODD.keys())
def test_odd_values_stop_no_filter(value: str) -> None:
    """I11: an event with a value that cannot be parsed is filtered by its other columns."""
    opened, following = _opened(_event(value), _event("1"))
    assert (opened.event["position"], opened.event["operation"]) == (1, "UPDATE")
    assert type(opened.event["position"]) is int
    berlin = Selection.parse({"orders": {"store": ["Berlin"]}})
    rome = Selection(None, Scope({"store": ["Rome"]}))
    assert view(opened.event, berlin) is view(following.event, berlin) is View.WHOLE
    assert view(opened.event, rome) is View.LEAVE
    assert view(opened.event, Selection(None, Scope({"data": ["x"]}))) is View.HIDDEN


def test_a_value_that_cannot_be_parsed_matches_no_scope() -> None:
    """A scope on a column with an unreadable value hides the row."""
    (opened,) = _opened(_event(_DEEP, changed="null"))
    for values in (["Berlin"], [7], [True], []):
        assert view(opened.event, Selection(None, Scope({"data": values}))) is View.HIDDEN


def test_numbers_are_parsed_exactly() -> None:
    """Numbers with a point become decimals, so that filters compare every digit."""
    (opened,) = _opened(_event("0.1000000000000000055511151231257827"))
    assert opened.event["order"]["data"] == Decimal("0.1000000000000000055511151231257827")
    wanted = Selection.parse({"orders": {"data": [0.1]}})
    assert view(opened.event, wanted) is View.HIDDEN


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(st.lists(_JSON, min_size=1, max_size=4), st.booleans(), st.sampled_from([None, 1]))
def test_texts_and_views_mean_the_same(
    values: list[Any],
    ascii_only: bool,  # noqa: FBT001  drawn
    indent: int | None,
) -> None:
    """A client's text of an event equals ``seen``, however the event was rendered."""
    events = [json.loads(_event(json.dumps(value))) for value in values]
    text = json.dumps(events, ensure_ascii=ascii_only, indent=indent)
    batch = Batch("s", 1, 1, text.encode("utf-8", "surrogatepass"))
    for selection in (
        Selection.parse({"orders": {"store": ["Berlin"]}}),
        Selection(None, Scope({"store": ["Berlin"]})),
        Selection(None, Scope({"store": ["Rome"]})),
    ):
        shown = [each.seen_as(view(each.event, selection)) for each in open_batch(batch)]
        assert json.loads(packed(shown)) == [seen(event, selection) for event in events]


@pytest.mark.parametrize(
    "rendered",
    [
        b"[", b"[{", b'[{"a"', b'[{"a":1}', b'[{"a":1},', b"[x]", b"[1]", b'["x"]', b"[[]]",
        b'[{"a":[}]', b'[{"a":"]', b"[{]", b"[null]", b'[{"\\e":7777e99999999999999999999}]',
    ],
)  # fmt: skip
def test_other_json_than_an_array_of_objects_is_refused(rendered: bytes) -> None:
    """Text that PostgreSQL cannot have rendered is an error, never an endless loop."""
    with pytest.raises(MalformedPayloadError):
        list(open_events(rendered))


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet='[]{}",:\\ae1 -.u', max_size=30))
def test_nothing_else_is_raised(text: str) -> None:
    """I11: any text is opened or refused."""
    try:
        opened = list(open_events(f"[{text}".encode()))
    except MalformedPayloadError:
        return
    assert all(isinstance(each.event, dict) for each in opened)


def test_the_limit_of_recursion_is_left_alone() -> None:
    """Deep values are parsed without raising the interpreter's global recursion limit."""
    before = sys.getrecursionlimit()
    _opened(_event(_DEEP))
    assert sys.getrecursionlimit() == before
