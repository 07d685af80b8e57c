"""Shows the newest pending orders again after every change."""

import asyncio
import sys

from real_time_orders import connect


async def main(url: str) -> None:
    """Follow the orders of a system."""
    async with connect(url) as live:
        orders = live.table("orders", filter={"status": ["pending"]}, sort="-id", limit=5)
        async for rows in orders:
            numbers = ", ".join(f"#{row['id']}" for row in rows)
            print(f"{orders.state.status}: {numbers or 'none'}", flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "http://localhost:3000"))
