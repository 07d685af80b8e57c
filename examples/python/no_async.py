"""Shows the newest pending orders again after every change, without asyncio."""

import sys

from real_time_orders.sync import connect

with connect(sys.argv[1] if len(sys.argv) > 1 else "http://localhost:3000") as live:
    orders = live.table("orders", filter={"status": ["pending"]}, sort="-id", limit=5)
    for rows in orders:
        numbers = ", ".join(f"#{row['id']}" for row in rows)
        print(f"{orders.state.status}: {numbers or 'none'}", flush=True)
