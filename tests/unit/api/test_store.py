"""Searching for text in which some characters mean something to LIKE."""

import pytest

from orders_api.store import search_pattern


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("lap", "%lap%"),
        ("100%", "%100\\%%"),
        ("a_b", "%a\\_b%"),
        ("c:\\d", "%c:\\\\d%"),
    ],
)
def test_search_pattern(text: str, pattern: str) -> None:
    """Percent signs, underscores and backslashes stand for themselves."""
    assert search_pattern(text) == pattern
