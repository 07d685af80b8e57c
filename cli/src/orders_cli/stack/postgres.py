"""The embedded PostgreSQL: a cluster made once, its server, its schema, its psql."""

import asyncio
import os
import secrets
import shutil
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from signal import Signals

import psutil

from orders_cli.errors import StackError
from orders_cli.stack.binaries import postgres_binaries
from orders_cli.stack.environment import psql_environment, without_postgres_settings
from orders_cli.stack.identity import unprivileged_identity
from orders_cli.stack.plan import (
    API_ROLE,
    DATABASE,
    LISTENER_ROLE,
    ROLE,
    Identity,
    PostgresProbe,
    Program,
)
from orders_cli.stack.ports import LOOPBACK
from orders_cli.stack.process import launched
from orders_cli.stack.state import write_private

_SUPERUSER = "postgres"
_MAJOR = "18"
_PASSWORD_FILES = {
    ROLE: "database-password",
    API_ROLE: "api-password",
    LISTENER_ROLE: "listener-password",
}
_INITDB = (
    f"--username={_SUPERUSER}",
    # The superuser has no password and so cannot log in: all that needs one is done below, in
    # single-user mode, where the server reads from us and nobody else.
    "--auth-local=reject",
    "--auth-host=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",  # the machine's locale must not decide how text is stored or sorted
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
)
_SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "cluster_name": "orders",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Warnings and worse, start and stop; no statements and no rows, for they hold names.
    "log_min_messages": "warning",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
    "log_line_prefix": "",
    "logging_collector": "off",
    "max_logical_replication_workers": "0",  # nothing is replicated
}


@dataclass(frozen=True)
class Cluster:
    """The database's files, whom they belong to, and the password of each role."""

    files: Path
    identity: Identity | None
    passwords: Mapping[str, str]

    def program(self, port: int, url: str, environment: dict[str, str]) -> Program:
        """Return the server as a program of the stack."""
        settings = {**_SETTINGS, "port": str(port)}
        flags = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        return Program(
            name="postgres",
            command=(str(postgres_binaries() / "postgres"), "-D", str(self.files), *flags),
            environment=without_postgres_settings(environment),
            probe=PostgresProbe(url),
            stop_signal=Signals.SIGINT,  # fast: rolls back and writes a checkpoint
            kill_signal=Signals.SIGQUIT,  # at once, taking its backends with it
            identity=self.identity,
        )


async def open_cluster(data: Path) -> Cluster:
    """Return the cluster in the data folder, made if need be, with no server running on it.

    Raises:
        StackError: it cannot be made or used.

    """
    files = data / "postgres"
    identity = unprivileged_identity((postgres_binaries() / "postgres", data))
    has_passwords = all((data / name).exists() for name in _PASSWORD_FILES.values())
    passwords = {role: _password(data / name) for role, name in _PASSWORD_FILES.items()}
    cluster = Cluster(files, identity, passwords)
    if not files.exists():
        await _make(cluster)
    else:
        _check(cluster)
        await _end_leftover(files)
        if not has_passwords:
            await _run_sql(cluster, files, _roles(passwords))
    return cluster


def _password(file: Path) -> str:
    if not file.exists():
        write_private(file, secrets.token_urlsafe(24) + "\n")
    return file.read_text().strip()


def _roles(passwords: Mapping[str, str]) -> str:
    """Return what makes the roles that are not there, and sets the passwords; one line each.

    The owner has the services' rights, too, so that he may look after their sessions.
    """
    made = "".join(
        f"DO $$BEGIN IF to_regrole('{role}') IS NULL THEN CREATE ROLE {role} LOGIN; END IF; END$$\n"
        f"ALTER ROLE {role} PASSWORD '{password}'\n"
        for role, password in passwords.items()
    )
    return f"{made}GRANT {API_ROLE}, {LISTENER_ROLE} TO {ROLE}\n"


async def apply_schema(script: Path, url: str, environment: dict[str, str]) -> None:
    """Run the database script, which may run any number of times.

    Raises:
        StackError: it failed.

    """
    command = (
        str(postgres_binaries() / "psql"),
        "-X",
        "-q",
        "-v",
        "ON_ERROR_STOP=1",
        "-f",
        str(script),
    )
    await _run(command, None, psql_environment(url, environment), f"{script} failed")


async def _make(cluster: Cluster) -> None:
    """Make the cluster beside its place and move it there whole: half a cluster is never used."""
    draft = cluster.files.with_name("postgres.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    if cluster.identity is not None:
        os.chown(draft, cluster.identity.uid, cluster.identity.gid)
    command = (str(postgres_binaries() / "initdb"), "-D", str(draft), *_INITDB)
    environment = without_postgres_settings(dict(os.environ))
    await _run(command, cluster.identity, environment, "the database cannot be made")
    await _run_sql(
        cluster,
        draft,
        f"{_roles(cluster.passwords)}CREATE DATABASE {DATABASE} OWNER {ROLE}\n",
    )
    draft.rename(cluster.files)


def _check(cluster: Cluster) -> None:
    try:
        version = (cluster.files / "PG_VERSION").read_text().strip()
        owner = cluster.files.stat().st_uid
    except OSError as exc:
        raise StackError(f"the database in {cluster.files} cannot be read: {exc}") from exc
    if version != _MAJOR:
        raise StackError(
            f"the database in {cluster.files} is of PostgreSQL {version}, not {_MAJOR}: "
            "choose another folder with --data"
        )
    if owner != (cluster.identity.uid if cluster.identity else os.geteuid()):
        raise StackError(
            f"the database in {cluster.files} belongs to another user (uid {owner}): "
            "start as that user, or choose another folder with --data"
        )


async def _end_leftover(files: Path) -> None:
    """See to it that no server runs on the files, and that none seems to.

    The folder's lock is ours, so a server on it has outlived an ``orders up`` that was killed. A
    file that names a process which is none of it keeps PostgreSQL from starting for no reason.
    """
    pid_file = files / "postmaster.pid"
    try:
        process = psutil.Process(int(pid_file.read_text().split("\n", 1)[0]))
        is_ours = process.name() == "postgres" and Path(process.cwd()) == files
    except (FileNotFoundError, ValueError, psutil.Error):
        is_ours = False
    if not is_ours:
        pid_file.unlink(missing_ok=True)
        return
    process.send_signal(Signals.SIGQUIT)
    _, alive = await asyncio.to_thread(psutil.wait_procs, [process], timeout=10)
    if alive:
        raise StackError(f"a PostgreSQL server (pid {process.pid}) on {files} does not end")


async def _run_sql(cluster: Cluster, files: Path, sql: str) -> None:
    """Run statements, one a line, with no server running."""
    command = (str(postgres_binaries() / "postgres"), "--single", "-D", str(files))
    quiet = ("-c", "log_checkpoints=off", "-c", "log_min_messages=fatal")
    environment = without_postgres_settings(dict(os.environ))
    failure = "the database cannot be set up"
    await _run((*command, *quiet, _SUPERUSER), cluster.identity, environment, failure, sql)


async def _run(
    command: tuple[str, ...],
    identity: Identity | None,
    environment: dict[str, str],
    failure: str,
    text: str = "",
) -> None:
    process = await asyncio.create_subprocess_exec(
        *launched(command, identity),
        stdin=PIPE if text else DEVNULL,
        stdout=PIPE,
        stderr=STDOUT,
        env=environment,
        start_new_session=True,
    )
    try:
        output, _ = await process.communicate(text.encode() if text else None)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise StackError(f"{failure}:\n{output.decode(errors='replace').strip()}")
