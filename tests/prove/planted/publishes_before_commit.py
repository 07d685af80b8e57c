"""A listener that publishes uncommitted batches, some of which are rolled back."""

import asyncio
import sys

from orders_contract.batches import Batch
from orders_listener.__main__ import main
from orders_listener.order_log import OrderLog

_honest = OrderLog.take
_LOOKS = 100


async def _take(self: OrderLog, max_events: int) -> Batch | None:
    await self._connection.ask("BEGIN")
    oldest = await _oldest(self)
    batch = await _honest(self, max_events)
    await self._connection.ask("ROLLBACK")
    if batch is None:
        return None
    for _ in range(_LOOKS):  # until an earlier change is committed
        if await _oldest(self) < oldest:
            return batch
        await asyncio.sleep(0.005)
    return await _honest(self, max_events)


async def _oldest(self: OrderLog) -> int:
    ((oldest,),) = await self._connection.ask("SELECT min(id) FROM order_outbox")
    return int(oldest or 0)


if __name__ == "__main__":
    OrderLog.take = _take  # type: ignore[method-assign]
    sys.exit(main())
