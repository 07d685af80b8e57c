"""Names that the outside holds on to."""

from orders_contract import names


def test_names_are_the_documented_ones() -> None:
    """Other people's scripts read these: they do not change."""
    assert names.ORDERS_CHANNEL_PG == "orders_changes"
    assert names.LOG_KEY == "orders:log"
    assert names.CHANGES_CHANNEL == "orders:changes"


def test_names_in_redis_are_ours_and_differ() -> None:
    """Everything in Redis lies under one prefix, each thing under its own name."""
    keys = [
        names.LOG_KEY,
        names.CHANGES_CHANNEL,
        names.LISTENER_KEY,
        names.HEAD_KEY,
        names.GATEWAY_KEY_PREFIX,
    ]
    assert len(set(keys)) == len(keys)
    assert all(key.startswith("orders:") for key in keys)
