"""pgbench, the load generator that comes with PostgreSQL: many clients that write orders."""

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.servers import Database, Postgres

INSERT = """\\set customer random(1, 10000)
\\set quantity random(1, 100)
INSERT INTO orders (customer_name, product_name, quantity)
VALUES ('Futterkiste ' || :customer, 'Queso Manchego La Pastora', :quantity);
"""
"""There are 10,000 customers: an index on a name that all rows share would dominate the result."""

_TPS = re.compile(r"^tps = ([\d.]+) \(without", re.MULTILINE)
_DONE = re.compile(r"number of transactions actually processed: (\d+)")
_LAG = re.compile(r"rate limit schedule lag: avg [\d.]+ \(max ([\d.]+)\) ms")


@dataclass(frozen=True)
class Written:
    """The result of one run."""

    orders: int
    per_second: float
    behind_s: float
    """The longest delay behind the requested rate."""


class Writing:
    """A running pgbench."""

    def __init__(self, popen: "subprocess.Popen[str]") -> None:
        self._popen = popen

    @property
    def pid(self) -> int:
        """The process id of pgbench."""
        return self._popen.pid

    def result(self) -> Written:
        """Wait until pgbench ends; return the result."""
        out, err = self._popen.communicate()
        if self._popen.returncode != 0:
            raise AssertionError(err)
        done, tps = _DONE.search(out), _TPS.search(out)
        assert done is not None, out
        assert tps is not None, out
        lag = _LAG.search(out)
        return Written(int(done[1]), float(tps[1]), float(lag[1]) / 1000 if lag else 0.0)


@contextmanager
def writing(
    server: Postgres,
    database: Database,
    *,
    seconds: int,
    clients: int = 64,
    rate: float | None = None,
) -> Iterator[Writing]:
    """Write orders, one per transaction, at a rate or as fast as possible."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "insert.sql"
        script.write_text(INSERT)
        command = [str(server.program("pgbench")), "--no-vacuum", "--protocol=prepared"]
        command += [f"--client={clients}", f"--jobs={min(2, clients)}", f"--time={seconds}"]
        command += [f"--file={script}", *([f"--rate={rate}"] if rate else []), database.name]
        popen = subprocess.Popen(
            command,
            env={
                "PATH": os.environ["PATH"],
                # A password takes 10 ms of CPU time per client, which pgbench would count.
                "PGHOST": str(server.socket_folder),
                "PGPORT": str(database.port),
                "PGUSER": database.user,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            yield Writing(popen)
        finally:
            popen.kill()
            popen.wait()


def write(
    server: Postgres,
    database: Database,
    *,
    seconds: int,
    clients: int = 64,
    rate: float | None = None,
) -> Written:
    """Write orders as ``writing`` does; return the result at the end."""
    with writing(server, database, seconds=seconds, clients=clients, rate=rate) as run:
        return run.result()
