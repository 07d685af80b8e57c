"""Which pages may use a session, and where its cookie is found."""

import pytest

from orders_access.credentials import of_cookies, session_cookie
from orders_access.origins import is_own_page, keeps_secrets

SECRET = "s" * 43


@pytest.mark.parametrize(
    ("origin", "site", "over_https", "is_ours"),
    [
        ("https://shop.example", "same-origin", True, True),
        ("https://shop.example", None, True, True),
        (None, "same-origin", True, True),
        (None, None, True, False),
        (None, "none", True, False),
        (None, "same-site", True, False),
        ("https://shop.example", "cross-site", True, False),
        ("http://shop.example", None, True, False),
        ("http://shop.example", None, False, True),
        ("https://evil.example", None, True, False),
        ("https://shop.example.evil.example", None, True, False),
        ("null", None, True, False),
        ("", None, True, False),
    ],
)
def test_own_page(origin: str | None, site: str | None, over_https: bool, is_ours: bool) -> None:  # noqa: FBT001  a column of the table
    """A request with a cookie must say that it comes from a page of this system."""
    origins, sites = [each for each in [origin] if each is not None], [site] if site else []
    assert is_own_page(origins, sites, "shop.example", over_https=over_https) is is_ours


def test_a_header_given_twice_is_of_no_browser() -> None:
    """Neither of two origins, nor of two sites, is believed."""
    own = "https://shop.example"
    assert not is_own_page([own, "https://evil.example"], [], "shop.example", over_https=True)
    assert not is_own_page([own], ["same-origin", "cross-site"], "shop.example", over_https=True)
    assert not is_own_page([], ["same-origin", "same-origin"], "shop.example", over_https=True)


@pytest.mark.parametrize(
    ("host", "over_https", "keeps"),
    [
        ("localhost:3000", False, True),
        ("127.0.0.1", False, True),
        ("[::1]:3000", False, True),
        ("shop.example", False, False),
        ("192.168.1.5:3000", False, False),
        ("localhost.evil.example", False, False),
        ("", False, False),
        ("shop.example", True, True),
    ],
)
def test_where_a_password_is_taken(host: str, over_https: bool, keeps: bool) -> None:  # noqa: FBT001  a column of the table
    """Without HTTPS a password is taken on this machine only."""
    assert keeps_secrets(host, over_https=over_https) is keeps


@pytest.mark.parametrize(
    ("host", "over_https", "name"),
    [
        ("shop.example", True, "__Host-orders-session"),
        ("localhost:3000", False, "orders-session-3000"),
        ("[::1]:3100", False, "orders-session-3100"),
        ("localhost", False, "orders-session"),
        ("[::1]", False, "orders-session"),
    ],
)
def test_name_of_the_cookie(host: str, over_https: bool, name: str) -> None:  # noqa: FBT001  a column of the table
    """Systems on one machine, which share cookies, have cookies of different names."""
    assert session_cookie(host, over_https=over_https) == name


@pytest.mark.parametrize(
    "headers",
    [
        [],
        ["other=1"],
        ["c="],
        [f"c={SECRET}x"],
        [f"c={SECRET}; c={SECRET}"],
        [f"c={SECRET}", f"c={SECRET}"],
        [f"xc={SECRET}"],
    ],
)
def test_no_session(headers: list[str]) -> None:
    """Without exactly one cookie of the name and length there is no session."""
    assert of_cookies(headers, "c") is None


def test_session_among_other_cookies() -> None:
    """Cookies of other servers do not matter, also in a header of their own (HTTP/2)."""
    found = of_cookies(["a=b; d", f"  c={SECRET} ;e=f"], "c")
    assert found is not None
    assert (found.text, found.is_session) == (SECRET, True)
    assert SECRET not in repr(found)
