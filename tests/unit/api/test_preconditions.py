"""If-Match and If-None-Match."""

import pytest

from orders_api.preconditions import ANY_TAG, MalformedTagError, if_match, if_none_match


@pytest.mark.parametrize("header", [None, "*", " * "])
def test_any_tag(header: str | None) -> None:
    """Without If-Match, or with a star, every tag is accepted."""
    assert if_match(header) == ANY_TAG
    assert if_match(header).holds("7")


@pytest.mark.parametrize(
    ("header", "tags"),
    [
        ('"3"', ("3",)),
        ('"3", "4"', ("3", "4")),
        ('"3","4" ,', ("3", "4")),
        ('W/"3"', ()),
        ('W/"3", "4"', ("4",)),
        ('"abc"', ("abc",)),
        ('"3-gzip"', ("3",)),
        ('""', ("",)),
    ],
)
def test_if_match_names_tags(header: str, tags: tuple[str, ...]) -> None:
    """Strong tags are compared, without what a proxy adds; weak ones match nothing."""
    assert if_match(header).tags == tags


@pytest.mark.parametrize("header", ["3", '"3', "3,4", '"3" "4"', "", "W/3", "garbage", '"3", x'])
def test_malformed_if_match(header: str) -> None:
    """A header that is not a list of entity tags is an error, not a precondition that fails."""
    with pytest.raises(MalformedTagError):
        if_match(header)


@pytest.mark.parametrize(
    ("header", "holds"),
    [(None, False), ("*", True), ('"3"', True), ('W/"3"', True), ('"4"', False), ("3", False)],
)
def test_if_none_match(header: str | None, holds: bool) -> None:  # noqa: FBT001  a parameter
    """Weak tags count for reading; a malformed header is treated as if it were absent."""
    assert if_none_match(header).holds("3") is holds
