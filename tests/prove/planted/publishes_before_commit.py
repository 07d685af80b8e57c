"""A listener that publishes what is not committed, and sometimes never will be as it was."""

import asyncio
import sys
from itertools import count

from orders_contract.batches import Batch
from orders_listener.__main__ import main
from orders_listener.log import OrderLog

_honest = OrderLog.take
_takes = count(1)


async def _take(self: OrderLog, max_events: int) -> Batch | None:
    if next(_takes) % 3:
        return await _honest(self, max_events)
    await self._connection.execute("BEGIN")
    batch = await _honest(self, max_events)
    await self._connection.execute("ROLLBACK")
    await asyncio.sleep(0.4)  # others commit meanwhile, with changes that come before
    return batch


if __name__ == "__main__":
    OrderLog.take = _take  # type: ignore[method-assign]
    sys.exit(main())
