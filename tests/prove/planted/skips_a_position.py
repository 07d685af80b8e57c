"""A listener that sometimes skips a position."""

import sys
from itertools import count

from orders_contract.batches import Batch
from orders_listener.__main__ import main
from orders_listener.order_log import OrderLog

_honest = OrderLog.take
_takes = count(1)


async def _take(self: OrderLog, max_events: int) -> Batch | None:
    if next(_takes) % 10:
        return await _honest(self, max_events)
    await self._connection.ask(
        "INSERT INTO order_events (position, operation, changed_at)"
        " SELECT max(position) + 1, 'TRUNCATE', now() FROM order_events HAVING max(position) > 0"
    )
    batch = await _honest(self, max_events)
    await self._connection.ask(
        "DELETE FROM order_events WHERE operation = 'TRUNCATE' AND actor IS NULL"
    )
    return batch


if __name__ == "__main__":
    OrderLog.take = _take  # type: ignore[method-assign]
    sys.exit(main())
