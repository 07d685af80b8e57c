"""Cursors: opaque, stable, and refused once tampered with."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders_api import cursor
from orders_api.cursor import Bookmark

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
PLACES = st.builds(
    Bookmark,
    st.lists(st.none() | TEXTS, max_size=3).map(tuple),
    st.lists(TEXTS, min_size=1).map(tuple),
)


@given(PLACES, TEXTS)
def test_round_trip(place: Bookmark, order: str) -> None:
    """A cursor leads back to the place it was made from, nulls and odd texts included."""
    token = cursor.encode(place, order)
    assert cursor.decode(token, order, len(place.values), len(place.key)) == place
    assert all(character.isalnum() or character in "-_" for character in token)


@given(PLACES, st.data())
def test_one_changed_character_is_noticed(place: Bookmark, data: st.DataObject) -> None:
    """Whatever single character is replaced, the cursor is refused."""
    token = cursor.encode(place, "orders")
    index = data.draw(st.integers(0, len(token) - 1))
    character = data.draw(st.sampled_from("ABCxyz019-_=").filter(lambda new: new != token[index]))
    altered = token[:index] + character + token[index + 1 :]
    with pytest.raises(cursor.MalformedCursorError):
        cursor.decode(altered, "orders", len(place.values), len(place.key))


@given(st.text(max_size=60))
def test_text_not_issued_as_a_cursor_is_refused(token: str) -> None:
    """Text that the API did not create is not a cursor."""
    with pytest.raises(cursor.MalformedCursorError):
        cursor.decode(token, "orders", 1, 1)


def test_cursor_of_another_list() -> None:
    """A cursor is valid for the table and the order it was made for, and for no other."""
    token = cursor.encode(Bookmark(("9",), ("1",)), "orders -total")
    for order, key_columns in (("orders total", 1), ("lines -total", 1), ("orders -total", 2)):
        with pytest.raises(cursor.MalformedCursorError, match="another list"):
            cursor.decode(token, order, 1, key_columns)
