"""What a gateway exposes before anything happened."""

from typing import get_args

from orders_contract.batches import Head
from orders_contract.messages import ResetReason
from orders_gateway.metrics import Counts, Facts, read


class NotBegun:
    """A stream of which nothing has come yet."""

    subscriptions = 0
    is_subscribed = False
    announced: Head | None = None

    def is_fresh(self) -> bool:
        """Return whether a message came lately."""
        return False


def test_counters_begin_at_zero() -> None:
    """Every series of a counter exists from the start: the first increase is seen as one."""
    nothing = Facts(is_serving=False, is_full=False, head=None, resets={}, refused={})
    series = {
        metric.name: [sample.value for sample in metric.samples]
        for metric in read(Counts(), nothing, NotBegun())
        if metric.type == "counter"
    }
    assert {value for values in series.values() for value in values} == {0}
    assert len(series["orders_gateway_refused"]) == 7
    assert len(series["orders_gateway_connections_opened"]) == 4
    assert len(series["orders_gateway_resets"]) == len(get_args(ResetReason))
