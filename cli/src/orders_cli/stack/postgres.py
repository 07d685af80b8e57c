"""The embedded PostgreSQL: create the cluster once, run its server, apply the schema."""

import asyncio
import os
import shutil
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from signal import Signals

import psutil

from orders_cli.errors import StackError
from orders_cli.stack.binaries import postgres_binaries
from orders_cli.stack.data_folder import secret_file
from orders_cli.stack.plan import (
    API_ROLE,
    DATABASE,
    LISTENER_ROLE,
    OWNER_ROLE,
)
from orders_cli.stack.ports import LOOPBACK
from orders_cli.stack.privileges import NOBODY, launch_command, unprivileged_user_options
from orders_cli.stack.program import Program

_SUPERUSER = "postgres"
_MAJOR = "18"
_PASSWORD_FILES = {
    OWNER_ROLE: "database-password",
    API_ROLE: "api-password",
    LISTENER_ROLE: "listener-password",
}
_INITDB = (
    f"--username={_SUPERUSER}",
    # The superuser has no password and cannot log in. Statements that need its rights run in
    # single-user mode, in which the server reads only from this process.
    "--auth-local=reject",
    "--auth-host=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",  # storage and sorting of text must not depend on the machine's locale
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
)
_SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "cluster_name": "orders",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Log starts, stops and errors that end sessions. Errors and warnings of statements are not
    # logged, because they may contain values of rows; the client gets them.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
    "log_line_prefix": "",
    "logging_collector": "off",
    "max_logical_replication_workers": "0",  # nothing is replicated
}
_KEPT_VARIABLES = {"PGOPTIONS", "PGAPPNAME", "PGTZ", "PGDATESTYLE", "PGCLIENTENCODING"}


@dataclass(frozen=True)
class Cluster:
    """The files of the database, the options for another user, and the password of each role."""

    files: Path
    user_options: tuple[str, ...]
    passwords: Mapping[str, str]

    def program(self, port: int, url: str, environment: Mapping[str, str]) -> Program:
        """Return the server as a program of the stack."""
        settings = {**_SETTINGS, "port": str(port)}
        flags = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        return Program(
            "postgres",
            (str(postgres_binaries() / "postgres"), "-D", str(self.files), *flags),
            without_postgres_variables(environment),
            ready_url=url,
            stop_signal=Signals.SIGINT,  # fast shutdown: roll back and write a checkpoint
            kill_signal=Signals.SIGQUIT,  # immediate shutdown, which also ends the backends
            user_options=self.user_options,
        )


async def open_cluster(data: Path) -> Cluster:
    """Return the cluster in the data folder; create it if necessary, or end a server left on it.

    Raises:
        StackError: the cluster cannot be created or used.

    """
    user_options = unprivileged_user_options(postgres_binaries() / "postgres", data)
    had_passwords = all((data / name).exists() for name in _PASSWORD_FILES.values())
    passwords = {
        role: secret_file(data, name).read_text().strip() for role, name in _PASSWORD_FILES.items()
    }
    cluster = Cluster(data / "postgres", user_options, passwords)
    if not cluster.files.exists():
        await _create(cluster)
    else:
        _check(cluster)
        await _stop_leftover_server(cluster.files)
        if not had_passwords:
            await _run_sql(cluster, cluster.files, _roles(passwords))
    return cluster


def psql_environment(url: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which psql connects to the database without arguments.

    The actor of changes is the database role, unless PGOPTIONS or a SET names another actor.
    """
    # Imported here, because `orders psql --help` must not wait for the import.
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415
    from psycopg.pq import Conninfo  # noqa: PLC0415

    given = {"user": OWNER_ROLE, "dbname": DATABASE, "host": "localhost", **conninfo_to_dict(url)}
    variables = {
        option.envvar.decode(): str(given[name])
        for option in Conninfo.get_defaults()
        if option.envvar and given.get(name := option.keyword.decode()) is not None
    }
    options = (
        f"-c orders.actor={given['user']}",
        given.get("options"),
        environment.get("PGOPTIONS"),
    )
    return (
        without_postgres_variables(environment)
        | variables
        | {"PGOPTIONS": " ".join(str(option) for option in options if option)}
    )


def without_postgres_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without variables that select a server (PGHOST, PGDATA, ...)."""
    return {
        key: value
        for key, value in environment.items()
        if not key.startswith("PG") or key in _KEPT_VARIABLES
    }


async def _create(cluster: Cluster) -> None:
    """Create the cluster in a temporary folder and rename it, so that no partial one is used."""
    draft = cluster.files.with_name("postgres.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    if cluster.user_options:
        os.chown(draft, NOBODY, NOBODY)
    command = (str(postgres_binaries() / "initdb"), "-D", str(draft), *_INITDB)
    environment = without_postgres_variables(os.environ)
    await _run(command, cluster.user_options, environment, "the database cannot be created")
    create = f"CREATE DATABASE {DATABASE} OWNER {OWNER_ROLE}\n"
    await _run_sql(cluster, draft, _roles(cluster.passwords) + create)
    draft.rename(cluster.files)


def _roles(passwords: Mapping[str, str]) -> str:
    """Return statements, one per line, that create missing roles and set the passwords.

    The owner is a member of the services' roles, so that it can inspect and end their sessions.
    """
    statements = "".join(
        f"DO $$BEGIN IF to_regrole('{role}') IS NULL THEN CREATE ROLE {role} LOGIN; END IF; END$$\n"
        f"ALTER ROLE {role} PASSWORD '{password}'\n"
        for role, password in passwords.items()
    )
    return f"{statements}GRANT {API_ROLE}, {LISTENER_ROLE} TO {OWNER_ROLE}\n"


def _check(cluster: Cluster) -> None:
    try:
        version = (cluster.files / "PG_VERSION").read_text().strip()
        owner = cluster.files.stat().st_uid
    except OSError as exc:
        raise StackError(f"the database in {cluster.files} cannot be read: {exc}") from exc
    if version != _MAJOR:
        raise StackError(
            f"the database in {cluster.files} is of PostgreSQL {version}, not {_MAJOR}; "
            "choose another folder with --data"
        )
    if owner != (NOBODY if cluster.user_options else os.geteuid()):
        raise StackError(
            f"the database in {cluster.files} belongs to another user (uid {owner}); "
            "start as that user, or choose another folder with --data"
        )


async def _stop_leftover_server(files: Path) -> None:
    """End a server that a killed ``orders up`` has left, or remove a stale ``postmaster.pid``.

    This process holds the folder's lock, so the server belongs to no running ``orders up``. A stale
    file whose pid is that of an unrelated process would keep PostgreSQL from starting.
    """
    pid_file = files / "postmaster.pid"
    try:
        process = psutil.Process(int(pid_file.read_text().split("\n", 1)[0]))
        is_server = process.name() == "postgres" and Path(process.cwd()) == files
    except (FileNotFoundError, ValueError, psutil.Error):
        is_server = False
    if not is_server:
        pid_file.unlink(missing_ok=True)
        return
    process.send_signal(Signals.SIGQUIT)
    _, alive = await asyncio.to_thread(psutil.wait_procs, [process], timeout=10)
    if alive:
        raise StackError(f"a PostgreSQL server (pid {process.pid}) on {files} does not end")


async def _run_sql(cluster: Cluster, files: Path, sql: str) -> None:
    """Run statements, one per line, in single-user mode."""
    postgres = str(postgres_binaries() / "postgres")
    quiet = ("-c", "log_checkpoints=off", "-c", "log_min_messages=fatal")
    command = (postgres, "--single", "-D", str(files), *quiet, _SUPERUSER)
    environment = without_postgres_variables(os.environ)
    await _run(command, cluster.user_options, environment, "the database cannot be set up", sql)


async def _run(
    command: tuple[str, ...],
    user_options: tuple[str, ...],
    environment: Mapping[str, str],
    failure: str,
    stdin: str = "",
) -> None:
    process = await asyncio.create_subprocess_exec(
        *launch_command(command, user_options),
        stdin=PIPE if stdin else DEVNULL,
        stdout=PIPE,
        stderr=STDOUT,
        env=environment,
        start_new_session=True,
    )
    try:
        output, _ = await process.communicate(stdin.encode() if stdin else None)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise StackError(f"{failure}:\n{output.decode(errors='replace').strip()}")
