"""Which hosts and origins are accepted."""

import pytest

from orders_access.origins import host_is_ours, origin_is_ours


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:3000", "127.0.0.1:3000", "[::1]:3000", "127.8.8.8", "api:8000"],
)
def test_names_of_this_machine(host: str) -> None:
    """Open mode accepts names of the loopback and of the inner network."""
    assert host_is_ours(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "orders.example",
        "orders.example:3000",
        "192.168.1.7:3000",
        "localhost.example",
        "[",
        "][",
    ],
)
def test_other_names(host: str) -> None:
    """Open mode refuses any other name, which may point at the loopback (DNS rebinding)."""
    assert not host_is_ours(host)


@pytest.mark.parametrize(
    ("origin", "ours"),
    [
        (None, True),
        ("http://localhost:3000", True),
        ("https://localhost:3000", True),
        ("https://shop.example", True),
        ("null", False),
        ("", False),
        ("http://localhost:3001", False),
        ("http://localhost", False),
        ("http://evil.example", False),
        ("http://localhost:3000.evil.example", False),
        ("http://localhost:3000@evil.example", False),
        ("file://localhost:3000", False),
        ("https://shop.example.evil.example", False),
        ("http://[", False),
    ],
)
def test_origins(origin: str | None, ours: bool) -> None:  # noqa: FBT001  a parameter
    """A page may connect from the same host or from a listed origin."""
    assert (
        origin_is_ours(origin, "localhost:3000", "https://shop.example https://b.example") is ours
    )


@pytest.mark.parametrize(
    ("origin", "ours"),
    [
        ("https://orders.example", True),
        ("http://orders.example", False),
        ("http://shop.example", True),
        (None, True),
    ],
)
def test_origins_of_a_site_over_https(origin: str | None, ours: bool) -> None:  # noqa: FBT001  a parameter
    """A site over HTTPS refuses pages loaded over HTTP, unless their origin is listed."""
    allowed = "http://shop.example"
    assert origin_is_ours(origin, "orders.example", allowed, over_https=True) is ours
