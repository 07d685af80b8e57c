"""Cursors: opaque, stable, and refused once tampered with."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders_api import cursor

IDS = st.integers(-(2**63), 2**63 - 1)


@given(IDS)
def test_round_trip(last_id: int) -> None:
    """A cursor leads back to the id it was made from."""
    assert cursor.decode(cursor.encode(last_id)) == last_id


@given(IDS, st.data())
def test_one_changed_character_is_noticed(last_id: int, data: st.DataObject) -> None:
    """Whatever single character is replaced, the cursor is refused."""
    token = cursor.encode(last_id)
    index = data.draw(st.integers(0, len(token) - 1))
    character = data.draw(st.sampled_from("ABCxyz019-_=").filter(lambda new: new != token[index]))
    with pytest.raises(cursor.MalformedCursorError):
        cursor.decode(token[:index] + character + token[index + 1 :])


@given(st.text(max_size=60))
def test_invented_text_is_refused(token: str) -> None:
    """Text that we did not give out is no cursor, whatever it contains."""
    with pytest.raises(cursor.MalformedCursorError):
        cursor.decode(token)


def test_needs_no_escaping() -> None:
    """A cursor can be put into a URL as it stands."""
    assert all(c.isalnum() or c in "-_" for n in range(500) for c in cursor.encode(n))
