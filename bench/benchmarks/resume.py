"""A gateway dies with 5,000 clients; they all resume at once on two others.

Orders are written all the while, 200 a second, so everybody misses some. The dead gateway is
killed without a word. Each client comes back at once with its position, tries again 50 ms after a
refusal, and is content when it has every event up to the head of the log at the time of the loss
plus those of the first second after it. Also: how many queries reached PostgreSQL for it, by its
own statement log, from the API, which gateways ask when Redis cannot help. What the API asks of
itself while idle is taken off.

How it could mislead: real clients back off with jitter and come later, so a thundering herd like
this is the worst case for the gateways and the best for the time. All gateways share this machine's
cores with the clients. Redis was there: without it every range comes from the API.
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
    """Lose the gateway, as often as there are repeats."""
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
    """Return how many statements of the API are in PostgreSQL's log."""
    return len(_QUERY.findall(running.postgres.output()))


def _queries_in(running: Stage, seconds: float) -> float:
    """Return how many statements a second the API sends while nobody asks it anything."""
    before = _queries(running)
    time.sleep(seconds)  # the measurement itself
    return (_queries(running) - before) / seconds
