"""A gateway that sometimes does not send a frame to live clients."""

import sys
from itertools import count

from orders_contract.batches import Batch
from orders_gateway.__main__ import main
from orders_gateway.hub import Delivery, Hub
from orders_gateway.transport import Write

_honest = Hub.publish
_batches = count(1)


def _publish(self: Hub[Write], batch: Batch) -> list[Delivery[Write]]:
    deliveries = _honest(self, batch)
    return [] if next(_batches) % 7 == 0 else deliveries


if __name__ == "__main__":
    Hub.publish = _publish  # type: ignore[method-assign,assignment]
    sys.exit(main())
