"""PostgreSQL, Valkey and the services, started for one benchmark."""

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import gettempdir

from bench.usage import family
from harness.pipeline import Pipeline, Service
from harness.processes import service
from harness.servers import Database, Postgres
from harness.valkey import Valkey
from harness.waiting import until

POSTGRES_OPTIONS = {
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "autovacuum": "off",  # may disturb only one side of a comparison
}
DURABLE = {"fsync": "on", "full_page_writes": "on"}

STREAM = "00000000-0000-4000-8000-000000000001"


@dataclass
class Stage:
    """The running system."""

    postgres: Postgres
    database: Database
    valkey: Valkey
    pipeline: Pipeline
    listener: Service | None = None
    gateways: list[Service] = field(default_factory=list)

    @property
    def ports(self) -> list[int]:
        """The ports of the gateways."""
        return [gateway.port for gateway in self.gateways]

    def pids(self) -> list[int]:
        """Return the process ids of the services, the listener's first."""
        services = [*([self.listener] if self.listener else []), *self.gateways]
        return [service.process.pid for service in services]

    def sql(self, *statements: str) -> None:
        """Run statements as the owner of the database."""
        with self.database.connect() as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def head(self) -> int:
        """Return the newest position of the log."""
        with self.database.connect() as connection:
            row = connection.execute("SELECT coalesce(max(position), 0) FROM order_events")
            return int(row.fetchone()[0])  # type: ignore[index]

    def until_drained(self, within_s: float = 60) -> int:
        """Wait until the outbox is empty; return the newest position."""
        with (
            self.database.connect() as connection
        ):  # one for all checks: connecting takes 20 ms of CPU time

            def drained() -> bool:
                return not connection.execute("SELECT 1 FROM order_outbox LIMIT 1").fetchone()

            until(drained, within_s, "the outbox is empty")
        return self.head()

    def family(self) -> list[int]:
        """Return the ids of all processes of PostgreSQL."""
        return family(self.postgres.pid)


@contextmanager
def postgres(
    options: Mapping[str, str] | None = None,
    env: Mapping[str, str] | None = None,
    *,
    on_disk: bool = False,
) -> Iterator[Postgres]:
    """Start PostgreSQL: in memory and without fsync, or on this machine's disk with fsync."""
    server = Postgres(
        options={**POSTGRES_OPTIONS, **(DURABLE if on_disk else {}), **(options or {})},
        env=env,
        folder=Path(gettempdir()) if on_disk else None,
    )
    try:
        yield server
    finally:
        server.close()


@contextmanager
def stage(
    *, gateways: int = 1, listener: bool = True, server: Postgres | None = None
) -> Iterator[Stage]:
    """Start the system: an empty database, Valkey, a listener, gateways."""
    with ExitStack() as open_:
        running = server or open_.enter_context(postgres())
        database = running.create_database()
        valkey = Valkey()
        open_.callback(valkey.stop)
        pipeline = open_.enter_context(Pipeline(database, valkey, start=service))
        made = Stage(running, database, valkey, pipeline)
        if listener:
            made.listener = pipeline.listener().ready()
        started = [pipeline.gateway(MAX_CONNECTIONS="20000") for _ in range(gateways)]
        made.gateways = [gateway.ready() for gateway in started] if listener else started
        yield made


def clock_ahead_s() -> float:
    """Return the difference of wall clock and monotonic clock."""
    return time.time() - time.monotonic()
