"""A sign-in under way: what its browser keeps, and where it leads back to."""

import base64
import json
from dataclasses import replace
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders_api.login import LASTS_S, Login, own_path

SECRET = "s" * 43
BEGUN = Login.begin(SECRET, "/orders/7?a=b", 1000)


@given(st.text(alphabet="/\\.:@%?#ax0 \t\n\r\x00ä") | st.text())
def test_own_path_never_leaves_the_origin(wanted: str) -> None:
    """Open redirect: whatever is asked for, the browser stays at this origin, below no API path."""
    path = own_path(wanted)
    assert path in {"/", wanted}
    assert path.isascii()
    assert path.isprintable()
    for origin in ("http://localhost:3000", "https://orders.example"):
        led = urlsplit(urljoin(origin, path))
        assert f"{led.scheme}://{led.netloc}" == origin
        assert not led.path.startswith("/api/")
        assert not led.path.startswith("//")


@pytest.mark.parametrize("path", ["/x/..//evil.example/x", "/orders//evil.example"])
def test_doubled_slashes_are_not_kept(path: str) -> None:
    """A path that a browser shortens to one with two slashes at its start is no page of ours."""
    assert own_path(path) == "/"


@pytest.mark.parametrize("path", ["/", "/orders/7", "/?status=pending&sort=-id", "/tables/x"])
def test_own_pages_are_kept(path: str) -> None:
    """Pages of this system are returned to, with their query."""
    assert own_path(path) == path


def test_cookie_is_read_back() -> None:
    """A cookie gives the same attempt until it took too long; clocks may differ by a minute."""
    cookie = BEGUN.cookie()
    assert Login.read(cookie, 1000 + LASTS_S) == BEGUN
    assert Login.read(cookie, 1001 + LASTS_S) is None
    assert Login.read(cookie, 940) == BEGUN
    assert Login.read(cookie, 939) is None


def test_derived_values_differ() -> None:
    """State, nonce and verifier tell nothing of each other, and depend on all of the cookie."""
    others = [
        replace(BEGUN, secret="t" * 43),
        replace(BEGUN, back_to="/"),
        replace(BEGUN, began=1001),
        replace(BEGUN, before="0" * 64),
    ]
    values = {v for each in (BEGUN, *others) for v in (each.state, each.nonce, each.verifier)}
    assert len(values) == 15
    assert all(len(value) == 43 for value in values)
    assert SECRET not in str(values)
    assert BEGUN.answers(BEGUN.state)
    assert not any(BEGUN.answers(each) for each in ("", "ä", "\ud800", others[0].state))


@pytest.mark.parametrize(
    "content",
    [
        None,
        [],
        {},
        {"secret": SECRET},
        {"secret": SECRET, "back_to": "/", "began": "1000", "before": ""},
        {"secret": SECRET, "back_to": "/", "began": None, "before": ""},
        {"secret": "short", "back_to": "/", "began": 1000, "before": ""},
        {"secret": SECRET[1:] + "\u00e4", "back_to": "/", "began": 1000, "before": ""},
        {"secret": SECRET, "back_to": "//evil.example", "began": 1000, "before": ""},
        {"secret": SECRET, "back_to": 1, "began": 1000, "before": ""},
        {"secret": SECRET, "back_to": "/", "began": 1000, "before": "zz"},
        {"secret": SECRET, "back_to": "/", "began": 1000, "before": None},
        {"secret": SECRET, "back_to": "/", "began": 1000, "before": "", "more": 1},
    ],
)
def test_forged_cookie(content: Any) -> None:
    """A cookie that this system did not sign is not an attempt."""
    made = base64.urlsafe_b64encode(json.dumps(content).encode()).decode()
    assert Login.read(made, 1000) is None


@pytest.mark.parametrize("cookie", ["", "x", "\u00e4", "e30", "W10=", "MQ=="])
def test_broken_cookie(cookie: str) -> None:
    """A cookie that cannot be parsed is not an attempt."""
    assert Login.read(cookie, 1000) is None
