"""A listener that sometimes publishes a batch without its events."""

import sys
from dataclasses import replace
from itertools import count

from orders_contract.batches import Batch
from orders_listener.__main__ import main
from orders_listener.publisher import Outcome, Publisher

_honest = Publisher.publish
_batches = count(1)


async def _publish(self: Publisher, batch: Batch) -> Outcome:
    lost = next(_batches) % 7 == 0
    return await _honest(self, replace(batch, events=b"[]") if lost else batch)


if __name__ == "__main__":
    Publisher.publish = _publish  # type: ignore[method-assign]
    sys.exit(main())
