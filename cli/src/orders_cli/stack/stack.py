"""The life of a stack: start in order, run until a signal, stop in order."""

import asyncio
import contextlib
import signal
import time
from collections.abc import Callable, Iterator

from orders_cli.errors import OrdersError
from orders_cli.stack import data_folder
from orders_cli.stack.console import StackConsole
from orders_cli.stack.plan import Plan
from orders_cli.stack.postgres import Cluster
from orders_cli.stack.schema import apply_schema
from orders_cli.stack.supervisor import Supervisor
from orders_cli.users import first_link

_READY_WITHIN_S = 60.0

_SAME_SIGNAL_S = 0.2
"""Signals within this time count as one Ctrl-C: the terminal and the shell of `make up` both send
one."""

_STOP_ORDER = (
    # Prefix of the name, and deadline in seconds from the start of the shutdown. Time that a stage
    # does not use is left for later stages, so the database usually has nearly all of it.
    ("caddy", 2.0),
    ("gateway", 4.5),
    ("api", 6.0),
    ("listener", 7.0),
    ("valkey", 7.5),
    ("postgres", 8.5),
)


class Stack:
    """A plan and its running processes.

    ``cluster`` is the embedded database, if there is one. ``began`` is the monotonic time at which
    the start began.
    """

    def __init__(
        self, plan: Plan, cluster: Cluster | None, console: StackConsole, began: float
    ) -> None:
        self._plan = plan
        self._cluster = cluster
        self._console = console
        self._began = began
        self._is_ready = False
        self._signalled_at = float("-inf")

    async def run(self) -> None:
        """Start all programs, run until a signal, and end all programs.

        Raises:
            NotReadyError: a program is not ready in time, or rejects its settings.
            StackError: the schema cannot be applied.

        """
        failure: OrdersError | None = None
        async with asyncio.TaskGroup() as tasks:
            self._supervisor = Supervisor(tasks, self._console, self._publish)
            serving = asyncio.create_task(self._serve())
            with _signal_handler(lambda: self._handle_signal(serving)):
                try:
                    await serving
                except asyncio.CancelledError:
                    pass  # the signal handler has cancelled it, perhaps during the start
                except OrdersError as exc:
                    failure = exc
                finally:
                    self._is_ready = False
                    data_folder.remove_state(self._plan.data)
                    await self._stop()
        if failure is not None:
            raise failure

    async def _serve(self) -> None:
        await self._start()
        await asyncio.Event().wait()

    async def _start(self) -> None:
        deadline = self._began + _READY_WITHIN_S
        plan = self._plan
        embedded = [] if plan.own_redis else [plan.valkey_program()]
        if self._cluster is not None:
            port, url = plan.ports["postgres"], plan.database_url
            embedded.append(self._cluster.program(port, url, plan.public))
        await self._supervisor.start(embedded, deadline)
        embeds = self._cluster is not None
        await apply_schema(plan.repository.schema, plan.database_url, embedded=embeds)
        link = None
        if plan.needs_token:
            link = await asyncio.to_thread(first_link, plan.database_url, plan.public_url)
        # The edge starts together with the services, so that /api/health can be read meanwhile.
        await self._supervisor.start([*plan.services(), plan.edge_program()], deadline)
        self._is_ready = True
        self._publish()
        seconds = time.monotonic() - self._began
        self._console.ready(
            plan.edge_url,
            seconds,
            plan.example,
            option=data_folder.option(plan.data),
            needs_token=plan.needs_token,
            first_link=link,
        )

    def _publish(self) -> None:
        if self._is_ready:
            state = self._plan.state(self._supervisor.pids())
            data_folder.publish_state(self._plan.data, state)

    def _handle_signal(self, serving: asyncio.Task[None]) -> None:
        now = time.monotonic()
        if now - self._signalled_at < _SAME_SIGNAL_S:
            return
        self._signalled_at = now
        if serving.cancel():
            self._console.info("stopping (once more: at once)")
        else:
            self._console.warn("ending everything at once")
            self._supervisor.kill()

    async def _stop(self) -> None:
        began = time.monotonic()
        for prefix, deadline_s in _STOP_ORDER:
            names = [name for name in self._supervisor.names() if name.startswith(prefix)]
            await self._supervisor.stop(names, began + deadline_s)
        self._console.info(f"everything has ended ({time.monotonic() - began:.1f} s)")


@contextlib.contextmanager
def _signal_handler(handle: Callable[[], None]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for number in numbers:
        loop.add_signal_handler(number, handle)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
