"""Limits per address and subject."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orders_access.limits import Buckets, TokenBucket, address_key, plain_address


def test_burst_is_admitted_at_once() -> None:
    """A full bucket admits exactly its burst at once."""
    bucket = TokenBucket(rate_per_s=1, burst=3, now_s=100.0)
    assert [bucket.admit(100.0) for _ in range(5)] == [True, True, True, False, False]


def test_tokens_come_back_with_time() -> None:
    """An empty bucket refills at its rate."""
    bucket = TokenBucket(rate_per_s=2, burst=1, now_s=0.0)
    assert [bucket.admit(now_s) for now_s in (0.0, 0.25, 0.5, 0.75, 1.0)] == [
        True,
        False,
        True,
        False,
        True,
    ]


def test_unused_rate_is_not_accumulated_beyond_the_burst() -> None:
    """A bucket never holds more than its burst."""
    bucket = TokenBucket(rate_per_s=10, burst=2, now_s=0.0)
    assert [bucket.admit(3600.0) for _ in range(3)] == [True, True, False]


def test_cost_is_paid_later() -> None:
    """The cost of a request beyond one token is paid later; the debt is at most the burst."""
    bucket = TokenBucket(rate_per_s=1, burst=4, now_s=0.0)
    assert bucket.admit(0.0)
    bucket.charge(3.5, 0.0)
    assert [bucket.admit(now_s) for now_s in (0.0, 1.0, 1.5)] == [False, False, True]
    bucket.charge(1000, 1.5)
    assert bucket.wait_s() == 5.0
    assert [bucket.admit(now_s) for now_s in (6.0, 6.5)] == [False, True]


def test_refused_request_gets_the_time_to_wait() -> None:
    """Each key has a token for each request it may send, and a wait in seconds when it has none."""
    buckets = Buckets(rate_per_s=2, burst=1)
    assert [buckets.try_admit(key, 0.0) for key in ("a", "a", "b")] == [0.0, 0.5, 0.0]
    assert buckets.try_admit("a", 0.5) == 0.0


@settings(max_examples=100, deadline=None)
@given(
    rate_per_s=st.integers(1, 20),
    burst=st.integers(1, 10),
    ticks=st.lists(st.integers(0, 40), max_size=80),
)
def test_rate_holds_over_any_stretch(rate_per_s: int, burst: int, ticks: list[int]) -> None:
    """I6: in any period a bucket admits at most its burst plus its rate times the period."""
    tick_s = 1 / 16  # exact in binary: no rounding in the sums
    bucket = TokenBucket(rate_per_s, burst, 0.0)
    now_s = 0.0
    admitted: list[float] = []
    for pause in ticks:
        now_s += pause * tick_s
        if bucket.admit(now_s):
            admitted.append(now_s)
        else:
            assert admitted  # the burst is at least one
    for number, since_s in enumerate(admitted):
        for count, until_s in enumerate(admitted[number:], start=1):
            assert count <= burst + (until_s - since_s) * rate_per_s


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2001:db8:7:1::1", "2001:db8:7:1:ffff:ffff:ffff:ffff"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::2%eth1"),
        ("2001:DB8::1", "2001:db8:0:0::2"),
    ],
)
def test_addresses_of_one_network_count_as_one(one: str, other: str) -> None:
    """All addresses of an IPv6 /64 network share one limit, and so do spellings of an address."""
    assert address_key(one) == address_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("192.0.2.7", "192.0.2.8"), ("2001:db8:7:1::1", "2001:db8:7:2::1"), ("", "unknown")],
)
def test_addresses_of_other_networks_count_apart(one: str, other: str) -> None:
    """Different networks have different limits."""
    assert address_key(one) != address_key(other)


@pytest.mark.parametrize(
    ("address", "plain"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::1", "::1"),
        ("2001:DB8:0:0::7", "2001:db8::7"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("", ""),
    ],
)
def test_address_as_people_know_it(address: str, plain: str) -> None:
    """A session is shown with an address, not with the network that limits count."""
    assert plain_address(address) == plain
