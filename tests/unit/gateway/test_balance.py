"""How many clients a gateway sends to others, and which."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from orders_gateway.balance import MIN_EXCESS, TOLERANCE, how_many_to_shed, movable

_COUNTS = st.lists(st.integers(0, 20_000), max_size=8)
_MOST = 100


@given(st.integers(0, 20_000), _COUNTS, st.integers(1, 1000), st.booleans())
def test_no_gateway_goes_below_its_share(
    mine: int,
    others: list[int],
    most: int,
    is_shedding: bool,  # noqa: FBT001  from hypothesis
) -> None:
    """A gateway keeps at least the mean; alone, or at its share, it keeps all clients."""
    number = how_many_to_shed(mine, others, most=most, is_shedding=is_shedding)
    assert 0 <= number <= most
    assert (mine - number) * (1 + len(others)) >= mine + sum(others) or number == 0


@given(st.integers(0, 20_000), _COUNTS)
def test_small_differences_are_left(mine: int, others: list[int]) -> None:
    """Shedding begins only well above the share; of two gateways at most one begins."""
    share = (mine + sum(others)) / (1 + len(others))
    begins = how_many_to_shed(mine, others, most=_MOST, is_shedding=False) > 0
    if begins:
        assert mine > TOLERANCE * share
        assert mine - share >= MIN_EXCESS
    for other in others if len(others) == 1 else ():
        assert not (begins and how_many_to_shed(other, [mine], most=_MOST, is_shedding=False))


@given(st.lists(st.integers(0, 5_000), min_size=2, max_size=6))
def test_shares_become_even_and_no_more_move_than_must(counts: list[int]) -> None:
    """Repeated, with clients that go to the emptiest gateway, it ends with even shares."""
    now, is_shedding = list(counts), [False] * len(counts)
    share = -(-sum(counts) // len(counts))
    moved = 0
    while True:
        leaving = [
            how_many_to_shed(
                mine,
                now[:number] + now[number + 1 :],
                most=_MOST,
                is_shedding=is_shedding[number],
            )
            for number, mine in enumerate(now)
        ]
        is_shedding = [each > 0 for each in leaving]
        if not any(leaving):
            break
        now = [mine - gone for mine, gone in zip(now, leaving, strict=True)]
        for _ in range(sum(leaving)):
            now[now.index(min(now))] += 1
        moved += sum(leaving)
    assert sum(now) == sum(counts)
    assert all(mine <= TOLERANCE * share or mine - share < MIN_EXCESS for mine in now)
    assert moved <= sum(max(0, each - share) for each in counts) + len(counts)


@dataclass
class _Client:
    opened_at_s: float
    is_live: bool = True


@given(st.lists(st.tuples(st.floats(0, 2000), st.booleans())), st.integers(0, 50))
def test_only_old_live_connections_are_moved(ages: list[tuple[float, bool]], number: int) -> None:
    """A client moves at most once in ten minutes: afterwards its connection is a new one."""
    now_s = 10_000.0
    clients = [_Client(now_s - age_s, is_live) for age_s, is_live in ages]
    chosen = list(movable(clients, number, now_s, 600.0))
    old = [each for each in clients if each.is_live and now_s - each.opened_at_s >= 600]
    assert len(chosen) == min(number, len(old))
    assert all(each in old for each in chosen)
