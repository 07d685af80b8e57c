"""A search over a million orders, without an index and with those that the documentation advises.

Names have two words out of 2,000 each, so a word is in 0.1 % of the orders. A page of 100 orders is
requested through the API: for words of a name, parts of them, two words of different columns, a
filter by `contains`, keys, and words that no order has. ORDERS=100000 makes the table smaller.

How it could mislead: everything is in memory, and nothing else runs. A search for one or two
letters, which no index finds, is fast because many orders match; one that few match reads the
table.
"""

import os
import random
import time

import httpx

from bench.bench import Bench
from bench.stage import Stage, stage

TITLE = "search"

_FILL = """
ALTER TABLE orders DISABLE TRIGGER USER;  -- no event for each: only the table matters here
INSERT INTO orders (customer_name, product_name, status)
SELECT initcap(substr(md5((n * 7919 % 2000)::text), 1, 6)) || ' '
           || initcap(substr(md5((n * 104729 % 2003)::text), 8, 7))
           || CASE n % 50 WHEN 0 THEN ' Söhne' ELSE '' END,
       'Product ' || substr(md5((n * 31 % 5003)::text), 16, 6),
       (ARRAY['pending', 'processing', 'shipped', 'delivered', 'cancelled'])[1 + n % 5]
  FROM generate_series(1::bigint, {orders}) AS n;
ALTER TABLE orders ENABLE TRIGGER USER;
"""
_INDEXED = ("customer_name", "product_name", "status")
_NAMES = "SELECT id, customer_name, product_name FROM orders WHERE id % {step} = 1"


def run(bench: Bench) -> None:
    """Fill the table, then measure without and with the indexes."""
    orders = int(os.environ.get("ORDERS") or bench.full(1_000_000, 50_000))
    with stage(listener=False, gateways=0) as running:
        bench.step(f"{orders:,} orders")
        running.sql(_FILL.format(orders=orders), "VACUUM ANALYZE orders")
        searches = _searches(running, orders, bench.full(60, 10))
        _measure(bench, running, "no index", searches[:: bench.full(6, 3)])
        bench.step("the indexes")
        running.sql(
            "CREATE EXTENSION pg_trgm",
            *(
                f"CREATE INDEX ON orders USING gin (order_search_text({each}) gin_trgm_ops)"
                for each in _INDEXED
            ),
            "VACUUM ANALYZE orders",
        )
        _measure(bench, running, "pg_trgm", searches)


def _searches(running: Stage, orders: int, number: int) -> list[dict[str, str]]:
    chance = random.Random(7)
    with running.database.connect() as sql:
        rows = sql.execute(_NAMES.format(step=orders // number).encode()).fetchall()
    found: list[dict[str, str]] = []
    for at, (key, name, product) in enumerate(rows):
        first, last = name.split()[:2]
        found.append(
            [
                {"search": last.lower()},
                {"search": first[1:5]},
                {"search": f"{product.split()[1][:4]} {first}"},
                {"customer_name.contains": name},
                {"search": f"#{key}"},
                {"search": "".join(chance.choices("ghijklmn", k=6))},
                {"search": f"{last} shipped"},
                {"search": last[:2]},
                {"search": last, "status": "pending", "sort": "-created_at"},
                {"search": str(key)},
            ][at % 10]
        )
    return found


def _measure(bench: Bench, running: Stage, what: str, searches: list[dict[str, str]]) -> None:
    api = running.pipeline.api()
    with httpx.Client(base_url=f"http://127.0.0.1:{api.port}", timeout=60) as client:
        taken: list[float] = []
        for number, query in enumerate([searches[0], *searches]):
            bench.step(f"{what}: {query}")
            began = time.monotonic()
            answer = client.get("/api/orders", params=query)
            if number:  # the first one connects
                taken.append((time.monotonic() - began) * 1000)
            assert answer.is_success, answer.text[:300]
    slowest = sorted(taken)
    bench.figure(f"a page of 100 orders, {what}", "ms", *taken)
    bench.figure("the same, 95 of 100 are faster than", "ms", slowest[int(len(slowest) * 0.95)])
    for query, ms in sorted(zip(searches, taken, strict=True), key=lambda each: -each[1])[:4]:
        print(what, query, round(ms), flush=True)
