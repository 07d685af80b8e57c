"""A gateway with 5,000 clients is killed; all clients resume at once on two others.

200 orders per second are written meanwhile, so every client misses some. Each client reconnects at
once with its position, retries 50 ms after a refusal, and is done when it has every event up to the
head of the log at the kill plus one second. The second figure is the queries of the API in
PostgreSQL's statement log, minus those of an idle API: gateways ask the API if Redis cannot help.

How it could mislead: real clients back off with jitter, so this is the worst case for the gateways
and the best for the time. All gateways share this machine's cores with the clients. Redis keeps
running: without it every range comes from the API.
"""

import re
import signal
import time

from bench.bench import Bench
from bench.load.control import Crowd
from bench.pgbench import writing
from bench.stage import Stage, postgres, stage

TITLE = "resume: 5,000 clients lose their gateway"

_RATE = 200
_QUERY = re.compile(r"^orders-api\|.*(statement|execute [^:]*): ", re.MULTILINE)


def run(bench: Bench) -> None:
    """Kill a gateway, once per repeat."""
    clients = bench.full(5000, 500)
    found = [_lose(bench, clients) for _ in range(bench.full(2, 1))]
    doubt = next((why for _, _, why in found if why), "")
    seconds, queries = [each[0] for each in found], [each[1] for each in found]
    bench.figure(f"{clients:,} clients have everything", "s", *seconds, at_most=10, refused=doubt)
    bench.figure("queries PostgreSQL saw for it", "", *queries, at_most=5, refused=doubt)


def _lose(bench: Bench, clients: int) -> tuple[float, float, str]:
    logged = {"log_statement": "all", "log_line_prefix": "%a|"}
    with postgres(logged) as server, stage(server=server, gateways=1) as running, Crowd() as crowd:
        api = running.pipeline.api()
        lost = running.gateways[0]
        address = {"API_URL": f"http://127.0.0.1:{api.port}"}
        others = [running.pipeline.gateway(MAX_CONNECTIONS="20000", **address) for _ in range(2)]
        for gateway in others:
            gateway.ready()
        bench.step(f"connecting {clients:,}")
        crowd.connect([lost.port], clients, within_s=120)
        idle = _queries_in(running, 2.0)
        with writing(server, running.database, seconds=60, clients=2, rate=_RATE):
            start = running.head()
            crowd.until(lambda state: state.lowest > start, 30, "orders flow")
            bench.step("killing the gateway")
            crowd.ports([gateway.port for gateway in others])
            crowd.mark()
            before = _queries(running)
            began = time.monotonic()
            lost.process.signal(signal.SIGKILL)
            goal = running.head() + _RATE
            after = crowd.until(
                lambda state: state.greeted == clients and state.lowest >= goal, 60, "all are back"
            )
        took = after.at_s - began
        queries = max(0, _queries(running) - before - round(idle * took))
        bad = f"{after.gaps} gaps, {after.resets} resets" if after.gaps or after.resets else ""
        return took, queries, bad


def _queries(running: Stage) -> int:
    """Return the number of statements of the API in PostgreSQL's log."""
    return len(_QUERY.findall(running.postgres.output()))


def _queries_in(running: Stage, seconds: float) -> float:
    """Return the statements per second of an idle API."""
    before = _queries(running)
    time.sleep(seconds)  # the measurement itself
    return (_queries(running) - before) / seconds
