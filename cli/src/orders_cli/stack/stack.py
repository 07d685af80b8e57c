"""The life of a stack: up in order, watched, down in order."""

import asyncio
import contextlib
import signal
import time
from collections.abc import Callable, Iterator

from orders_cli.errors import OrdersError
from orders_cli.stack import postgres, state
from orders_cli.stack.plan import Plan
from orders_cli.stack.postgres import Cluster
from orders_cli.stack.report import Report
from orders_cli.stack.supervisor import Supervisor

READY_WITHIN_S = 60.0

_TAKE_DOWN = (
    # Which end together, and when at the latest, in seconds from the start of the shutdown. What
    # an earlier stage leaves of its time is a later one's: the database has nearly all of it.
    (("caddy",), 2.0),
    (("gateway",), 4.5),
    (("api",), 6.0),
    (("listener",), 7.0),
    (("valkey",), 7.5),
    (("postgres",), 8.5),
)


class Stack:
    """A plan made real."""

    def __init__(self, plan: Plan, cluster: Cluster, report: Report, began: float) -> None:
        self._plan = plan
        self._began = began
        self._cluster = cluster
        self._report = report
        self._is_ready = False
        self._stop = asyncio.Event()
        self._supervisor: Supervisor | None = None

    async def run(self) -> None:
        """Run until a signal says stop; leave no process behind.

        Raises:
            NotReadyError: a program is not ready in time; everything has ended.
            StackError: the schema cannot be applied; everything has ended.

        """
        failure: OrdersError | None = None
        async with asyncio.TaskGroup() as tasks:
            self._supervisor = Supervisor(tasks, self._report, self._publish)
            with _signals(self._asked_to_stop):
                try:
                    await self._serve(self._supervisor)
                except OrdersError as exc:
                    failure = exc
                finally:
                    state.withdraw(self._plan.data)
                    await self._take_down(self._supervisor)
        if failure is not None:
            raise failure

    async def _serve(self, supervisor: Supervisor) -> None:
        start = asyncio.create_task(self._bring_up(supervisor))
        stop = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait({start, stop}, return_when=asyncio.FIRST_COMPLETED)
            if start.done():
                start.result()
                await stop
        finally:
            start.cancel()
            stop.cancel()
            await asyncio.gather(start, stop, return_exceptions=True)
            self._is_ready = False

    async def _bring_up(self, supervisor: Supervisor) -> None:
        deadline = self._began + READY_WITHIN_S
        plan, inherited = self._plan, dict(self._plan.inherited)
        server = self._cluster.program(plan.ports.database, plan.database_url, inherited)
        await supervisor.bring_up([server, plan.valkey_program()], deadline)
        await postgres.apply_schema(plan.repository.schema, plan.database_url, inherited)
        await supervisor.bring_up(plan.services(), deadline)
        await supervisor.bring_up([plan.edge_program()], deadline)
        self._is_ready = True
        self._publish()
        self._report.ready(plan.edge_url, time.monotonic() - self._began, asks=plan.asks)

    def _publish(self) -> None:
        if self._is_ready and self._supervisor is not None:
            state.publish(self._plan.data, self._plan.state(self._supervisor.pids()))

    def _asked_to_stop(self) -> None:
        if not self._stop.is_set():
            self._report.note("stopping (once more: at once)")
            self._stop.set()
        elif self._supervisor is not None:
            self._report.alarm("ending everything at once")
            self._supervisor.kill()

    async def _take_down(self, supervisor: Supervisor) -> None:
        began = time.monotonic()
        for kinds, seconds in _TAKE_DOWN:
            names = [name for name in supervisor.names() if name.startswith(kinds)]
            await supervisor.take_down(names, began + seconds)
        self._report.note(f"everything has ended ({time.monotonic() - began:.1f} s)")


@contextlib.contextmanager
def _signals(stop: Callable[[], None]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for number in numbers:
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
